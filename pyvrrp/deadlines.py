"""Many deadlines behind one timer of the kernel.

A Virtual Router moves its deadline at every Advertisement it hears, and a thousand of them would
keep timers of their own busy with entries that never fire. Here a deadline that moves later
costs nothing: the old entry stays in the heap, and when it comes up, the owner is asked anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from heapq import heappop, heappush, heapreplace
from itertools import count
from math import inf
from typing import Protocol

from .kernel_timer import KernelTimer, Timer

__all__ = ["Deadlines", "Waiting"]

_ROUNDING = 1e-6  # s; what floats may lose
_LATE = 0.005  # s; behind by more than this: look at what arrived meanwhile before acting
_BATCH = 32  # owners woken before the loop gets to read its sockets again
_SPELL = 0.003  # s; nor for longer than this
_MOVES = 256  # entries put off in one step; a microsecond or two each


class Waiting(Protocol):
    """Somebody with a deadline. `queued_at` belongs to `Deadlines`; it begins as infinity."""

    queued_at: float

    @property
    def deadline(self) -> float:
        """When to be woken, in the loop's time; infinity for never."""

    def wake(self, now: float) -> None:
        """The deadline has come; `now` is not before it."""


class Deadlines:
    """Wakes each owner at its deadline. `catch_up` is called first when the loop runs late.

    Owners that are due at once are woken inside one `together()`.

    Raises: TimerError when the kernel gives no timer.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        catch_up: Callable[[], object],
        together: Callable[[], AbstractContextManager[object]] = nullcontext,
        timer: Callable[[asyncio.AbstractEventLoop, Callable[[], object]], Timer] = KernelTimer,
    ) -> None:
        self._loop = loop
        self._catch_up = catch_up
        self._together = together
        self._heap: list[tuple[float, int, Waiting]] = []
        self._sequence = count()
        self._timer = timer(loop, self._run)
        self._timer_at = inf
        self.worst_lag = 0.0
        """Seconds by which the loop came too late to a deadline, at worst."""

    @property
    def is_behind(self) -> bool:
        """Whether somebody is due already: what can wait should."""
        return bool(self._heap) and self._heap[0][0] <= self._loop.time()

    def lag(self, now: float) -> float:
        """Seconds since the first deadline that nobody was woken for yet; negative: none has come."""
        return now - self._heap[0][0] if self._heap else -inf

    def watch(self, owner: Waiting) -> None:
        """Take note of the owner's deadline, after it was set or moved."""
        at = owner.deadline
        if at < owner.queued_at:
            owner.queued_at = at
            heappush(self._heap, (at, next(self._sequence), owner))
            if at < self._timer_at:
                self._arm(at)

    def forget(self, owner: Waiting) -> None:
        """Never wake this owner again for what it asked so far."""
        owner.queued_at = inf

    def close(self) -> None:
        """Wake nobody any more."""
        self._heap.clear()
        self._timer.close()

    def _arm(self, at: float) -> None:
        self._timer_at = at
        self._timer.set(at)

    def _run(self) -> None:
        self._timer_at = -inf  # whatever is set meanwhile is seen at the end
        try:
            now = self._loop.time()
            lag = self.lag(now)
            self.worst_lag = max(self.worst_lag, lag)
            if lag > _LATE:
                self._catch_up()
            self._wake_due(now)
        finally:  # an owner's fault is no reason to let the others sleep
            self._arm(self._heap[0][0] if self._heap else inf)

    def _wake_due(self, now: float) -> None:
        """Wake those whose time has come, but no more than a batch: the sockets want a look too."""
        owner = self._take_due(now + _ROUNDING)
        if owner is None:
            return
        woken, enough = 0, now + _SPELL
        with self._together():
            while owner is not None:
                at = owner.deadline
                owner.wake(now if now > at else at)
                self.watch(owner)
                woken += 1
                now = self._loop.time()
                if woken == _BATCH or now >= enough:
                    return
                owner = self._take_due(now + _ROUNDING)

    def _take_due(self, until: float) -> Waiting | None:
        """The next whose time has come, no more in the heap; None when there is none, or enough was
        done for now: entries of deadlines that moved since, the common case, are put off."""
        heap = self._heap
        for _ in range(_MOVES):
            if not heap or heap[0][0] > until:
                return None
            queued_at, _, owner = heap[0]
            if queued_at != owner.queued_at:
                heappop(heap)  # an earlier deadline took this entry's place
                continue
            at = owner.deadline
            if at <= until:
                heappop(heap)
                owner.queued_at = inf
                return owner
            owner.queued_at = at
            if at == inf:
                heappop(heap)
            else:
                heapreplace(heap, (at, next(self._sequence), owner))
        return None
