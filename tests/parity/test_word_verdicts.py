"""The exit code of `keepalived -t` for words that few configurations use: Debian's 2.2.7 and ours.

A row is a file that is clean without the lines under test; these stand at, below and above each
bound. Where the two differ, keepalived's code and a row of QUIRKS.md stand in `DIFFERENT`.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from pyvrrp.conf.load import load
from pyvrrp.conf.source import DictReader
from tests.parity.debian import LINKS, NODE, verdicts, written

pytestmark = [pytest.mark.root, pytest.mark.untimed]


class Row(NamedTuple):
    """A file with a hole, and what is put there."""

    file: str
    lines: tuple[str, ...]


SECURE = "global_defs {\nenable_script_security\nscript_user root\n}\n"
IDENTITY = "interface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n192.0.2.1\n}\n"


def instance(text: str = "@", more: str = "") -> str:
    return f"vrrp_instance a {{\n{IDENTITY}{text}\n}}\n{more}"


def group(text: str) -> str:
    second = instance().replace("instance a", "instance b").replace("router_id 1", "router_id 2")
    pair = instance("") + second.replace("@", "").replace("192.0.2.1", "192.0.2.2")
    return f"vrrp_sync_group g {{\ngroup {{\na\nb\n}}\n{text}\n}}\n{pair}"


FOLLOWED = (
    SECURE + "track_file f {\nfile /run/a\n}\n" + "vrrp_track_process p {\nprocess sleep\n}\n"
    "bfd_instance b {\nneighbor_ip 192.0.2.9\n}\n"
)


# No unknown track_file: 2.2.7 has no verdict on it (quirk: endless-list).
def entries(name: str, most: int, *more: str) -> tuple[str, ...]:
    weights = (0, 1, most, most + 1, -most, -most - 1)
    return (
        *(f"{name} weight {weight}" for weight in weights),
        *(f"{name} weight 1 {word}" for word in ("reverse", "noreverse", "upside", "reverse now")),
        *(f"{name} weight", f"{name} wait 1", f"{name} weight x", f"{name} weight 1x"),
        *(name, f"{name}\n{name}", *more),
    )


TRACKERS = (("file", "f"), ("process", "p"), ("bfd", "b"))
WEIGHTS = (
    *("weight", "weight 0", "weight 1", "weight 253", "weight 254", "weight 255", "weight -254"),
    *("weight -255", "weight 1 reverse", "weight 1 upside", "weight x", "weight 1x"),
    *("weight 1\nweight 2", "weight 2\nweight 3", "weight 0\nweight 3"),
)
FILE = "track_file f {\nfile /run/a\n@\n}\n" + instance("track_file {\nf\n}")
PROCESS = "vrrp_track_process p {\nprocess sleep\n@\n}\n" + instance("track_process {\np\n}")

BFD = "bfd_instance b {\nneighbor_ip 192.0.2.9\n@\n}\n" + instance("track_bfd {\nb\n}")
SERVER = (
    "virtual_server 192.0.2.1 80 {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n"
    "real_server 192.0.2.11 80 {\n@\n}\n}\n"
)
CHECK = "bfd_instance b {\nneighbor_ip 192.0.2.9\n}\n" + SERVER.replace("@", "BFD_CHECK {\n@\n}")

ROWS = {
    "track_file": Row(FILE, (
        *WEIGHTS, "file /run/b", "init_file", "init_file 0", "init_file 254", "init_file 255",
        "init_file -254", "init_file -255", "init_file 2147483647", "init_file 2147483648",
        "init_file 1 overwrite", "init_file overwrite 1", "init_file overwrite", "init_file often",
        "init_file 1x", "fill 1",
    )),
    "a track_file without": Row("@\n" + instance("track_file {\nf\n}"), (
        "track_file f {\n}", "track_file f {\nfile\n}", "track_file {\nfile /run/a\n}",
        "track_file f {\nfile /run/a\n}\ntrack_file f {\nfile /run/b\n}",
        "vrrp_track_file f {\nfile /run/a\n}",
    )),
    "vrrp_track_process": Row(PROCESS, (
        *WEIGHTS, "process cat", "param_match", "param_match initial", "param_match partial",
        "param_match exact", "quorum", "quorum 0", "quorum 1", "quorum 65535", "quorum 65536",
        "quorum_max", "quorum_max 0", "quorum_max 1", "quorum_max 65535", "quorum_max 65536",
        "quorum_max 2\nquorum 3", "quorum 3\nquorum_max 2", "quorum 3\nquorum_max 0",
        "quorum_max 0\nquorum 1", "quorum_max 0\nquorum_max 1", "quorum 2\nquorum_max 2",
        *(f"{word} {seconds}" for word in ("delay", "fork_delay", "terminate_delay")
          for seconds in ("0", "0.0000001", "0.000001", "3600", "3600.000001", "3601", "x", "-1")),
        "full_command", "full_command yes", "fall 1",
    )),
    "a vrrp_track_process without": Row("@\n" + instance("track_process {\np\n}"), (
        "vrrp_track_process p {\n}", "vrrp_track_process p {\nprocess\n}", "vrrp_track_process p",
        "vrrp_track_process {\nprocess a\n}", "vrrp_track_process p {\nprocess a b c\n}",
        "vrrp_track_process p {\nprocess a\n}\nvrrp_track_process p {\nprocess b\n}",
    )),
    "track_file of an instance": Row(
        FOLLOWED + instance("track_file {\n@\n}"), entries("f", 254)
    ),
    "track_process of an instance": Row(
        FOLLOWED
        + instance("track_process {\n@\n}", "vrrp_track_process late {\nprocess a\n}\n"),
        entries("p", 254, "late", "nobody"),
    ),
    "track_file of a group": Row(FOLLOWED + group("track_file {\n@\n}"), entries("f", 254)),
    "track_process of a group": Row(FOLLOWED + group("track_process {\n@\n}"), entries("p", 254)),
    "track_file of an address owner": Row(
        FOLLOWED + instance("priority 255\ntrack_file {\n@\n}"), ("f", "f weight 0", "f weight 2")
    ),
    "track_process of an address owner": Row(
        FOLLOWED + instance("priority 255\ntrack_process {\n@\n}"), ("p", "p weight 0", "p weight 2")
    ),
    "bfd_instance": Row(BFD, (
        *(f"{word} {value}" for word in ("min_rx", "min_tx") for value in (0, 1, 10000, 10001, 4294967, 4294968, "x", "1x")),
        *(f"idle_tx {value}" for value in (999, 1000, 4294967, 4294968, "1.5x")),
        *(f"multiplier {value}" for value in (0, 1, 255, 256, "x")),
        *(f"{word} {value}" for word in ("ttl", "hoplimit") for value in (0, 1, 255, 256, "x")),
        *(f"max_hops {value}" for value in (-2, -1, 0, 255, 256)), "ttl 5\nmax_hops 6", "ttl 5\nmax_hops 5",
        "passive", "passive yes", "vrrp", "vrrp\nchecker", "neighbour_ip 192.0.2.8",
        "source_ip 192.0.2.7", "source_ip 2001:db8::7", "source_ip x", "neighbor_ip 192.0.2",
        *(f"weight {value}" for value in (0, 253, 254, -253, -254, "1 reverse", "1 upside", "x")),
        "checker", "min_rx 0.5", "min_rx 1.5", "multihop", "multihop no", "multihop maybe", "wait 1",
    )),
    "a bfd_instance without": Row("@\n" + instance("track_bfd {\nb\n}"), (
        "bfd_instance b {\n}", "bfd_instance b {\npassive\n}",
        f"bfd_instance b {{\nneighbor_ip 192.0.2.9\n}}\nbfd_instance {'c' * 31} {{\nneighbor_ip 192.0.2.8\n}}",
        f"bfd_instance b {{\nneighbor_ip 192.0.2.9\n}}\nbfd_instance {'c' * 32} {{\nneighbor_ip 192.0.2.8\n}}",
        "bfd_instance b {\nneighbor_ip 192.0.2.9\n}\nbfd_instance b {\nneighbor_ip 192.0.2.8\n}",
        *(f"bfd_instance b {{\nneighbor_ip 192.0.2.9\n{one}\n}}\nbfd_instance c {{\nneighbor_ip 192.0.2.9\n{two}\n}}"
          for one, two in (("", ""), ("source_ip 192.0.2.1", ""), ("", "source_ip 192.0.2.1"),
                           ("source_ip 192.0.2.1", "source_ip 192.0.2.2"),
                           ("source_ip 192.0.2.1", "source_ip 192.0.2.1"))),
    )),
    "BFD_CHECK": Row(CHECK, (
        "", "name b", "name b\nalpha", "name b\nalpha no", "name b\nalpha maybe", "name", "name b c",
        "name nobody", "name b\nname b", "name b\nwait", "name b\n}\nBFD_CHECK {\nname b",
    )),
    "BFD_CHECK of a session for VRRP": Row(CHECK.replace("192.0.2.9", "192.0.2.9\nvrrp"), ("name b",)),
    "track_bfd of an instance": Row(
        FOLLOWED + instance("track_bfd {\n@\n}", "bfd_instance late {\nneighbor_ip 192.0.2.8\n}\n"),
        entries("b", 253, "late", "nobody"),
    ),
    "track_bfd of a group": Row(FOLLOWED + group("track_bfd {\n@\n}"), entries("b", 253)),
    "track_bfd of an address owner": Row(
        FOLLOWED + instance("priority 255\ntrack_bfd {\n@\n}"), ("b", "b weight 0", "b weight 2")
    ),
    "instance": Row(instance("@"), (
        "debug", "debug 0", "debug 4", "debug 5", "debug x",
        "garp_extra_if", "garp_extra_if all", "garp_extra_if 0", "garp_extra_if 86400",
        "garp_extra_if 86401", "garp_extra_if all 5", "garp_extra_if 5 all", "garp_extra_if some 5",
        "timer_expired_backup", "nopreempt\ntimer_expired_backup", "auth_hmac {\n}",
        "use_ipvlan", "use_ipvlan 192.0.2.7", "use_ipvlan iv1 192.0.2.7/24", "use_ipvlan iv1 192.0.2.7/33",
        "use_ipvlan 192.0.2.7 bridge", "use_ipvlan 192.0.2.7 private", "use_ipvlan 192.0.2.7 vepa",
        "use_ipvlan 192.0.2.7 bridge vepa", "use_ipvlan 192.0.2.7 192.0.2.8", "use_ipvlan 2001:db8::7",
        "use_ipvlan a23456789012345 192.0.2.7", "use_ipvlan a234567890123456 192.0.2.7",
        "use_ipvlan a b 192.0.2.7", "use_ipvlan 192.0.2.7\nuse_ipvlan 192.0.2.7",
        "use_ipvlan name iv1 192.0.2.7", "use_ipvlan 192.0.2.7\npromote_secondaries",
        "use_ipvlan 192.0.2.7 group default", "use_ipvlan eth1 192.0.2.7", "use_vmac\nuse_ipvlan 192.0.2.7",
    )),
    "use_ipvlan with IPv6": Row(instance("@").replace("192.0.2.1", "fe80::1\n"), (
        "use_ipvlan", "use_ipvlan 2001:db8::7", "use_ipvlan 192.0.2.7",
    )),
    "garp_group": Row("garp_group {\n@\n}\n" + instance(""), (
        "", "interface eth0",
        *(f"{word} {value}" for word in ("garp_interval", "gna_interval")
          for value in (0, "0.0000001", "0.000001", 1, 2147, 4294, "4294.967295", "4294.967296", 4295, "x", -1, "")),
        *(f"garp_interval 1\n{text}" for text in (
            "interface eth0", "interface", "interface eth9", "interfaces {\neth0 eth1\n}",
            "interfaces {\neth0 eth9\n}", "interfaces {\n}", "interface eth0\ninterface eth0",
            "interface eth0\ninterfaces {\neth0 eth1\n}", "interval 1",
            "interface eth0\n}\ngarp_group {\ngarp_interval 1\ninterface eth0",
        )),
        "interface eth0\n}\ngarp_group {\ngarp_interval 1\ninterface eth0",
    )),
    "interface_up_down_delays": Row("interface_up_down_delays {\n@\n}\n" + instance(""), (
        "", "eth0", "eth0 1", "eth0 0", "eth0 255", "eth0 256", "eth0 1 255", "eth0 1 256", "eth0 1.5 2.5",
        "eth0 1 2 3", "eth0 x", "eth9 1", "eth0 1\neth0 2",
    )),
    "linkbeat_interfaces": Row("linkbeat_interfaces {\n@\n}\n" + instance(""), (
        "", "eth0", "eth0 MII", "eth0 ETHTOOL", "eth0 IOCTL", "eth0 mii", "eth0 MII 2", "eth9", "eth0\neth0 MII",
    )),
    "a real_server": Row(SERVER, (
        "snmp_name", "snmp_name a", "snmp_name a b",
        *(f"SMTP_CHECK {{\n{text}\n}}" for text in (
            "host {\n}", "host {\nconnect_ip 192.0.2.9\n}", "host {\nconnect_port 0\n}", "host {\nretry x\n}",
            "host {\nconnect_timeout 0\n}", "host {\nbind_if\n}", "host {\nfwmark -1\n}", "host",
            "connect_ip 192.0.2.9\nhost {\nconnect_port 25\nalpha\nwarmup 1\n}", "host {\nhelo_name a\n}",
            "host {\nconnect_ip fe80::1\n}", "host {\nconnect_ip fe80::1\nbind_if eth0\n}",
        )),
        *(f"HTTP_GET {{\nurl {{\npath /\n{text}\n}}\n}}" for text in (
            "regex_stack", "regex_stack 1", "regex_stack 1 2", "regex_stack 2 1", "regex_stack 1 2 3", "regex_stack x y",
        )),
    )),
    "a virtual_server": Row(SERVER.replace("protocol TCP", "protocol TCP\n@", 1).replace("80 {\n@", "80 {"), (
        "snmp_name", "snmp_name a", "snmp_name a b",
    )),
    "words of the top level": Row("@\n" + instance(""), (
        "linkbeat_use_polling", "linkbeat_use_polling no", "namespace_with_ipsets", "net_namespace_ipvs",
        "net_namespace_ipvs a", "net_namespace_ipvs a\nnet_namespace_ipvs b", "net_namespace_ipvs a b",
    )),
    "globals": Row("global_defs {\n@\n}\n" + instance(""), (
        *(f"vrrp_garp_extra_if{words}" for words in ("", " all", " 0", " 1", " 86400", " 86401", " all 5", " x")),
        *(f"{word}{name}" for word in ("nftables", "nftables_ipvs")
          for name in ("", " a", f" {'a' * 254}", f" {'a' * 255}", ' ""', f" a\n{word} b")),
        *(f"nftables\n{word}{number}" for word in ("nftables_priority", "nftables_ipvs_priority")
          for number in ("", " -2147483648", " 2147483647", " -2147483649", " 2147483648", " x")),
        *(f"nftables_ipvs_start_fwmark{mark}" for mark in ("", " 0", " 1", " 4294967295", " 4294967296")),
        "nftables_ifindex", "nftables_counters yes",
        *(f"{word}{text}" for word in ("enable_dbus", "dbus_service_name", "enable_traps", "enable_snmp_vrrp",
          "enable_snmp_keepalived", "enable_snmp_rfc", "enable_snmp_rfcv2", "enable_snmp_rfcv3", "enable_snmp_checker",
          "bfd_no_swap", "reload_file", "reload_repeat", "reload_time_file", "iproute_usr_dir", "json_dump_file",
          "tmp_config_directory", "snmp_socket", "dbus_no_interface_name", "stats_dump_file")
          for text in ("", " a", " a b")),
        "snmp_socket a\nsnmp_socket b", "tmp_config_directory /tmp\ntmp_config_directory /tmp",
        "config_save_dir", "config_save_dir /tmp",
        *(f"snmp_vs_stats_update_interval {seconds}" for seconds in (0.0009, 0.001, 30, 30.001)),
        *(f"bfd_process_name {name}" for name in ("a23456789012345", "a234567890123456")), "bfd_process_name",
        *(f"bfd_priority{nice}" for nice in ("", " -21", " -20", " 19", " 20", " x")),
        *(f"bfd_rt_priority{number}" for number in ("", " 0", " 1", " 99", " 100", " x")),
        *(f"{word}{limit}" for word in ("bfd_rlimit_rttime", "bfd_rlimit_rtime")
          for limit in ("", " 0", " 1", " 4294967295", " 4294967296")),
        "bfd_cpu_affinity", "bfd_cpu_affinity 0", "bfd_cpu_affinity x",
        *(f"{socket}_rcv_bufs{size}" for socket in ("vrrp_netlink_cmd", "vrrp_netlink_monitor", "lvs_netlink_cmd",
          "lvs_netlink_monitor", "process_monitor") for size in ("", " 0", " 4294967295", " 4294967296", " x")),
        *(f"{socket}_rcv_bufs_force{word}" for socket in ("vrrp_netlink_cmd", "process_monitor") for word in ("", " on", " no", " maybe")),
        *(f"vrrp_rx_bufs_policy{words}" for words in ("", " MTU", " advert", " 4096", " MTU ADVERT", " 4096 MTU", " x", " 4294967296")),
        *(f"max_auto_priority{number}" for number in ("", " -2", " -1", " 0", " 99", " 100", " x")),
        *(f"min_auto_priority_delay{delay}" for delay in ("", " 0", " 1", " 10000000", " 10000001")),
        "disable_local_igmp", "vrrp_ipsets", "vrrp_ipsets a b",
    )),
    "trackers of a group's member": Row(
        FOLLOWED + group("").replace("virtual_router_id 1\n", "virtual_router_id 1\n@\n"),
        tuple(f"track_{kind} {{\n{name}{weight}\n}}" for kind, name in TRACKERS
              for weight in ("", " weight 0", " weight 2")),
    ),
    "trackers of a group with an address owner": Row(
        FOLLOWED + group("@").replace("virtual_router_id", "priority 255\nvirtual_router_id"),
        tuple(f"track_{kind} {{\n{name}{weight}\n}}" for kind, name in TRACKERS
              for weight in ("", " weight 0", " weight 2")),
    ),
}  # fmt: skip

CASES = {
    name: {f"{name}: {line}": row.file.replace("@", line) for line in row.lines}
    for name, row in ROWS.items()
}

DIFFERENT = {
    **{
        f"globals: {word} {name}": (0, "newer-language")
        for word in ("nftables", "nftables_ipvs")
        for name in ('""', "a" * 255)
    },
    **{
        f"globals: {line}": (5, "newer-language")
        for line in (
            *("dbus_no_interface_name a", "dbus_no_interface_name a b", "iproute_usr_dir a"),
            *("json_dump_file a", "stats_dump_file a"),
            *("snmp_vs_stats_update_interval 0.001", "snmp_vs_stats_update_interval 30"),
        )
    },
    "globals: vrrp_ipsets": (5, "ipsets-not-built"),
    "globals: vrrp_ipsets a b": (5, "ipsets-not-built"),
    **{
        f"garp_group: {word}_interval {value}": (5, "newer-language")
        for word in ("garp", "gna")
        for value in ("4294", "4294.967295")
    },
    "bfd_instance: multihop": (5, "newer-language"),
    "bfd_instance: multihop no": (5, "newer-language"),
    "instance: nopreempt\ntimer_expired_backup": (5, "newer-language"),
    "instance: use_ipvlan name iv1 192.0.2.7": (5, "newer-language"),
    "instance: use_ipvlan 192.0.2.7 group default": (5, "newer-language"),
    "instance: use_ipvlan eth1 192.0.2.7": (5, "link-kinds"),
}
"""Name to keepalived's code and a row of QUIRKS.md."""


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    texts = {name: text for row in CASES.values() for name, text in row.items()}
    return verdicts(written(texts, tmp_path_factory.mktemp("words")))


def ours(text: str) -> int:
    reader = DictReader({"keepalived.conf": text})
    links = ("lo", *LINKS)
    loaded = load("keepalived.conf", reader=reader, config_id=NODE, environ={}, interfaces=links)
    return loaded.test_exit_code


@pytest.mark.parametrize("name", ROWS)
def test_row(name: str, theirs: dict[str, int]) -> None:
    mine = {case: ours(text) for case, text in CASES[name].items()}
    found = {case: (theirs[case], code) for case, code in mine.items() if code != theirs[case]}
    meant = {case: code for case, (code, _) in DIFFERENT.items() if case in mine}
    assert {case: codes[0] for case, codes in found.items()} == meant, found


def test_every_difference_is_still_tested() -> None:
    assert set(DIFFERENT) <= {case for row in CASES.values() for case in row}
