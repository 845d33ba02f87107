"""The way from the table that is to the table that is wanted.

Theory
------
The kernel takes one change at a time: there is no transaction. Whatever stops the agent, a plan may
end after any of its operations, and packets arrive between every two. So *every prefix of a plan
must leave a table that forwards*. For one service that follows from an order:

1. make it if it is missing, or set it right in place;
2. add the destinations that are missing;
3. set right those that are there, first those that take connections afterwards, then those that
   shall not any more (weight 0);
4. remove.

At any moment one of two holds. Before the last operation of 3 that gives a weight, nothing was
taken away, so what forwarded before forwards still. After it, all that is to forward does. Removals
of all services come after the additions of all, so a server that moves between services is never in
neither. A service that goes takes its destinations along in one operation.

One gap cannot be closed: a new service captures packets from the moment it exists, and it is empty
then. Where another service had these packets (the same address without port, or without mark) they
are refused until the next operation. Its destinations follow it directly for that reason.

What is changed in place stays connected (quirk: thresholds-late). A destination's weight, forwarding method and thresholds,
and a service's scheduler, flags, persistence and granularity can all be set; only what names an
entry (protocol, address, port; family, mark) cannot, and that is another entry.

Whose entry it is. Others use the same table: by hand, or another director program. A service in
the desired table is ours, also when it was there before: it is adopted and set right (quirk:
adopted-as-it-stands). A destination in it is ours when it is desired or in `owned`; any other
stays. A service that is not desired is removed when it is in `owned`, with all it has.

Comparison is by meaning. The kernel keeps a timeout for a service that is not persistent and tunnel
ports for destinations that are not tunnelled; such fields make no difference and no operation,
else a repair would be repeated for ever. The cost is one look at each entry of both tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import TypeAlias

from .operations import (
    AddDestination,
    AddService,
    Operation,
    RemoveDestination,
    RemoveService,
    SetDestination,
    SetService,
)
from .table import (
    Destination,
    DestinationSettings,
    Family,
    Forwarding,
    Method,
    Service,
    ServiceFlag,
    ServiceKey,
    ServiceSettings,
    Table,
    TunnelType,
)

__all__ = ["Owned", "plan"]

Owned: TypeAlias = Mapping[ServiceKey, AbstractSet[Destination]]
"""Services that are ours, and for each the destinations that are: what was put there before, and
what is configured now (`desired.configured`)."""

_NOTHING: AbstractSet[Destination] = frozenset()


def plan(desired: Table, observed: Table, owned: Owned) -> tuple[Operation, ...]:
    """The operations that make `observed` into `desired`, as far as entries are ours; in order."""
    operations: list[Operation] = []
    changed: list[tuple[ServiceKey, Service, Service]] = []
    for key, wanted in desired.items():
        found = observed.get(key)
        if found is None:
            operations.extend(_whole(key, wanted))
        elif found != wanted:
            operations.extend(_additions(key, wanted, found))
            changed.append((key, wanted, found))
    for key, wanted, found in changed:
        operations.extend(_removals(key, wanted, found, owned.get(key, _NOTHING)))
    operations.extend(RemoveService(key) for key in observed if key in owned and key not in desired)
    return tuple(operations)


def _whole(key: ServiceKey, wanted: Service) -> Iterator[Operation]:
    yield AddService(key, wanted.settings)
    for destination, settings in wanted.destinations.items():
        yield AddDestination(key, destination, settings)


def _additions(key: ServiceKey, wanted: Service, found: Service) -> Iterator[Operation]:
    if not _is_same_service(wanted.settings, found.settings, key.family):
        yield SetService(key, wanted.settings)
    changes: list[SetDestination] = []
    for destination, settings in wanted.destinations.items():
        now = found.destinations.get(destination)
        if now is None:
            yield AddDestination(key, destination, settings)
        elif not _is_same_destination(settings, now):
            changes.append(SetDestination(key, destination, settings))
    yield from _in_order(changes)


def _in_order(changes: Iterable[SetDestination]) -> Iterator[SetDestination]:
    """Those that take connections afterwards first."""
    return iter(sorted(changes, key=lambda change: not change.settings.weight))


def _removals(
    key: ServiceKey, wanted: Service, found: Service, owned: AbstractSet[Destination]
) -> Iterator[Operation]:
    surplus = set(found.destinations).difference(wanted.destinations)  # computes no hash again
    if not surplus:
        return
    for destination in found.destinations:
        if destination in surplus and destination in owned:
            yield RemoveDestination(key, destination)


def _is_same_service(one: ServiceSettings, other: ServiceSettings, family: Family) -> bool:
    return one == other or _meaning(one, family) == _meaning(other, family)


def _meaning(settings: ServiceSettings, family: Family) -> tuple[object, ...]:
    """Settings without what has no effect: the kernel keeps a timeout and a netmask always."""
    persistence: tuple[int, int] | None = None
    if settings.flags & ServiceFlag.PERSISTENT:
        single_hosts = 128 if family is Family.IPV6 else 32
        granularity = single_hosts if settings.granularity is None else settings.granularity
        persistence = (settings.persistence_timeout, granularity)
    return settings.scheduler, settings.flags, settings.persistence_engine, persistence


def _is_same_destination(one: DestinationSettings, other: DestinationSettings) -> bool:
    return one == other or (
        one.weight == other.weight
        and one.upper_threshold == other.upper_threshold
        and one.lower_threshold == other.lower_threshold
        and _method(one.method) == _method(other.method)
    )


def _method(method: Method) -> Method:
    """The method without what has no effect."""
    if method.forwarding is not Forwarding.TUNNELLING:
        return Method(method.forwarding)
    if method.tunnel_type is TunnelType.IPIP:
        return Method(method.forwarding)
    if method.tunnel_type is TunnelType.GRE:
        return Method(method.forwarding, method.tunnel_type, 0, method.tunnel_checksum)
    return method
