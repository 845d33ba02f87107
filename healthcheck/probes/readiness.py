"""Readiness and timeouts of many short-lived streams, cheaper than the loop's own calls.

One epoll of ours hangs in the loop as a single reader. A stream is entered once, edge-triggered, and
leaves by being closed, where `loop.add_writer` and its kin cost a system call for each change of
mind. While there is much to do, what happens is collected in steps of `GRID` seconds: a turn of the
loop costs as much as a probe, and nobody minds a result some milliseconds later. A timeout is a place
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
        self._rings: dict[float, _Ring] = {}

    @classmethod
    def of(cls, loop: asyncio.AbstractEventLoop) -> Readiness:
        """The one of this loop, made when first asked for."""
        found = cls._of_loops.get(loop)
        if found is None:
            found = cls._of_loops[loop] = cls()
            loop.add_reader(found._epoll.fileno(), found._begin, loop)
        return found

    def watch(self, number: int, stream: Stream) -> None:
        """Call `stream.ready` at each change of a descriptor, until `forget`."""
        self._epoll.register(number, _EDGES)
        self._streams[number] = stream

    def forget(self, number: int, stream: Stream) -> None:
        """No more calls. The caller closes the descriptor at once, and that takes it out of epoll."""
        del self._streams[number]
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
        loop.remove_reader(self._epoll.fileno())
        self._collect(loop)

    def _collect(self, loop: asyncio.AbstractEventLoop) -> None:
        happened = self._epoll.poll(0, _AT_ONCE)
        if not happened:
            loop.add_reader(self._epoll.fileno(), self._begin, loop)
            return
        if len(happened) < _AT_ONCE:
            loop.call_at((loop.time() // GRID + 1) * GRID, self._collect, loop)
        else:
            loop.call_soon(self._collect, loop)
        self._call(iter(happened))

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
