"""The rarer words of global_defs: which group they go into, their bounds, what stays."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pyvrrp.conf.config import GlobalDefs
from pyvrrp.conf.global_config import (
    AutoPriority,
    BfdProcess,
    Dbus,
    Files,
    Nftables,
    ReceiveBuffers,
    Snmp,
)
from pyvrrp.conf.load import Loaded

Read = Callable[..., Loaded]


def said(read: Read, text: str) -> tuple[GlobalDefs, list[str]]:
    result = read(f"global_defs {{\n{text}\n}}\n")
    problems = [d.id for d in result.diagnostics if d.id != "not-acted-on"]
    return result.config.global_defs, problems


@pytest.mark.parametrize(
    ("text", "field", "expected"),
    [
        ("", "nftables", None),
        ("nftables", "nftables", Nftables("keepalived")),
        ("nftables a\nnftables_priority -5", "nftables", Nftables("a", -5)),
        ("nftables_priority -5\nnftables a", "nftables", Nftables("a", None)),
        ("nftables_ifindex\nnftables_counters", "nftables", Nftables(ifindex=True, counters=True)),
        (
            "nftables_ipvs\nnftables_ipvs_priority 7\nnftables_ipvs_start_fwmark 4294967295",
            "nftables",
            Nftables(ipvs_table="keepalived_ipvs", ipvs_priority=7, ipvs_start_fwmark=2**32 - 1),
        ),
        (
            "nftables_ipvs_start_fwmark 7\nnftables_ipvs b",
            "nftables",
            Nftables(ipvs_table="b", ipvs_start_fwmark=1000),
        ),
        ("enable_dbus", "dbus", Dbus(enabled=True)),
        (
            "dbus_service_name a\ndbus_no_interface_name b",
            "dbus",
            Dbus(service_name="a", no_interface_name="b"),
        ),
        ("enable_snmp_rfc\nenable_traps", "snmp", Snmp(traps=True, rfcv2=True, rfcv3=True)),
        ("enable_snmp_keepalived\nsnmp_socket a", "snmp", Snmp("a", vrrp=True)),
        ("enable_snmp_rfcv3\nenable_snmp_checker", "snmp", Snmp(rfcv3=True, checker=True)),
        (
            "snmp_vs_stats_update_interval 0.001\nsnmp_rs_stats_update_interval 30",
            "snmp",
            Snmp(vs_stats_update_interval=0.001, rs_stats_update_interval=30.0),
        ),
        ("bfd_process_name a", "bfd_process", BfdProcess("a")),
        (
            "bfd_priority -20\nbfd_rt_priority 99\nbfd_rlimit_rttime 1\nbfd_no_swap",
            "bfd_process",
            BfdProcess(None, -20, 99, 2, no_swap=True),
        ),
        ("bfd_cpu_affinity 0 2", "bfd_process", BfdProcess(cpu_affinity=(0, 2))),
        (
            "vrrp_netlink_cmd_rcv_bufs 9\nprocess_monitor_rcv_bufs_force",
            "receive_buffers",
            ReceiveBuffers(vrrp_netlink_cmd=9, process_monitor_force=True),
        ),
        ("vrrp_rx_bufs_policy mtu", "receive_buffers", ReceiveBuffers(vrrp_policy="MTU")),
        ("vrrp_rx_bufs_policy 4096", "receive_buffers", ReceiveBuffers(vrrp_size=4096)),
        ("reload_file", "files", Files(reload_file="")),
        (
            "reload_file /run/r\nreload_repeat",
            "files",
            Files(reload_file="/run/r", reload_repeat=True),
        ),
        (
            "iproute_etc_dir /a\nstats_dump_file /b",
            "files",
            Files(iproute_etc_dir="/a", stats_dump_file="/b"),
        ),
        ("max_auto_priority", "auto_priority", AutoPriority(99)),
        (
            "max_auto_priority -1\nmin_auto_priority_delay 1",
            "auto_priority",
            AutoPriority(-1, 0.000001),
        ),
        ("disable_local_igmp", "disable_local_igmp", True),
        ("vrrp_ipsets", "vrrp_ipsets", ()),
        ("vrrp_ipsets a b", "vrrp_ipsets", ("a", "b")),
    ],
)
def test_groups(read: Read, text: str, field: str, expected: object) -> None:
    defs, problems = said(read, text)
    assert (getattr(defs, field), problems) == (expected, [])


@pytest.mark.parametrize(
    ("text", "field", "expected", "problem"),
    [
        ("nftables a\nnftables b", "nftables", Nftables("a"), "given-twice"),
        (f"nftables {'a' * 255}", "nftables", None, "bad-name"),
        ('nftables ""', "nftables", None, "bad-name"),
        ("nftables_priority 2147483648", "nftables", None, "value-out-of-range"),
        ("nftables_ipvs_start_fwmark 0", "nftables", None, "value-out-of-range"),
        ("snmp_socket a b", "snmp", None, "bad-name"),
        ("snmp_socket a\nsnmp_socket b", "snmp", Snmp("a"), "given-twice"),
        ("snmp_vs_stats_update_interval 30.1", "snmp", None, "value-out-of-range"),
        ("bfd_rt_priority 100", "bfd_process", BfdProcess(rt_priority=99), "value-out-of-range"),
        ("bfd_rlimit_rtime 5", "bfd_process", BfdProcess(rlimit_rttime=5), "deprecated"),
        ("lvs_netlink_cmd_rcv_bufs x", "receive_buffers", None, "bad-number"),
        (
            "vrrp_rx_bufs_policy 1 MTU",
            "receive_buffers",
            ReceiveBuffers(vrrp_size=1),
            "given-twice",
        ),
        (
            "vrrp_rx_bufs_policy ADVERT MTU",
            "receive_buffers",
            ReceiveBuffers(vrrp_policy="MTU"),
            "given-twice",
        ),
        ("reload_time_file a b", "files", None, "bad-path"),
        ("iproute_usr_dir", "files", None, "bad-path"),
        ("tmp_config_directory", "files", None, "missing-parameter"),
        ("max_auto_priority 100", "auto_priority", None, "value-out-of-range"),
        ("min_auto_priority_delay", "auto_priority", None, "missing-parameter"),
        ("vrrp_ipsets a a", "vrrp_ipsets", None, "bad-name"),
        (f"vrrp_ipsets {'a' * 31}", "vrrp_ipsets", None, "bad-name"),
    ],
)
def test_what_is_refused(read: Read, text: str, field: str, expected: object, problem: str) -> None:
    defs, problems = said(read, text)
    assert (getattr(defs, field), problems) == (expected, [problem])
