"""Which state each router was in, told from what was done to it and from its Advertisements.

Pure. A router that runs is Backup until it is heard; it is Active from its first Advertisement
until it gives up with Priority 0, is outranked by another's Advertisement (RFC 9568 §6.4.3), or
dies.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from netnslab.decode import Advert
from netnslab.timeline import Event, Note

__all__ = ["Act", "Period", "State", "periods"]


class State(Enum):
    """Of a router. Off, it is none: without power, or without the daemon."""

    OFF = "off"
    STARTING = "starting"
    BACKUP = "Backup"
    ACTIVE = "Active"


@dataclass(frozen=True, slots=True)
class Act(Note):
    """Something the demo did, or learned from a daemon's log."""

    state: State | None = None
    """The state it puts the router in."""
    headline: str = ""
    """The same in a few words, for the picture."""


@dataclass(frozen=True, slots=True)
class Period:
    """A router was in one state. Times are seconds of `time.monotonic`."""

    host: str
    state: State
    start: float
    end: float


def periods(events: Iterable[Event], end: float) -> list[Period]:
    """The states of every router until `end`, by host and time, those in which it is off left out.

    `events` are in the order of time.
    """
    routers: dict[str, _Router] = {}
    for event in events:
        router = routers.setdefault(event.host, _Router(event.host))
        match event.fact:
            case Advert(priority=0):
                router.enter(State.OFF, event.time)
            case Advert(priority=priority) if router.state is not State.OFF:
                router.priority = priority
                router.enter(State.ACTIVE, event.time)
                for other in routers.values():
                    if other.state is State.ACTIVE and other.priority < priority:
                        other.enter(State.BACKUP, event.time)
            case Act(state=State() as state):
                router.enter(state, event.time)
            case _:
                pass
    for router in routers.values():
        router.enter(State.OFF, end)
    return [period for router in routers.values() for period in router.past]


class _Router:
    """One host: its state, and the periods that are over."""

    def __init__(self, host: str) -> None:
        self.state = State.OFF
        self.priority = 0
        self.past: list[Period] = []
        self._host = host
        self._since = 0.0

    def enter(self, state: State, when: float) -> None:
        if state is self.state:
            return
        if self.state is not State.OFF:
            self.past.append(Period(self._host, self.state, self._since, when))
        self.state, self._since = state, when
