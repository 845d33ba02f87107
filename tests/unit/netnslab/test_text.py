"""A time line in lines."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, ip_interface

from netnslab.decode import Advert, Announcement
from netnslab.ping import Outage
from netnslab.text import render_text
from netnslab.timeline import AddressSeen, Event, Note, PingsLost

_ADVERT = Advert(3, 51, 200, 0.1, IPv4Address("192.0.2.1"), (IPv4Address("192.0.2.100"),))
_GARP = Announcement(IPv4Address("192.0.2.100"), "02:00:00:00:01:01")


def test_a_failover() -> None:
    lost = Outage(10.3, 10.64, 34)
    events = [
        Event(10.0, "r1", _ADVERT),
        Event(10.0002, "r1", _GARP),
        Event(10.0002, "r1", _GARP),
        Event(10.0004, "r1", AddressSeen(ip_interface("192.0.2.100/24"), True)),
        Event(10.1, "r1", _ADVERT),
        Event(10.2, "r1", _ADVERT),
        Event(10.25, "r1", Note("crash")),
        Event(10.3, "client", PingsLost("192.0.2.100", lost)),
        Event(10.6, "r2", replace(_ADVERT, priority=100)),
        Event(10.9, "r2", replace(_ADVERT, priority=0)),
        Event(10.95, "r2", AddressSeen(ip_interface("192.0.2.100/24"), False)),
        Event(10.96, "client", PingsLost("192.0.2.100", replace(lost, end=None))),
    ]
    assert render_text(events, start=10.0).splitlines() == [
        "   0.0000  r1      advert  VRID 51 v3 priority 200 every 100 ms: 192.0.2.100",
        "   0.0002  r1      GARP    192.0.2.100 is at 02:00:00:00:01:01",
        "   0.0004  r1      address 192.0.2.100/24 added  (after 1 repetitions)",
        "   0.2500  r1      *       crash  (after 2 repetitions)",
        "   0.3000  client  lost    34 pings to 192.0.2.100, 340 ms",
        "   0.6000  r2      advert  VRID 51 v3 priority 100 every 100 ms: 192.0.2.100",
        "   0.9000  r2      advert  VRID 51 v3 priority 0: gives up",
        "   0.9500  r2      address 192.0.2.100/24 removed",
        "   0.9600  client  lost    34 pings to 192.0.2.100, to the end",
    ]


def test_what_returns_after_a_silence_is_told_again() -> None:
    events = [Event(1.0, "r1", _ADVERT), Event(1.29, "r1", _ADVERT), Event(1.6, "r1", _ADVERT)]
    assert [line.split()[0] for line in render_text(events, 0.0).splitlines()] == [
        "1.0000",
        "1.6000",
    ]


def test_two_who_speak_in_turn_are_told_once_each() -> None:
    other = replace(_ADVERT, priority=150)
    events = [Event(n / 10, "r1", _ADVERT) for n in range(5)]
    events += [Event(n / 10 + 0.05, "r2", other) for n in range(5)]
    events.sort(key=lambda event: event.time)
    assert len(render_text(events, 0.0).splitlines()) == 2


def test_nothing_is_no_text() -> None:
    assert render_text([], 0.0) == ""
