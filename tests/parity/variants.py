"""Each keyword with values at, below and above its bounds, with junk, and with nothing.

A row is a block, a keyword, what may follow it and its bounds: literals of keepalived's language,
as its manual and its parser give them. `tests/parity/test_lvs_verdicts.py` has the keywords of
`virtual_server`; they are not repeated here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["FILES", "NEWER_CODES", "NEWER_FILES"]


class Row(NamedTuple):
    """Keywords of one block that take the same values."""

    block: str
    keywords: str
    values: tuple[str, ...]


def number(low: int, high: int) -> tuple[str, ...]:
    """A whole number."""
    return (*map(str, (low, high, low - 1, high + 1)), "x", f"{high}x", f"{low}.5", "")


def seconds(low: str, below: str, high: str, above: str) -> tuple[str, ...]:
    """Seconds, with decimals."""
    return (low, below, high, above, "1.5", "-1", "x", "")


def choice(*words: str) -> tuple[str, ...]:
    """One of a few words."""
    return (*words, words[0].swapcase(), "other", "")


BOOLEAN = ("on", "false", "yes", "", "On", "1", "maybe")
FLAG = ("", "off")
WORD = ("word", "")
SCRIPT = ("/usr/bin/true", '"/usr/bin/true a b"', "/usr/bin/true root root", "")
LIMIT = number(0, 2**32 - 1)

ROWS = (
    Row("instance", "priority", number(1, 255)),
    Row("instance", "virtual_router_id", number(1, 255)),
    Row("instance", "version", number(2, 3)),
    Row("instance", "down_timer_adverts", number(1, 100)),
    Row("instance", "unicast_ttl", number(0, 255)),
    Row("instance", "kernel_rx_buf_size", LIMIT),
    Row("instance", "garp_master_delay garp_lower_prio_delay", number(0, 4294)),
    Row("instance", "garp_master_refresh", LIMIT),
    Row("instance", "garp_master_repeat garp_master_refresh_repeat", number(1, 2**32 - 1)),
    Row("instance", "garp_lower_prio_repeat", number(0, 2**31 - 1)),
    Row("instance", "preempt_delay", seconds("0", "-0.1", "1000", "1000.1")),
    Row("instance", "advert_int", (*seconds("0.01", "0", "40.95", "40.96"), "1", "0.015", "255", "256")),
    Row("instance version 3", "advert_int", (*seconds("0.01", "0.001", "40.95", "40.96"), "0.015", "41")),
    Row("instance", "state", choice("MASTER", "BACKUP")),
    Row("instance", "interface", ("eth0", "lo", "eth9", "abcdefghijklmnop", "")),
    Row("instance", "old_unicast_checksum", ("", "never", "always")),
    Row("instance", "mcast_src_ip unicast_src_ip", ("192.0.2.9", "2001:db8::9", "192.0.2", "192.0.2.9/24", "")),
    Row("instance", "mcast_dst_ip", ("224.0.0.19", "192.0.2.9", "ff02::12", "x", "")),
    Row("instance", "vrf lvs_sync_daemon_interface", ("eth1", "")),
    Row("instance", "higher_prio_send_advert lower_prio_no_advert skip_check_adv_addr", BOOLEAN),
    Row("instance", "notify_deleted notify_priority_changes smtp_alert strict_mode", BOOLEAN),
    Row("instance", "accept no_accept check_unicast_src dont_track_primary native_ipv6 preempt", FLAG),
    Row("instance", "nopreempt promote_secondaries track_src_ip unicast_fault_no_peer", FLAG),
    Row("instance", "linkbeat_use_polling use_vmac_addr vmac_xmit_base", FLAG),
    Row("instance", "notify notify_backup notify_fault notify_stop notify_master_rx_lower_pri", SCRIPT),
    Row("instance", "use_vmac", ("", "vrrp.1", "abcdefghijklmno", "abcdefghijklmnop", "eth0", "a b", "vrrp.1 00:00:5e:00:01:01")),
    Row("authentication", "auth_type", choice("PASS", "AH")),
    Row("authentication", "auth_pass", ("12345678", "123456789", '"a b"', "")),
    Row("peer", "", ("192.0.2.2", "192.0.2.2 192.0.2.3", "2001:db8::2", "192.0.2", "192.0.2.2/24", "eth0", "192.0.2.250")),
    Row("peer", "192.0.2.2 min_ttl", number(0, 255)),
    Row("peer", "192.0.2.2 max_ttl", ("0", "255", "256", "x", "9 min_ttl 10")),
    Row("address", "", ("192.0.2.1/32", "192.0.2.1/33", "192.0.2.1/x", "192.0.2.1/", "192.0.2.1/0", "192.0.2.1/-1", "0.0.0.0", "224.0.0.1", "host", "dev eth0", "1.2.3.4.5", "192.0.2.01")),
    Row("address", "192.0.2.7/24 dev", ("eth0", "eth9", "eth0 dev eth1", "")),
    Row("address", "192.0.2.7/24 scope", ("global", "link", "host", "site", "0", "255", "256", "x", "")),
    Row("address", "192.0.2.7/24 brd", ("+", "-", "192.0.2.255", "2001:db8::1", "x", "")),
    Row("address", "192.0.2.7/24 label", ("eth0:1", "abcdefghijklmno", "abcdefghijklmnop", "")),
    Row("address", "192.0.2.7/24 peer", ("192.0.2.8", "192.0.2.8/24", "192.0.2.8/33", "2001:db8::8", "x", "")),
    Row("address", "192.0.2.7/24 preferred_lft", ("0", "1", "4294967295", "4294967296", "forever", "x", "")),
    Row("address", "192.0.2.7/24", ("home", "-nodad", "nodad", "mngtmpaddr", "noprefixroute", "autojoin", "no_track", "use_vmac", "track_group g", "junk")),
    Row("address 6", "", ("2001:db8::1", "2001:db8::1/128", "2001:db8::1/129", "2001:db8::1::2", "fe80::1%eth0", "192.0.2.1", "::ffff:192.0.2.1")),
    Row("address 6", "2001:db8::7/64", ("home", "-nodad", "mngtmpaddr", "brd +", "label a", "scope link", "preferred_lft 0")),
    Row("excluded", "", ("192.0.2.9", "2001:db8::9", "192.0.2", "192.0.2.9/33", "192.0.2.9 dev eth9")),
    Row("track_interface", "", ("eth1", "eth9", "eth1 eth2", "eth1 weight", "eth1 junk", "eth0")),
    Row("track_interface", "eth1 weight", (*number(-253, 253), "254", "-254", "0", "5 reverse", "5 junk", "5 noreverse")),
    Row("track_script", "", ("s", "other", "s s", "s junk", "s weight")),
    Row("track_script", "s weight", (*number(-253, 253), "254", "-254", "0", "5 reverse", "5 noreverse", "5 junk")),
    Row("script", "interval timeout", number(1, 4294)),
    Row("script", "weight", (*number(-253, 253), "254", "-254", "5 reverse", "5 junk")),
    Row("script", "rise fall", number(1, 2**31 - 1)),
    Row("script", "user", ("root", "root root", "root root root", "")),
    Row("script", "init_fail", FLAG),
    Row("script", "script", ("/usr/bin/true", '"/usr/bin/true a"', '""', "</etc/hostname", "/usr/bin/true a b", "")),
    Row("group", "global_tracking sync_group_tracking_weight", FLAG),
    Row("group", "notify_priority_changes smtp_alert", BOOLEAN),
    Row("group", "notify notify_master notify_backup notify_fault notify_stop", SCRIPT),
    Row("group", "priority", WORD),
    Row("group", "track_interface {\n", ("eth1\n}", "eth9\n}", "eth1 weight 5\n}", "eth1 weight 254\n}")),
    Row("group", "track_script {\n", ("s\n}", "other\n}", "s weight 5\n}")),
    Row("members", "", ("a b", "a", "", "a b c", "a a", "a\nb", "c d")),
    Row("globals", "router_id default_interface smtp_helo_name notification_email_from", WORD),
    Row("globals", "notification_email_from", ("a b", '"a b"', '"name <a@b>"')),
    Row("globals", "smtp_server", ("192.0.2.1", "192.0.2.1 25", "192.0.2.1 0", "192.0.2.1 65536", "2001:db8::1 25", "")),
    Row("globals", "smtp_connect_timeout", number(1, 4294)),
    Row("globals", "vrrp_version", number(2, 3)),
    Row("globals", "vrrp_down_timer_adverts", number(1, 100)),
    Row("globals", "vrrp_garp_master_delay vrrp_garp_lower_prio_delay", number(0, 4294)),
    Row("globals", "vrrp_garp_master_refresh", LIMIT),
    Row("globals", "vrrp_garp_master_repeat vrrp_garp_master_refresh_repeat", number(1, 2**32 - 1)),
    Row("globals", "vrrp_garp_lower_prio_repeat", number(0, 2**31 - 1)),
    Row("globals", "vrrp_garp_interval vrrp_gna_interval", seconds("0.000001", "0", "4294.967295", "4294.967296")),
    Row("globals", "vrrp_startup_delay", seconds("0.001", "0.0001", "4294.967295", "4294.967296")),
    Row("globals", "vrrp_mcast_group4", ("224.0.0.19", "192.0.2.1", "ff02::12", "x", "")),
    Row("globals", "vrrp_mcast_group6", ("ff02::12", "ff05::12", "2001:db8::1", "224.0.0.18", "x", "")),
    Row("globals", "vrrp_rx_bufs_multiplier", number(1, 2**32 - 1)),
    Row("globals", "vrrp_priority", number(-20, 19)),
    Row("globals", "vrrp_rt_priority", number(1, 99)),
    Row("globals", "vrrp_rlimit_rttime vrrp_rlimit_rtime", number(1, 2**32 - 1)),
    Row("globals", "process_name vrrp_process_name", ("abcdefghijklmno", "abcdefghijklmnop", "")),
    Row("globals", "vmac_prefix vmac_addr_prefix", ("vrrp", "a\nvmac_prefix b", "abcdefghijklmnop", "")),
    Row("globals", "umask", ("0177", "0777", "01000", "63", "x", "IRUSR", "IRUSR|IWUSR", "IRUSR|junk", "")),
    Row("globals", "random_seed", LIMIT),
    Row("globals", "startup_script_timeout shutdown_script_timeout", number(1, 1000)),
    Row("globals", "smtp_alert smtp_alert_vrrp vrrp_strict vrrp_skip_check_adv_addr", BOOLEAN),
    Row("globals", "vrrp_higher_prio_send_advert vrrp_lower_prio_no_advert vrrp_min_garp", BOOLEAN),
    Row("globals", "vrrp_notify_priority_changes data_use_instance rs_init_notifies", BOOLEAN),
    Row("globals", "no_email_faults vrrp_check_unicast_src log_unknown_vrids vrrp_no_swap", FLAG),
    Row("globals", "enable_script_security process_names", FLAG),
    Row("globals", "fifo_write_vrrp_states_on_reload lvs_flush", FLAG),
    Row("globals", "dynamic_interfaces", ("", "allow_if_changes", "other")),
    Row("globals", "include_check", ("", "read", "+read -match", "wildcard_match brace_match", "readable", "+")),
    Row("globals", "script_user", ("root", "root root", "root root root", "")),
    Row("globals", "notify_fifo vrrp_notify_fifo", ("/run/f", "/run/f root", "/run/f root root", "/run/f\nnotify_fifo /run/g", "")),
    Row("globals", "startup_script shutdown_script notify_fifo_script vrrp_notify_fifo_script", SCRIPT),
    Row("globals", "vrrp_cpu_affinity", ("0", "0 1", "-1", "x", "")),
    Row("globals", "notification_email", ("{\na@b\n}", "{\n}", "a@b", "{\na@b c@d\n}")),
    Row("globals", "priority interface vrrp_instance junk", WORD),
    Row("instance", "garp_extra_if vmac_garp_intvl", ("0", "1", "86400", "86401", "all 5", "all", "x", "")),
    Row("static", "", ("192.0.2.9/24 dev eth0", "192.0.2.9/24", "192.0.2.9/24 dev eth9", "2001:db8::9 dev eth1", "192.0.2.9/33 dev eth0", "x")),
    Row("root", "child_wait_time", LIMIT),
    Row("root", "instance net_namespace net_namespace_ipvs", ("a", "a b", "a\ninstance b", "")),
    Row("root", "use_pid_dir namespace_with_ipsets linkbeat_use_polling", FLAG),
    Row("root", "priority global_def {\n} vrrp_instance", WORD),
    Row("root", "", ("vrrp_instance {\n}", "vrrp_instance b c {\n}", "vrrp_sync_group {\n}", "vrrp_script t {\n}")),
)  # fmt: skip

KINDS = ("SMTP_CHECK", "DNS_CHECK", "UDP_CHECK", "HTTP_GET")
CHECK_ROWS = tuple(
    row
    for kind in KINDS
    for row in (
        Row(kind, "connect_port", number(1, 65535)),
        Row(kind, "connect_timeout", seconds("0.000001", "0", "4294.967295", "4294.967296")),
        Row(kind, "retry", LIMIT),
        Row(kind, "delay_loop", seconds("0.000001", "0", "4294.967295", "x")),
        Row(kind, "warmup delay_before_retry", ("0", "-1", "x", "")),
        Row(kind, "alpha log_all_failures", BOOLEAN),
        Row(kind, "bindto connect_ip", ("192.0.2.9", "2001:db8::9", "192.0.2", "")),
        Row(kind, "misc_path misc_timeout url", WORD),
    )
)

IDENTITY = "interface eth0\nvirtual_router_id 1\n"
ADDRESS = "virtual_ipaddress {\n192.0.2.1\n}\n"
SECURE = "global_defs {\nenable_script_security\nscript_user root\n}\n"
SCRIPTS = f"{SECURE}vrrp_script s {{\nscript /usr/bin/true\n}}\n"
HERE = "@here@"


def instance(text: str, name: str = "a", vrid: int = 1, address: str = ADDRESS) -> str:
    return (
        f"vrrp_instance {name} {{\ninterface eth0\nvirtual_router_id {vrid}\n{address}{text}\n}}\n"
    )


PAIR = instance("") + instance("", "b", 2, "virtual_ipaddress {\n192.0.2.2\n}\n")
MEMBERS = "group {\na\nb\n}\n"

BLOCKS = {
    "instance": SECURE + instance(HERE),
    "instance version 3": instance(f"version 3\n{HERE}"),
    "authentication": instance(f"authentication {{\nauth_type PASS\nauth_pass x\n{HERE}\n}}"),
    "peer": instance(f"unicast_peer {{\n{HERE}\n}}"),
    "address": instance("", address=f"virtual_ipaddress {{\n{HERE}\n}}\n"),
    "address 6": instance("", address=f"virtual_ipaddress {{\nfe80::1\n{HERE}\n}}\n"),
    "excluded": instance(f"virtual_ipaddress_excluded {{\n{HERE}\n}}"),
    "static": f"static_ipaddress {{\n{HERE}\n}}\n{instance('')}",
    "track_interface": instance(f"track_interface {{\n{HERE}\n}}"),
    "track_script": SCRIPTS + instance(f"track_script {{\n{HERE}\n}}"),
    "script": f"{SECURE}vrrp_script s {{\nscript /usr/bin/true\n{HERE}\n}}\n" + instance("track_script {\ns\n}"),
    "group": f"{SCRIPTS}vrrp_sync_group g {{\n{MEMBERS}{HERE}\n}}\n{PAIR}",
    "members": f"vrrp_sync_group g {{\ngroup {{\n{HERE}\n}}\n}}\n{PAIR}",
    "globals": f"{SECURE}global_defs {{\n{HERE}\n}}\n{instance('')}",
    "root": f"{HERE}\n{instance('')}",
}  # fmt: skip

URL = "url {\npath /\n}\n"
SERVICE = (
    "virtual_server 192.0.2.1 80 {{\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n"
    "real_server 192.0.2.11 80 {{\nweight 1\n{} {{\n{}\n}}\n}}\n}}\n"
)
CHECKS = {
    kind: SECURE + SERVICE.format(kind, (URL if kind.endswith("GET") else "") + HERE)
    for kind in (*KINDS, "SSL_GET")
}


KEY = "0123456789abcdef0123456789abcdef"


def hmac(*lines: str) -> str:
    return "auth_hmac {\n" + "\n".join(lines) + "\n}"


def signed(*lines: str) -> str:
    return hmac(f"key 1 {KEY}", "active_key 1", *lines)


SINCE_2_2_7 = (
    ("instance", signed(), 0),
    ("instance", hmac(f"key 255 {KEY * 2}", "active_key 255"), 0),
    ("instance", hmac(f"key 1 hex:{KEY * 2}", "active_key 1"), 0),
    ("instance", hmac(f"key 0 {KEY}", "active_key 0"), 5),
    ("instance", hmac(f"key 256 {KEY}", "active_key 256"), 5),
    ("instance", hmac(f"key 1 {KEY[:-1]}", "active_key 1"), 5),
    ("instance", hmac(f"key 1 {KEY * 2}x", "active_key 1"), 5),
    ("instance", hmac(f"key 1 hex:{KEY}", "active_key 1"), 5),
    ("instance", hmac(f"key 1 hex:{KEY * 2}z", "active_key 1"), 5),
    ("instance", hmac(f"key 1 {KEY}", "active_key 2"), 5),
    ("instance", hmac("active_key 1"), 5),
    ("instance", signed("time_window 1"), 0),
    ("instance", signed("time_window 300"), 0),
    ("instance", signed("time_window 0"), 5),
    ("instance", signed("time_window 301"), 5),
    ("instance", signed("anti_replay time"), 0),
    ("instance", signed("anti_replay monotonic"), 0),
    ("instance", signed("anti_replay never"), 5),
    ("instance", signed("mode permissive"), 0),
    ("instance", signed("mode receive-only"), 0),
    ("instance", signed("mode lax"), 5),
    ("instance", signed() + "\nauthentication {\nauth_type PASS\nauth_pass x\n}", 5),
    ("instance", "nopreempt\ntimer_expired_backup", 0),
    ("instance", "nopreempt\ntimer_expired_backup 1", 0),
    ("instance", "nopreempt\ntimer_expired_backup 254", 0),
    ("instance", "nopreempt\ntimer_expired_backup 0", 5),
    ("instance", "nopreempt\ntimer_expired_backup 255", 5),
    ("instance", "timer_expired_backup", 5),
    ("instance", "nopreempt\nthread_timer_expired", 5),
    ("instance", "no_virtual_ipaddress", 0),
    ("instance", "v3_checksum_as_v2", 0),
    ("instance", "v3_checksum_as_v2 off", 0),
    ("instance", "v3_checksum_as_v2 maybe", 5),
    ("instance", "owner_ignore_adverts", 5),
    ("instance", "priority 255\nowner_ignore_adverts", 0),
    ("instance", "owner_ignore_adverts no", 0),
    ("instance", "owner_ignore_adverts 2", 5),
    ("instance", "use_vmac name vrrp.9", 0),
    ("instance", "use_vmac name abcdefghijklmnop", 5),
    ("globals", "vrrp_owner_ignore_adverts", 0),
    ("globals", "vrrp_owner_ignore_adverts maybe", 5),
    ("globals", "v3_checksum_as_v2", 0),
    ("globals", "vrrp_delay_after_boot 0.001", 0),
    ("globals", "vrrp_delay_after_boot 4294.967295", 0),
    ("globals", "vrrp_delay_after_boot 0.0001", 5),
    ("globals", "vrrp_delay_after_boot 4294.967296", 5),
    ("globals", "vrrp_delay_after_boot x", 5),
    ("globals", "vrrp_delay_after_boot", 2),
    ("globals", "json_version 1", 0),
    ("globals", "json_version 2", 0),
    ("globals", "json_version 3", 5),
    ("globals", "use_symlink_paths", 0),
    ("globals", "use_symlink_paths maybe", 5),
    ("globals", "set_supplementary_groups off", 0),
    ("globals", "set_supplementary_groups maybe", 5),
    ("globals", "state_dump_file /tmp/state", 0),
    ("globals", "state_dump_file", 5),
    ("SSL_GET", "tls_compliant", 0),
    ("SSL_GET", "tls_compliant maybe", 5),
    ("SSL_GET", "sni_name www.example.org", 0),
    ("HTTP_GET", "sni_name www.example.org", 0),
)
"""What 2.2.7 does not know: block, line, and the exit code of 2.4.3."""


def _files() -> Iterator[tuple[str, str]]:
    for row in (*ROWS, *CHECK_ROWS):
        for keyword in _keywords(row):
            for value in row.values:
                yield _variant(row.block, f"{keyword} {value}".strip(" "))


def _keywords(row: Row) -> list[str]:
    """Several keywords; or one with what stands before the value, where entries have no keyword."""
    has_entries = row.block.split(" ")[0] in ("peer", "address", "track_interface", "track_script")
    return [row.keywords] if has_entries or "{" in row.keywords else row.keywords.split(" ")


def _variant(block: str, line: str) -> tuple[str, str]:
    return f"{block}: {line}", {**BLOCKS, **CHECKS}[block].replace(HERE, line)


FILES = dict(_files())
"""Name of a variant to the text of its file."""

NEWER_FILES = dict(_variant(block, line) for block, line, _ in SINCE_2_2_7)
NEWER_CODES = {_variant(block, line)[0]: code for block, line, code in SINCE_2_2_7}
"""The same for `SINCE_2_2_7`: name to text, name to exit code."""
