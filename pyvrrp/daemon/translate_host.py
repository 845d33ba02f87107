"""From keepalived's words to what all Virtual Routers of the host have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..settings import FilterSettings, HostSettings

if TYPE_CHECKING:
    from ..conf.config import Config

__all__ = ["translate_host"]


def translate_host(config: Config) -> HostSettings:
    """The settings of `VrrpRouter`."""
    return HostSettings(
        _filter(config),
        not config.global_defs.disable_local_igmp,
        config.global_defs.vrrp_restore_removed,
    )


def _filter(config: Config) -> FilterSettings:
    nftables, unasked = config.global_defs.nftables, FilterSettings()
    if nftables is None:
        return unasked
    return FilterSettings(
        table=nftables.table or unasked.table,
        priority=nftables.priority,
        by_index=nftables.ifindex,
        counters=nftables.counters,
    )
