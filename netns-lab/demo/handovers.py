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

__all__ = ["Floor", "Gap", "Handover", "Moments", "Results", "adverts_of", "announced", "measure"]


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
    """The longest time between two replies to the client that touches a handover."""

    start: float
    end: float
    lost: int
    """Pings without a reply until the demo's next act."""

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
    firsts, seconds = adverts_of(events, first), adverts_of(events, second)
    taken = announced(events, second, moments.crash)
    last, advert = next(each for each in reversed(firsts) if each[0] < taken)
    floor = Floor(advert.interval, seconds[0][1].priority)
    returned = next(when for when, _ in firsts if when > moments.back)
    gave_up = next(when for when, each in firsts if when > moments.stop and each.priority == 0)
    back = announced(events, first, returned)
    stopped = announced(events, second, gave_up)
    crash_gap = _gap(probes, (last, taken), (moments.crash, moments.back))
    back_gap = _gap(probes, (returned, back), (moments.back, moments.stop))
    stop_gap = _gap(probes, (gave_up, stopped), (moments.stop, moments.end))
    return Results(
        floor,
        crash=Handover(last, taken, floor.seconds, crash_gap),
        back=Handover(returned, back, 0.0, back_gap),
        stop=Handover(gave_up, stopped, floor.skew, stop_gap),
        adverts={first: len(firsts), second: len(seconds)},
    )


def adverts_of(events: Sequence[Event], host: str) -> list[tuple[float, Advert]]:
    """What a host has advertised, and when."""
    return [
        (each.time, each.fact)
        for each in events
        if each.host == host and isinstance(each.fact, Advert)
    ]


def announced(events: Sequence[Event], host: str, after: float) -> float:
    """When a host first announced an address after a moment. Raises: LookupError."""
    for event in events:
        if event.time > after and event.host == host and isinstance(event.fact, Announcement):
            return event.time
    raise LookupError(f"{host} announced nothing")


def _gap(probes: Sequence[Probe], handover: tuple[float, float], scene: tuple[float, float]) -> Gap:
    """`scene` is the time from one act to the next."""
    replies = sorted(each.received for each in probes if each.received is not None)
    around = [
        pair for pair in pairwise(replies) if pair[0] <= handover[1] and pair[1] >= handover[0]
    ]
    if not around:
        raise LookupError("the client had no replies")
    start, end = max(around, key=lambda pair: pair[1] - pair[0])
    lost = sum(each.received is None for each in probes if scene[0] <= each.sent <= scene[1])
    return Gap(start, end, lost)
