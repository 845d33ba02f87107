"""Every row of `global_defs`: the value it gives, what is refused, what stays."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address

import pytest

from pyvrrp.conf.config import GarpSettings, GlobalDefs, NotifyFifo, Script, ScriptUser
from pyvrrp.conf.load import Loaded

Read = Callable[..., Loaded]


def said(read: Read, text: str) -> tuple[GlobalDefs, list[tuple[str, int]]]:
    """The globals, and problems as (id, exit code of -t)."""
    result = read(f"global_defs {{\n{text}\n}}\n")
    problems = [(d.id, d.problem_class.test_exit_code) for d in result.diagnostics]
    return result.config.global_defs, problems


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("router_id lb1", "router_id", "lb1"),
        ("router_id a\nrouter_id b", "router_id", "b"),
        ("notification_email {\n a@b c@d\n e@f\n}", "notification_email", ("a@b", "c@d", "e@f")),
        ("notification_email_from x@y", "notification_email_from", "x@y"),
        ("smtp_server mail.example", "smtp_server", "mail.example"),
        ("smtp_server 192.0.2.1 587", "smtp_port", 587),
        ("smtp_helo_name h", "smtp_helo_name", "h"),
        ("smtp_helo_name", "smtp_helo_name", None),
        ("smtp_connect_timeout 4294", "smtp_connect_timeout", 4294.0),
        ("smtp_alert", "smtp_alert", True),
        ("smtp_alert no", "smtp_alert", False),
        ("", "smtp_alert", None),
        ("smtp_alert_vrrp yes", "smtp_alert_vrrp", True),
        ("no_email_faults", "no_email_faults", True),
        ("vrrp_version 3", "vrrp_version", 3),
        ("vrrp_strict", "vrrp_strict", True),
        ("vrrp_strict off", "vrrp_strict", False),
        ("vrrp_mcast_group4 224.0.0.99", "vrrp_mcast_group4", IPv4Address("224.0.0.99")),
        ("vrrp_mcast_group6 ff02::99", "vrrp_mcast_group6", IPv6Address("ff02::99")),
        ("vrrp_skip_check_adv_addr", "vrrp_skip_check_adv_addr", True),
        ("vrrp_check_unicast_src", "vrrp_check_unicast_src", True),
        ("vrrp_down_timer_adverts 100", "vrrp_down_timer_adverts", 100),
        ("vrrp_higher_prio_send_advert true", "vrrp_higher_prio_send_advert", True),
        ("vrrp_lower_prio_no_advert", "vrrp_lower_prio_no_advert", True),
        ("vrrp_owner_ignore_adverts", "vrrp_owner_ignore_adverts", True),
        ("v3_checksum_as_v2 whatever", "v3_checksum_as_v2", True),
        ("vrrp_garp_interval 0.000001", "vrrp_garp_interval", 0.000001),
        ("vrrp_gna_interval .5", "vrrp_gna_interval", 0.5),
        ("vrrp_garp_extra_if 60 all", "garp", GarpSettings(extra_if=60.0, extra_if_all=True)),
        ("vrrp_startup_delay 0.001", "vrrp_startup_delay", 0.001),
        ("vrrp_startup_delay 9\nvrrp_startup_delay 5", "vrrp_startup_delay", 9.0),
        ("vrrp_delay_after_boot 30", "vrrp_delay_after_boot", 30.0),
        ("dynamic_interfaces", "dynamic_interfaces", True),
        ("dynamic_interfaces allow_if_changes", "allow_if_changes", True),
        ("default_interface eth1", "default_interface", "eth1"),
        ("log_unknown_vrids", "log_unknown_vrids", True),
        ("vmac_prefix v", "vmac_prefix", "v"),
        ("vmac_addr_prefix v", "vmac_addr_prefix", "v"),
        ("vrrp_rx_bufs_multiplier 5", "vrrp_rx_bufs_multiplier", 5),
        ("vrrp_priority -20", "vrrp_priority", -20),
        ("vrrp_rt_priority 50", "vrrp_rt_priority", 50),
        ("vrrp_rlimit_rttime 500", "vrrp_rlimit_rttime", 500),
        ("vrrp_rlimit_rttime 1", "vrrp_rlimit_rttime", 2),
        ("vrrp_no_swap", "vrrp_no_swap", True),
        ("vrrp_cpu_affinity 0 3 1", "vrrp_cpu_affinity", (0, 3, 1)),
        ("process_names", "process_names", True),
        ("process_name p", "process_name", "p"),
        ("vrrp_process_name v", "vrrp_process_name", "v"),
        ("umask 0177", "umask", 0o177),
        ("umask 0x3f", "umask", 0o77),
        ("umask 63", "umask", 0o77),
        ("umask IRWXG|IROTH", "umask", 0o074),
        ("umask IWUSR | IXUSR", "umask", 0o300),
        ("include_check +read -match", "random_seed", None),
        ("random_seed 4294967295", "random_seed", 4294967295),
        ("reload_check_config /var/log/x", "reload_check_config", True),
        ("state_dump_file /tmp/x", "state_dump_file", "/tmp/x"),
        ("data_use_instance", "data_use_instance", True),
        ("json_version 2", "json_version", 2),
        ("enable_script_security", "enable_script_security", True),
        ("script_user u", "script_user", ScriptUser("u")),
        ("script_user u g", "script_user", ScriptUser("u", "g")),
        ("use_symlink_paths", "use_symlink_paths", True),
        ("set_supplementary_groups", "set_supplementary_groups", True),
        ("startup_script_timeout 1000", "startup_script_timeout", 1000.0),
        ("shutdown_script_timeout 1", "shutdown_script_timeout", 1.0),
        ("notify_fifo /run/f", "notify_fifo", NotifyFifo("/run/f")),
        ("vrrp_notify_fifo /run/f u g", "vrrp_notify_fifo", NotifyFifo("/run/f", "u", "g")),
        ("fifo_write_vrrp_states_on_reload", "fifo_write_vrrp_states_on_reload", True),
        ("vrrp_notify_priority_changes", "vrrp_notify_priority_changes", True),
    ],
)
def test_values(read: Read, text: str, field: str, value: object) -> None:
    defs, problems = said(read, text)
    assert getattr(defs, field) == value
    assert [p for p in problems if p[1]] == []


def test_scripts(read: Read) -> None:
    defs, _ = said(
        read,
        'startup_script "/bin/a b"\nshutdown_script /bin/c u\nenable_script_security\n'
        'notify_fifo_script "/bin/d e"\nnotify_fifo /run/f',
    )
    assert defs.startup_script == Script(("/bin/a", "b"))
    assert defs.shutdown_script == Script(("/bin/c",), "u")
    assert defs.notify_fifo == NotifyFifo("/run/f", script=Script(("/bin/d", "e")))


def test_the_lower_priority_burst_follows_the_first_one(read: Read) -> None:
    defs, _ = said(read, "vrrp_garp_master_delay 7\nvrrp_garp_master_repeat 3")
    assert defs.garp == GarpSettings(7.0, 3, 0.0, 1, 7.0, 3)
    defs, _ = said(
        read,
        "vrrp_garp_lower_prio_delay 0\nvrrp_garp_lower_prio_repeat 0\n"
        "vrrp_garp_master_refresh 60\nvrrp_garp_master_refresh_repeat 2",
    )
    assert defs.garp == GarpSettings(5.0, 5, 60.0, 2, 0.0, 0)


def test_min_garp_leaves_what_was_set(read: Read) -> None:
    defs, _ = said(read, "vrrp_garp_master_repeat 3\nvrrp_min_garp")
    assert defs.garp == GarpSettings(0.0, 3, 0.0, 0, 0.0, 3)
    assert said(read, "vrrp_min_garp off")[0].garp == GarpSettings()


@pytest.mark.parametrize(
    ("text", "field", "value", "problem", "code"),
    [
        ("router_id", "router_id", None, "missing-parameter", 5),
        ("notification_email {\n}", "notification_email", (), "empty-block", 5),
        ("notification_email", "notification_email", (), "missing-brace", 5),
        ("notification_email_from a b", "notification_email_from", "a", "extra-words", 5),
        ("notification_email_from", "notification_email_from", None, "missing-parameter", 5),
        ("smtp_server", "smtp_server", None, "missing-parameter", 2),
        ("smtp_server x 0", "smtp_server", None, "value-out-of-range", 5),
        ("smtp_connect_timeout 4295", "smtp_connect_timeout", 30.0, "value-out-of-range", 5),
        ("smtp_connect_timeout 0", "smtp_connect_timeout", 1.0, "value-out-of-range", 5),
        ("smtp_connect_timeout 1.5", "smtp_connect_timeout", 30.0, "bad-number", 5),
        ("smtp_alert On", "smtp_alert", None, "bad-boolean", 5),
        ("vrrp_version 1", "vrrp_version", 2, "value-out-of-range", 5),
        ("vrrp_version", "vrrp_version", 2, "missing-parameter", 2),
        ("vrrp_mcast_group4 x", "vrrp_mcast_group4", IPv4Address("224.0.0.18"), "bad-address", 5),
        ("vrrp_mcast_group4 ff02::1", "vrrp_strict", False, "bad-address", 5),
        ("vrrp_mcast_group4 192.0.2.1", "vrrp_strict", False, "not-multicast", 5),
        ("vrrp_mcast_group6 224.0.0.1", "vrrp_strict", False, "bad-address", 5),
        ("vrrp_mcast_group6 fe80::1", "vrrp_strict", False, "not-multicast", 5),
        (
            "vrrp_mcast_group6 ff05::1",
            "vrrp_mcast_group6",
            IPv6Address("ff05::1"),
            "not-link-local",
            5,
        ),
        ("vrrp_down_timer_adverts 0", "vrrp_down_timer_adverts", 3, "value-out-of-range", 5),
        ("vrrp_startup_delay 0", "vrrp_startup_delay", 0.0, "value-out-of-range", 5),
        ("vrrp_startup_delay 1.0000001", "vrrp_startup_delay", 0.0, "bad-number", 5),
        ("dynamic_interfaces x", "dynamic_interfaces", True, "unknown-value", 5),
        ("default_interface", "default_interface", "eth0", "missing-parameter", 5),
        ("default_interface a234567890123456", "default_interface", "eth0", "too-long", 5),
        ("vmac_prefix a\nvmac_prefix b", "vmac_prefix", "a", "given-twice", 5),
        ("vrrp_priority 20", "vrrp_priority", None, "value-out-of-range", 5),
        ("vrrp_priority", "vrrp_priority", None, "missing-parameter", 5),
        ("vrrp_rt_priority 0", "vrrp_rt_priority", 1, "value-out-of-range", 5),
        ("vrrp_rt_priority 100", "vrrp_rt_priority", 99, "value-out-of-range", 5),
        ("vrrp_rt_priority x", "vrrp_rt_priority", None, "bad-number", 5),
        ("vrrp_rt_priority", "vrrp_rt_priority", None, "missing-parameter", 5),
        ("vrrp_rlimit_rttime 0", "vrrp_rlimit_rttime", 10000, "value-out-of-range", 5),
        ("vrrp_rlimit_rtime 7", "vrrp_rlimit_rttime", 7, "deprecated", 0),
        ("vrrp_cpu_affinity 0 x", "vrrp_cpu_affinity", (), "bad-number", 5),
        ("vrrp_cpu_affinity", "vrrp_cpu_affinity", (), "missing-parameter", 5),
        ("process_name", "process_name", None, "missing-parameter", 2),
        ("process_name a234567890123456", "process_name", "a23456789012345", "too-long", 5),
        ("umask", "umask", None, "missing-parameter", 2),
        ("umask 01000", "umask", None, "bad-umask", 5),
        ("umask 0177 1", "umask", None, "bad-umask", 5),
        ("umask 1_7", "umask", None, "bad-umask", 5),
        ("umask 09", "umask", None, "bad-umask", 5),
        ("umask IRWXX", "umask", None, "bad-umask", 5),
        ("umask IRWXG|", "umask", None, "bad-umask", 5),
        ("include_check reed", "umask", None, "unknown-value", 5),
        ("random_seed -1", "random_seed", None, "value-out-of-range", 5),
        ("state_dump_file a b", "state_dump_file", None, "bad-path", 5),
        ("state_dump_file", "state_dump_file", None, "bad-path", 5),
        ("json_version 3", "json_version", 1, "value-out-of-range", 5),
        ("script_user", "script_user", None, "missing-parameter", 5),
        ("startup_script", "startup_script", None, "missing-parameter", 5),
        ("notify_fifo", "notify_fifo", None, "missing-parameter", 5),
        ("notify_fifo a\nnotify_fifo b", "notify_fifo", NotifyFifo("a"), "given-twice", 5),
        ("router_id x {\n}", "router_id", "x", "unexpected-brace", 5),
        ("vrrp_iptables", "router_id", None, "deprecated", 5),
        ("vrrp_vmac_garp_intvl 5", "router_id", None, "deprecated", 5),
        ("vrrp_instance x {\n}", "router_id", None, "unknown-keyword", 5),
    ],
)
def test_refused(read: Read, text: str, field: str, value: object, problem: str, code: int) -> None:
    defs, problems = said(read, text)
    assert getattr(defs, field) == value
    assert problems == [(problem, code)]
