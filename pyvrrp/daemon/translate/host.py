"""From keepalived's words to what all Virtual Routers of the host have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...conf.debounce import debounce
from ...settings import (
    AnnouncementGaps,
    FilterSettings,
    GapGroup,
    HostSettings,
    LinkDelay,
    SocketBuffer,
)
from . import routing as translate_routing

if TYPE_CHECKING:
    from ...conf.config import Config

__all__ = ["translate_host"]


def translate_host(config: Config) -> HostSettings:
    """The settings of `VrrpRouter`."""
    words = config.global_defs
    groups = (
        GapGroup(group.interfaces, group.garp_interval or 0.0, group.gna_interval or 0.0)
        for group in config.garp_groups
    )
    gaps = AnnouncementGaps(words.vrrp_garp_interval, words.vrrp_gna_interval, tuple(groups))
    return HostSettings(
        filter=_filter(config),
        igmp_reports=not words.disable_local_igmp,
        statics=translate_routing.statics(config),
        restores=words.vrrp_restore_removed,
        gaps=gaps,
        start_delay=words.vrrp_startup_delay,
        delay_after_boot=words.vrrp_delay_after_boot,
        logs_unknown_vrids=words.log_unknown_vrids,
        **_buffers(config),
        link_delays=tuple(
            LinkDelay(name, up / 1e6, down / 1e6) for name, (up, down) in debounce(config).items()
        ),
    )


def _buffers(config: Config) -> dict[str, SocketBuffer]:
    words = config.global_defs.receive_buffers
    if words is None:
        return {}
    return {
        "command_buffer": SocketBuffer(words.vrrp_netlink_cmd, words.vrrp_netlink_cmd_force),
        "monitor_buffer": SocketBuffer(
            words.vrrp_netlink_monitor, words.vrrp_netlink_monitor_force
        ),
    }


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
