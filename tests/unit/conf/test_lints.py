"""Lints: each speaks where it is right, and where it would not be it is silent."""

from __future__ import annotations

from ipaddress import ip_interface
from pathlib import Path

import pytest

from pyvrrp.conf.diagnostics import ProblemClass, concise
from pyvrrp.conf.lints import find_lints
from pyvrrp.conf.load import load

GOOD = Path(__file__).parents[2] / "golden" / "good"

HERE = {
    "lo": (ip_interface("127.0.0.1/8"),),
    "eth0": (
        ip_interface("192.0.2.1/24"),
        ip_interface("203.0.113.9/32"),
        ip_interface("fe80::1/64"),
        ip_interface("2001:db8::1/64"),
    ),
    "eth1": (ip_interface("198.51.100.1/24"),),
    "dummy0": (ip_interface("203.0.113.1/32"),),
}


def instance(name: str = "web", vrid: int = 51, *words: str, addresses: str = "192.0.2.100") -> str:
    lines = [f"interface eth0\nvirtual_router_id {vrid}", *words]
    block = "\n".join(addresses.split(", "))
    lines.append(f"virtual_ipaddress {{\n{block}\n}}")
    return f"vrrp_instance {name} {{\n" + "\n".join(lines) + "\n}\n"


def service(
    *servers: str, address: str = "192.0.2.100", delay_loop: int = 5, words: str = ""
) -> str:
    blocks = "\n".join(f"real_server {server}\n}}" for server in servers)
    start = f"lvs_sched rr\nlvs_method NAT\nprotocol TCP\ndelay_loop {delay_loop}\n{words}"
    return f"virtual_server {address} 80 {{\n{start}\n{blocks}\n}}\n"


def tcp(seconds: int) -> str:
    return f"TCP_CHECK {{\nconnect_timeout {seconds}\n}}"


def found(text: str, path: Path, *, is_here: bool = False) -> list[str]:
    """What lints say of a text: id, line, message, notes. It is right as far as keepalived knows."""
    path.write_text(text)
    loaded = load(str(path))
    assert loaded.is_usable
    told = []
    for each in find_lints(loaded.config, HERE if is_here else None):
        assert each.problem_class is ProblemClass.NONE
        assert each.hint
        told.append(": ".join((each.id, str(each.span.line), each.message, *each.notes)))
    return told


SUBNETS = "eth0 has 192.0.2.0/24"


@pytest.mark.parametrize(
    ("addresses", "expected"),
    [
        pytest.param("192.0.2.100", [], id="inside"),
        pytest.param(
            "198.51.100.7",
            [
                "outside-subnets: 5: 198.51.100.7 is in no subnet of eth0, and comes without one: "
                + SUBNETS
            ],
            id="outside",
        ),
        pytest.param("198.51.100.7/24", [], id="with a subnet of its own"),
        pytest.param("198.51.100.7 dev eth1", [], id="inside, elsewhere"),
        pytest.param("198.51.100.7 dev lo", [], id="loopback"),
        pytest.param("198.51.100.7 dev dummy0", [], id="no subnets there"),
        pytest.param("198.51.100.7 dev eth9", [], id="nothing known"),
        pytest.param("fe80::51, 2001:db8::100", [], id="IPv6 inside"),
        pytest.param(
            "fe80::51, 2001:db8:1::100",
            [
                "outside-subnets: 6: 2001:db8:1::100 is in no subnet of eth0, and comes without one: "
                "eth0 has 2001:db8::/64"
            ],
            id="IPv6 outside",
        ),
    ],
)
def test_outside_subnets(addresses: str, expected: list[str], tmp_path: Path):
    text = instance(addresses=addresses)
    assert found(text, tmp_path / "k.conf", is_here=True) == expected
    assert found(text, tmp_path / "k.conf") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            instance("a", 1) + instance("b", 2),
            ["address-twice: 12: b and a both have 192.0.2.100 on eth0"],
            id="address twice",
        ),
        pytest.param(
            instance("a", 1) + instance("b", 2, addresses="192.0.2.100 dev eth1"),
            [],
            id="the same on another link",
        ),
        pytest.param(
            instance("a", 1, "advert_int 2")
            + instance("b", 2, addresses="192.0.2.101")
            + "vrrp_sync_group front {\ngroup {\na\nb\n}\n}\n",
            [
                "mixed-intervals: 16: members of front advertise at different intervals: a 2 s, b 1 s",
            ],
            id="mixed intervals",
        ),
        pytest.param(
            instance("a", 1)
            + instance("b", 2, addresses="192.0.2.101")
            + "vrrp_sync_group front {\ngroup {\na\nb\n}\n}\n",
            [],
            id="one interval",
        ),
        pytest.param(
            "global_defs {\nvrrp_strict\nvrrp_version 3\n}\n"
            + instance("a", 1)
            + instance("b", 2, "accept", addresses="192.0.2.101")
            + instance("c", 3, "priority 255", "no_accept", addresses="192.0.2.102"),
            [
                "strict-accepts-nothing: 5: strict mode lets nothing reach the addresses of a: "
                "accept would allow it"
            ],
            id="strict",
        ),
        pytest.param(
            instance("a", 1) + instance("b", 1, "mcast_dst_ip 224.0.0.99", addresses="192.0.2.101"),
            [
                "vrid-reused: 8: b and a both use VRID 1 on eth0, each with a multicast group of its own"
            ],
            id="VRID reused",
        ),
        pytest.param(
            instance("a", 1) + instance("b", 1, addresses="2001:db8::9, fe80::9"),
            [],
            id="VRID of the other family",
        ),
        pytest.param(
            instance("a", 1, "priority 254", "track_interface {\neth1 weight 10\n}"),
            ["weight-saturated: 6: weight +10 of eth1 does nothing: no priority goes above 254"],
            id="weight above",
        ),
        pytest.param(
            instance("a", 1, "priority 1", "track_interface {\neth1 weight -10\n}"),
            ["weight-saturated: 6: weight -10 of eth1 does nothing: no priority goes below 1"],
            id="weight below",
        ),
        pytest.param(
            instance("a", 1, "priority 254", "track_interface {\neth1 weight -10\n}"),
            [],
            id="weight that counts",
        ),
        pytest.param(
            instance("a", 1, "unicast_src_ip 192.0.2.1", "unicast_peer {\n192.0.2.2\n192.0.2.1\n}"),
            ["peer-is-source: 7: a is its own peer: 192.0.2.1 is its unicast_src_ip"],
            id="own peer",
        ),
        pytest.param(
            "global_defs {\nenable_script_security\nscript_user root\n}\n"
            "vrrp_script used {\nscript /bin/true\n}\nvrrp_script spare {\nscript /bin/true\n}\n"
            + instance("a", 1, "track_script {\nused\n}"),
            ["script-unused: 8: nothing tracks spare, so it is never run"],
            id="unused script",
        ),
        pytest.param(
            "global_defs {\nenable_script_security\nscript_user root\n}\n"
            "vrrp_script slow {\nscript /bin/true\ninterval 2\ntimeout 3\n}\n"
            "vrrp_script quick {\nscript /bin/true\ninterval 2\ntimeout 2\n}\n"
            + instance("a", 1, "track_script {\nslow\nquick\n}"),
            ["slow-script: 5: slow may take 3 s and is due every 2 s"],
            id="slow script",
        ),
    ],
)
def test_vrrp(text: str, expected: list[str], tmp_path: Path):
    assert found(text, tmp_path / "k.conf") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            service(f"192.0.2.11 80 {{\n{tcp(7)}", f"192.0.2.12 80 {{\n{tcp(8)}"),
            [
                "slow-check: 1: a check of [192.0.2.11]:80 may take 7 s and is due every 5 s: "
                "so may 1 more of this service"
            ],
            id="slow check",
        ),
        pytest.param(service(f"192.0.2.11 80 {{\n{tcp(5)}"), [], id="just in time"),
        pytest.param(
            service(
                "192.0.2.11 80 {\nMISC_CHECK {\nmisc_path /bin/true\nmisc_timeout 6\nuser root\n}"
            ),
            ["slow-check: 1: a check of [192.0.2.11]:80 may take 6 s and is due every 5 s"],
            id="slow script",
        ),
        pytest.param(
            service("192.0.2.11 80 {", words="sorry_server 192.0.2.11 80"),
            [
                "sorry-is-real: 1: the sorry server [192.0.2.11]:80 of [192.0.2.100]:tcp:80 is a real server"
            ],
            id="sorry server",
        ),
        pytest.param(
            service("192.0.2.11 80 {", words="sorry_server 192.0.2.11 81"), [], id="another port"
        ),
        pytest.param(
            instance() + service("192.0.2.11 80 {", address="192.0.2.200"),
            ["service-without-address: 8: 192.0.2.200 is an address of no instance in this file"],
            id="no address",
        ),
        pytest.param(instance() + service("192.0.2.11 80 {"), [], id="its address"),
        pytest.param(
            "static_ipaddress {\n192.0.2.200/24 dev eth0\n}\n"
            + instance()
            + service("192.0.2.11 80 {", address="192.0.2.200"),
            [],
            id="a static address",
        ),
        pytest.param(service("192.0.2.11 80 {"), [], id="a file without instances"),
        pytest.param(
            service(f"192.0.2.11 80 {{\n{tcp(3)}", "192.0.2.12 80 {"),
            ["unchecked-server: 1: 1 of 2 real servers have no check: [192.0.2.12]:80"],
            id="unchecked",
        ),
        pytest.param(
            service("192.0.2.11 80 {\nweight 3", words="quorum 2"),
            [
                "quorum-idle: 1: nothing happens when [192.0.2.100]:tcp:80 loses its quorum: quorum is 2"
            ],
            id="idle quorum",
        ),
        pytest.param(
            service("192.0.2.11 80 {\nweight 3", words="quorum 2\nsmtp_alert"),
            [],
            id="quorum, mail",
        ),
        pytest.param(
            service("192.0.2.11 80 {\nweight 3", words="quorum 2\nsorry_server 192.0.2.9 80"),
            [],
            id="quorum, sorry server",
        ),
    ],
)
def test_checks(text: str, expected: list[str], tmp_path: Path):
    assert found(text, tmp_path / "k.conf") == expected


def test_an_address_of_this_machine_needs_no_instance(tmp_path: Path):
    text = instance() + service("192.0.2.11 80 {", address="192.0.2.1")
    assert found(text, tmp_path / "k.conf", is_here=True) == []


def test_what_good_configurations_are_told(monkeypatch: pytest.MonkeyPatch):
    """Each of these was looked at, and is right."""
    monkeypatch.chdir(GOOD)
    told = []
    for path in sorted(GOOD.glob("*.conf")):
        loaded = load(path.name, config_id="alpha", environ={"SITE": "north"})
        told += [concise(each) for each in find_lints(loaded.config)]
    assert told == [
        "lvs_services.conf:50:1: info[service-without-address]: 192.0.2.201 is an address of no"
        " instance in this file",
        "lvs_services.conf:61:1: info[service-without-address]: 2001:db8::53 is an address of no"
        " instance in this file",
        "lvs_services.conf:12:1: info[unchecked-server]: 1 of 2 real servers have no check",
        "strict.conf:5:15: warning[strict-accepts-nothing]: strict mode lets nothing reach the"
        " addresses of obeys",
    ]
