"""One `virtual_server_group`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from healthcheck.core.table import Family, Protocol

from ..conf.lvs_config import GroupMark, GroupRange, LvsGroup
from .data_lvs_names import Shown, families, protocol
from .wording import yes

__all__ = ["lines"]


def lines(group: LvsGroup, shown: Iterable[Shown]) -> Iterator[str]:
    """With how many servers of its services are alive."""
    found: set[int] = {entry.first.version for entry in group.ranges}
    found |= {mark.family for mark in group.marks if mark.family is not None}
    users = [each for each in shown if each[0].group == group.name]
    yield " ------< Virtual server group >------"
    has4, has6 = yes(4 in found), yes(6 in found)
    yield f" Virtual Server Group = {group.name}, IPv4 = {has4}, IPv6 = {has6}"
    for entry in group.ranges:
        yield from _range(entry, users)
    for mark in group.marks:
        yield from _mark(mark, users)


def _range(entry: GroupRange, users: list[Shown]) -> Iterator[str]:
    if entry.first == entry.last:
        yield f"   VIP = {entry.first}, VPORT = {entry.port}"
    else:
        yield f"   VIP Range = {entry.first}-{entry.last}, VPORT = {entry.port}"
    alive = ", ".join(
        f"{_alive(u for u in users if protocol(u[0]) is kind)} {kind.name.lower()}"
        for kind in Protocol
    )
    yield f"     Alive: {alive}"
    yield "     reloaded = False"


def _mark(mark: GroupMark, users: list[Shown]) -> Iterator[str]:
    family = "" if mark.family is None else f" IPv{mark.family:d}"
    yield f"   FWMARK = {mark.mark}{family}"
    ipv4 = _alive(u for u in users if families(u[0]) == {Family.IPV4})
    yield f"     Alive: {ipv4} IPv4, {_alive(users) - ipv4} IPv6"
    yield "     reloaded = False"


def _alive(users: Iterable[Shown]) -> int:
    return sum(server.is_up for _, snapshot in users for server in snapshot.servers)
