"""Announcements, ARP and Neighbor Discovery, virtual MAC addresses, groups (conformance section 9)."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address

import pytest

from netnslab import Frame, Lab, wait_until
from netnslab.scapy_layers import ethernet
from pyvrrp import AnnounceSchedule, StateName, VirtualMac
from tests.netns.wire.checks import make_backup
from tests.netns.wire.frames import (
    Advert,
    Packet,
    arp_request,
    echo_request,
    frame,
    mac,
    neighbor_solicitation,
    virtual_mac,
)
from tests.netns.wire.rig import (
    DEVICE_MAC,
    Device,
    Wire,
    late,
    settings,
    with_virtual_mac,
)

pytest_plugins = ["tests.netns.wire.fixtures"]

_MODES = [
    pytest.param(None, id="interface MAC"),
    pytest.param(VirtualMac(), id="virtual MAC"),
]
_MANY = tuple(f"192.0.2.{n}/24" for n in range(100, 120))
_TESTER = "192.0.2.9"
_SOMEBODY = "02:00:00:00:99:77"


def _arps(wire: Wire, start: int = 0) -> list[Frame]:
    return [
        f
        for f in wire.capture.frames_from(start)
        if not f.outgoing and f.data[12:14] == b"\x08\x06"
    ]


def _gratuitous(frames: Sequence[Frame]) -> list[Frame]:
    return [f for f in frames if f.data[28:32] == f.data[38:42]]


def _advertisements_of_neighbors(wire: Wire, start: int = 0) -> list[Frame]:
    return [
        f
        for f in wire.capture.frames_from(start)
        if not f.outgoing
        and f.data[12:14] == b"\x86\xdd"
        and f.data[20] == 58
        and f.data[54] == 136
    ]


def _mac_of(vmac: VirtualMac | None, family: int = 4) -> bytes:
    return mac(DEVICE_MAC) if vmac is None else virtual_mac(51, family)


@pytest.mark.parametrize("vmac", _MODES)
def test_gratuitous_arp(device: Device, wire: Wire, vmac: VirtualMac | None) -> None:
    """GARP-01, GARP-02: every octet; once, after the first Advertisement."""
    device.active(with_virtual_mac(settings(start_as_active=True), vmac))
    wire.wait_adverts(3, start=0)
    (found,) = _gratuitous(_arps(wire))
    ours, vip = _mac_of(vmac), bytes((192, 0, 2, 100))
    arp = bytes.fromhex("0001080006040001") + ours + vip + ours + vip
    assert found.data == b"\xff" * 6 + ours + b"\x08\x06" + arp
    layer = ethernet(found.data)["ARP"]
    assert (layer.op, layer.psrc, layer.pdst) == (1, "192.0.2.100", "192.0.2.100")
    assert wire.heard()[0].time < found.monotonic < wire.heard()[0].time + 0.02


@pytest.mark.parametrize("forwarding", [0, 1])
@pytest.mark.parametrize("vmac", _MODES)
def test_unsolicited_na(
    device: Device, wire: Wire, vmac: VirtualMac | None, forwarding: int
) -> None:
    """NA-01, NA-02: every octet; Router is set whether the kernel forwards or not."""
    device.host.sysctl("net.ipv6.conf.all.forwarding", forwarding)
    device.active(with_virtual_mac(settings(family=6, start_as_active=True), vmac))
    wire.wait_adverts(2, start=0, family=6)
    ours = _mac_of(vmac, 6)
    unsolicited = [f for f in _advertisements_of_neighbors(wire) if f.data[58] == 0xA0]
    assert len(unsolicited) == 2
    for found, vip in zip(unsolicited, ("fe80::100", "2001:db8::100"), strict=True):
        packed = ip_address(vip).packed
        ipv6 = bytes.fromhex("6000000000203aff") + packed + ip_address("ff02::1").packed
        start = bytes.fromhex("333300000001") + ours + b"\x86\xdd" + ipv6 + b"\x88\x00"
        assert found.data[:56] == start
        assert found.data[58:] == bytes.fromhex("a0000000") + packed + b"\x02\x01" + ours
        packet = ethernet(found.data)
        checksum = packet["ICMPv6ND_NA"].cksum
        del packet["ICMPv6ND_NA"].cksum
        assert ethernet(bytes(packet))["ICMPv6ND_NA"].cksum == checksum


def test_every_address_is_announced(device: Device, wire: Wire) -> None:
    """GARP-04: also one that is added while Active."""
    router = device.active(settings(*_MANY[:-1], start_as_active=True))
    wire.wait_adverts(2, start=0)
    assert [f.data[38:42] for f in _gratuitous(_arps(wire))] == [
        bytes((192, 0, 2, n)) for n in range(100, 119)
    ]
    start = wire.mark
    device.run(device.router.reconfigure(router, settings(*_MANY, start_as_active=True)))
    wait_until(lambda: _gratuitous(_arps(wire, start)), what="an announcement")
    wire.wait_adverts(2, start=start)
    announced = {f.data[38:42] for f in _gratuitous(_arps(wire, start))}
    assert bytes((192, 0, 2, 119)) in announced
    assert device.host.has_address("192.0.2.119")


def test_repeats_and_the_delayed_burst(device: Device, wire: Wire) -> None:
    """GARP-03, NA-03: as configured, here 3 at once and 3 after 0.2 s; none by a Backup."""
    schedule = AnnounceSchedule(repeat=3, delay=0.2, lower_priority_repeat=0)
    router = device.active(settings(start_as_active=True, announce=schedule))
    wire.wait_adverts(5, start=0)
    first = wire.heard()[0].time
    times = [f.monotonic - first for f in _gratuitous(_arps(wire))]
    assert len(times) == 6
    assert max(times[:3]) < 0.02
    assert 0.199 <= min(times[3:]) <= max(times[3:]) < 0.22
    make_backup(device, wire, router, advert=Advert())
    start = wire.mark
    wire.watch(0.25)
    assert _arps(wire, start) == []


def _ask(wire: Wire, target: str) -> bytes:
    """The answer to an ARP request."""
    start = wire.mark
    wire.send(arp_request(target, _TESTER, wire.mac))
    return wire.wait(
        lambda f: not f.outgoing and f.data[12:14] == b"\x08\x06" and f.data[20:22] == b"\x00\x02",
        start=start,
        what=f"an answer for {target}",
        timeout=1,
    ).data


@pytest.mark.parametrize("vmac", _MODES)
def test_arp_is_answered(device: Device, wire: Wire, vmac: VirtualMac | None) -> None:
    """ARP-01, ARP-04: with one MAC address, as sender and on the frame, from the announcement on."""
    device.add(with_virtual_mac(settings(start_as_active=True), vmac))
    wait_until(lambda: _gratuitous(_arps(wire)), what="the announcement", interval=0.001)
    answer = _ask(wire, "192.0.2.100")
    assert answer[6:12] == answer[22:28] == _mac_of(vmac)
    assert answer[28:32] == bytes((192, 0, 2, 100))


def test_two_virtual_macs_on_one_interface(device: Device, wire: Wire) -> None:
    """MAC-05, ARP-01: each answers for its own address alone; VRID 255 is ...:ff (MAC-01)."""
    vmac = VirtualMac()
    device.active(with_virtual_mac(settings(start_as_active=True), vmac))
    device.active(
        with_virtual_mac(settings("192.0.2.110/24", vrid=255, start_as_active=True), vmac)
    )
    for address, expected in (
        ("192.0.2.100", bytes.fromhex("00005e000133")),
        ("192.0.2.110", bytes.fromhex("00005e0001ff")),
        ("192.0.2.1", mac(DEVICE_MAC)),
    ):
        start = wire.mark
        answer = _ask(wire, address)
        assert answer[6:12] == answer[22:28] == expected
        wire.watch(0.03)
        replies = [f for f in _arps(wire, start) if f.data[20:22] == b"\x00\x02"]
        assert len(replies) == 1, f"several answers for {address}"


@pytest.mark.parametrize("vmac", _MODES)
def test_backup_does_not_answer(device: Device, wire: Wire, vmac: VirtualMac | None) -> None:
    """ARP-02, ND-03, MAC-04: before it was Active, and after it yields; and it sends no frame from
    the virtual MAC address."""
    four = device.add(with_virtual_mac(settings(priority=1), vmac))
    six = device.add(with_virtual_mac(settings(family=6, priority=1), vmac))
    six_list = ("fe80::100", "2001:db8::100")
    flood = [frame(Advert()), frame(Advert(addresses=six_list), Packet("fe80::200"))]
    for _ in range(2):
        with wire.flood(flood, 0.03):
            for router in (four, six):
                device.wait_state(router, StateName.BACKUP)
            start = wire.mark
            for _ in range(3):
                wire.send(arp_request("192.0.2.100", _TESTER, wire.mac))
                wire.send(neighbor_solicitation("2001:db8::100", "fe80::9", wire.mac))
                wire.watch(0.05)
            assert _arps(wire, start) == []
            assert _advertisements_of_neighbors(wire, start) == []
            macs = {f.data[6:12] for f in wire.capture.frames_from(start) if not f.outgoing}
            assert not macs & {virtual_mac(51, 4), virtual_mac(51, 6)}
        for router in (four, six):
            device.wait_active(router)


def test_no_arp_with_the_interface_mac_at_any_time(device: Device, wire: Wire) -> None:
    """ARP-03: from before the start until Active, probed all the time."""
    probe = arp_request("192.0.2.100", _TESTER, wire.mac)
    with wire.flood([probe], 0.005):
        router = device.active(with_virtual_mac(settings(start_as_active=True), VirtualMac()))
        wire.wait_adverts(3, start=0)
        make_backup(device, wire, router, advert=Advert())
        device.wait_active(router)
        wire.watch(0.1)
    senders = {f.data[22:28] for f in _arps(wire) if f.data[28:32] == bytes((192, 0, 2, 100))}
    assert senders == {virtual_mac(51)}


@pytest.mark.parametrize("vmac", _MODES)
def test_neighbor_solicitation_is_answered(
    device: Device, wire: Wire, vmac: VirtualMac | None
) -> None:
    """ND-01, ND-02, ND-06: solicited-node group joined, answered within 10 ms of the NA;
    Router and Solicited set by a kernel that forwards, which a router's does."""
    device.host.sysctl("net.ipv6.conf.all.forwarding", 1)
    device.add(with_virtual_mac(settings(family=6, start_as_active=True), vmac))
    wait_until(
        lambda: len(_advertisements_of_neighbors(wire)) == 2, what="announcements", interval=0.001
    )
    announced = _advertisements_of_neighbors(wire)[1].monotonic
    with wire.flood([neighbor_solicitation("2001:db8::100", "fe80::9", wire.mac)], 0.002):
        answer = wire.wait(
            lambda f: not f.outgoing and f.data[54] == 136 and f.data[58] & 0x40,
            what="a solicited NA",
            timeout=1,
        )
    assert answer.monotonic - announced < late(0.01)
    assert answer.data[58] & 0xC0 == 0xC0
    assert answer.data[6:12] == answer.data[80:86] == _mac_of(vmac, 6)
    assert answer.data[62:78] == ip_address("2001:db8::100").packed
    joined = device.host.ip("maddress", "show")
    assert "ff02::1:ff00:100" in joined
    for line in device.host.ip("-6", "addr", "show").splitlines():
        assert "tentative" not in line
        assert "dadfailed" not in line


def test_ping(device: Device, wire: Wire) -> None:
    """ACC-03, ACC-04, MAC-02: the Active one answers, a Backup with a static neighbour does not."""
    router = device.active(with_virtual_mac(settings(start_as_active=True), VirtualMac()))
    ping = echo_request("192.0.2.100", _TESTER, wire.mac, virtual_mac(51))
    own = echo_request("192.0.2.1", _TESTER, wire.mac, virtual_mac(51))
    start = wire.mark

    def is_reply(found: Frame) -> bool:
        return not found.outgoing and found.data[23] == 1 and found.data[34] == 0

    wire.send(ping)
    reply = wire.wait(is_reply, start=start, what="an echo reply")
    assert reply.data[26:30] == bytes((192, 0, 2, 100))
    make_backup(device, wire, router, advert=Advert())
    start = wire.mark
    for request in (ping, own):
        wire.send(request)
        wire.watch(0.05)
    assert not any(is_reply(f) for f in wire.capture.frames_from(start))


def test_forwarding_through_the_virtual_mac(device: Device, wire: Wire, lab: Lab) -> None:
    """MAC-02, MAC-03: routed while Active, dropped while Backup."""
    behind = lab.host("behind")
    behind.connect(device.host, addresses=["198.51.100.9/24"], far_interface="eth1")
    device.host.add_address("eth1", "198.51.100.1/24")
    device.host.sysctl("net.ipv4.ip_forward", 1)
    device.host.ip("neigh", "add", "198.51.100.9", "lladdr", behind.link("eth0").mac, "dev", "eth1")
    there = behind.capture("eth0", ["icmp"])
    router = device.active(with_virtual_mac(settings(start_as_active=True), VirtualMac()))
    through = echo_request("198.51.100.9", _TESTER, wire.mac, virtual_mac(51))
    wire.send(through)
    there.wait(lambda f: f.data[34] == 8, what="the packet behind the device")
    make_backup(device, wire, router, advert=Advert())
    number = len(there.frames)
    wire.send(through)
    wire.watch(0.1)
    assert there.frames[number:] == []


def test_no_loop_for_the_virtual_address(device: Device, wire: Wire) -> None:
    """ACC-05: a packet for the address is delivered, or dropped by a Backup; never forwarded."""
    device.host.sysctl("net.ipv4.ip_forward", 1)
    router = device.active(with_virtual_mac(settings(start_as_active=True), VirtualMac()))
    ping = echo_request("192.0.2.100", _TESTER, wire.mac, virtual_mac(51))
    for _ in range(2):
        start = wire.mark
        wire.send(ping)
        wire.watch(0.1)
        sent = [f.data for f in wire.capture.frames_from(start) if not f.outgoing]
        assert not [d for d in sent if d[23] == 1 and d[30:34] == bytes((192, 0, 2, 100))]
        make_backup(device, wire, router, advert=Advert())


def test_solicitations_carry_the_virtual_mac(device: Device, wire: Wire) -> None:
    """ND-05: looking for a host of the virtual prefix, on the frame and in the option."""
    device.active(with_virtual_mac(settings(family=6, start_as_active=True), VirtualMac()))
    start = wire.mark
    device.host.run(["ping", "-6", "-c", "1", "-W", "1", "2001:db8::9"], check=False)
    found = wire.wait(
        lambda f: (
            not f.outgoing
            and f.data[54] == 135
            and f.data[62:78] == ip_address("2001:db8::9").packed
        ),
        start=start,
        what="a Neighbor Solicitation",
    )
    assert found.data[6:12] == virtual_mac(51, 6)
    assert found.data[78:86] == b"\x01\x01" + virtual_mac(51, 6)


def test_redirects_are_off(device: Device, wire: Wire) -> None:
    """ARP-06: none is sent for a packet that goes back where it came from."""
    device.host.sysctl("net.ipv4.ip_forward", 1)
    device.active(with_virtual_mac(settings(start_as_active=True), VirtualMac()))
    start = wire.mark
    wire.send(echo_request("192.0.2.77", _TESTER, wire.mac, virtual_mac(51)))
    wire.watch(0.1)
    assert not [
        f
        for f in wire.capture.frames_from(start)
        if not f.outgoing
        and f.data[23] == 1
        and f.data[34] == 5
        and f.data[6:12] != virtual_mac(51)
    ]


def test_group_membership_ipv4(device: Device, wire: Wire) -> None:
    """MC-01, MC-03: an IGMPv3 report for 224.0.0.18; kept over a flap; left with the last one."""
    router = device.add(settings())
    second = device.add(settings("192.0.2.110/24", vrid=52))
    report = wire.wait(
        lambda f: not f.outgoing and f.data[30:34] == bytes((224, 0, 0, 22)), what="a report"
    )
    assert bytes((224, 0, 0, 18)) in report.data[34:]
    assert "224.0.0.18" in device.host.ip("maddress", "show", "dev", "eth0")
    device.host.link("eth0").down()
    device.host.link("eth0").up()
    assert "224.0.0.18" in device.host.ip("maddress", "show", "dev", "eth0")
    device.wait_state(router, StateName.BACKUP)
    device.remove(router)
    assert "224.0.0.18" in device.host.ip("maddress", "show", "dev", "eth0")
    device.remove(second)
    assert "224.0.0.18" not in device.host.ip("maddress", "show", "dev", "eth0")


def test_group_membership_ipv6(device: Device, wire: Wire) -> None:
    """MC-02, MC-03: an MLDv2 report (type 143) to ff02::16 for ff02::12."""
    router = device.add(settings(family=6))
    group = ip_address("ff02::12").packed
    wire.wait(
        lambda f: (
            not f.outgoing
            and f.data[38:54] == ip_address("ff02::16").packed
            and group in f.data[54:]
        ),
        what="a report",
    )
    assert "ff02::12" in device.host.ip("maddress", "show", "dev", "eth0")
    device.remove(router)
    assert "ff02::12" not in device.host.ip("maddress", "show", "dev", "eth0").split()


def test_groups_are_not_forwarded(device: Device, wire: Wire, lab: Lab) -> None:
    """MC-04."""
    behind = lab.host("behind")
    behind.connect(device.host, far_interface="eth1")
    device.host.add_address("eth1", "198.51.100.1/24")
    device.host.sysctl("net.ipv4.ip_forward", 1)
    device.host.sysctl("net.ipv6.conf.all.forwarding", 1)
    device.active(settings(start_as_active=True))
    there = behind.capture("eth0", ["vrrp"])
    wire.send(frame(Advert(priority=99)))
    wire.send(frame(Advert(addresses=("fe80::100",)), Packet("fe80::200")))
    wire.watch(0.2)
    assert there.frames == []


@pytest.mark.parametrize("family", [4, 6])
def test_two_devices_with_virtual_macs(lab: Lab, wire: Wire, family: int) -> None:
    """MC-05, MAC-04: a Backup hears the Active one although its frames carry the Backup's own
    virtual MAC address; over a failover only the Active one sends from it."""
    lan = lab.bridge("lan")
    hosts = [lab.host("strong"), lab.host("weak")]
    for number, host in enumerate(hosts):
        host.connect(lan, addresses=[f"198.51.100.{number + 1}/24"])
        host.wait_address(f"fe80::ff:fe00:{number + 3}01")  # the lab's third and fourth host
    capture = lan.capture(())
    addresses = {4: ("198.51.100.100/24",), 6: ("fe80::100/64",)}[family]
    wanted = [
        with_virtual_mac(settings(*addresses, family=family, priority=p, start_as_active=p == 200))
        for p in (200, 100)
    ]
    with Device(hosts[0]) as strong, Device(hosts[1]) as weak:
        first = strong.active(wanted[0])
        second = weak.add(wanted[1])
        wire.watch(0.8)
        assert second.state_name is StateName.BACKUP
        assert len(weak.changes) == 1
        handover = len(capture.frames)
        strong.remove(first)
        weak.wait_active(second)
        wire.watch(0.1)
    ours = virtual_mac(51, family)
    before = {f.interface for f in capture.frames[:handover] if f.data[6:12] == ours}
    assert before == {"strong-eth0"}
    after = [f.interface for f in capture.frames[handover:] if f.data[6:12] == ours]
    assert after.index("weak-eth0") == len(after) - after[::-1].index("strong-eth0")
