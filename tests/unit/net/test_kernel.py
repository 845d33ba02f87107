"""The same modules against a real kernel, in a network namespace."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, ip_address, ip_interface
from select import select
from typing import Any

import pytest

from netnslab import Host, Lab, wait_until
from pyvrrp.core.model import Address, Family
from pyvrrp.errors import PyvrrpError
from pyvrrp.net.address_messages import AddAddress, RemoveAddress
from pyvrrp.net.frame_sender import FrameSender
from pyvrrp.net.identity import route_key, rule_key
from pyvrrp.net.monitor import (
    AddressAdded,
    AddressRemoved,
    EntryAdded,
    EntryRemoved,
    InterfaceTable,
    LinkChanged,
    LinkRemoved,
    Overrun,
    RouteEvent,
    RouteMonitor,
)
from pyvrrp.net.route_messages import add_route, add_rule, remove_route, remove_rule
from pyvrrp.net.rtnetlink import NetlinkError, RouteSocket
from pyvrrp.net.vrrp_socket import GroupSender, PeerSender, Receiver, SocketError
from pyvrrp.routing import Action, Route, Rule

pytestmark = pytest.mark.root

_GROUPS: dict[Family, Address] = {
    Family.IPV4: ip_address("224.0.0.18"),
    Family.IPV6: ip_address("ff02::12"),
}


@pytest.fixture
def pair(lab: Lab) -> tuple[Host, Host]:
    """Two hosts on a cable, 192.0.2.1 and 192.0.2.2; link-local addresses come a little later."""
    one, two = lab.host("one"), lab.host("two")
    one.connect(two, addresses=["192.0.2.1/24"])
    two.add_address("eth0", "192.0.2.2/24")
    return one, two


@pytest.fixture
def route(pair: tuple[Host, Host]) -> Iterator[RouteSocket]:
    with pair[0].entered():
        made = RouteSocket()
    yield made
    made.close()


def _shown(host: Host) -> str:
    return host.ip("addr", "show", "dev", "eth0")


_ADDITIONS: list[Any] = [
    pytest.param("192.0.2.100/24", {}, "inet 192.0.2.100/24 scope global secondary", id="plain"),
    pytest.param("192.0.2.100/32", {"scope": 253}, "inet 192.0.2.100/32 scope link", id="scope"),
    pytest.param("192.0.2.100/32", {"label": "eth0:vip"}, "scope global eth0:vip\n", id="label"),
    pytest.param(
        "198.51.100.1/24",
        {"broadcast": bytes((198, 51, 100, 255))},
        "inet 198.51.100.1/24 brd 198.51.100.255 scope global",
        id="broadcast",
    ),
    pytest.param(
        "192.0.2.100/32",
        {"peer": ip_interface("198.51.100.1/30")},
        "inet 192.0.2.100 peer 198.51.100.1/30 scope global",
        id="peer",
    ),
    pytest.param(
        "2001:db8::100/64",
        {"preferred_lft": 0},
        "inet6 2001:db8::100/64 scope global nodad deprecated",
        id="preferred_lft",
    ),
    pytest.param("2001:db8::100/64", {}, "inet6 2001:db8::100/64 scope global nodad", id="IPv6"),
]


@pytest.mark.parametrize(("address", "options", "shown"), _ADDITIONS)
def test_address_comes_and_goes(
    pair: tuple[Host, Host], route: RouteSocket, address: str, options: Any, shown: str
) -> None:
    host, index = pair[0], pair[0].link("eth0").index
    host.wait_address("fe80::ff:fe00:101")
    before = _shown(host)
    addition = AddAddress(index, ip_interface(address), **options)
    assert route.apply([addition]) == ()
    text = _shown(host).replace(" proto keepalived", "").replace(" proto 0x12", "")
    assert shown in text
    assert route.apply([addition]) == ()  # what is there is no failure
    removal = RemoveAddress(index, addition.address, addition.peer)
    assert route.apply([removal, removal]) == ()
    assert _shown(host) == before


def test_noprefixroute(pair: tuple[Host, Host], route: RouteSocket) -> None:
    host, index = pair[0], pair[0].link("eth0").index
    address = ip_interface("198.51.100.1/24")
    route.apply([AddAddress(index, address, noprefixroute=True)])
    assert "198.51.100.0/24" not in host.ip("route")
    route.apply([RemoveAddress(index, address), AddAddress(index, address)])
    assert "198.51.100.0/24" in host.ip("route")


def test_300_addresses_at_once(pair: tuple[Host, Host], route: RouteSocket) -> None:
    host, index = pair[0], pair[0].link("eth0").index
    wanted = [ip_interface(f"198.51.{n // 200}.{n % 200 + 1}/32") for n in range(300)]
    assert route.apply([AddAddress(index, a) for a in wanted]) == ()
    ours = {a.interface for a in route.addresses() if a.ours and a.index == index}
    assert ours == set(wanted)
    failures = route.apply([RemoveAddress(index, a) for a in wanted])
    assert failures == ()
    assert "198.51." not in _shown(host)


def test_one_refusal_does_not_stop_the_rest(pair: tuple[Host, Host], route: RouteSocket) -> None:
    host, index = pair[0], pair[0].link("eth0").index
    nowhere = AddAddress(9999, ip_interface("192.0.2.101/32"))
    operations = [nowhere, AddAddress(index, ip_interface("192.0.2.102/32"))]
    (failure,) = route.apply(operations)
    assert str(failure) == "add 192.0.2.101/32 on interface 9999: No such device"
    assert host.has_address("192.0.2.102")
    with pytest.raises(NetlinkError, match="set link 9999 up: No such device"):
        route.set_up(9999, up=True)


def _read(monitor: RouteMonitor, wanted: type[RouteEvent]) -> list[RouteEvent]:
    """Events until one of a type has come."""
    found: list[RouteEvent] = []

    def more() -> bool:
        found.extend(monitor.read())
        return any(isinstance(event, wanted) for event in found)

    wait_until(more, what=wanted.__name__)
    return found


def test_monitor(pair: tuple[Host, Host]) -> None:
    host = pair[0]
    with host.entered():
        monitor = RouteMonitor()
    table = InterfaceTable()
    host.add_address("eth0", "192.0.2.50/24")
    events = _read(monitor, AddressAdded)
    assert [str(e.address.interface) for e in events if isinstance(e, AddressAdded)] == [
        "192.0.2.50/24"
    ]
    host.remove_address("eth0", "192.0.2.50/24")
    assert isinstance(_read(monitor, AddressRemoved)[-1], AddressRemoved)
    host.link("eth0").down()
    changes = [e for e in _read(monitor, LinkChanged) if isinstance(e, LinkChanged)]
    assert (changes[-1].link.name, changes[-1].link.up) == ("eth0", False)
    host.ip("link", "del", "eth0")
    for event in _read(monitor, LinkRemoved):
        table.apply(event)
    assert table.by_name("eth0") is None
    assert monitor.read() == []
    monitor.close()


def test_monitor_that_is_not_read_says_so(pair: tuple[Host, Host], route: RouteSocket) -> None:
    """5000 changes are more than 16 KiB."""
    host, index = pair[0], pair[0].link("eth0").index
    with host.entered():
        monitor = RouteMonitor()
    with socket.socket(fileno=monitor.fileno()) as alias:
        alias.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        alias.detach()
    address = ip_interface("198.51.100.1/32")
    route.apply([AddAddress(index, address), RemoveAddress(index, address)] * 500)
    assert Overrun() in monitor.read(2000)
    monitor.close()


def _receive(receiver: Receiver, count: int = 1) -> list[bytes]:
    found: list[bytes] = []

    def more() -> bool:
        found.extend(receiver.read(16))
        return len(found) >= count

    wait_until(more, what=f"{count} datagrams", timeout=1)
    return found


_ENDS = {
    Family.IPV4: (ip_address("192.0.2.1"), ip_address("192.0.2.2")),
    Family.IPV6: (ip_address("fe80::ff:fe00:101"), ip_address("fe80::ff:fe00:201")),
}


@pytest.mark.parametrize("family", list(Family))
def test_to_a_group_and_back(pair: tuple[Host, Host], family: Family) -> None:
    """A canonical datagram: TTL, source, destination, message; nobody hears their own."""
    group, (source, _) = _GROUPS[family], _ENDS[family]
    for host, address in zip(pair, _ENDS[family], strict=True):
        host.wait_address(str(address))
    indexes = [host.link("eth0").index for host in pair]
    with pair[0].entered():
        sender = GroupSender(family, "eth0", indexes[0], source, group)
        deaf = Receiver(family, "eth0", indexes[0], 1 << 16)
        deaf.join(group)
    with pair[1].entered():
        receiver = Receiver(family, "eth0", indexes[1], 1 << 16)
    sender.send(sender.wrap(b"before the joining"))
    receiver.join(group)
    receiver.join(group)
    sender.send(sender.wrap(b"hello"))
    (datagram,) = _receive(receiver)
    assert datagram == b"\xff" + source.packed + group.packed + b"hello"
    assert deaf.read(16) == []
    receiver.leave(group)
    sender.send(sender.wrap(b"after the leaving"))
    with pair[0].entered():
        peer = PeerSender(family, "eth0", source, 64)
    to = _ENDS[family][1]
    peer.to(to)(b"to you alone")
    (datagram,) = _receive(receiver)
    assert datagram == b"\x40" + source.packed + to.packed + b"to you alone"
    for receiving in (deaf, receiver):
        receiving.close()
    sender.close()
    peer.close()


def test_ip_options_are_left_out(pair: tuple[Host, Host]) -> None:
    with pair[1].entered():
        receiver = Receiver(Family.IPV4, "eth0", pair[1].link("eth0").index, 1 << 16)
    with pair[0].entered(), socket.socket(socket.AF_INET, socket.SOCK_RAW, 112) as raw:
        raw.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, b"\x94\x04\0\0")
        raw.sendto(b"hello", ("192.0.2.2", 0))
    (datagram,) = _receive(receiver)
    assert datagram[1:] == bytes((192, 0, 2, 1, 192, 0, 2, 2)) + b"hello"
    receiver.close()


@pytest.mark.parametrize("family", list(Family))
def test_other_interfaces_are_not_heard(lab: Lab, pair: tuple[Host, Host], family: Family) -> None:
    """Not even by what arrives while the socket is being made."""
    third = lab.host("third")
    third.connect(pair[1], addresses=["198.51.100.3/24"], far_interface="eth1")
    pair[1].add_address("eth1", "198.51.100.2/24")
    if family is Family.IPV6:
        third.wait_address("fe80::ff:fe00:301")
    group = _GROUPS[family]
    source = {
        Family.IPV4: IPv4Address("198.51.100.3"),
        Family.IPV6: ip_address("fe80::ff:fe00:301"),
    }
    with third.entered():
        sender = GroupSender(family, "eth0", third.link("eth0").index, source[family], group)
    receivers = []
    with pair[1].entered():
        other = Receiver(family, "eth1", pair[1].link("eth1").index, 1 << 16)
        other.join(group)
        for _ in range(20):
            sender.send(sender.wrap(b"noise"))
            receiver = Receiver(family, "eth0", pair[1].link("eth0").index, 1 << 16)
            receiver.join(group)
            sender.send(sender.wrap(b"noise"))
            receivers.append(receiver)
    assert len(_receive(other, 40)) == 40
    assert [receiver.read(16) for receiver in receivers] == [[]] * 20
    for each in (other, *receivers):
        each.close()
    sender.close()


def test_many_are_read_in_bounds(pair: tuple[Host, Host]) -> None:
    with pair[1].entered():
        receiver = Receiver(Family.IPV4, "eth0", pair[1].link("eth0").index, 1 << 18)
    with pair[0].entered():
        sender = PeerSender(Family.IPV4, "eth0", ip_address("192.0.2.1"), 255)
    send = sender.to(ip_address("192.0.2.2"))
    for number in range(50):
        send(bytes((number,)))
    assert select([receiver], [], [], 1)[0]
    assert [d[-1] for d in receiver.read(16)] == list(range(16))
    assert [d[-1] for d in _receive(receiver, 34)] == list(range(16, 50))
    receiver.close()
    sender.close()


def test_sockets_that_cannot_be_had(pair: tuple[Host, Host]) -> None:
    with pair[0].entered():
        with pytest.raises(SocketError, match="bind a VRRP socket to eth9: No such device"):
            Receiver(Family.IPV4, "eth9", 9, 1 << 16)
        with pytest.raises(SocketError, match="bind a packet socket to eth9: No such device"):
            FrameSender("eth9")
        receiver = Receiver(Family.IPV4, "eth0", 99, 1 << 16)
        with pytest.raises(SocketError, match=r"join 224\.0\.0\.18: No such device") as caught:
            receiver.join(_GROUPS[Family.IPV4])
        receiver.close()
    assert isinstance(caught.value, PyvrrpError)
    assert not caught.value.is_permission


def test_frame_sender(pair: tuple[Host, Host]) -> None:
    capture = pair[1].capture("eth0", ())
    with pair[0].entered():
        sender = FrameSender("eth0")
    frame = b"\xff" * 6 + bytes.fromhex("00005e000133") + b"\x88\xb5" + bytes(46)
    sender.send(frame)
    assert capture.wait(lambda f: f.data[12:14] == b"\x88\xb5", what="the frame").data == frame
    sender.close()


def test_sender_socket_marks_its_packets(pair: tuple[Host, Host]) -> None:
    """TTL 255 and CS6 on the wire, whatever the namespace's default is."""
    pair[0].sysctl("net.ipv4.ip_default_ttl", 7)
    capture = pair[1].capture("eth0", ["vrrp"])
    with pair[0].entered():
        sender = GroupSender(
            Family.IPV4,
            "eth0",
            pair[0].link("eth0").index,
            ip_address("192.0.2.1"),
            _GROUPS[Family.IPV4],
        )
    sender.send(sender.wrap(b"12345678"))
    header = capture.wait(lambda f: not f.outgoing, what="the packet").data[14:34]
    assert (header[0], header[1], header[8]) == (0x45, 0xC0, 255)
    sender.close()


def test_routes_and_rules_are_told_with_who_removed_them(
    pair: tuple[Host, Host], route: RouteSocket
) -> None:
    """Routes of other protocols are not: routing daemons have millions."""
    host = pair[0]
    with host.entered():
        monitor = RouteMonitor(route.port)
    rule = Rule(4, 1000, Action.TABLE, table=100)
    mine = Route(IPv4Network("10.1.0.0/16"), dev="eth0")
    links = {"eth0": host.link("eth0").index}
    theirs = ("10.2.0.0/16", "dev", "eth0")
    host.ip("route", "add", *theirs)
    host.ip("route", "add", *theirs, "metric", "5", "proto", "18")
    assert route.apply([add_route(mine, links), add_rule(rule)]) == ()
    assert route.apply([remove_rule(rule), remove_route(mine, links)]) == ()
    host.ip("route", "del", *theirs, "metric", "5")
    key = route_key(
        add_route(replace(mine, destination=IPv4Network("10.2.0.0/16"), metric=5), links).payload
    )
    others = (LinkChanged, AddressAdded)
    found = [e for e in _read(monitor, EntryRemoved) if not isinstance(e, others)]
    mine_key, rule_key_ = (
        route_key(add_route(mine, links).payload),
        rule_key(add_rule(rule).payload),
    )
    assert found == [
        EntryAdded(key),
        EntryAdded(mine_key),
        EntryAdded(rule_key_),
        EntryRemoved(rule_key_, by_us=True),
        EntryRemoved(mine_key, by_us=True),
        EntryRemoved(key, by_us=False),
    ]
    assert monitor.is_drained
    monitor.close()
