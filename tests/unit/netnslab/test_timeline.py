"""From recorded facts to events and periods."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, ip_interface

from netnslab import Frame, Probe
from netnslab.decode import Advert, Announcement
from netnslab.interfaces import Address, AddressChange
from netnslab.ping import Outage
from netnslab.timeline import (
    ActivePeriod,
    AddressSeen,
    Event,
    Note,
    PingsLost,
    active_periods,
    from_changes,
    from_frames,
    from_probes,
    merge,
)
from netnslab.watch import TimedChange

_ADVERT = Advert(3, 51, 200, 0.1, IPv4Address("192.0.2.1"), (IPv4Address("192.0.2.100"),))
_GARP = bytes.fromhex(
    "ffffffffffff02000000010108060001080006040001020000000101c000026effffffffffffc000026e"
)


def _adverts(host: str, *times: float) -> list[Event]:
    return [Event(when, host, _ADVERT) for when in times]


def test_frames_are_told_under_their_host() -> None:
    known = Frame(0, 1.5, "r1-eth0", False, _GARP)
    stranger = replace(known, interface="x0")
    noise = replace(known, data=b"\0" * 60)
    said = Announcement(IPv4Address("192.0.2.110"), "02:00:00:00:01:01")
    assert from_frames([known, noise, stranger], {"r1-eth0": "r1"}) == [
        Event(1.5, "r1", said),
        Event(1.5, "x0", said),
    ]


def test_address_changes_and_lost_pings() -> None:
    interface = ip_interface("192.0.2.100/24")
    change = TimedChange(2.0, AddressChange(Address(7, interface), added=False))
    assert from_changes("r1", [change]) == [Event(2.0, "r1", AddressSeen(interface, False))]
    probes = [Probe(0, 1.0, None), Probe(1, 1.1, 1.2)]
    assert from_probes("client", "192.0.2.100", probes) == [
        Event(1.0, "client", PingsLost("192.0.2.100", Outage(1.0, 1.1, 1)))
    ]


def test_merging_orders_by_time() -> None:
    one, two, three = (Event(when, "r1", Note("")) for when in (1.0, 2.0, 3.0))
    assert merge([three], [one, two]) == [one, two, three]


def test_a_router_is_active_from_its_first_advert_until_the_record_ends() -> None:
    assert active_periods(_adverts("r1", 1.0, 1.1, 1.2), end=1.5) == [
        ActivePeriod("r1", 51, 4, 1.0, 1.2, is_over=False)
    ]


def test_silence_of_more_than_three_intervals_ends_a_period() -> None:
    assert active_periods(_adverts("r1", 1.0, 1.29, 1.6, 1.7), end=2.05) == [
        ActivePeriod("r1", 51, 4, 1.0, 1.29, is_over=True),
        ActivePeriod("r1", 51, 4, 1.6, 1.7, is_over=True),
    ]


def test_priority_0_ends_a_period_at_once() -> None:
    gives_up = replace(_ADVERT, priority=0)
    events = [*_adverts("r1", 1.0, 1.1), Event(1.15, "r1", gives_up), *_adverts("r2", 1.2)]
    assert active_periods(events, end=1.3) == [
        ActivePeriod("r1", 51, 4, 1.0, 1.15, is_over=True),
        ActivePeriod("r2", 51, 4, 1.2, 1.2, is_over=False),
    ]


def test_a_lone_priority_0_is_no_period() -> None:
    assert active_periods([Event(1.0, "r1", replace(_ADVERT, priority=0))], end=2.0) == []


def test_families_and_vrids_are_apart() -> None:
    v6 = replace(_ADVERT, source=IPv6Address("fe80::1"))
    other = replace(_ADVERT, vrid=52)
    events = [Event(1.0, "r1", fact) for fact in (_ADVERT, v6, other)]
    found = [(each.vrid, each.family) for each in active_periods(events, end=1.1)]
    assert found == [(51, 4), (51, 6), (52, 4)]
