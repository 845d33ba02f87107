"""bfd_instance blocks, BFD_CHECK, and the entries of track_bfd."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address

import pytest

from healthcheck.core.model import FollowedCheck
from pyvrrp.conf.load import Loaded

Read = Callable[..., Loaded]

SESSION = "bfd_instance b {\nneighbor_ip 192.0.2.9\n}\n"
OTHER = "bfd_instance c {\nneighbor_ip 192.0.2.8\n}\n"


def ids(result: Loaded) -> list[str]:
    return [d.id for d in result.diagnostics if d.id != "not-acted-on"]


@pytest.mark.parametrize(
    ("text", "fields", "problems"),
    [
        ("", {"min_rx": 0.01, "min_tx": 0.01, "idle_tx": 1.0, "multiplier": 5}, []),
        ("", {"ttl": 255, "max_hops": 0, "weight": 0, "vrrp": True, "checker": True}, []),
        ("min_rx 50\nmin_tx 1.5", {"min_rx": 0.05, "min_tx": 0.0015}, []),
        ("min_rx 10001", {"min_rx": 10.001}, ["unusual-value"]),
        ("min_rx 0", {"min_rx": 0.01}, ["value-out-of-range"]),
        ("idle_tx 999", {"idle_tx": 1.0}, ["value-out-of-range"]),
        ("min_tx 4294967", {"min_tx": 4294.967}, ["unusual-value"]),
        ("multiplier 255", {"multiplier": 255}, []),
        ("multiplier 256", {"multiplier": 5}, ["value-out-of-range"]),
        ("ttl 5\nmax_hops 6", {"ttl": 5, "max_hops": 5}, ["value-out-of-range"]),
        ("hoplimit 7\nmax_hops -1", {"ttl": 7, "max_hops": -1}, []),
        ("weight -253 reverse", {"weight": -253, "reverse": True}, []),
        ("weight 254", {"weight": 0}, ["value-out-of-range"]),
        ("weight 2 upside", {"weight": 2, "reverse": False}, ["unknown-option"]),
        ("vrrp", {"vrrp": True, "checker": False}, []),
        ("checker\nvrrp", {"vrrp": True, "checker": True}, []),
        ("passive\nmultihop", {"passive": True, "multihop": True}, []),
        ("neighbour_ip 192.0.2.7", {"neighbor_ip": IPv4Address("192.0.2.7")}, []),
        (
            "neighbor_ip fe80::9%eth0\nsource_ip fe80::8%eth0",
            {
                "neighbor_ip": IPv6Address("fe80::9%eth0"),
                "source_ip": IPv6Address("fe80::8%eth0"),
                "ttl": 64,
            },
            [],
        ),
        ("neighbor_ip fe80::9%", {}, ["bad-address"]),
        ("source_ip 192.0.2.1", {"source_ip": IPv4Address("192.0.2.1")}, []),
    ],
)
def test_a_session(read: Read, text: str, fields: dict[str, object], problems: list[str]) -> None:
    result = read(f"bfd_instance b {{\nneighbor_ip 192.0.2.9\n{text}\n}}\n")
    (session,) = result.config.bfd_instances
    assert ({name: getattr(session, name) for name in fields}, ids(result)) == (fields, problems)


def test_hops_of_ipv6(read: Read) -> None:
    (session,) = read("bfd_instance b {\nneighbor_ip 2001:db8::9\n}\n").config.bfd_instances
    assert (session.neighbor_ip, session.ttl) == (IPv6Address("2001:db8::9"), 64)


@pytest.mark.parametrize(
    ("text", "names", "problems"),
    [
        ("bfd_instance b {\n}", [], ["no-neighbor"]),
        ("bfd_instance b {\nneighbor_ip x\n}", [], ["no-neighbor", "bad-address"]),
        (SESSION + SESSION, ["b"], ["duplicate-name"]),
        (SESSION.replace(" b ", f" {'b' * 31} "), ["b" * 31], []),
        (SESSION.replace(" b ", f" {'b' * 32} "), [], ["too-long"]),
        (SESSION.replace("}", "source_ip 2001:db8::1\n}"), [], ["other-family"]),
        (SESSION + SESSION.replace(" b ", " c "), ["b"], ["duplicate-neighbor"]),
        (SESSION + SESSION.replace(" b {", " c {\nmultihop"), ["b", "c"], []),
        (
            SESSION.replace("}", "source_ip 192.0.2.1\n}") + SESSION.replace(" b ", " c "),
            ["b"],
            ["duplicate-neighbor"],
        ),
        (
            SESSION + SESSION.replace(" b {", " c {\nsource_ip 192.0.2.1"),
            ["b"],
            ["duplicate-neighbor"],
        ),
        (
            SESSION.replace("}", "source_ip 192.0.2.1\n}")
            + SESSION.replace(" b {", " c {\nsource_ip 192.0.2.2"),
            ["b", "c"],
            [],
        ),
    ],
)
def test_which_sessions_count(read: Read, text: str, names: list[str], problems: list[str]) -> None:
    result = read(text)
    assert ([s.name for s in result.config.bfd_instances], ids(result)) == (names, problems)


@pytest.mark.parametrize(
    ("entries", "expected", "problems"),
    [
        ("b", [("b", 7, True)], []),
        ("b weight -253 noreverse", [("b", -253, False)], []),
        ("b weight 254", [("b", 7, True)], ["value-out-of-range"]),
        ("b weight 2 upside", [], ["unknown-option"]),
        ("only", [], ["unknown-bfd-instance"]),
        ("late", [], ["unknown-bfd-instance"]),
    ],
)
def test_entries(
    read: Read, entries: str, expected: list[tuple[str, int, bool]], problems: list[str]
) -> None:
    result = read(
        SESSION.replace("}", "weight 7 reverse\n}")
        + OTHER.replace(" c {", " only {\nchecker")
        + "vrrp_instance a {\ninterface eth0\nvirtual_router_id 1\n"
        + f"track_bfd {{\n{entries}\n}}\nvirtual_ipaddress {{\n192.0.2.1\n}}\n}}\n"
        + OTHER.replace(" c ", " late ").replace(".8", ".7")
    )
    tracked = [(t.name, t.weight, t.reverse) for t in result.config.instances[0].track_bfd]
    assert (tracked, ids(result)) == (expected, problems)


@pytest.mark.parametrize(
    ("text", "expected", "problems"),
    [
        ("name b", [FollowedCheck("b", False)], []),
        ("name b\nalpha", [FollowedCheck("b", True)], []),
        ("name b\n}\nalpha\nweight 1\nTCP_CHECK {", [FollowedCheck("b", True)], []),
        ("name b\nalpha no\n}\nalpha\nTCP_CHECK {", [FollowedCheck("b", False)], []),
        (
            "name b\n}\nBFD_CHECK {\nname c",
            [FollowedCheck("b", False), FollowedCheck("c", False)],
            [],
        ),
        ("name b\n}\nBFD_CHECK {\nname b", [FollowedCheck("b", False)], ["duplicate-check"]),
        ("name b\nname c", [FollowedCheck("b", False)], ["given-twice"]),
        ("", [], ["no-bfd"]),
        ("name b c", [], ["no-bfd", "bad-name"]),
        ("name nobody", [], ["no-bfd", "unknown-bfd-instance"]),
        ("name only", [], ["no-bfd", "unknown-bfd-instance"]),
    ],
)
def test_a_check(read: Read, text: str, expected: list[FollowedCheck], problems: list[str]) -> None:
    only = OTHER.replace(" c {", " only {\nvrrp").replace(".8", ".7")
    service = (
        "virtual_server 192.0.2.1 80 {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n"
        f"real_server 192.0.2.11 80 {{\nBFD_CHECK {{\n{text}\n}}\n}}\n}}\n"
    )
    result = read(SESSION + OTHER + only + service)
    assert result.config.lvs is not None
    (server,) = result.config.lvs.services[0].server.real_servers
    found = [check for check in server.checks if isinstance(check, FollowedCheck)]
    assert (found, ids(result)) == (expected, problems)


def test_a_session_that_is_for_somebody_else_is_said_so(read: Read) -> None:
    text = (
        SESSION.replace("}", "vrrp\n}")
        + OTHER.replace("}", "checker\n}")
        + "vrrp_instance a {\ninterface eth0\nvirtual_router_id 1\n"
        "track_bfd {\nc\n}\nvirtual_ipaddress {\n192.0.2.1\n}\n}\n"
        "virtual_server 192.0.2.1 80 {\nlvs_sched rr\nlvs_method NAT\n"
        "real_server 192.0.2.11 80 {\nBFD_CHECK {\nname b\n}\n}\n}\n"
    )
    unknown = [d for d in read(text).diagnostics if d.id == "unknown-bfd-instance"]
    assert sorted((d.message, d.hint) for d in unknown) == [
        ("bfd_instance 'b' is only for VRRP; ignored", None),
        ("bfd_instance 'c' is only for checkers; it is not tracked", None),
    ]
