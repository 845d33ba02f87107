"""How announcements are spread over time, and for how long a change of a link is not believed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..conf.config import Config
from ..conf.debounce import debounce
from .host import LinkFacts

__all__ = ["Debounce", "lines", "spread", "used_links"]

_US = 1_000_000
_NEVER = "0.000000 (Thu Jan  1 00:00:00.000000)"
"""When the next one may be sent: whenever."""


class _Group(NamedTuple):
    """Interfaces that share intervals, in seconds; those of several are counted, from 1."""

    number: int
    interfaces: tuple[str, ...]
    garp: float | None
    gna: float | None


def _groups(config: Config) -> Iterator[_Group]:
    """As written; with an interval for all, every other interface in use is one of its own."""
    counted = 0
    for group in config.garp_groups:
        is_shared = len(group.interfaces) > 1
        counted += is_shared
        number = counted if is_shared else 0
        yield _Group(number, group.interfaces, group.garp_interval, group.gna_interval)
    defs = config.global_defs
    garp, gna = defs.vrrp_garp_interval or None, defs.vrrp_gna_interval or None
    if garp is not None or gna is not None:
        grouped = {name for group in config.garp_groups for name in group.interfaces}
        for name in used_links(config):
            if name not in grouped:
                yield _Group(0, (name,), garp, gna)


def used_links(config: Config) -> tuple[str, ...]:
    """Of instances and of their addresses."""
    found: dict[str, None] = {}
    for instance in config.instances:
        addresses = (*instance.virtual_ipaddress, *instance.virtual_ipaddress_excluded)
        for name in (instance.interface, *(address.dev for address in addresses)):
            if name is not None:
                found[name] = None
    return tuple(found)


def lines(config: Config) -> Iterator[str]:
    """The section, when there is a group."""
    groups = tuple(_groups(config))
    if groups:
        yield "------< Gratuitous ARP delays >------"
    for group in groups:
        yield f"------< GARP delay group {group.number} >------"
        if group.garp is not None:
            yield f" GARP interval = {group.garp:g}"
            yield f" GARP next time {_NEVER}"
        if group.gna is not None:
            yield f" GNA interval = {group.gna:g}"
            yield f" GNA next time {_NEVER}"
        yield " Interfaces"
        yield from (f"  {name}" for name in group.interfaces)


def spread(config: Config) -> dict[str, tuple[str, ...]]:
    """Lines about the intervals of an interface, by its name."""
    return {
        name: tuple(_intervals(group)) for group in _groups(config) for name in group.interfaces
    }


def _intervals(group: _Group) -> Iterator[str]:
    if group.garp is not None:
        yield f"   Gratuitous ARP interval {_ms(group.garp)}ms"
    if group.gna is not None:
        yield f"   Gratuitous NA interval {_ms(group.gna)}ms"
    if group.number:
        yield f"   Gratuitous ARP aggregation group {group.number}"


def _ms(seconds: float) -> int:
    return round(seconds * _US) // 1000


class Debounce:
    """Microseconds until a change of a link is believed; instances that use it limit them."""

    def __init__(self, config: Config) -> None:
        self._delays = debounce(config)

    def lines(self, link: LinkFacts) -> Iterator[str]:
        """A link of our own follows the one it stands on."""
        up, down = self._delays.get((link.parent if link.is_ours else link.name) or "", (0, 0))
        yield f"   Up debounce timer = {up}us"
        yield f"   Down debounce timer = {down}us"
