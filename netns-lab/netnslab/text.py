"""A time line as text: one line for each thing that is new.

Repeated Advertisements and announcements are told once and then counted; the count stands on the
host's next line.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from .decode import Advert, Announcement, IpAddress
from .timeline import AddressSeen, Event, Fact, Note, PingsLost

__all__ = ["LineWriter", "describe", "render_text"]

_Subject: TypeAlias = tuple[str, int, int] | tuple[str, IpAddress]
_SILENT_AFTER = 3
_BURST = 1.0


def describe(fact: Fact) -> str:
    """The fact in a few words."""
    match fact:
        case Advert(priority=0):
            return f"advert  VRID {fact.vrid} v{fact.version} priority 0: gives up"
        case Advert():
            addresses = ", ".join(str(each) for each in fact.addresses)
            every = f"{fact.interval * 1000:g} ms"
            return (
                f"advert  VRID {fact.vrid} v{fact.version} priority {fact.priority}"
                f" every {every}: {addresses}"
            )
        case Announcement():
            return f"{fact.kind:<7} {fact.address} is at {fact.mac}"
        case AddressSeen():
            return f"address {fact.interface} {'added' if fact.added else 'removed'}"
        case PingsLost(outage=outage):
            seconds = outage.seconds
            lasted = "to the end" if seconds is None else f"{seconds * 1000:.0f} ms"
            return f"lost    {outage.lost} pings to {fact.target}, {lasted}"
        case Note():
            return f"*       {fact.text}"


class LineWriter:
    """Turns events into lines as they come; `start` is the moment that reads 0.0000."""

    def __init__(self, start: float, width: int = 8) -> None:
        self._start = start
        self._width = width
        self._last: dict[_Subject, Event] = {}
        self._repeated: dict[str, int] = {}

    def feed(self, event: Event) -> list[str]:
        """The lines for one more event: none for a repetition."""
        if self._is_repetition(event):
            self._repeated[event.host] = self._repeated.get(event.host, 0) + 1
            return []
        more = self._repeated.pop(event.host, 0)
        tail = f"  (after {more} repetitions)" if more else ""
        when = event.time - self._start
        return [f"{when:9.4f}  {event.host:<{self._width}}  {describe(event.fact)}{tail}"]

    def _is_repetition(self, event: Event) -> bool:
        """The same again from the same host, before it could have been taken for dead."""
        subject: _Subject
        match event.fact:
            case Advert(vrid=vrid, source=source, interval=interval):
                subject, patience = (event.host, vrid, source.version), _SILENT_AFTER * interval
            case Announcement(address=address):
                subject, patience = (event.host, address), _BURST
            case _:
                return False
        before = self._last.get(subject)
        self._last[subject] = event
        return (
            before is not None
            and before.fact == event.fact
            and event.time - before.time <= patience
        )


def render_text(events: Iterable[Event], start: float) -> str:
    """The whole time line; events in the order of time."""
    events = list(events)
    width = max((len(event.host) for event in events), default=0)
    writer = LineWriter(start, width)
    return "".join(f"{line}\n" for event in events for line in writer.feed(event))
