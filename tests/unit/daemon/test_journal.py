"""What is noted for the next start."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, ip_interface
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyvrrp.daemon.vrrp import journal
from pyvrrp.daemon.vrrp.journal import JournalError, Leftovers
from pyvrrp.routing import Action, Route, Rule
from pyvrrp.settings import StaticSettings, VirtualAddress, VirtualMac, VirtualRouterSettings

LEFT = Leftovers(
    addresses=(("eth0", "192.0.2.1/24"), ("eth1", "2001:db8::1/64")),
    links=(("eth0", "00:00:5e:00:01:33"),),
    sysctls=(("ipv4/conf/eth0/arp_ignore", "0"),),
    routes=(("", "0208"), ("red", "0a30")),
    rules=(("IPv4 rule of preference 1000", "0200"),),
)


def test_name_beside_the_pid_file():
    assert journal.journal_path("/run/vrrp.pid") == "/run/vrrp.state"
    assert journal.journal_path("/x/odd") == "/x/odd.state"


def test_file(tmp_path: Path):
    path = tmp_path / "vrrp.state"
    assert journal.read(str(path)) is None
    journal.write(str(path), LEFT)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert journal.read(str(path)) == LEFT
    assert [p.name for p in tmp_path.iterdir()] == ["vrrp.state"]
    journal.remove(str(path))
    journal.remove(str(path))
    assert journal.read(str(path)) is None


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\xff\xfe", id="not text"),
        pytest.param(b"[1]", id="not an object"),
        pytest.param(b'{"version":1}', id="fields missing"),
        pytest.param(b'{"version":2,"addresses":[],"links":[],"sysctls":[]}', id="newer"),
        pytest.param(b'{"version":1,"addresses":[["a"]],"links":[],"sysctls":[]}', id="short row"),
        pytest.param(
            b'{"version":1,"addresses":[],"links":[],"sysctls":[],"routes":[["","xy"]]}',
            id="no octets",
        ),
        pytest.param(b'{"version":1,"addresses":[[1,2]],"links":[],"sysctls":[]}', id="numbers"),
    ],
)
def test_not_understood(tmp_path: Path, octets: bytes):
    path = tmp_path / "s"
    path.write_bytes(octets)
    path.chmod(0o600)
    with pytest.raises(JournalError):
        journal.read(str(path))


def test_not_believed_when_others_may_write_it(tmp_path: Path):
    path = tmp_path / "s"
    journal.write(str(path), LEFT)
    path.chmod(0o666)
    with pytest.raises(JournalError, match="others"):
        journal.read(str(path))


def test_not_followed_through_a_link(tmp_path: Path):
    journal.write(str(tmp_path / "real"), LEFT)
    (tmp_path / "s").symlink_to(tmp_path / "real")
    with pytest.raises(JournalError):
        journal.read(str(tmp_path / "s"))


def test_unwritable(tmp_path: Path):
    with pytest.raises(JournalError, match="No such file"):
        journal.write(str(tmp_path / "none" / "s"), LEFT)


def test_merge_keeps_the_older_value_of_a_sysctl():
    newer = Leftovers(
        (("eth0", "192.0.2.1/24"), ("eth0", "192.0.2.2/24")),
        (),
        (("ipv4/conf/eth0/arp_ignore", "1"), ("ipv4/conf/eth1/arp_ignore", "2")),
        (("", "0208"), ("", "0209")),
        (("IPv6 rule of preference 7", "0a00"),),
    )
    assert journal.merge(LEFT, newer) == Leftovers(
        (("eth0", "192.0.2.1/24"), ("eth1", "2001:db8::1/64"), ("eth0", "192.0.2.2/24")),
        (("eth0", "00:00:5e:00:01:33"),),
        (("ipv4/conf/eth0/arp_ignore", "0"), ("ipv4/conf/eth1/arp_ignore", "2")),
        (("", "0208"), ("red", "0a30"), ("", "0209")),
        (("IPv4 rule of preference 1000", "0200"), ("IPv6 rule of preference 7", "0a00")),
    )


def test_planned():
    plain = VirtualRouterSettings.of("a", "eth0", 51, ["192.0.2.1/24", "192.0.2.2/24"])
    with_mac = VirtualRouterSettings.of("b", "eth1", 52, ["fe80::1/64"])
    elsewhere = VirtualAddress(with_mac.addresses[0].interface, dev="eth9")
    with_mac = VirtualRouterSettings(
        "b",
        "eth1",
        with_mac.protocol,
        (*with_mac.addresses, elsewhere),
        virtual_mac=VirtualMac(),
    )
    assert journal.planned([plain, with_mac], [("x", "1")]) == Leftovers(
        (("eth0", "192.0.2.1/24"), ("eth0", "192.0.2.2/24"), ("eth9", "fe80::1/64")),
        (("eth1", "00:00:5e:00:02:34"),),
        (("x", "1"),),
    )


def test_routes_and_rules_are_noted_as_the_messages_that_remove_them():
    """Without links, whose indexes may be others by then; in a VRF without its table too."""
    route = Route(IPv4Network("10.0.0.0/8"), via=IPv4Address("192.0.2.1"), dev="eth0", metric=5)
    router = replace(
        VirtualRouterSettings.of("a", "eth0", 51, ["192.0.2.1/24"]),
        routes=(route, replace(route, vrf="red")),
        rules=(Rule(4, 1000, Action.TABLE, table=100),),
    )
    message = "02080000fe12ff0100000000080001000a000000080006000500000008000500c0000201"
    statics = StaticSettings(
        (VirtualAddress(ip_interface("10.9.0.1/24"), "eth9"),), rules=router.rules
    )
    planned = journal.planned([router, router], statics=statics)
    assert planned.addresses == (("eth0", "192.0.2.1/24"), ("eth9", "10.9.0.1/24"))
    assert planned.routes == (("", message), ("red", message))
    assert planned.rules == (
        (
            "IPv4 rule of preference 1000",
            "020000006400000100000000" "08000600e8030000" "0500150012000000",
        ),
    )  # fmt: skip


def test_half_a_journal_of_one_that_was_killed_does_not_stay(tmp_path: Path):
    """A link in its place is not followed."""
    (tmp_path / "victim").write_text("mine")
    (tmp_path / "s.new").symlink_to(tmp_path / "victim")
    journal.write(str(tmp_path / "s"), LEFT)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["s", "victim"]
    assert (tmp_path / "victim").read_text() == "mine"
    assert journal.read(str(tmp_path / "s")) == LEFT


def test_temporary_file_does_not_stay(tmp_path: Path):
    (tmp_path / "s").mkdir()
    with pytest.raises(JournalError):
        journal.write(str(tmp_path / "s"), LEFT)
    assert [p.name for p in tmp_path.iterdir()] == ["s"]
    assert os.path.isdir(tmp_path / "s")  # noqa: PTH112


@given(st.binary(max_size=200))
def test_any_octets_are_understood_or_refused(octets: bytes):
    with suppress(JournalError):
        journal.decode(octets)


def test_endless_nesting_is_refused():
    with pytest.raises(JournalError):
        journal.decode(b"[" * 100_000)
