"""Addresses, routes and rules in the kernel: what is planned, what is there, and the way between.

They are in keepalived's order: addresses, then the routes that may have them as a source, then the
rules that lead to those routes. They leave the other way round, but those of one kind as they came.
Pure: operations go out, and whoever carries them out is somebody else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from .net.address_messages import AddAddress
from .net.identity import Key, route_key, rule_key
from .net.monitor import InterfaceTable
from .net.route_messages import add_route, add_rule, remove_route, remove_rule, replace_route
from .net.rtnetlink import Change, Operation
from .routing import Route, Rule
from .settings import VirtualAddress

__all__ = [
    "Entry",
    "KernelEntries",
    "RoutingEntry",
    "address_entry",
    "route_entries",
    "rule_entries",
]


class Entry(Protocol):
    """Something that can be put into the kernel. `key` is what the kernel tells of it by."""

    @property
    def add(self) -> Operation: ...
    @property
    def reverse(self) -> Operation: ...
    @property
    def key(self) -> Key: ...
    @property
    def is_watched(self) -> bool:
        """Whether it matters when somebody else takes it away (keepalived: not `no_track`)."""


@dataclass(frozen=True, slots=True)
class RoutingEntry:
    """A route or a rule. `replacement` puts it in the place of another one with its key."""

    add: Change
    reverse: Change
    key: Key
    is_watched: bool
    replacement: Change | None = None


def address_entry(address: VirtualAddress, index: int) -> AddAddress:
    """An address on the interface with this index."""
    return AddAddress(
        index,
        address.interface,
        address.scope,
        address.label,
        address.broadcast.packed if address.broadcast else None,
        address.peer,
        address.nodad,
        address.noprefixroute,
        address.preferred_lft,
        address.flags,
        not address.no_track,
    )


def route_entries(routes: Iterable[Route], table: InterfaceTable) -> Iterator[RoutingEntry]:
    """The routes whose links are there."""
    for route in routes:
        found = {name: table.by_name(name) for name in route.links}
        links = {name: link.index for name, link in found.items() if link is not None}
        vrf = None if route.vrf is None else table.by_name(route.vrf)
        number = None if vrf is None else vrf.table
        if len(links) < len(found) or (route.vrf is not None and number is None):
            continue
        add = add_route(route, links, number)
        yield RoutingEntry(
            add,
            remove_route(route, links, number),
            route_key(add.payload),
            not route.no_track,
            replace_route(route, links, number),
        )


def rule_entries(rules: Iterable[Rule]) -> Iterator[RoutingEntry]:
    """All of them: a rule only names links."""
    for rule in rules:
        add = add_rule(rule)
        yield RoutingEntry(add, remove_rule(rule), rule_key(add.payload), not rule.no_track)


class KernelEntries:
    """What should be in the kernel (`planned`, for anybody to set) and what was put there."""

    __slots__ = ("installed", "planned")

    def __init__(self) -> None:
        self.planned: tuple[Entry, ...] = ()
        self.installed: tuple[Entry, ...] = ()

    def settle(self) -> tuple[Operation, ...]:
        """Have exactly what is planned; what stays is there all the time.

        What is there already is asked for again: the kernel drops routes in silence, those with a
        source that leaves or on a link that goes down, and addresses with another one.
        """
        old, self.installed = self.installed, self.planned
        additions = [entry.add for entry in self.planned]
        leaving = [entry for entry in _in_leaving_order(old) if entry not in self.planned]
        if not leaving:
            return tuple(additions)
        unique = _unique(old) & _unique(self.planned)
        kept = {entry.key for entry in self.planned}
        replaced = {e.key for e in leaving if e.key in unique and isinstance(e, RoutingEntry)}
        first = [e.reverse for e in leaving if e.key in kept and e.key not in replaced]
        then = [_replacement(e) if e.key in replaced else e.add for e in self.planned]
        last = [e.reverse for e in leaving if e.key not in kept]
        again = additions if any(isinstance(e, AddAddress) for e in leaving) else []
        return (*first, *then, *last, *again)

    def withdraw(self) -> tuple[Operation, ...]:
        """Take away everything."""
        installed, self.installed = self.installed, ()
        return tuple(entry.reverse for entry in _in_leaving_order(installed))

    def watched(self, keys: Container[Key]) -> Sequence[Entry]:
        """What was put there, is watched, and has one of these keys."""
        return [e for e in self.installed if e.key in keys and e.is_watched]


def _in_leaving_order(entries: Iterable[Entry]) -> Sequence[Entry]:
    """Rules, routes, addresses; those of one kind as they came."""
    return sorted(entries, key=_kind, reverse=True)


def _kind(entry: Entry) -> int:
    """Higher for what needs others."""
    return entry.add.kind if isinstance(entry, RoutingEntry) else 0


def _unique(entries: Iterable[Entry]) -> set[Key]:
    """Keys of one entry each: of several routes with one key any might be replaced."""
    return {key for key, count in Counter(entry.key for entry in entries).items() if count == 1}


def _replacement(entry: Entry) -> Operation:
    return (isinstance(entry, RoutingEntry) and entry.replacement) or entry.add
