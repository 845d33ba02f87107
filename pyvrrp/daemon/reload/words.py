"""keepalived's words for fields of settings; those that are not here are called as in keepalived."""

from __future__ import annotations

from collections.abc import Mapping

from ..lvs.words import LVS_VALUES, LVS_WORDS

__all__ = ["DERIVED", "GROUPS", "NEGATED", "OPEN", "VALUES", "WORDS"]

WORDS: Mapping[str, str] = {
    **LVS_WORDS,
    # By field; by class and field where a field means something else elsewhere.
    # pyvrrp.settings, pyvrrp.core.model
    "advertisement_interval": "advert_int",
    "advertise_before_yielding": "higher_prio_send_advert",
    "answer_lower_priority": "lower_prio_no_advert",
    "accept_mode": "accept",
    "check_unicast_source": "check_unicast_src",
    "checksum": "checksum over",
    "accepted_checksums": "checksums accepted",
    "delay": "garp_master_delay",
    "VirtualRouterConfig.group": "multicast group",
    "hmac": "auth_hmac",
    "is_monotonic": "anti_replay monotonic",
    "HmacSettings.keys": "key",
    "lower_priority_delay": "garp_lower_prio_delay",
    "lower_priority_repeat": "garp_lower_prio_repeat",
    "AnnouncementGaps.arp": "vrrp_garp_interval",
    "AnnouncementGaps.na": "vrrp_gna_interval",
    "AnnouncementGaps.groups": "garp_group",
    "igmp_reports": "disable_local_igmp",
    "extra_announcements": "garp_extra_if",
    "MarkSettings.table": "nftables_ipvs",
    "MarkSettings.priority": "nftables_ipvs_priority",
    "MarkSettings.counters": "nftables_counters",
    "FilterSettings.table": "nftables",
    "FilterSettings.priority": "nftables_priority",
    "by_index": "nftables_ifindex",
    "counters": "nftables_counters",
    "missed_advertisements": "down_timer_adverts",
    "owner_ignores_advertisements": "owner_ignore_adverts",
    "VirtualRouterConfig.password": "auth_pass",
    "ah_key": "auth_pass of AH",
    "peers": "unicast_peer",
    "preempt_mode": "nopreempt",
    "refresh": "garp_master_refresh",
    "refresh_repeat": "garp_master_refresh_repeat",
    "repeat": "garp_master_repeat",
    "skip_repeated_address_check": "skip_check_adv_addr",
    "source": "source address",
    "start_as_active": "state MASTER",
    "track_primary": "dont_track_primary",
    "tracked_interfaces": "track_interface",
    "virtual_mac": "use_vmac",
    "vrid": "virtual_router_id",
    "needs_peers": "unicast_fault_no_peer",
    "addressless": "no_virtual_ipaddress",
    "address_prefix": "vmac_addr_prefix",
    "own_mac": "use_vmac",
    "VirtualMac.prefix": "vmac_prefix",
    "transmit_on_base": "vmac_xmit_base",
    "tells_base": "netlink_notify_msg",
    "routes": "virtual_routes",
    "rules": "virtual_rules",
    "StaticSettings.addresses": "static_ipaddress",
    "StaticSettings.routes": "static_routes",
    "StaticSettings.rules": "static_rules",
    "start_delay": "vrrp_startup_delay",
    "delay_after_boot": "vrrp_delay_after_boot",
    "command_buffer": "vrrp_netlink_cmd_rcv_bufs",
    "monitor_buffer": "vrrp_netlink_monitor_rcv_bufs",
    "logs_unknown_vrids": "log_unknown_vrids",
    "restores": "vrrp_restore_removed",
    "link_delays": "interface_up_down_delays",
    "track_source": "track_src_ip",
    "receive_buffer": "kernel_rx_buf_size",
    "receive_frames": "vrrp_rx_bufs_multiplier",
    "yield_to_priority": "timer_expired_backup",
    # pyvrrp.daemon.trackers.settings
    "TrackerScript.command": "script",
    "TrackerScript.file": "script <",
    "TrackerFile.path": "file",
    "initial_files": "init_file",
    "initial": "init_file",
    "events_buffer": "process_monitor_rcv_bufs",
    "events_buffer_force": "process_monitor_rcv_bufs_force",
    # pyvrrp.bfd.settings, pyvrrp.daemon.bfd.settings
    "desired_min_tx": "min_tx",
    "required_min_rx": "min_rx",
    "is_passive": "passive",
    "BfdSettings.neighbor": "neighbor_ip",
    "BfdSettings.source": "source_ip",
    "is_multihop": "multihop",
    "tells_vrrp": "vrrp",
    "tells_checkers": "checker",
    # pyvrrp.daemon.notices.settings
    "Audience.generic": "notify",
    "is_mailed": "smtp_alert",
    "tells_deleted": "notify_deleted",
    "tells_priority": "notify_priority_changes",
    "members": "member",
    "NoticeSettings.fifos": "vrrp_notify_fifo",
    "NoticeSettings.mail": "smtp_server",
    "FifoSettings.reader": "script",
    "MailSettings.server": "smtp_server",
    "MailSettings.port": "smtp_server port",
    "MailSettings.timeout": "smtp_connect_timeout",
    "recipients": "notification_email",
    "sender": "notification_email_from",
    "helo_name": "smtp_helo_name",
    "tells_faults": "no_email_faults",
    "repeats_states": "fifo_write_vrrp_states_on_reload",
    "service_name": "dbus_service_name",
    "dbus": "enable_dbus",
    # pyvrrp.daemon.lvs.settings, pyvrrp.daemon.process_settings
    "flush_at_start": "lvs_flush",
    "flush_at_stop": "lvs_flush_on_stop",
    "tell_servers_at_start": "rs_init_notifies",
    "sync_daemons": "lvs_sync_daemon",
    "sync_follows": "lvs_sync_daemon instance",
    "Timeouts.tcp": "lvs_timeouts tcp",
    "tcp_fin": "lvs_timeouts tcpfin",
    "Timeouts.udp": "lvs_timeouts udp",
    "fifos": "lvs_notify_fifo",
    "sends_mails": "smtp_server",
    "mails_each_check": "no_checker_emails",
    "ServerCommands.up": "notify_up",
    "ServerCommands.down": "notify_down",
    "nice": "priority",
    "realtime_priority": "rt_priority",
    "cpus": "cpu_affinity",
}

NEGATED = frozenset(
    {
        "answer_lower_priority",
        "igmp_reports",
        "mails_each_check",
        "preempt_mode",
        "tells_faults",
        "track_primary",
    }
)
"""Fields that say the opposite of keepalived's word."""

DERIVED = frozenset({"DbusSettings.root", "DbusSettings.paths", "VirtualRouterConfig.synchronized"})
"""Fields that follow from what is told elsewhere."""

OPEN = frozenset({"payload", "reply", "mask", "mac"})
"""Octets that are no secret."""

GROUPS = frozenset(
    {
        *("protocol", "announce", "filter", "gaps", "marks", "statics"),
        *("server", "settings", "method", "timing", "target"),
        *("process", "timeouts", "mail", "dbus"),
    }
)
"""Fields that hold further settings whose words need no word before them."""

VALUES: Mapping[str, str] = {
    **LVS_VALUES,
    **{f"TunnelType.{kind}": kind.lower() for kind in ("IPIP", "GUE", "GRE")},
    "What.MASTER": "notify_master",
    "What.BACKUP": "notify_backup",
    "What.FAULT": "notify_fault",
    "What.STOP": "notify_stop",
    "What.DELETED": "notify_deleted_script",
    "What.LOWER_HEARD": "notify_master_rx_lower_pri",
}
"""Values with a word of their own, by the names they have in the code."""
