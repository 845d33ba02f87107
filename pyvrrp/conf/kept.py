"""Keywords of keepalived that are read and kept, but not acted on.

One text per block. A word of it is a keyword and the shape of what follows:

    alpha               no word is needed
    retry:1             one word is needed; keepalived stops at a line that lacks it
    json_dump_file:1?   one word is needed; without it keepalived complains and goes on
    linkbeat_interfaces{}  a block of entries, one per line
    garp_group{garp_group}
                        a block with the keywords of the block that stands under this path

Source: keywords of keepalived 2.4.3, in the blocks where its parser installs them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from .diagnostics import ProblemClass
from .known import Block, Known

__all__ = ["BLOCKS"]

_NOTATION = re.compile(r"([^:{\s]+)(?::(\d)(\??))?(\{([^}]*)\})?")

_TEXTS = {
    "global_defs": """
        bfd_cpu_affinity:1? bfd_no_swap bfd_priority:1? bfd_process_name:1 bfd_rlimit_rtime:1
        bfd_rlimit_rttime:1 bfd_rt_priority:1? config_save_dir:1 dbus_no_interface_name:1?
        dbus_service_name:1? disable_local_igmp enable_dbus enable_snmp_checker
        enable_snmp_keepalived enable_snmp_rfc enable_snmp_rfcv2 enable_snmp_rfcv3 enable_snmp_vrrp
        enable_traps iproute_etc_dir:1? iproute_usr_dir:1? json_dump_file:1?
        lvs_netlink_cmd_rcv_bufs:1? lvs_netlink_cmd_rcv_bufs_force lvs_netlink_monitor_rcv_bufs:1?
        lvs_netlink_monitor_rcv_bufs_force max_auto_priority min_auto_priority_delay:1? nftables
        nftables_counters nftables_ifindex nftables_ipvs nftables_ipvs_priority:1
        nftables_ipvs_start_fwmark:1 nftables_priority:1 process_monitor_rcv_bufs:1?
        process_monitor_rcv_bufs_force reload_file reload_repeat reload_time_file:1?
        snmp_rs_stats_update_interval:1 snmp_socket:1? snmp_vs_stats_update_interval:1
        stats_dump_file:1? tmp_config_directory:1? vrrp_ipsets
        vrrp_netlink_cmd_rcv_bufs:1? vrrp_netlink_cmd_rcv_bufs_force
        vrrp_netlink_monitor_rcv_bufs:1? vrrp_netlink_monitor_rcv_bufs_force vrrp_rx_bufs_policy:1?
    """,
}


def _known(text: str) -> dict[str, Known]:
    keywords = {}
    for name, words, question, braces, path in _NOTATION.findall(text):
        block = Block.NONE
        if braces:
            block = Block.TABLE if path else Block.ENTRIES
        missing = ProblemClass.GENERAL if question else ProblemClass.MISSING_PARAMETER
        keywords[name] = Known(name, path, int(words or 0), block, missing)
    return keywords


BLOCKS: Mapping[str, Mapping[str, Known]] = {path: _known(text) for path, text in _TEXTS.items()}
"""Path of a block to its keywords; the top level has the empty path."""
