"""What happened in a lab, in the order of time: who advertised, who announced, what was lost.

Pure: it turns what captures, pings and watches recorded into events, and events into the periods
in which a router was heard as Active. Times are seconds of `time.monotonic`.

States are told from the wire: an Active Router is one whose Advertisements are heard, until
Priority 0 or a silence of more than 3 x their interval, the shortest after which another router
takes over (RFC 9568 §6.1, Active_Down_Interval less the skew).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from .capture import Frame
from .decode import Advert, Announcement, decode
from .interfaces import Interface
from .ping import Outage, Probe, outages
from .watch import TimedChange

__all__ = [
    "ActivePeriod",
    "AddressSeen",
    "Event",
    "Fact",
    "Note",
    "PingsLost",
    "active_periods",
    "from_changes",
    "from_frames",
    "from_probes",
    "merge",
]

_SILENT_AFTER = 3


@dataclass(frozen=True, slots=True)
class Note:
    """Something the person or program at the lab did: a fault, a start, a stop."""

    text: str


@dataclass(frozen=True, slots=True)
class AddressSeen:
    """An address appeared on a host, or went away."""

    interface: Interface
    added: bool


@dataclass(frozen=True, slots=True)
class PingsLost:
    """A run of pings to `target` without a reply; the event's time is that of the first."""

    target: str
    outage: Outage


Fact: TypeAlias = Advert | Announcement | AddressSeen | PingsLost | Note


@dataclass(frozen=True, slots=True)
class Event:
    """One fact, when it was and at which host."""

    time: float
    host: str
    fact: Fact


@dataclass(frozen=True, slots=True)
class ActivePeriod:
    """A host was heard as Active Router of a Virtual Router, from its first Advertisement on."""

    host: str
    vrid: int
    family: int
    """4 or 6."""
    start: float
    end: float
    """Its last Advertisement, or the one with Priority 0."""
    is_over: bool
    """False when it was still Active at the end of the record."""


def from_frames(frames: Iterable[Frame], hosts: Mapping[str, str]) -> list[Event]:
    """Advertisements and announcements; `hosts` says which host is behind `Frame.interface`.

    A frame of an unknown interface is told under the interface's name.
    """
    return [
        Event(frame.monotonic, hosts.get(frame.interface, frame.interface), sighting)
        for frame in frames
        if (sighting := decode(frame.data)) is not None
    ]


def from_changes(host: str, changes: Iterable[TimedChange]) -> list[Event]:
    """The address changes of one host."""
    return [
        Event(each.time, host, AddressSeen(each.change.address.interface, each.change.added))
        for each in changes
    ]


def from_probes(host: str, target: str, probes: Sequence[Probe]) -> list[Event]:
    """The runs of lost pings that `host` sent."""
    return [Event(each.start, host, PingsLost(target, each)) for each in outages(probes)]


def merge(*parts: Iterable[Event]) -> list[Event]:
    """All events in the order of time."""
    return sorted((event for part in parts for event in part), key=lambda event: event.time)


def active_periods(events: Iterable[Event], end: float) -> list[ActivePeriod]:
    """When each host was heard as Active, in the order of the starts; `end` ends the record."""
    heard: dict[tuple[str, int, int], list[tuple[float, Advert]]] = {}
    for event in events:
        if isinstance(event.fact, Advert):
            key = (event.host, event.fact.vrid, event.fact.source.version)
            heard.setdefault(key, []).append((event.time, event.fact))
    found = [
        ActivePeriod(*key, run[0][0], run[-1][0], _is_over(run, end))
        for key, adverts in heard.items()
        for run in _runs(adverts)
    ]
    return sorted(found, key=lambda period: period.start)


def _runs(adverts: list[tuple[float, Advert]]) -> list[list[tuple[float, Advert]]]:
    """Cut where the router gave up or fell silent. A lone Priority 0 is no period."""
    runs: list[list[tuple[float, Advert]]] = []
    current: list[tuple[float, Advert]] = []
    for when, advert in adverts:
        if current and _is_over(current, when):
            runs.append(current)
            current = []
        if current or advert.priority != 0:
            current.append((when, advert))
    return [*runs, current] if current else runs


def _is_over(run: list[tuple[float, Advert]], now: float) -> bool:
    when, advert = run[-1]
    return advert.priority == 0 or now - when > _SILENT_AFTER * advert.interval
