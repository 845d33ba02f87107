"""VRRPv2 on the wire (RFC 3768 §6.4, §7.1; RFC 2338 §5.3.6.2). Its intervals are whole seconds, so
each test sends all that it has to send within a few of them."""

from __future__ import annotations

import pytest

from pyvrrp import StateName, Version
from tests.netns.wire.checks import check_accepted, check_due, check_grid, errors, make_backup
from tests.netns.wire.frames import Advert, Packet, frame, ones_complement, packed
from tests.netns.wire.rig import Device, Wire, settings
from tests.netns.wire.shared import shared_cable

pytest_plugins = ["tests.netns.wire.fixtures"]
cable = shared_cable
pytestmark = pytest.mark.slow

_GOOD = Advert(version=2, interval=1)
_PASSWORD = (1, b"s3cret12")


def _with_pseudo_header() -> bytes:
    """A checksum as version 3 has it."""
    message = Advert(version=2, interval=1, checksum=0).message("192.0.2.200", "224.0.0.18")
    pseudo = packed("192.0.2.200") + packed("224.0.0.18") + bytes((0, 112, 0, len(message)))
    checksum = ones_complement(pseudo + message)
    return frame(Advert(version=2, interval=1, checksum=checksum))


_TWO = ("192.0.2.100", "192.0.2.101")
_BAD = {
    "V2-RX-01 TTL": (frame(_GOOD, Packet(ttl=254)), "ip-ttl-errors"),
    "V2-RX-01 IO-01 version": (frame(Advert(interval=100)), "version-errors"),
    "V2-RX-01 type": (frame(Advert(version=2, interval=1, type=2)), "invalid-type-pkts-rcvd"),
    "V2-RX-01 checksum": (
        frame(Advert(version=2, interval=1, checksum_error=0x5555)),
        "checksum-errors",
    ),
    "CK-01 pseudo-header": (_with_pseudo_header(), "checksum-errors"),
    "V2-RX-02 no authentication data": (
        frame(Advert(version=2, interval=1, addresses=_TWO, cut=16)),
        "packet-length-errors",
    ),
    "V2-RX-03 AU-01 type 1": (
        frame(Advert(version=2, interval=1, authentication=_PASSWORD)),
        "auth-type-mismatch",
    ),
    "V2-RX-03 AU-01 type 2": (
        frame(Advert(version=2, interval=1, authentication=(2, bytes(8)))),
        "auth-type-mismatch",
    ),
    "V2-RX-03 type 3": (
        frame(Advert(version=2, interval=1, authentication=(3, bytes(8)))),
        "invalid-auth-type",
    ),
    "V2-RX-03 type 255": (
        frame(Advert(version=2, interval=1, authentication=(255, bytes(8)))),
        "invalid-auth-type",
    ),
    "V2-RX-04 interval": (frame(Advert(version=2, interval=2)), "interval-errors"),
    "V2-RX-04 interval 0": (frame(Advert(version=2, interval=0)), "interval-errors"),
    "V3-RX-11 count 0": (frame(Advert(version=2, interval=1, addresses=())), "address-count-zero"),
}


def test_discarded_in_active(device: Device, wire: Wire) -> None:
    """V2-RX-01..04, S2-02: each kind moves its counter, none the state or the schedule."""
    router = device.active(settings(version=Version.V2, start_as_active=True))
    start = wire.mark
    for name, (data, counter) in _BAD.items():
        before = errors(device.counters(router)).get(counter, 0)
        total = sum(errors(device.counters(router)).values())
        wire.send(data)
        wire.watch(0.05)
        found = errors(device.counters(router))
        assert (found.get(counter, 0), sum(found.values())) == (before + 1, total + 1), (
            name,
            found,
        )
    check_grid([h.time for h in wire.wait_adverts(3, start=start)], 1.0)
    assert router.is_active
    assert device.counters(router).advertisements_received == 0


def test_discarded_in_backup(device: Device, wire: Wire) -> None:
    """RB-02, TM-02, TM-08, S2-03: a takeover after 3 s and the skew, whatever else arrives."""
    router = device.add(settings(version=Version.V2, priority=200))
    heard_at = make_backup(device, wire, router, advert=_GOOD)
    with wire.flood([data for data, _ in _BAD.values()], 0.02):
        check_due(wire.wait_advert().time, heard_at, 3.21875)


def test_obeyed(device: Device, wire: Wire) -> None:
    """V2-RX-07: what stands behind authentication type 0 is not looked at."""
    router = device.active(settings(version=Version.V2, start_as_active=True))
    advert = Advert(version=2, interval=1, authentication=(0, b"whatever"))
    check_accepted(device, wire, router, frame(advert))
    heard_at = wire.send(frame(Advert(version=2, interval=1, priority=0)))
    check_due(wire.wait_advert(start=wire.mark).time, heard_at, 0.609375)


def test_password(device: Device, wire: Wire) -> None:
    """AU-02, V2-RX-03: all eight octets count."""
    router = device.active(
        settings(version=Version.V2, start_as_active=True, password=_PASSWORD[1])
    )
    for wrong in (b"s3cret1\0", b"s3cret13", bytes(8)):
        wire.send(frame(Advert(version=2, interval=1, authentication=(1, wrong))))
    wire.send(frame(_GOOD))
    wire.wait_adverts(1, start=wire.mark)
    assert router.is_active
    assert errors(device.counters(router)) == {"auth-failures": 3, "auth-type-mismatch": 1}
    good = Advert(version=2, interval=1, authentication=_PASSWORD)
    check_accepted(device, wire, router, frame(good))


def test_owner_discards(device: Device, wire: Wire) -> None:
    """V2-RX-05, S2-04."""
    router = device.active(settings(version=Version.V2, priority=255))
    wire.send(frame(_GOOD))
    wire.wait_adverts(2, start=0)
    assert errors(device.counters(router)) == {"advertisement-to-owner": 1}
    assert [c.current for _, c in device.changes] == [StateName.ACTIVE]


def test_silent_towards_losers(device: Device, wire: Wire) -> None:
    """S2-01, as RFC 3768 has it; answering is the setting `answer_lower_priority`."""
    router = device.active(
        settings(version=Version.V2, start_as_active=True, answer_lower_priority=False)
    )
    last = wire.wait_advert()
    with wire.flood([frame(Advert(version=2, interval=1, priority=99))], 0.1):
        times = [h.time for h in wire.wait_adverts(2, start=wire.mark)]
    check_grid([last.time, *times], 1.0)
    assert router.is_active
