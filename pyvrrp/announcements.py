"""Repeated announcements, a few at a time, so that a takeover of many never holds up the loop.

Nor may one follow the announcement of a better router that took over meanwhile: neighbours believe the
last they hear. So the sockets are read before each few.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable

from .deadlines import Deadlines
from .frame_senders import FrameSenders
from .outgoing import Outgoing
from .pacing import Pacing
from .settings import AnnouncementGaps
from .virtual_router import VirtualRouter

__all__ = ["Announcements"]

_PATIENCE = 0.005  # s
_REPEATS = 32  # announcement frames sent before the loop gets its turn


class Announcements:
    """The repeats that are still to be sent; those of a router that steps back are dropped.

    `listen` reads the sockets.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        deadlines: Deadlines,
        senders: FrameSenders,
        listen: Callable[[], object],
    ) -> None:
        self._loop = loop
        self._listen = listen
        self._senders = senders
        self._gaps = AnnouncementGaps()
        self._pacing: Pacing | None = None
        self._deadlines = deadlines
        self._waiting: deque[tuple[VirtualRouter, tuple[Outgoing, ...], int]] = deque()
        self._handle: asyncio.Handle | None = None

    def use(self, gaps: AnnouncementGaps) -> None:
        """Keep these gaps from now on; what waits already goes on as it was."""
        if gaps != self._gaps:
            self._gaps = gaps
            self._pacing = None
            if gaps != AnnouncementGaps():
                self._pacing = Pacing(gaps, self._loop, send_frames, self._senders.interface_of)

    def announce(self, router: VirtualRouter, frames: tuple[Outgoing, ...], count: int) -> None:
        """Send every frame once now, unless a gap has to be kept, and `count` - 1 times more."""
        if count > 0:
            frames = self._without_gaps(router, frames, count)
            send_frames(router, frames)
            self._queue(router, frames, count - 1)

    def repeat(self, router: VirtualRouter, frames: tuple[Outgoing, ...], count: int) -> None:
        """Send every frame `count` times, when the sockets were read."""
        self._queue(router, self._without_gaps(router, frames, count), count)

    def _without_gaps(
        self, router: VirtualRouter, frames: tuple[Outgoing, ...], count: int
    ) -> tuple[Outgoing, ...]:
        """The frames that no gap holds up; the others are on their way."""
        return frames if self._pacing is None else self._pacing.take(router, frames, count)

    def _queue(self, router: VirtualRouter, frames: tuple[Outgoing, ...], count: int) -> None:
        if count > 0 and frames:
            self._waiting.append((router, frames, count))
            if self._handle is None:
                self._handle = self._loop.call_soon(self._run)

    def close(self) -> None:
        """Send nothing more."""
        self._waiting.clear()

    def _run(self) -> None:
        if self._deadlines.is_behind:
            # Others are yet to take over; their addresses come before these repeats.
            self._handle = self._loop.call_later(_PATIENCE, self._run)
            return
        self._listen()
        self._handle = None
        sent = 0
        while self._waiting and sent < _REPEATS:
            router, frames, count = self._waiting.popleft()
            if not router.is_active:
                continue
            send_frames(router, frames)
            sent += len(frames)
            if count > 1:
                self._waiting.append((router, frames, count - 1))
        if self._waiting:
            self._handle = self._loop.call_soon(self._run)


def send_frames(router: VirtualRouter, frames: Iterable[Outgoing]) -> None:
    """Send each frame once; what fails is the router's to complain about."""
    for send, frame in frames:
        try:
            send(frame)
        except OSError as error:
            router.complain("announce", f"cannot announce an address: {error.strerror}")
