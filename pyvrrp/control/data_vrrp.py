"""Everything the VRRP process shows after the globals, section by section."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from ..conf.config import Config
from ..snapshot import VirtualRouterSnapshot
from . import data_delays, data_group, data_instance, data_links, data_trackers
from .addresses import static_addresses
from .data_routes import route_text, rule_text
from .host import UNKNOWN, HostFacts

__all__ = ["lines"]

_NO_SNAPSHOTS: Mapping[str, VirtualRouterSnapshot] = {}


def lines(
    config: Config,
    host: HostFacts = UNKNOWN,
    snapshots: Mapping[str, VirtualRouterSnapshot] = _NO_SNAPSHOTS,
) -> Iterator[str]:
    """`snapshots` by name of the instance; those without one are shown as they were configured."""
    yield from data_delays.lines(config)
    yield from _section(
        "Static Addresses", ([f"     {text}"] for text in static_addresses(config, host))
    )
    yield from _section(
        "Static Routes", ([f"     {route_text(route)}"] for route in config.static_routes)
    )
    yield from _section(
        "Static Rules", ([f"     {rule_text(rule)}"] for rule in config.static_rules)
    )
    yield from _section(
        "Static Track groups", (data_trackers.track_group(group) for group in config.track_groups)
    )
    yield from _section(
        "VRRP Topology",
        (data_instance.lines(config, i, host, snapshots.get(i.name)) for i in config.instances),
    )
    yield from _section(
        "VRRP Sync groups",
        (data_group.lines(config, group, host, snapshots) for group in config.sync_groups),
    )
    yield from _section(
        "VRRP Scripts", (data_trackers.script(config, script, host) for script in config.scripts)
    )
    yield from _section(
        "VRRP Track files", (data_trackers.track_file(config, f) for f in config.track_files)
    )
    yield from _section(
        "VRRP Track processes",
        (
            data_trackers.process(config, p, is_running=bool(snapshots))
            for p in config.track_processes
        ),
    )
    yield from _section(
        "VRRP Track BFDs", (data_trackers.bfd(config, b) for b in config.bfd_instances if b.vrrp)
    )
    if host.links:
        links = (*host.links, *data_links.missing(config, host))
        yield from _section("Interfaces", (data_links.lines(config, x, host) for x in links))


def _section(title: str, parts: Iterable[Iterable[str]]) -> Iterator[str]:
    """Nothing when there is nothing to show."""
    lines = chain.from_iterable(parts)
    first = next(lines, None)
    if first is not None:
        yield f"------< {title} >------"
        yield first
        yield from lines
