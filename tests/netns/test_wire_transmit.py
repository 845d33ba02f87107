"""What Advertisements look like and when they leave (RFC 9568 §5, RFC 3768 §5)."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from netnslab import Lab, wait_until
from netnslab.scapy_layers import ethernet
from pyvrrp import Peer, StateName, Version, VirtualMac
from tests.netns.wire.checks import check_due, check_grid, make_backup
from tests.netns.wire.frames import Advert, frame, mac, virtual_mac
from tests.netns.wire.rig import (
    DEVICE_LINK_LOCAL,
    DEVICE_MAC,
    Device,
    Wire,
    settings,
    with_virtual_mac,
)

pytestmark = pytest.mark.alone

pytest_plugins = ["tests.netns.wire.fixtures"]

_GROUP_MACS = {4: mac("01:00:5e:00:00:12"), 6: mac("33:33:00:00:00:12")}
_SHAPES = [
    pytest.param(4, None, mac(DEVICE_MAC), id="IPv4"),
    pytest.param(4, VirtualMac(), virtual_mac(51, 4), id="MAC-01 IPv4 virtual MAC"),
    pytest.param(6, None, mac(DEVICE_MAC), id="IPv6"),
    pytest.param(6, VirtualMac(), virtual_mac(51, 6), id="MAC-01 IPv6 virtual MAC"),
    pytest.param(4, VirtualMac(transmit_on_base=True), mac(DEVICE_MAC), id="IPv4 vmac_xmit_base"),
]


@pytest.mark.parametrize(("family", "vmac", "source_mac"), _SHAPES)
def test_every_octet(
    device: Device, wire: Wire, family: int, vmac: VirtualMac | None, source_mac: bytes
) -> None:
    """V3-TX-01..05, 07, 09..11, 13, 15..18; CK-02, CK-04."""
    device.active(with_virtual_mac(settings(family=family, start_as_active=True), vmac))
    heard = wire.wait_advert(family=family)
    assert heard.mac_destination == _GROUP_MACS[family]
    assert heard.mac_source == source_mac
    assert (heard.ttl, heard.traffic_class) == (255, 0xC0)
    if family == 4:
        assert (heard.source, heard.destination) == ("192.0.2.1", "224.0.0.18")
        assert len(heard.header) == 20
        assert heard.header[6:8] in (b"\x00\x00", b"\x40\x00")  # one piece
        expected = Advert(priority=100).message("192.0.2.1", "224.0.0.18")
    else:
        assert (heard.source, heard.destination) == (DEVICE_LINK_LOCAL, "ff02::12")
        two = ("fe80::100", "2001:db8::100")
        expected = Advert(priority=100, addresses=two).message(DEVICE_LINK_LOCAL, "ff02::12")
    assert heard.message == expected
    assert heard.message[:6] == bytes((0x31, 51, 100, family // 2 - 1, 0, 10))


@pytest.mark.parametrize("family", [4, 6])
def test_scapy_agrees(device: Device, wire: Wire, family: int) -> None:
    """A second opinion; scapy knows the 5798 form of the checksum."""
    device.active(settings(family=family, start_as_active=True))
    wire.wait_advert(family=family)
    data = next(
        f.data
        for f in wire.capture.frames
        if not f.outgoing and f.data[:6] == _GROUP_MACS[family] and b"\x31\x33\x64" in f.data
    )
    packet = ethernet(data)
    layer = packet["VRRPv3"]
    assert (layer.version, layer.type, layer.vrid, layer.priority) == (3, 1, 51, 100)
    assert (layer.ipcount, layer.res, layer.adv) == (family // 2 - 1, 0, 10)
    wanted = bytes(packet)
    del layer.chksum
    assert bytes(packet) == wanted


def test_interval_4095_leaves_the_reserve_bits_alone(device: Device, wire: Wire) -> None:
    """V3-TX-05, V3-TX-03: octets 4 and 5 of an owner's Advertisement every 40.95 s."""
    device.active(settings(priority=255, advertisement_interval=40.95))
    assert wire.wait_advert().message[:6] == bytes((0x31, 51, 255, 1, 0x0F, 0xFF))


@pytest.mark.parametrize(("priority", "expected"), [(255, 255), (254, 254), (1, 1)])
def test_priority_in_each_role(device: Device, wire: Wire, priority: int, expected: int) -> None:
    """V3-TX-03."""
    router = device.active(settings(priority=priority, start_as_active=True))
    assert wire.wait_advert().priority == expected
    start = wire.mark
    device.remove(router)
    wire.wait_advert(start=start, wanted=lambda h: h.priority == 0)
    assert {h.priority for h in wire.heard()} == {0, expected}


def test_own_interval_not_the_learned_one(device: Device, wire: Wire) -> None:
    """V3-TX-06: taught 30 cs, it takes over after 3 * 30 cs + skew and goes on at its own 10."""
    router = device.add(settings())
    heard_at = make_backup(device, wire, router, advert=Advert(interval=30))
    adverts = wire.wait_adverts(4, start=wire.mark)
    check_due(adverts[0].time, heard_at, 1.0828125)
    assert {h.interval for h in adverts} == {10}
    check_grid([h.time for h in adverts], 0.1)


def test_order_is_the_configured_one(device: Device, wire: Wire) -> None:
    """V3-TX-07, V3-TX-08: over two starts, and not sorted."""
    wanted = settings("192.0.2.102/24", "192.0.2.100/24", "192.0.2.101/32", priority=255)
    for _ in range(2):
        start = wire.mark
        router = device.active(wanted)
        heard = wire.wait_advert(start=start)
        assert heard.addresses == ("192.0.2.102", "192.0.2.100", "192.0.2.101")
        device.remove(router)


def test_source_is_the_primary_address(device: Device, wire: Wire) -> None:
    """V3-TX-10: with a virtual address below it on the interface, and after it is installed."""
    device.active(settings("192.0.2.0/24", "198.51.100.1/24", start_as_active=True))
    device.host.wait_address("192.0.2.0")
    adverts = wire.wait_adverts(4, start=0)
    assert {h.source for h in adverts} == {"192.0.2.1"}


def test_ttl_whatever_the_default(device: Device, wire: Wire) -> None:
    """V3-TX-14."""
    device.host.sysctl("net.ipv4.ip_default_ttl", 64)
    device.host.sysctl("net.ipv6.conf.all.hop_limit", 64)
    device.active(settings(start_as_active=True))
    device.active(settings(family=6, start_as_active=True))
    assert wire.wait_advert().ttl == 255
    assert wire.wait_advert(family=6).ttl == 255


def test_two_devices_two_link_local_sources(lab: Lab, device: Device, wire: Wire) -> None:
    """V3-TX-12: same VRID on both, virtual MACs."""
    other_host, ear = lab.host("other"), lab.host("ear")
    other_host.connect(ear)
    wait_until(lambda: other_host.addresses("eth0"), what="a link-local address")
    ear_wire = Wire(ear)
    wanted = with_virtual_mac(settings(family=6, start_as_active=True), VirtualMac())
    with Device(other_host) as other:
        device.active(wanted)
        other.active(wanted)
        sources = {wire.wait_advert(family=6).source, ear_wire.wait_advert(family=6).source}
    ear_wire.close()
    assert len(sources) == 2
    assert not any(source.startswith("fe80::200:5eff:fe00:") for source in sources)


@pytest.mark.slow
def test_two_hundred_adverts_do_not_drift(device: Device, wire: Wire) -> None:
    """V3-TX-19, ST-02."""
    router = device.active(settings(priority=255, advertisement_interval=0.05))
    wait_until(lambda: len(wire.heard()) >= 201, what="201 Advertisements", timeout=15)
    times = [h.time for h in wire.heard()[:201]]
    assert 0.05 * 0.995 <= (times[-1] - times[0]) / 200 <= 0.05 * 1.005
    check_grid(times, 0.05)
    device.remove(router)
    wire.wait_advert(wanted=lambda h: h.priority == 0)
    counters = router.counters
    assert counters.advertisements_sent == len(wire.heard())
    assert counters.priority_zero_sent == 1


def test_backup_is_silent(device: Device, wire: Wire) -> None:
    """V3-TX-20: two Active_Down_Intervals while a valid Active Router is heard."""
    router = device.add(settings())
    with wire.flood([frame(Advert())], 0.1):
        wire.watch(0.72)
        assert router.state_name is StateName.BACKUP
    assert wire.heard() == []


_PASSWORD = b"s3cret12"


@pytest.mark.parametrize(
    ("password", "authentication"),
    [
        pytest.param(None, (0, bytes(8)), id="V2-TX-03 none"),
        pytest.param(_PASSWORD, (1, _PASSWORD), id="AU-02 password"),
        pytest.param(b"abc\0\0\0\0\0", (1, b"abc\0\0\0\0\0"), id="AU-02 short password"),
    ],
)
def test_version_2(
    device: Device, wire: Wire, password: bytes | None, authentication: tuple[int, bytes]
) -> None:
    """V2-TX-01..04; CK-01: an owner's, so that it comes at once."""
    device.active(
        settings(version=Version.V2, priority=255, advertisement_interval=3.0, password=password)
    )
    heard = wire.wait_advert()
    assert (heard.mac_destination, heard.mac_source) == (_GROUP_MACS[4], mac(DEVICE_MAC))
    assert (heard.source, heard.destination, heard.ttl) == ("192.0.2.1", "224.0.0.18", 255)
    expected = Advert(version=2, interval=3, authentication=authentication)
    assert heard.message == expected.message("192.0.2.1", "224.0.0.18")
    assert heard.message[:6] == bytes((0x21, 51, 255, 1, authentication[0], 3))


def test_version_2_virtual_mac(device: Device, wire: Wire) -> None:
    """V2-TX-04."""
    device.active(with_virtual_mac(settings(version=Version.V2, priority=255), VirtualMac()))
    assert wire.wait_advert().mac_source == virtual_mac(51)


def test_checksum_of_each_unicast_peer(device: Device, wire: Wire) -> None:
    """CK-08: the pseudo-header has the destination of the packet."""
    device.host.ip("neigh", "add", "192.0.2.7", "lladdr", "02:00:00:00:07:07", "dev", "eth0")
    device.host.ip("neigh", "add", "192.0.2.8", "lladdr", "02:00:00:00:08:08", "dev", "eth0")
    peers = tuple(Peer(ip_address(a)) for a in ("192.0.2.7", "192.0.2.8"))
    device.active(settings(start_as_active=True, peers=peers))
    for peer in ("192.0.2.7", "192.0.2.8"):
        wait_until(
            lambda: [h for h in wire.heard() if h.destination == peer],  # noqa: B023
            what=f"an Advertisement to {peer}",
        )
        heard = next(h for h in wire.heard() if h.destination == peer)
        assert heard.message == Advert(priority=100).message("192.0.2.1", peer)
    assert not [h for h in wire.heard() if h.destination == "224.0.0.18"]
