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
from .launch import leave_terminal
from .options import Options

__all__ = ["Backoff", "Child", "ChildKind", "import_vrrp", "run_vrrp"]

_LONG_LIFE = 60.0
_MAX_DELAY = 60.0
_ORPHAN_PATIENCE = 6.0
_ORPHAN_INTERVAL = 0.02

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
    prepare: Callable[[], None]
    """Runs in the child first, while the configuration is being read: imports."""
    body: Callable[[handoff.ChildStart], int]
    """Runs in the child; its result is the exit code."""


class Child:
    """At most one process of a kind. It is forked by `prepare` or `start`, and works from `start`."""

    def __init__(self, kind: ChildKind, options: Options) -> None:
        self.kind = kind
        self.pid_path = ""
        self.pid: int | None = None
        self.control: socket.socket | None = None
        self.start_at: float | None = None
        """When to start it again, on the monotonic clock."""
        self._options = options
        self._backoff = Backoff()
        self._started_at = 0.0

    @property
    def is_alive(self) -> bool:
        """True until its death was taken note of."""
        return self.pid is not None

    def prepare(self, settings: int) -> None:
        """Fork; the process gets ready to read that descriptor, and waits. Raises: OSError."""
        self.control, theirs = handoff.channel()
        self.control.setblocking(False)
        try:
            self.pid = processes.fork(
                lambda: _run(self.kind, self._options, settings, theirs),
                keep=(settings, theirs.fileno()),
            )
        except OSError:
            self._close()
            raise
        finally:
            theirs.close()

    def start(self, settings: int, pid_path: str, journal_path: str) -> None:
        """Let it work, with the settings of that descriptor. Raises: OSError.

        A process that was prepared must have been so with the same descriptor.
        """
        self.start_at, self.pid_path = None, pid_path
        if self.control is None:
            self.prepare(settings)
        if self.control is not None:
            handoff.send(self.control, handoff.GO, f"{pid_path}\0{journal_path}\0{_umask():o}")
        self._started_at = time.monotonic()
        _log.info("Starting %s child process, pid=%d", self.kind.name, self.pid)

    def dismiss(self) -> None:
        """End a process that was prepared and is not wanted: it holds nothing yet."""
        if self.pid is not None:
            self.signal(signal.SIGKILL)
            os.waitpid(self.pid, 0)
        self.pid = None
        self._close()

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


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _run(kind: ChildKind, options: Options, settings: int, control: socket.socket) -> int:
    """In the child: what every kind has around its body."""
    # Nobody but the parent tells the service manager how the daemon fares.
    os.environ.pop("NOTIFY_SOCKET", None)
    if options.ignore_sigint:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    kind.prepare()
    go = handoff.receive(control)
    if go is None or go.word != handoff.GO:
        return 0
    pid_path, journal_path, umask = go.text.split("\0")
    os.umask(int(umask, 8))
    if not options.foreground:
        leave_terminal()
    log.start(options, kind.ident, queued=True)
    try:
        own_pid_file = _acquire_patiently(pid_path)
    except (pid_file.PidFileError, pid_file.AlreadyRunning) as problem:
        _log.error("%s child: %s", kind.name, problem)
        return processes.FATAL
    code = kind.body(handoff.ChildStart(settings, control, options, journal_path))
    own_pid_file.remove()
    return code


def _acquire_patiently(path: str) -> pid_file.PidFile:
    """The PID file; the child of a parent that was killed may need a moment to stop and let go.

    Raises: AlreadyRunning when it does not; PidFileError.
    """
    give_up_at = time.monotonic() + _ORPHAN_PATIENCE
    while True:
        try:
            return pid_file.PidFile.acquire(path)
        except pid_file.AlreadyRunning:
            if time.monotonic() >= give_up_at:
                raise
            time.sleep(_ORPHAN_INTERVAL)


def import_vrrp() -> None:
    """Load what the VRRP child needs; after the fork, since the parent lives without asyncio."""
    from . import vrrp_process  # noqa: F401


def run_vrrp(start: handoff.ChildStart) -> int:
    """The body of the VRRP child."""
    from .vrrp_process import run

    return run(start)
