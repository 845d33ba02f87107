"""What is obeyed and what is thrown away (RFC 9568 §5.2, §7.1)."""

from __future__ import annotations

import pytest

from netnslab import wait_until
from pyvrrp import ChecksumForm
from tests.netns.wire.checks import (
    check_accepted,
    check_discarded_in_active,
    check_discarded_in_backup,
    make_backup,
)
from tests.netns.wire.frames import Advert, Packet, frame, ones_complement
from tests.netns.wire.rig import DEVICE_MAC, Device, Wire, settings
from tests.netns.wire.shared import shared_cable

pytest_plugins = ["tests.netns.wire.fixtures"]
cable = shared_cable

_LINK_LOCAL = Packet("fe80::200")
_IPV6 = Advert(addresses=("fe80::100", "2001:db8::100"))
_DOWN = 0.3609375  # s: priority 100, interval 10 cs
_ROUTER_ALERT = b"\x94\x04\x00\x00"
_FORMS = (ChecksumForm.PSEUDO_HEADER, ChecksumForm.MESSAGE_ONLY)
_STRICT = {form: frozenset({form}) for form in _FORMS}


def _ttl(value: int) -> bytes:
    return frame(Advert(), Packet(ttl=value))


_DISCARDED = [
    *(pytest.param(_ttl(t), "ip-ttl-errors", id=f"V3-RX-01 TTL {t}") for t in (254, 64, 1, 0)),
    *(
        pytest.param(frame(Advert(version=v)), "version-errors", id=f"V3-RX-03 version {v}")
        for v in (0, 1, 4, 15)
    ),
    pytest.param(
        frame(Advert(version=2, interval=1)), "version-errors", id="IO-01 V3-RX-03 whole version 2"
    ),
    *(
        pytest.param(frame(Advert(type=t)), "invalid-type-pkts-rcvd", id=f"V3-RX-04 type {t}")
        for t in (0, 2, 15)
    ),
    *(
        pytest.param(frame(Advert(cut=n)), "packet-length-errors", id=f"V3-RX-05 {n} octets")
        for n in (2, 7, 11)
    ),
    pytest.param(frame(Advert(count=2)), "packet-length-errors", id="V3-RX-05 count above list"),
    *(
        pytest.param(
            frame(Advert(trailer=bytes(n))), "packet-length-errors", id=f"V3-RX-06 {n} behind"
        )
        for n in (2, 4, 8)
    ),
    pytest.param(
        frame(Advert(trailer=bytes(32))), "packet-length-errors", id="AU-05 V3-RX-06 HMAC trailer"
    ),
    pytest.param(
        frame(Advert(checksum_error=0x5555)), "checksum-errors", id="CK-06 V3-RX-09 pseudo-header"
    ),
    pytest.param(
        frame(Advert(checksum_error=0x5555, form="message")),
        "checksum-errors",
        id="CK-06 V3-RX-09 message only",
    ),
    pytest.param(frame(Advert(checksum=0)), "checksum-errors", id="CK-07 checksum 0"),
    pytest.param(frame(Advert(addresses=())), "address-count-zero", id="V3-RX-11 IO-10 count 0"),
    pytest.param(frame(Advert(interval=0)), "interval-zero", id="V3-RX-12 interval 0"),
    pytest.param(
        frame(Advert(), Packet(destination="192.0.2.1", mac_destination=DEVICE_MAC)),
        "wrong-destination",
        id="V3-RX-19 unicast",
    ),
]
_NEVER_REACH_US = [
    pytest.param(frame(Advert(), Packet(header_words=4)), id="V3-RX-08 IHL 4"),
    pytest.param(frame(Advert(), Packet(header_words=15)), id="V3-RX-08 IHL beyond the packet"),
    pytest.param(
        frame(Advert(), Packet(more_fragments=True, identification=8)), id="V3-RX-22 first fragment"
    ),
    pytest.param(frame(Advert(), Packet(offset=8, identification=9)), id="V3-RX-22 last fragment"),
    pytest.param(frame(Advert(priority=100), Packet("192.0.2.1")), id="V3-RX-20 own address"),
    pytest.param(frame(Advert(), Packet(protocol=51)), id="AU-03 authentication header"),
    pytest.param(
        frame(Advert(), Packet(destination="224.0.0.19", mac_destination="01:00:5e:00:00:13")),
        id="V3-RX-19 another group",
    ),
]


def _both_discards(device: Device, wire: Wire, data: bytes, counter: str | None) -> None:
    """The D-check, both halves."""
    router = device.active(settings(start_as_active=True))
    check_discarded_in_active(device, wire, router, data, counter)
    heard_at = make_backup(device, wire, router, advert=Advert())
    check_discarded_in_backup(
        device, wire, router, data, valid=heard_at, down=_DOWN, counter=counter
    )


@pytest.mark.parametrize(("data", "counter"), _DISCARDED)
def test_discarded(device: Device, wire: Wire, data: bytes, counter: str) -> None:
    _both_discards(device, wire, data, counter)


@pytest.mark.parametrize("data", _NEVER_REACH_US)
def test_dropped_by_the_kernel(device: Device, wire: Wire, data: bytes) -> None:
    """The kernel throws these away, so nothing is counted."""
    _both_discards(device, wire, data, None)


def test_own_address_where_the_kernel_lets_it_in(device: Device, wire: Wire) -> None:
    """V3-RX-20, EL-04: equal priority, equal address. No answer, no change."""
    device.host.sysctl("net/ipv4/conf/eth0/accept_local", 1)
    data = frame(Advert(priority=100), Packet("192.0.2.1"))
    try:
        _both_discards(device, wire, data, "own-advertisement")
    finally:
        device.host.sysctl("net/ipv4/conf/eth0/accept_local", 0)


@pytest.mark.parametrize("size", [0, 1])
def test_too_short_for_a_vrid(device: Device, wire: Wire, size: int) -> None:
    """V3-RX-05: nobody's message, so the interface counts it."""
    data = frame(Advert(cut=size))
    _both_discards(device, wire, data, None)
    assert [s.too_short for s in device.router.segments] == [7]


@pytest.mark.parametrize("vrid", [0, 52, 255])
def test_unknown_vrid(device: Device, wire: Wire, vrid: int) -> None:
    """V3-RX-10: the interface counts it."""
    _both_discards(device, wire, frame(Advert(vrid=vrid)), None)
    assert [s.unknown_vrids for s in device.router.segments] == [7]


def test_vrid_of_another_interface_or_family(device: Device, wire: Wire) -> None:
    """V3-RX-10: VRID 52 is on another interface, 53 in the other family."""
    other = wire.host.connect(device.host, "other", far_interface="eth1")
    device.host.add_address("eth1", "198.51.100.1/24")
    other.wait_carrier()
    wait_until(lambda: device.router.table.by_name("eth1"), what="the device to see eth1")
    here = device.active(settings(start_as_active=True))
    there = device.active(settings("198.51.100.100/24", interface="eth1", vrid=52))
    sixth = device.active(settings(family=6, vrid=53, start_as_active=True))
    for vrid in (52, 53):
        wire.send(frame(Advert(vrid=vrid)))
    segments = {(s.interface, int(s.family)): s for s in device.router.segments}
    wait_until(lambda: segments["eth0", 4].unknown_vrids == 2, what="both counted")
    assert segments["eth1", 4].unknown_vrids == segments["eth0", 6].unknown_vrids == 0
    for router in (here, there, sixth):
        assert router.is_active
        assert device.counters(router).advertisements_received == 0
    device.host.ip("link", "del", "eth1")


_OBEYED = [
    pytest.param(Advert(), Packet(), id="V3-RX-18 priority 255"),
    pytest.param(Advert(priority=101), Packet(), id="V3-RX-18 EL-01 priority 101"),
    pytest.param(Advert(), Packet(padding=14), id="V3-RX-07 Ethernet padding"),
    pytest.param(Advert(), Packet(options=_ROUTER_ALERT), id="V3-RX-08 IP options"),
    pytest.param(Advert(), Packet(options=b"\x01" * 40), id="V3-RX-08 40 octets of options"),
    pytest.param(Advert(reserve=15), Packet(), id="V3-RX-14 reserve bits"),
    pytest.param(Advert(form="message"), Packet(), id="CK-05 message only"),
    pytest.param(Advert(form="message", reserve=9), Packet(), id="CK-05 V3-RX-14"),
]


@pytest.mark.parametrize(("advert", "packet"), _OBEYED)
def test_obeyed(device: Device, wire: Wire, advert: Advert, packet: Packet) -> None:
    router = device.active(settings(start_as_active=True))
    check_accepted(device, wire, router, frame(advert, packet))


def test_fragments_are_put_together(device: Device, wire: Wire) -> None:
    """V3-RX-22: what reaches the decoder is the whole message."""
    router = device.active(settings(start_as_active=True))
    message = Advert().message("192.0.2.200", "224.0.0.18")
    wire.send(Packet(more_fragments=True).wrap(message[:8]))
    check_accepted(device, wire, router, Packet(offset=8).wrap(message[8:]))


_MISMATCHES = [
    pytest.param(Advert(interval=11), Packet(), "interval-errors", id="V3-RX-15 interval"),
    pytest.param(
        Advert(addresses=("192.0.2.101",)), Packet(), "address-list-errors", id="V3-RX-16 list"
    ),
    pytest.param(Advert(form="message"), Packet(), "other-checksum-form", id="CK-05 counted"),
    pytest.param(
        _IPV6, Packet("2001:db8::200"), "source-not-link-local", id="V3-RX-21 global source"
    ),
]


@pytest.mark.parametrize(("advert", "packet", "mismatch"), _MISMATCHES)
def test_obeyed_and_noted(
    device: Device, wire: Wire, advert: Advert, packet: Packet, mismatch: str
) -> None:
    """The L-check."""
    router = device.active(settings(family=packet.family, start_as_active=True))
    check_accepted(device, wire, router, frame(advert, packet))
    noted = device.counters(router).mismatches
    assert {m.value: n for m, n in noted.items()} == {mismatch: 1}


def test_second_owner_with_a_higher_address_wins(device: Device, wire: Wire) -> None:
    """V3-RX-17, EL-07 (erratum 8298)."""
    router = device.active(settings(priority=255))
    check_accepted(device, wire, router, frame(Advert()))
    noted = device.counters(router).mismatches
    assert {m.value: n for m, n in noted.items()} == {"second-owner": 1}


@pytest.mark.parametrize("form", _STRICT, ids=lambda f: f.value)
def test_strict_checksum(device: Device, wire: Wire, form: ChecksumForm) -> None:
    """CK-03, CK-04, CK-05: one form is sent and one accepted, the other one is not."""
    other = "message" if form is ChecksumForm.PSEUDO_HEADER else "pseudo"
    ours = "pseudo" if form is ChecksumForm.PSEUDO_HEADER else "message"
    wanted = settings(start_as_active=True, checksum=form, accepted_checksums=_STRICT[form])
    router = device.active(wanted)
    sent = wire.wait_advert()
    expected = Advert(priority=100, form=ours).message("192.0.2.1", "224.0.0.18")
    assert sent.message == expected
    for wrong in (Advert(form=other), Advert(form=ours, checksum_error=0x5555)):
        check_discarded_in_active(device, wire, router, frame(wrong), "checksum-errors")
    check_accepted(device, wire, router, frame(Advert(form=ours)))


_DISCARDED_IPV6 = [
    *(
        pytest.param(
            frame(_IPV6, Packet("fe80::200", ttl=t)), "ip-ttl-errors", id=f"V3-RX-02 hop limit {t}"
        )
        for t in (254, 64, 1)
    ),
    pytest.param(
        frame(Advert(addresses=_IPV6.addresses, checksum_error=0x5555), _LINK_LOCAL),
        "checksum-errors",
        id="CK-09 checksum",
    ),
    pytest.param(
        frame(Advert(addresses=_IPV6.addresses, form="message"), _LINK_LOCAL),
        "checksum-errors",
        id="CK-02 message only",
    ),
    pytest.param(
        frame(Advert(addresses=("2001:db8::100",)), _LINK_LOCAL),
        "first-address-not-link-local",
        id="V3-RX-13 first address",
    ),
    pytest.param(
        frame(Advert(addresses=()), _LINK_LOCAL), "address-count-zero", id="V3-RX-11 count 0"
    ),
    pytest.param(
        frame(Advert(addresses=_IPV6.addresses, cut=39), _LINK_LOCAL),
        "packet-length-errors",
        id="V3-RX-05 cut",
    ),
    pytest.param(
        frame(Advert(addresses=_IPV6.addresses, version=2), _LINK_LOCAL),
        "version-errors",
        id="V3-RX-03 version 2",
    ),
]


@pytest.mark.parametrize(("data", "counter"), _DISCARDED_IPV6)
def test_discarded_ipv6(device: Device, wire: Wire, data: bytes, counter: str) -> None:
    router = device.active(settings(family=6, start_as_active=True))
    check_discarded_in_active(device, wire, router, data, counter)
    heard_at = make_backup(device, wire, router, advert=_IPV6, packet=_LINK_LOCAL)
    check_discarded_in_backup(
        device, wire, router, data, valid=heard_at, down=_DOWN, counter=counter
    )


def test_obeyed_ipv6(device: Device, wire: Wire) -> None:
    router = device.active(settings(family=6, start_as_active=True))
    check_accepted(device, wire, router, frame(_IPV6, _LINK_LOCAL))


def test_carp_does_no_harm(device: Device, wire: Wire) -> None:
    """IO-09: CARP is protocol 112 too. Octets: 2 << 4 | 1, VHID, advskew, length 7 words, 0,
    interval, checksum, counter (8), digest (20)."""
    head, tail = bytes.fromhex("213300070001"), bytes(range(28))
    checksum = ones_complement(head + b"\0\0" + tail).to_bytes(2, "big")
    _both_discards(device, wire, Packet().wrap(head + checksum + tail), "packet-length-errors")
