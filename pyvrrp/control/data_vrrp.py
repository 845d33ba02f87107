"""Everything the VRRP process shows after the globals, section by section."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain

from ..conf.config import Config
from ..snapshot import TrackedSnapshot, VirtualRouterSnapshot
from . import data_delays, data_group, data_instance, data_links, data_trackers
from .addresses import static_addresses
from .data_routes import route_text, rule_text
from .host import UNKNOWN, HostFacts
from .whole import Whole

__all__ = ["lines"]

_NO_SNAPSHOTS: Mapping[str, VirtualRouterSnapshot] = {}


def lines(
    config: Config,
    host: HostFacts = UNKNOWN,
    snapshots: Mapping[str, VirtualRouterSnapshot] = _NO_SNAPSHOTS,
    tracked: Sequence[TrackedSnapshot] = (),
    reachable: Collection[str] = (),
) -> Iterator[str]:
    """`snapshots` by name of the instance; what has none is shown as it was configured.

    `reachable` are the names of BFD sessions that are up.
    """
    whole = Whole(config, host, snapshots, tracked)
    yield from data_delays.lines(config)
    for title, found in _sections(whole, reachable):
        first = next(found, None)
        if first is not None:
            yield f"------< {title} >------"
            yield first
            yield from found


def _sections(whole: Whole, reachable: Collection[str]) -> Iterator[tuple[str, Iterator[str]]]:
    """Those without a line are left out."""
    config = whole.config
    yield "Static Addresses", (f"     {text}" for text in static_addresses(whole))
    yield "Static Routes", (f"     {route_text(route)}" for route in config.static_routes)
    yield "Static Rules", (f"     {rule_text(rule)}" for rule in config.static_rules)
    yield "Static Track groups", data_trackers.track_groups(config)
    yield "VRRP Topology", _each(data_instance.lines(whole, i) for i in config.instances)
    yield "VRRP Sync groups", _each(data_group.lines(whole, g) for g in config.sync_groups)
    yield "VRRP Scripts", data_trackers.scripts(whole)
    yield "VRRP Track files", data_trackers.files(whole)
    yield "VRRP Track processes", data_trackers.processes(whole)
    yield "VRRP Track BFDs", data_trackers.bfd_sessions(config, reachable)
    if whole.host.links:
        yield "Interfaces", data_links.lines(whole)


_each = chain.from_iterable
