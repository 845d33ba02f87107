"""How long each handover took, and the least the protocol lets it take.

Pure. Times are seconds, moments those of `time.monotonic`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from netnslab.decode import Advert, Announcement
from netnslab.ping import Probe
from netnslab.timeline import Event

__all__ = ["Floor", "Gap", "Handover", "Moments", "Results", "measure"]


@dataclass(frozen=True, slots=True)
class Moments:
    """When the demo did something to its first router."""

    crash: float
    back: float
    stop: float
    end: float


@dataclass(frozen=True, slots=True)
class Floor:
    """What a Backup Router has to wait for before it may speak."""

    interval: float
    """Active_Adver_Interval, as the Active Router advertised it."""
    priority: int
    """The Backup Router's."""

    @property
    def skew(self) -> float:
        """Skew_Time, all the wait after a Priority 0. Source: RFC 9568 §6.1, §6.4.2."""
        return (256 - self.priority) / 256 * self.interval

    @property
    def seconds(self) -> float:
        """Active_Down_Interval, the wait after silence. Source: RFC 9568 §6.1."""
        return 3 * self.interval + self.skew


@dataclass(frozen=True, slots=True)
class Gap:
    """The longest time between two replies to the client, and the pings lost around it."""

    start: float
    end: float
    lost: int

    @property
    def seconds(self) -> float:
        """How long the client had no reply."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Handover:
    """From one router's last word (`start`) to the next one's first gratuitous ARP (`end`)."""

    start: float
    end: float
    floor: float
    gap: Gap

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Results:
    """What the demo shows."""

    floor: Floor
    crash: Handover
    """From the dead router's last Advertisement on."""
    back: Handover
    """From the returned router's first Advertisement on: the other serves until it hears it."""
    stop: Handover
    """From Priority 0 on."""
    adverts: Mapping[str, int]
    """How many Advertisements each router was heard to send."""


def measure(
    events: Sequence[Event], probes: Sequence[Probe], moments: Moments, first: str, second: str
) -> Results:
    """The results, for two routers by name; `events` are in the order of time.

    Raises: LookupError when a handover did not happen, or the client had no replies.
    """
    firsts, seconds = _adverts(events, first), _adverts(events, second)
    taken = _announced(events, second, moments.crash)
    last, advert = next(each for each in reversed(firsts) if each[0] < taken)
    floor = Floor(advert.interval, seconds[0][1].priority)
    returned = next(when for when, _ in firsts if when > moments.back)
    gave_up = next(when for when, each in firsts if when > moments.stop and each.priority == 0)
    return Results(
        floor,
        Handover(last, taken, floor.seconds, _gap(probes, moments.crash, moments.back)),
        Handover(
            returned,
            _announced(events, first, returned),
            0.0,
            _gap(probes, moments.back, moments.stop),
        ),
        Handover(
            gave_up,
            _announced(events, second, gave_up),
            floor.skew,
            _gap(probes, moments.stop, moments.end),
        ),
        {first: len(firsts), second: len(seconds)},
    )


def _adverts(events: Sequence[Event], host: str) -> list[tuple[float, Advert]]:
    return [
        (each.time, each.fact)
        for each in events
        if each.host == host and isinstance(each.fact, Advert)
    ]


def _announced(events: Sequence[Event], host: str, after: float) -> float:
    for event in events:
        if event.time > after and event.host == host and isinstance(event.fact, Announcement):
            return event.time
    raise LookupError(f"{host} announced nothing")


def _gap(probes: Sequence[Probe], start: float, end: float) -> Gap:
    """Around the replies to what was sent between `start` and `end`: the last reply before counts."""
    here = [each for each in probes if start <= each.sent <= end]
    replies = sorted(each.received for each in here if each.received is not None)
    before = [each.received for each in probes if each.received and each.sent < start]
    if before:
        replies.insert(0, before[-1])
    if len(replies) < 2:
        raise LookupError("the client had no replies")
    longest = max(pairwise(replies), key=lambda pair: pair[1] - pair[0])
    return Gap(*longest, sum(each.received is None for each in here))
