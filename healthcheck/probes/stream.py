"""What every probe over one TCP connection does alike: connect, wait, end once, close."""

from __future__ import annotations

import asyncio
import errno
import socket
from abc import ABC, abstractmethod

from ..core.model import ProbeResult, Target
from .connect import CannotConnect, no_answer, reason, socket_address, start_connect
from .interface import Done
from .readiness import Generation, Readiness

__all__ = ["StreamAttempt"]

# A connection that was reset had been established: refusal of the first segment is ECONNREFUSED.
_CONNECTED = frozenset({0, errno.EISCONN, errno.ECONNRESET, errno.EPIPE})


class StreamAttempt(ABC):
    """One attempt; `interface.Running`. A subclass says what comes after the connection.

    The constructor starts it. `target.connect_timeout` bounds the connection, and after it each wait.
    """

    __slots__ = (
        "_address",
        "_done",
        "_is_connected",
        "_number",
        "_readiness",
        "generation",
        "loop",
        "socket",
        "target",
    )

    def __init__(self, target: Target, loop: asyncio.AbstractEventLoop, done: Done) -> None:
        self.target = target
        self.loop = loop
        self.socket: socket.socket | None = None
        self.generation: Generation | None = None
        self._done: Done | None = done
        self._is_connected = False
        self._readiness = Readiness.of(loop)
        try:
            self._address = socket_address(target.address, target.port)
            sock = start_connect(target, self._address)
        except CannotConnect as exc:
            result = ProbeResult(False, exc.detail, is_verdict=exc.is_verdict)
            loop.call_soon(self.finish, result)
            return
        self.socket = sock
        self._number = sock.fileno()
        self._readiness.watch(self._number, self, loop)
        self.wait()

    @abstractmethod
    def connected(self, events: int) -> None:
        """The connection stands."""

    @abstractmethod
    def proceed(self, events: int) -> None:
        """Something changed after that."""

    def wait(self) -> None:
        """Wait for the server's next move, from now on."""
        self._readiness.wait(self, self.target.connect_timeout, self.loop)

    def ready(self, events: int) -> None:
        if self.socket is None:
            return
        if self._is_connected:
            self.proceed(events)
        else:
            self._conclude(self.socket, events)

    def _conclude(self, sock: socket.socket, events: int) -> None:
        # Not SO_ERROR: that is 0 also while the connection is not there yet.
        number = sock.connect_ex(self._address)
        if number in _CONNECTED:
            self._is_connected = True
            self.connected(events)
        elif number != errno.EALREADY:
            self.fail(reason(number))

    def expire(self) -> None:
        self.fail(no_answer(self.target.connect_timeout))

    def fail(self, detail: str) -> None:
        """End it without success."""
        self.finish(ProbeResult(False, detail))

    def finish(self, result: ProbeResult) -> None:
        """End it, close everything, and say so to whoever started it."""
        done = self._done
        self.cancel()
        if done is not None:
            done(result)

    def cancel(self) -> None:
        self._done = None
        if self.socket is not None:
            self._readiness.forget(self._number, self)
            self.socket.close()
            self.socket = None
