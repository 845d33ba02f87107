"""When to read which socket.

With few Advertisements each is read as it arrives. With thousands a second, waking up for each one
costs far more than reading it, so a busy receiver is read on a clock instead: every 5 ms while
something comes. What a timer loses by that is at most those 5 ms, on the safe side.

Routers speak in volleys. So the clock rests when there was nothing to read; for a while after that
the first datagram starts it again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from math import inf
from typing import Protocol

__all__ = ["Readable", "Reception"]

_PERIOD = 0.005  # s
_BUSY = 24  # wake-ups within one window
_WINDOW = 0.024  # s
_QUIET = 0.1  # s without anything to read, after which a busy receiver is none any more


class Readable(Protocol):
    """A source of datagrams that can be waited for."""

    def fileno(self) -> int:
        """The descriptor to wait on."""

    def receive(self, now: float) -> int:
        """Handle what is waiting, within bounds; how many datagrams that were."""


class Reception:
    """Reads a set of sources on an event loop. `before` is called first, with the time."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, before: Callable[[float], object] = lambda _: None
    ) -> None:
        self._loop = loop
        self._before = before
        self._sources: list[Readable] = []
        self._window_at = 0.0
        self._wakeups = 0
        self._heard_at = -inf
        self._clock: asyncio.TimerHandle | None = None

    def add(self, source: Readable) -> None:
        """Begin to read a source."""
        self._sources.append(source)
        if self._clock is None:
            self._loop.add_reader(source.fileno(), self._ready, source)

    def remove(self, source: Readable) -> None:
        """Stop reading a source, before it is closed."""
        self._sources.remove(source)
        if self._clock is None:
            self._loop.remove_reader(source.fileno())

    def close(self) -> None:
        """Stop reading everything."""
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None
        else:
            for source in self._sources:
                self._loop.remove_reader(source.fileno())
        self._sources.clear()

    def read_now(self) -> int:
        """Handle what is waiting anywhere; how many datagrams that were."""
        now = self._loop.time()
        self._before(now)
        return sum([source.receive(now) for source in self._sources])

    def _ready(self, source: Readable) -> None:
        now = self._loop.time()
        self._before(now)
        source.receive(now)
        if now - self._window_at > _WINDOW:
            self._window_at = now
            self._wakeups = 0
        self._wakeups += 1
        if self._wakeups > _BUSY or now - self._heard_at <= _QUIET:
            self._heard_at = now
            for each in self._sources:
                self._loop.remove_reader(each.fileno())
            self._clock = self._loop.call_at(now + _PERIOD, self._tick)

    def _tick(self) -> None:
        now = self._loop.time()
        if self.read_now():
            self._heard_at = now
            self._clock = self._loop.call_at(now + _PERIOD, self._tick)
        else:
            self._clock = None
            for source in self._sources:
                self._loop.add_reader(source.fileno(), self._ready, source)
