"""The links an instance watches because something of its own, or of its track groups, is there."""

from __future__ import annotations

from collections.abc import Iterator

from .config import Config, VrrpInstance

__all__ = ["watched_links"]


def watched_links(config: Config, instance: VrrpInstance) -> Iterator[str]:
    """Names, without an order and perhaps more than once; nothing with `no_track` counts."""
    groups = {group.name for group in config.track_groups if instance.name in group.members}
    addresses = [a.address for a in config.static_addresses if a.track_group in groups]
    routes = [r for r in config.static_routes if r.track_group in groups]
    rules = [r for r in config.static_rules if r.track_group in groups]
    devices = (
        *(a.dev for a in addresses if not a.no_track),
        *(r.dev for r in (*routes, *instance.virtual_routes) if not r.no_track),
        *(r.iif for r in (*rules, *instance.virtual_rules) if not r.no_track),
        *(r.oif for r in instance.virtual_rules if not r.no_track),
    )
    yield from (name for name in devices if name is not None)
