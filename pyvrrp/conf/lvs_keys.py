"""What a service is: the words behind `virtual_server`, and the keys of the kernel they become."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from healthcheck.core.table import Family, FirewallMark, Protocol, ServiceAddress, ServiceKey

from .blocks import Statement
from .lvs_endpoints import Endpoint, trio
from .lvs_groups import Group

__all__ = [
    "GroupUse",
    "Identity",
    "ServiceMark",
    "distinct_name",
    "keys_of",
    "name_of",
    "shown_key",
]


class ServiceMark(NamedTuple):
    """`virtual_server fwmark MARK`."""

    mark: int


class GroupUse(NamedTuple):
    """`virtual_server group NAME`; `number` counts the services of that group from 0."""

    group: Group
    number: int


Identity = Endpoint | ServiceMark | GroupUse
"""What stands behind `virtual_server`."""


def keys_of(
    identity: Identity, owner: Statement, protocol: Protocol, family: Family
) -> Iterator[tuple[ServiceKey, Statement]]:
    """Every key of a service with the statement it stands in, `owner` for the service's own.

    `family` is that of a mark without one.
    """
    if isinstance(identity, Endpoint):
        yield ServiceAddress(protocol, *identity), owner
    elif isinstance(identity, ServiceMark):
        yield FirewallMark(identity.mark, family), owner
    else:
        for entry in identity.group.ranges:
            for address in entry.addresses():
                yield ServiceAddress(protocol, address, entry.port), entry.statement
        for mark in identity.group.marks:
            yield FirewallMark(mark.mark, mark.family or family), mark.statement


def name_of(identity: Identity, protocol: Protocol | None) -> str:
    """How keepalived calls the service in messages and notices."""
    match identity:
        case Endpoint(address, port):
            return trio(address, protocol, port)
        case ServiceMark(mark):
            return f"FWM {mark}"
        case GroupUse(group, number):
            return f"[{group.name}]:{number}"


def distinct_name(
    name: str, identity: Identity, family: Family, taken: Mapping[ServiceKey, str]
) -> str:
    """keepalived calls a mark's IPv4 and IPv6 services the same; a name is one service here."""
    if not isinstance(identity, ServiceMark):
        return name
    other = Family.IPV6 if family is Family.IPV4 else Family.IPV4
    if FirewallMark(identity.mark, other) not in taken:
        return name
    return f"{name} {'inet' if family is Family.IPV4 else 'inet6'}"


def shown_key(key: ServiceKey) -> str:
    """A key as messages show it."""
    if isinstance(key, FirewallMark):
        return f"fwmark {key.mark} of IPv{key.family.value}"
    return trio(key.address, key.protocol, key.port)
