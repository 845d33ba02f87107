"""When which check runs: one heap and one timer of the event loop, for any number of checks.

A check costs a heap entry, not a task and not a timer. Wake-ups fall on a grid, so that checks due
at about the same time share one. Two bounds keep the loop responsive whatever is due: so many
probes run at once (more wait for their turn), and after a time slice the loop has its own.
Both show in the lateness, which is measured from when a check was due to when its probe starts.
"""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Callable
from heapq import heapify, heappop, heappush
from math import ceil, inf
from typing import Generic, TypeVar

from .lateness import LatenessCounts
from .probes.readiness import GRID  # what starts together answers together

__all__ = ["Schedule", "Turn", "probes_at_once"]

_SLICE = 0.004  # s of starting probes before the loop has its turn
_RESERVED_DESCRIPTORS = 100  # for everything that is no probe
_MOST_PROBES = 8192
_STALE_ENTRIES = 64
_STARTS = 4  # from one look at the clock to the next


def probes_at_once() -> int:
    """How many probes may run at once: a file descriptor each, of those this process may open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return _MOST_PROBES
    return max(1, min(_MOST_PROBES, soft - _RESERVED_DESCRIPTORS))


class Turn:
    """What a schedule holds: something with a time, `due`, in the loop's clock; inf: never."""

    __slots__ = ("due",)

    def __init__(self) -> None:
        self.due = inf


T = TypeVar("T", bound=Turn)


class Schedule(Generic[T]):
    """Calls `start(turn)` when a turn is due. Every start is answered by one `finished()`.

    A turn that was started is not due again before somebody says `set`. `now` is the time of the
    latest start.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        start: Callable[[T], None],
        limit: int | None = None,
    ) -> None:
        self._loop = loop
        self._start = start
        self._limit = probes_at_once() if limit is None else limit
        self._heap: list[tuple[float, int, T]] = []
        self._sequence = 0
        self._stale = 0
        self._timer: asyncio.Handle | None = None
        self._armed_at = inf
        self._is_running = False
        self.in_flight = 0
        self.now = 0.0
        self.lateness = LatenessCounts()

    def set(self, turn: T, due: float) -> None:
        """Make `turn` due at `due`, and at no other time."""
        self.drop(turn)
        turn.due = due
        self._sequence += 1
        heappush(self._heap, (due, self._sequence, turn))
        if due < self._armed_at and not self._is_running:
            self._arm()

    def drop(self, turn: T) -> None:
        """`turn` is not due any more. Nothing happens when it was not."""
        if turn.due == inf:
            return
        turn.due = inf
        self._stale += 1
        if self._stale > _STALE_ENTRIES and self._stale * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if entry[2].due == entry[0]]
            heapify(self._heap)
            self._stale = 0

    def finished(self) -> None:
        """What was started has ended: there is room for another."""
        self.in_flight -= 1
        if self._armed_at == inf and not self._is_running:
            self._arm()

    def close(self) -> None:
        """Start nothing any more."""
        self._heap.clear()
        self._arm()

    def _arm(self) -> None:
        self._cancel()
        if not self._heap or self.in_flight >= self._limit:
            return
        due = self._heap[0][0]
        now = self._loop.time()
        if due <= now:
            self._armed_at = now
            self._timer = self._loop.call_soon(self._run)
        else:
            self._armed_at = max(due, ceil(due / GRID) * GRID)
            self._timer = self._loop.call_at(self._armed_at, self._run)

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._armed_at = None, inf

    def _run(self) -> None:
        now = max(self._armed_at, self._loop.time())
        self._timer = None
        self._is_running = True
        try:
            self._start_due(now)
        finally:
            self._is_running = False
            self._arm()

    def _start_due(self, now: float) -> None:
        end, started = now + _SLICE, 0
        while self._heap and self._heap[0][0] <= now and self.in_flight < self._limit:
            due, _, turn = heappop(self._heap)
            if turn.due != due:
                self._stale -= 1
                continue
            turn.due = inf
            self.in_flight += 1
            self.lateness.add(now - due)
            self.now = now
            self._start(turn)
            started += 1
            if started % _STARTS == 0:
                now = self._loop.time()
                if now >= end:
                    return
