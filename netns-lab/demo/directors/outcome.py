"""How long everything took in the second half, and whether it went well.

Pure. Times are seconds, moments those of the record.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..handovers import Floor, adverts_of, announced
from .record import Beat, PoolChange, Record, Request
from .site import CHECK_TIMEOUT, DELAY_LOOP, DIRECTORS, SERVERS

__all__ = ["Departure", "Outcome", "Return", "Takeover", "measure"]

_BOUND = DELAY_LOOP + CHECK_TIMEOUT


@dataclass(frozen=True, slots=True)
class Departure:
    """A web server died and left the Active director's pool."""

    died: float
    left: float
    failed: tuple[Request, ...]
    """All requests that failed while it was dead."""
    slowest: float
    """The slowest answer meanwhile on the staying connection, which is to the other one."""
    bound = _BOUND
    """It has to be out of the pool so many seconds after its death."""

    @property
    def seconds(self) -> float:
        """From its death until the table was without it."""
        return self.left - self.died


@dataclass(frozen=True, slots=True)
class Return:
    """It came back."""

    revived: float
    entered: float
    """The Active director's table has it again."""
    answered: float
    """The client sent the first request that it answered."""
    failed: tuple[Request, ...]
    """All requests that failed from its start until the next act."""
    slowest: float
    """The slowest answer meanwhile on the staying connection."""

    @property
    def seconds(self) -> float:
        """From its start until the table had it."""
        return self.entered - self.revived


@dataclass(frozen=True, slots=True)
class Takeover:
    """From the dead director's last Advertisement (`start`) to the other's first gratuitous ARP."""

    start: float
    end: float
    floor: Floor
    failed: tuple[Request, ...]
    """All requests that failed from the crash on."""
    beat: Beat | None
    """The staying connection's first answer after it; None when the connection did not survive."""

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.end - self.start

    @property
    def slowest(self) -> float | None:
        """How long the client waited for that answer."""
        return None if self.beat is None else self.beat.received - self.beat.sent


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the second half shows; `problems` says what should not have been."""

    departure: Departure
    comeback: Return
    takeover: Takeover
    answered: dict[str, int]
    """How many requests each server answered."""
    problems: tuple[str, ...]


def measure(record: Record) -> Outcome:
    """The figures of a run. Raises: LookupError when something did not happen at all."""
    departure, comeback = _departure(record), _return(record)
    takeover = _takeover(record)
    answered = {name: sum(each.server == name for each in record.requests) for name in SERVERS}
    return Outcome(
        departure,
        comeback,
        takeover,
        answered,
        tuple(_problems(record, departure, takeover)),
    )


def _departure(record: Record) -> Departure:
    died, revived = record.moments.died, record.moments.revived
    return Departure(
        died,
        _changed(record, died, False),
        _failed(record, died, revived),
        _slowest(record, died, revived),
    )


def _return(record: Record) -> Return:
    revived, crash = record.moments.revived, record.moments.crash
    name = next(iter(SERVERS))
    sent = [each.sent for each in record.requests if each.server == name and each.sent > revived]
    if not sent:
        raise LookupError(f"{name} answered nothing after its return")
    return Return(
        revived,
        _changed(record, revived, True),
        sent[0],
        _failed(record, revived, crash),
        _slowest(record, revived, crash),
    )


def _takeover(record: Record) -> Takeover:
    first, second = DIRECTORS
    taken = announced(record.events, second, record.moments.crash)
    start, advert = [each for each in adverts_of(record.events, first) if each[0] < taken][-1]
    priority = adverts_of(record.events, second)[0][1].priority
    after = [each for each in record.beats if each.received >= taken]
    return Takeover(
        start,
        taken,
        Floor(advert.interval, priority),
        _failed(record, record.moments.crash, record.moments.end),
        after[0] if after and not record.broken else None,
    )


def _problems(record: Record, departure: Departure, takeover: Takeover) -> Iterator[str]:
    late = [each for each in departure.failed if each.sent > departure.died + departure.bound]
    if late:
        seconds = late[-1].sent - departure.died
        yield (
            f"requests still failed {seconds:.2f} s after the death of a web server,"
            f" allowed are {departure.bound:g} s"
        )
    if departure.seconds > departure.bound:
        yield (
            f"the dead web server left the pool after {departure.seconds:.2f} s,"
            f" allowed are {departure.bound:g} s"
        )
    if takeover.beat is None:
        why = record.broken or "no more answers"
        yield f"the staying connection did not survive the director's death: {why}"


def _changed(record: Record, after: float, present: bool) -> float:
    """When the first server entered or left the first director's table."""
    name = next(iter(SERVERS))
    for event in record.events:
        match event.fact:
            case PoolChange(server=server, present=now) if event.time > after:
                if (event.host, server, now) == (DIRECTORS[0], name, present):
                    return event.time
    raise LookupError(f"{name} did not {'enter' if present else 'leave'} the pool")


def _slowest(record: Record, start: float, end: float) -> float:
    """Of the answers that came in that time."""
    return max(
        (each.received - each.sent for each in record.beats if start <= each.received < end),
        default=0.0,
    )


def _failed(record: Record, start: float, end: float) -> tuple[Request, ...]:
    return tuple(each for each in record.requests if each.error and start <= each.sent < end)
