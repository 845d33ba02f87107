"""track_interface, track_script and unicast_peer entries."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address

import pytest

from pyvrrp.conf.config import TrackInterface, TrackScript, UnicastPeer, VrrpInstance
from pyvrrp.conf.load import Loaded

Read = Callable[..., Loaded]

ADDRESS = "virtual_ipaddress {\n192.0.2.1\n}"


def said(read: Read, text: str) -> tuple[VrrpInstance, list[str]]:
    result = read(
        "global_defs {\nenable_script_security\n}\nvrrp_script s {\nscript /bin/a\nweight 5\n}\n"
        f"vrrp_instance a {{\ninterface eth0\nvirtual_router_id 1\n{text}\n{ADDRESS}\n}}\n"
        "vrrp_script later {\nscript /bin/a\n}\n",
        interfaces=("eth0", "eth1", "eth2"),
    )
    (instance,) = result.config.instances
    return instance, [d.id for d in result.diagnostics]


@pytest.mark.parametrize(
    ("entries", "expected", "problems"),
    [
        ("eth1\neth2", (TrackInterface("eth1"), TrackInterface("eth2")), []),
        ("eth1 weight -253", (TrackInterface("eth1", -253),), []),
        ("eth1 weight 5 reverse", (TrackInterface("eth1", 5, True),), []),
        ("eth1 weight 254", (TrackInterface("eth1", 253),), ["value-out-of-range"]),
        ("eth1 weight -254", (TrackInterface("eth1", -253),), ["value-out-of-range"]),
        ("eth1 weight 255", (TrackInterface("eth1"),), ["value-out-of-range"]),
        ("eth1 weight 5 noreverse", (TrackInterface("eth1", 5),), ["unknown-option"]),
        ("eth1 wait 5", (), ["unknown-option"]),
        ("eth1 weight", (), ["missing-value"]),
        ("eth1\neth1 weight 5", (TrackInterface("eth1"),), ["duplicate-tracker"]),
        ("eth7", (), ["unknown-interface"]),
        ("eth0", (), ["tracks-itself"]),
    ],
)
def test_interfaces(
    read: Read, entries: str, expected: tuple[TrackInterface, ...], problems: list[str]
) -> None:
    instance, found = said(read, f"track_interface {{\n{entries}\n}}")
    assert (instance.track_interface, found) == (expected, problems)


@pytest.mark.parametrize(
    ("entries", "expected", "problems"),
    [
        ("s", (TrackScript("s"),), []),
        ("s weight 0", (TrackScript("s", 0),), []),
        ("s weight 9 reverse", (TrackScript("s", 9, True),), []),
        ("s weight 9 noreverse", (TrackScript("s", 9, False),), []),
        ("s weight x", (TrackScript("s"),), ["bad-number"]),
        ("s\ns", (TrackScript("s"),), ["duplicate-tracker"]),
        ("later", (), ["unknown-script"]),
        ("none", (), ["unknown-script"]),
    ],
)
def test_scripts(
    read: Read, entries: str, expected: tuple[TrackScript, ...], problems: list[str]
) -> None:
    instance, found = said(read, f"track_script {{\n{entries}\n}}")
    assert (instance.track_script, found) == (expected, problems)


@pytest.mark.parametrize(
    ("entries", "expected", "problems"),
    [
        ("192.0.2.8", [("192.0.2.8", None, None)], []),
        ("192.0.2.8/24", [("192.0.2.8", None, None)], []),
        ("192.0.2.8 min_ttl 0 max_ttl 255", [("192.0.2.8", 0, 255)], []),
        ("192.0.2.8 min_ttl 9 max_ttl 8", [("192.0.2.8", 9, 8)], ["value-out-of-range"]),
        ("192.0.2.8 min_ttl 256 max_ttl 8", [("192.0.2.8", None, 8)], ["value-out-of-range"]),
        ("192.0.2.8 max_ttl", [("192.0.2.8", None, None)], ["missing-value"]),
        ("192.0.2.8 ttl 8 max_ttl 8", [("192.0.2.8", None, None)], ["unknown-option"]),
        ("192.0.2.8\n192.0.2.8", [("192.0.2.8", None, None)], ["duplicate-peer"]),
        ("192.0.2.8\n::1", [("192.0.2.8", None, None)], ["other-family"]),
        ("192.0.2.8\nx", [("192.0.2.8", None, None)], ["bad-address"]),
    ],
)
def test_peers(
    read: Read,
    entries: str,
    expected: list[tuple[str, int | None, int | None]],
    problems: list[str],
) -> None:
    instance, found = said(read, f"unicast_peer {{\n{entries}\n}}")
    assert instance.unicast_peers == tuple(
        UnicastPeer(ip_address(a), lo, hi) for a, lo, hi in expected
    )
    assert found == problems


def test_interfaces_to_come_are_tracked(read: Read) -> None:
    result = read(
        "global_defs {\ndynamic_interfaces\n}\nvrrp_instance a {\ninterface eth8\n"
        f"virtual_router_id 1\ntrack_interface {{\neth9\n}}\n{ADDRESS}\n}}\n",
        interfaces=(),
    )
    assert result.diagnostics == ()
    assert result.config.instances[0].track_interface == (TrackInterface("eth9"),)
