"""One child process as the parent sees it: starting, messages, death, and when to start again."""

from __future__ import annotations

import logging
import os
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from . import handoff, log, pid_file, processes
from .options import Options

__all__ = ["Backoff", "Child", "ChildKind", "run_vrrp"]

_LONG_LIFE = 60.0
_MAX_DELAY = 60.0

_log = logging.getLogger(__name__)


class Backoff:
    """How long to wait before a child is started again (keepalived's rule).

    At once when it lived for a minute; otherwise after 0, 1, 2, 4 ... 60 s.
    """

    def __init__(self) -> None:
        self._next = 0.0

    def delay(self, lived: float) -> float:
        """Seconds to wait after a life of `lived` seconds."""
        if lived >= _LONG_LIFE:
            self._next = 0.0
            return 0.0
        delay, self._next = self._next, min(max(1.0, self._next * 2), _MAX_DELAY)
        return delay


@dataclass(frozen=True, slots=True)
class ChildKind:
    """What a child does and what it is called."""

    name: str
    """In the parent's log lines."""
    ident: str
    """In syslog."""
    body: Callable[[handoff.ChildStart], int]
    """Runs in the child; its result is the exit code."""


class Child:
    """At most one process of a kind."""

    def __init__(self, kind: ChildKind, options: Options, pid_path: str, journal_path: str) -> None:
        self.kind = kind
        self.pid_path = pid_path
        self.pid: int | None = None
        self.control: socket.socket | None = None
        self.start_at: float | None = None
        """When to start it again, on the monotonic clock."""
        self._options = options
        self._journal_path = journal_path
        self._backoff = Backoff()
        self._started_at = 0.0

    @property
    def is_alive(self) -> bool:
        """True until its death was taken note of."""
        return self.pid is not None

    def start(self, settings: int) -> None:
        """Start the process with the settings of that descriptor. Raises: OSError."""
        self.start_at = None
        self.control, theirs = handoff.channel()
        self.control.setblocking(False)
        start = handoff.ChildStart(settings, theirs, self._options, self._journal_path)
        try:
            self.pid = processes.fork(
                lambda: _run(self.kind, start, self.pid_path), keep=(settings, theirs.fileno())
            )
        finally:
            theirs.close()
        self._started_at = time.monotonic()
        _log.info("Starting %s child process, pid=%d", self.kind.name, self.pid)

    def signal(self, number: int) -> None:
        """Pass a signal on, when there is somebody to get it."""
        if self.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def reload(self, settings: int) -> bool:
        """Hand it new settings; False when it cannot take them now."""
        if self.control is None:
            return False
        try:
            handoff.send(self.control, handoff.RELOAD, descriptor=settings)
        except OSError as exc:
            _log.error("%s child: new settings not delivered: %s", self.kind.name, exc.strerror)
            return False
        return True

    def messages(self) -> list[handoff.Message]:
        """What it said since the last call. At end-of-file the channel is closed."""
        found: list[handoff.Message] = []
        while self.control is not None:
            try:
                message = handoff.receive(self.control)
            except BlockingIOError:
                return found
            except OSError:
                message = None
            if message is None:
                self._close()
            else:
                found.append(message)
        return found

    def died(self) -> float:
        """Take note of its death; returns the seconds to wait before the next start."""
        self.pid = None
        self._close()
        return self._backoff.delay(time.monotonic() - self._started_at)

    def _close(self) -> None:
        if self.control is not None:
            self.control.close()
            self.control = None


def _run(kind: ChildKind, start: handoff.ChildStart, pid_path: str) -> int:
    """In the child: what every kind has around its body."""
    # Nobody but the parent tells the service manager how the daemon fares.
    os.environ.pop("NOTIFY_SOCKET", None)
    if start.options.ignore_sigint:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    log.start(start.options, kind.ident, queued=True)
    try:
        own_pid_file = pid_file.PidFile.acquire(pid_path)
    except (pid_file.PidFileError, pid_file.AlreadyRunning) as problem:
        _log.error("%s child: %s", kind.name, problem)
        return processes.FATAL
    code = kind.body(start)
    own_pid_file.remove()
    return code


def run_vrrp(start: handoff.ChildStart) -> int:
    """The body of the VRRP child."""
    # Imported here, after the fork: the parent lives without asyncio.
    from .vrrp_process import run

    return run(start)
