"""Readiness and timeouts of many short-lived streams, cheaper than the loop's own calls.

While there is much to do, what happens is collected in steps of `GRID` seconds: a turn of the loop
costs as much as a probe, and nobody minds a result some milliseconds later. A stream is tried in the
first steps without being asked for, as most servers have answered by then. Only those that have not
are entered into an epoll of ours, which hangs in the loop as a single reader: once, edge-triggered, and
they leave by being closed, where `loop.add_writer` and its kin cost a system call for each change of mind. A timeout is a place
in a ring of generations that one timer turns, so that starting, renewing and ending a wait reads no
clock. All of it counts most where a system call is dear, as in a virtual machine. Source: epoll(7).
"""

from __future__ import annotations

import asyncio
import select
from collections import deque
from collections.abc import Iterator
from typing import ClassVar, Protocol
from weakref import WeakKeyDictionary

__all__ = ["GENERATIONS", "GRID", "Generation", "Readiness", "Stream"]

GENERATIONS = 50
"""A wait of T seconds ends between T and T + T / GENERATIONS."""

GRID = 0.02
"""Seconds from one look at what happened to the next, as long as something does. The looks fall on
multiples of it by the loop's clock, so that whoever works on the same grid shares their wake-ups."""

_EDGES = select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET
_AT_ONCE = 256
_TRIES = 2  # a connection, a reply


class Stream(Protocol):
    """What is watched. `generation` belongs to `Readiness`, and begins as None."""

    generation: Generation | None

    def ready(self, events: int) -> None:
        """Something changed, or not: try, and expect EAGAIN. `events` is epoll's mask.

        What changed may have been another stream's: one closed in the same moment, or that a child
        process about to exec has a copy of, whose descriptor's number serves anew.
        """

    def expire(self) -> None:
        """The wait ran out."""


class Generation(set["Stream"]):
    """Streams whose waits began within the same fiftieth of the timeout."""

    __slots__ = ()


class _Ring:
    """The waits of one length, oldest generation first; its timer runs while there are any."""

    def __init__(self, timeout: float) -> None:
        self._step = timeout / GENERATIONS
        self._generations = deque([Generation()])
        self._is_turning = False

    def add(self, stream: Stream, loop: asyncio.AbstractEventLoop) -> None:
        stream.generation = self._generations[-1]
        stream.generation.add(stream)
        if not self._is_turning:
            self._is_turning = True
            loop.call_later(self._step, self._turn, loop)

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        generations = self._generations
        late = generations.popleft() if len(generations) > GENERATIONS else Generation()
        generations.append(Generation())
        self._is_turning = any(generations)
        if self._is_turning:
            loop.call_later(self._step, self._turn, loop)
        self._expire(late, loop)

    def _expire(self, late: Generation, loop: asyncio.AbstractEventLoop) -> None:
        try:
            while late:  # one stream's end may be another's, too
                stream = late.pop()
                stream.generation = None
                stream.expire()
        finally:
            if late:  # an error in one may not cost the others their end
                loop.call_soon(self._expire, late, loop)


class Readiness:
    """The streams of one loop. It keeps no reference to the loop, which so can be collected."""

    _of_loops: ClassVar[WeakKeyDictionary[asyncio.AbstractEventLoop, Readiness]] = (
        WeakKeyDictionary()
    )

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._streams: dict[int, Stream] = {}
        self._tries: dict[int, int] = {}  # so often those that are not in the epoll were tried
        self._is_reading = False
        self._is_collecting = False
        self._rings: dict[float, _Ring] = {}

    @classmethod
    def of(cls, loop: asyncio.AbstractEventLoop) -> Readiness:
        """The one of this loop, made when first asked for."""
        found = cls._of_loops.get(loop)
        if found is None:
            found = cls._of_loops[loop] = cls()
        return found

    def watch(self, number: int, stream: Stream, loop: asyncio.AbstractEventLoop) -> None:
        """Call `stream.ready` at each change of a descriptor, and sometimes else, until `forget`."""
        self._streams[number] = stream
        self._tries[number] = 0
        self._collect_later(loop)

    def forget(self, number: int, stream: Stream) -> None:
        """No more calls. The caller closes the descriptor at once, and that takes it out of epoll."""
        del self._streams[number]
        self._tries.pop(number, None)
        self.rest(stream)

    def wait(self, stream: Stream, timeout: float, loop: asyncio.AbstractEventLoop) -> None:
        """Call `stream.expire` after `timeout` seconds, instead of whatever was waited for before."""
        self.rest(stream)
        ring = self._rings.get(timeout)
        if ring is None:
            ring = self._rings[timeout] = _Ring(timeout)
        ring.add(stream, loop)

    @staticmethod
    def rest(stream: Stream) -> None:
        """Wait for nothing."""
        if stream.generation is not None:
            stream.generation.discard(stream)
            stream.generation = None

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Something happened while nothing was expected soon."""
        self._stop_reading(loop)
        if not self._is_collecting:
            self._collect(loop)

    def _stop_reading(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.remove_reader(self._epoll.fileno())
        self._is_reading = False

    def _collect_later(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._is_collecting:
            self._is_collecting = True
            loop.call_at((loop.time() // GRID + 1) * GRID, self._collect, loop)

    def _collect(self, loop: asyncio.AbstractEventLoop) -> None:
        self._is_collecting = False
        happened = self._try_some()
        polled: list[tuple[int, int]] = []
        if len(self._streams) > len(self._tries):
            polled = self._epoll.poll(0, _AT_ONCE)
        if len(polled) == _AT_ONCE:
            self._is_collecting = True
            loop.call_soon(self._collect, loop)
        elif polled or self._tries:
            self._collect_later(loop)
        elif self._streams and not self._is_reading:
            self._is_reading = True
            loop.add_reader(self._epoll.fileno(), self._begin, loop)
        self._call(iter(happened + polled))

    def _try_some(self) -> list[tuple[int, int]]:
        """Those to try, as if something had happened; who was tried enough goes into the epoll."""
        happened: list[tuple[int, int]] = []
        for number, tries in list(self._tries.items()):
            if tries < _TRIES:
                self._tries[number] = tries + 1
                happened.append((number, select.EPOLLOUT))
            else:
                del self._tries[number]
                self._epoll.register(number, _EDGES)
        return happened

    def _call(self, happened: Iterator[tuple[int, int]]) -> None:
        has_failed = True
        try:
            for number, events in happened:
                stream = self._streams.get(number)
                if stream is not None:
                    stream.ready(events)
            has_failed = False
        finally:
            if has_failed:  # an edge is told once: an error in one may not cost the others theirs
                asyncio.get_running_loop().call_soon(self._call, happened)
