"""One child process as the parent sees it: starting, messages, death, and when to start again."""

from __future__ import annotations

import logging
import os
import signal
import socket
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from .. import handoff, log, namespaces, processes
from ..options import Options
from . import pid_file
from .launch import leave_terminal

if TYPE_CHECKING:
    from .loader import Verdict

__all__ = ["Backoff", "Child", "ChildKind", "Program", "Settings"]

_LONG_LIFE = 60.0
_MAX_DELAY = 60.0
_ORPHAN_PATIENCE = 6.0
_ORPHAN_INTERVAL = 0.02

_log = logging.getLogger(__name__)

Program: TypeAlias = "Callable[[handoff.ChildStart], int]"
"""Is the child, until told to stop; the result is the exit code. Calls `processes.hear_orders`."""


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


@dataclass(frozen=True, slots=True, eq=False)
class Settings:
    """A configuration that can be used. Two are the same only when they are one object."""

    verdict: Verdict
    descriptor: int
    """For `handoff.read`."""
    configuration: int
    """For `handoff.records`: the Config, a moment later than the settings."""

    def close(self) -> None:
        """Give the settings up."""
        os.close(self.descriptor)
        os.close(self.configuration)


@dataclass(frozen=True, slots=True)
class ChildKind:
    """What a child does and what it is called."""

    name: str
    """In the parent's log lines."""
    ident: str
    """In syslog."""
    keywords: tuple[bytes, ...]
    """Where a configuration has one of these words the child is likely to be needed."""
    load: Callable[[], Program]
    """Runs in the child first, while the configuration is being read: imports."""
    may_run: Callable[[Options], bool]
    is_needed: Callable[[Verdict], bool]
    pid_file: Callable[[pid_file.PidPaths], str]
    """Empty: it has none."""
    section: handoff.Section
    """What it reads, and what its snapshots are about."""
    has_journal: bool = False
    """It may leave things in the kernel that the journal names."""
    siblings: tuple[handoff.Section, ...] = ()
    """Whom it has a link to (`siblings`); each pair is named on one side only."""
    hears_of_active: bool = False
    """It wants to know when the Virtual Router it follows becomes Active."""


class Child:
    """At most one process of a kind. It is forked by `prepare` or `start`, and works from `start`.

    It answers new settings in the order they were offered; until then they count for nothing.
    """

    def __init__(self, kind: ChildKind, options: Options) -> None:
        self.kind = kind
        self.pid_path = ""
        self.pid: int | None = None
        self.control: socket.socket | None = None
        self.start_at: float | None = None
        """When to start it again, on the monotonic clock."""
        self.kill_at: float | None = None
        """When to end it by force, on the monotonic clock."""
        self.patience = 0.0
        """How many seconds it had to stop."""
        self.is_ready = False
        self.is_stopping = False
        self.is_unavailable = False
        """It said that this system lacks what it needs."""
        self.left_clean = True
        """The last one left nothing in the kernel."""
        self._options = options
        self._backoff = Backoff()
        self._started_at = 0.0
        self._holds: Settings | None = None
        self._offered: deque[Settings] = deque()

    @property
    def is_alive(self) -> bool:
        """True until its death was taken note of."""
        return self.pid is not None

    @property
    def is_at_work(self) -> bool:
        """True from its start until it is told to stop."""
        return self._holds is not None and not self.is_stopping

    @property
    def is_prepared(self) -> bool:
        """True while it has not been told to work."""
        return self.is_alive and self._holds is None

    @property
    def is_settled(self) -> bool:
        """True when it works and owes no answer."""
        return self.is_ready and not self._offered

    def has(self, settings: Settings | None) -> bool:
        """True when these are the last it was given, whether it answered already or not."""
        return settings is (self._offered[-1] if self._offered else self._holds)

    def prepare(self, descriptor: int) -> None:
        """Fork; the process gets ready to read that descriptor, and waits. Raises: OSError."""
        self.control, theirs = handoff.channel()
        self.control.setblocking(False)
        try:
            self.pid = processes.fork(
                lambda: _run(self.kind, self._options, descriptor, theirs),
                keep=(descriptor, theirs.fileno()),
                # Before it can stop in order it would leave behind what the one before it made.
                held=processes.ORDERS,
            )
        except OSError:
            self._close()
            raise
        finally:
            theirs.close()

    def start(
        self, settings: Settings, pid_path: str, journal_path: str, names: pid_file.Words
    ) -> None:
        """Let it work, with those settings. Raises: OSError.

        A process that was prepared must have been so with the same descriptor.
        """
        self.start_at, self.pid_path = None, pid_path
        if self.control is None:
            self.prepare(settings.descriptor)
        if self.control is not None:
            again = "again" if self._started_at else ""
            where = (names.namespace or "", _optional(names.ipvs_namespace), names.ident_suffix)
            text = "\0".join((pid_path, journal_path, f"{_umask():o}", again, *where))
            handoff.send(self.control, handoff.GO, text)
        self._holds = settings
        self._started_at = time.monotonic()
        _log.info("Starting %s child process, pid=%d", self.kind.name, self.pid)

    def dismiss(self) -> None:
        """End a process that was prepared and is not wanted: it holds nothing yet."""
        if self.pid is not None:
            self.signal(signal.SIGKILL)
            os.waitpid(self.pid, 0)
        self._forget()

    def signal(self, number: int) -> None:
        """Pass a signal on, when there is somebody to get it."""
        if self.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def stop(self, patience: float) -> None:
        """Ask it to stop, and have it killed after `patience` seconds; it is not started again."""
        self.start_at = None
        if self.is_alive and not self.is_stopping:
            self.is_stopping = True
            self.patience = patience
            self.kill_at = time.monotonic() + patience
            self.signal(signal.SIGTERM)

    def offer(self, settings: Settings) -> bool:
        """Hand it new settings; False when it cannot take them now."""
        if not self.say(handoff.RELOAD, descriptor=settings.descriptor):
            return False
        self._offered.append(settings)
        return True

    def answered(self, *, taken: bool) -> Settings | None:
        """The settings that its answer is about; None when it has none to answer."""
        if not self._offered:
            return None
        settings = self._offered.popleft()
        if taken:
            self._holds = settings
        return settings

    def say(self, word: bytes, text: str = "", descriptor: int | None = None) -> bool:
        """Tell it something; False when that cannot be done now."""
        if self.control is None:
            return False
        try:
            handoff.send(self.control, word, text, descriptor)
        except OSError as exc:
            _log.error("%s child: %r not delivered: %s", self.kind.name, word, exc.strerror)
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
        self._forget()
        return self._backoff.delay(time.monotonic() - self._started_at)

    def _forget(self) -> None:
        self.pid = self.kill_at = self._holds = None
        self.is_ready = self.is_stopping = False
        self._offered.clear()
        self._close()

    def _close(self) -> None:
        if self.control is not None:
            self.control.close()
            self.control = None


def _optional(text: str | None) -> str:
    """None and "" told apart."""
    return "" if text is None else f"={text}"


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
    program = kind.load()
    go = handoff.receive(control)
    if go is None or go.word != handoff.GO:
        return 0
    pid_path, journal_path, umask, again, namespace, of_ipvs, suffix = go.text.split("\0")
    os.umask(int(umask, 8))
    if not options.foreground:
        leave_terminal()
    options = replace(options, ident_suffix=suffix)
    log.start(options, kind.ident, queued=True)
    try:
        if namespace:
            namespaces.enter(namespace)
        own_pid_file = _acquire_patiently(pid_path) if pid_path else None
    except (pid_file.PidFileError, pid_file.AlreadyRunning, namespaces.NamespaceError) as problem:
        _log.error("%s child: %s", kind.name, problem)
        return processes.FATAL
    ipvs = of_ipvs[1:] if of_ipvs else None
    ledger_path = f"{journal_path.removesuffix('.state')}.{kind.section.name.lower()}"
    code = program(
        handoff.ChildStart(settings, control, options, journal_path, ledger_path, bool(again), ipvs)
    )
    if own_pid_file is not None:
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
