"""Periodic Advertisements of many Active Virtual Routers, sent together.

Between two events an Active Router does nothing but send the same octets every interval. Waking the
state machine for each of ten thousand Advertisements a second would cost more than sending them,
so Virtual Routers of one interval whose next Advertisement is due in the same millisecond share a
`Rhythm`. It sends for them; the moment anything happens to a member, that leaves, its state is told
what was sent meanwhile, and the machine decides alone again.

This is the same schedule the machine keeps, by the same function (`intervals.next_advertisement`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

from .core.intervals import next_advertisement
from .deadlines import Deadlines

__all__ = ["Member", "Outgoing", "Rhythm", "Rhythms"]

_SIZE = 32  # members; a beat is one step of the loop
_SLOT = 0.001  # s


Outgoing: TypeAlias = tuple[Callable[[bytes], object], bytes]
"""A way out, and what goes that way."""


class Member(Protocol):
    """Somebody who sends the same Advertisement every interval."""

    outgoing: tuple[Outgoing, ...]

    def send_failed(self, error: OSError) -> None:
        """One of the sends failed; the others go on."""


class Rhythm:
    """Up to 32 members that send at the same moment. `beats` counts the moments."""

    __slots__ = ("beats", "deadline", "interval", "members", "queued_at", "slot")

    def __init__(self, interval: float, at: float, slot: int) -> None:
        self.interval = interval
        self.slot = (interval, slot)
        self.deadline = at
        self.queued_at = float("inf")
        self.beats = 0
        self.members: dict[Member, None] = {}

    def wake(self, now: float) -> None:
        """Send one Advertisement for each member."""
        self.beats += 1
        self.deadline = next_advertisement(self.interval, self.deadline, now)
        for member in self.members:
            for send, message in member.outgoing:
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
        """Have the member's Advertisements sent every `interval` from `at`, give or take 0.5 ms."""
        slot = round(at % interval / _SLOT)
        rhythm = self._open.get((interval, slot))
        if rhythm is None or len(rhythm.members) >= _SIZE or abs(rhythm.deadline - at) > _SLOT:
            rhythm = Rhythm(interval, at, slot)
            self._open[rhythm.slot] = rhythm
        rhythm.members[member] = None
        self._deadlines.watch(rhythm)
        return rhythm

    def leave(self, member: Member, rhythm: Rhythm) -> None:
        """Send no more for this member."""
        del rhythm.members[member]
        if not rhythm.members:
            self._deadlines.forget(rhythm)
            if self._open.get(rhythm.slot) is rhythm:
                del self._open[rhythm.slot]
