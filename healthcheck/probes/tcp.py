"""TCP_CHECK: the connection completes, even if it is reset right after."""

from __future__ import annotations

import asyncio

from ..core.model import ProbeResult, TcpCheck
from .interface import Done, Running
from .stream import StreamAttempt

__all__ = ["start"]

_CONNECTED = ProbeResult(True, "connected")


class _Attempt(StreamAttempt):
    __slots__ = ()

    def connected(self, events: int) -> None:
        self.finish(_CONNECTED)

    def proceed(self, events: int) -> None:
        """Never called: there is nothing after the connection."""


def start(check: TcpCheck, loop: asyncio.AbstractEventLoop, done: Done, /) -> Running:
    """Start one attempt: see `interface.Starter`."""
    return _Attempt(check.target, loop, done)
