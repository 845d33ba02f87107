"""Periodic Advertisements of many Active Virtual Routers, sent together.

Between two events an Active Router does nothing but send the same octets every interval. Waking the
state machine for each of ten thousand Advertisements a second would cost more than sending them,
so Virtual Routers of one interval whose next Advertisement is due within the same half millisecond share a
`Rhythm`. It sends for them; the moment anything happens to a member, that leaves, its state is told
what was sent meanwhile, and the machine decides alone again.

This is the same schedule the machine keeps, by the same function (`intervals.next_advertisement`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from .core.intervals import next_advertisement
from .deadlines import Deadlines
from .outgoing import Outgoing

__all__ = ["Member", "Rhythm", "Rhythms"]

_SIZE = 32  # members; a beat is one step of the loop
_SLOT = 0.0005  # s; less for short intervals
_ROUNDING = 1e-6  # s; what a float may lose


class Member(Protocol):
    """Somebody who sends the same Advertisement every interval."""

    outgoing: tuple[Outgoing, ...]

    def send_failed(self, error: OSError) -> None:
        """One of the sends failed; the others go on."""


class Rhythm:
    """Up to 32 members that send at the same moment. `beats` counts the moments."""

    __slots__ = ("_volley", "beats", "deadline", "interval", "members", "queued_at", "slot")

    def __init__(self, interval: float, at: float, slot: int) -> None:
        self.interval = interval
        self.slot = (interval, slot)
        self.deadline = at
        self.queued_at = float("inf")
        self.beats = 0
        self.members: dict[Member, None] = {}
        self._volley: list[tuple[Callable[[bytes], object], bytes, Member]] | None = None

    def join(self, member: Member) -> None:
        """Send for this member too, what is its `outgoing` at the next beat."""
        self.members[member] = None
        self._volley = None

    def leave(self, member: Member) -> None:
        """Send no more for this member."""
        del self.members[member]
        self._volley = None

    def wake(self, now: float) -> None:
        """Send one Advertisement for each member."""
        self.beats += 1
        self.deadline = next_advertisement(self.interval, self.deadline, now)
        if self._volley is None:  # flat, so that a beat touches as little memory as it can
            self._volley = [(*way, member) for member in self.members for way in member.outgoing]
        for send, message, member in self._volley:
            try:
                send(message)
            except OSError as error:
                member.send_failed(error)


class Rhythms:
    """The rhythms in use."""

    def __init__(self, deadlines: Deadlines) -> None:
        self._deadlines = deadlines
        self._open: dict[tuple[float, int], Rhythm] = {}

    def join(self, member: Member, interval: float, at: float) -> Rhythm:
        """Have the member's Advertisements sent every `interval`, from `at` or up to 0.5 ms later.

        Only the first may be that late; it is where members of one slot come together. When there
        are too many for one rhythm, their first comes earlier instead, by up to half an interval:
        a thousand Virtual Routers that took over at one moment spread out, so that a late
        wake-up touches a few of them and not all.
        """
        width = min(_SLOT, interval / 50)
        phase = at % interval
        slot = int(phase / width)
        slot_end = at + (slot + 1) * width - phase
        rhythm = self._open.get((interval, slot))
        if rhythm is None or not at - interval / 2 <= rhythm.deadline <= slot_end + _ROUNDING:
            rhythm = self._begin(interval, slot_end, slot)
        elif len(rhythm.members) >= _SIZE:
            earlier = rhythm.deadline - width
            is_near = earlier >= at - interval / 2
            rhythm = self._begin(interval, earlier if is_near else slot_end, slot)
        rhythm.join(member)
        self._deadlines.watch(rhythm)
        return rhythm

    def _begin(self, interval: float, at: float, slot: int) -> Rhythm:
        rhythm = Rhythm(interval, at, slot)
        self._open[rhythm.slot] = rhythm
        return rhythm

    def leave(self, member: Member, rhythm: Rhythm) -> None:
        """Send no more for this member."""
        rhythm.leave(member)
        if not rhythm.members:
            self._deadlines.forget(rhythm)
            if self._open.get(rhythm.slot) is rhythm:
                del self._open[rhythm.slot]
