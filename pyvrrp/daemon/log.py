"""Where log lines go: syslog and the console, neither of which may hold a process up.

Modules log with `logging.getLogger(__name__)`; a process calls `start` once. Every write is
bounded in time, and a line that cannot be written is counted and the loss said later. The VRRP
process sets `queued`: its loop then only appends to a queue that one thread empties.

The sender to /dev/log is written here because `logging.handlers.SysLogHandler` blocks while
the socket is full, and importing it costs 0.8 MB.
"""

from __future__ import annotations

import logging
import os
import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from queue import SimpleQueue
from typing import Protocol

from .options import Options

__all__ = [
    "DEV_LOG",
    "ON_STDERR",
    "Console",
    "Outlet",
    "Syslog",
    "say_missing_syslog",
    "start",
    "stop",
    "tell",
]

DEV_LOG = "/dev/log"
ON_STDERR = {"on_stderr": True}
"""As `extra` of a log call: a person has this on stderr already, leave it off the console."""

_PATIENCE = 0.2
"""Seconds one line may take to be written."""
_RECONNECT_AFTER = 1.0
_MAX_LINE = 2048
"""Octets. Below PIPE_BUF, so that a writable pipe takes a line whole without blocking."""
_QUEUE_LENGTH = 2000
_STOP_PATIENCE = 1.0

_SEVERITIES = (
    (logging.CRITICAL, 2),
    (logging.ERROR, 3),
    (logging.WARNING, 4),
    (logging.INFO, 6),
)
_DEBUG = 7


class Outlet(Protocol):
    """One place lines go to."""

    def write(self, record: logging.LogRecord, line: str) -> bool:
        """Write one line within a bounded time; False: it is lost."""

    def close(self) -> None:
        """Close what the outlet itself opened."""


class Console:
    """Stderr, in keepalived's form: the date, a colon, the text."""

    def __init__(self, descriptor: int = 2) -> None:
        self._descriptor = descriptor

    def write(self, record: logging.LogRecord, line: str) -> bool:
        """False while the terminal or pipe is full."""
        if getattr(record, "on_stderr", False):
            return True
        date = time.strftime("%a %b %e %H:%M:%S %Y", time.localtime(record.created))
        octets = f"{date}: {line}".encode("utf-8", "backslashreplace")[:_MAX_LINE] + b"\n"
        try:
            if not _wait_writable(self._descriptor):
                return False
            os.write(self._descriptor, octets)
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Nothing to do: stderr belongs to the process."""


class Syslog:
    """The local syslog daemon's datagram socket (RFC 3164 form, as syslog(3) writes it)."""

    def __init__(self, ident: str, facility: int, address: str = DEV_LOG) -> None:
        self._ident = ident
        self._facility = facility
        self._address = address
        self._socket: socket.socket | None = None
        self._retry_at = 0.0

    def connect(self) -> bool:
        """True when there is somebody to write to. Tries at most once a second."""
        if self._socket is not None:
            return True
        now = time.monotonic()
        if now < self._retry_at:
            return False
        self._retry_at = now + _RECONNECT_AFTER
        candidate = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        candidate.setblocking(False)
        try:
            candidate.connect(self._address)
        except OSError:
            candidate.close()
            return False
        self._socket = candidate
        return True

    def write(self, record: logging.LogRecord, line: str) -> bool:
        """False while syslog's buffer is full. True without a syslog: `start` has said that."""
        severity = next((s for level, s in _SEVERITIES if record.levelno >= level), _DEBUG)
        date = time.strftime("%b %e %H:%M:%S", time.localtime(record.created))
        head = f"<{self._facility * 8 + severity}>{date} {self._ident}[{os.getpid()}]: "
        octets = (head + line).encode("utf-8", "backslashreplace")[:_MAX_LINE]
        try:
            return self._send(octets)
        except OSError:
            # A restarted syslog daemon leaves a dead socket behind; the next try is a new one.
            self.close()
        with suppress(OSError):
            return self._send(octets)
        self.close()
        return False

    def _send(self, octets: bytes) -> bool:
        if not self.connect() or self._socket is None:
            return True
        if not _wait_writable(self._socket.fileno()):
            return False
        try:
            self._socket.send(octets)
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        """Forget the connection; the next line makes a new one, at once."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
            self._retry_at = 0.0


def _wait_writable(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return any(event & select.POLLOUT for _, event in poll.poll(_PATIENCE * 1000))


class _DirectHandler(logging.Handler):
    """Writes in the caller's thread."""

    def __init__(self, outlets: tuple[Outlet, ...]) -> None:
        super().__init__()
        self._outlets = outlets
        self._lost = 0

    def emit(self, record: logging.LogRecord) -> None:
        if self._lost and self._write(_lost_record(self._lost)):
            self._lost = 0
        self._lost += not self._write(record)

    def _write(self, record: logging.LogRecord) -> bool:
        written = True
        for line in _lines(_text(record)):
            for outlet in self._outlets:
                written &= outlet.write(record, line)
        return written

    def close(self) -> None:
        for outlet in self._outlets:
            outlet.close()
        super().close()


class _QueuedHandler(logging.Handler):
    """Appends to a bounded queue; one thread writes."""

    def __init__(self, outlets: tuple[Outlet, ...], length: int = _QUEUE_LENGTH) -> None:
        super().__init__()
        self._length = length
        self._lost = 0
        self._queue: SimpleQueue[logging.LogRecord | None] = SimpleQueue()
        self._writer = _DirectHandler(outlets)
        self._thread = threading.Thread(target=self._run, name="log writer", daemon=True)
        self._thread.start()

    def createLock(self) -> None:
        # Neither step of `emit` can be interrupted in a harmful way, and a lock held by the
        # writer would be a wait.
        self.lock = None

    def emit(self, record: logging.LogRecord) -> None:
        if self._queue.qsize() >= self._length:
            self._lost += 1
            return
        if self._lost:
            lost, self._lost = self._lost, 0
            self._queue.put(_lost_record(lost))
        # Made into text here: what the arguments stand for may change before it is written.
        record.msg, record.args = _text(record), None
        record.exc_info = record.exc_text = record.stack_info = None
        self._queue.put(record)

    def close(self) -> None:
        """Write what is queued, for a second at most."""
        if self._lost:
            self._queue.put(_lost_record(self._lost))
        self._queue.put(None)
        self._thread.join(_STOP_PATIENCE)
        if not self._thread.is_alive():
            self._writer.close()
        super().close()

    def _run(self) -> None:
        while (record := self._queue.get()) is not None:
            self._writer.emit(record)


_FORMATTER = logging.Formatter()


def _text(record: logging.LogRecord) -> str:
    try:
        return _FORMATTER.format(record)
    except (TypeError, ValueError, KeyError):
        # A slip in a rarely used log call must not end the process that makes it.
        return f"{record.msg!r} {record.args!r}"


def _lost_record(number: int) -> logging.LogRecord:
    text = f"{number} log lines were lost: syslog or the console did not take them"
    return logging.LogRecord(__name__, logging.WARNING, "", 0, text, None, None)


def _lines(text: str) -> Iterator[str]:
    """A record's lines, safe for a terminal: other control characters as escapes."""
    for line in text.splitlines() or [""]:
        yield "".join(c if c.isprintable() or c == "\t" else ascii(c)[1:-1] for c in line)


def start(options: Options, ident: str, *, queued: bool = False) -> None:
    """Send this process's log lines where the command line says, replacing an earlier start.

    `ident` begins the name in syslog. `queued` starts a thread: only after the last fork.
    """
    stop()
    outlets: list[Outlet] = [Console()] if options.log_console else []
    if options.syslog:
        outlets.append(Syslog(ident + options.ident_suffix, options.log_facility))
    if options.log_file is not None:
        from .log_file import LogFile, path_for  # few want it

        outlets.append(LogFile(path_for(options.log_file, ident, options.ident_suffix)))
    # Lines that go nowhere are not made: a takeover of a thousand would pay 20 us for each.
    logging.disable(logging.NOTSET if outlets else logging.CRITICAL)
    root = logging.getLogger()
    root.addHandler(_QueuedHandler(tuple(outlets)) if queued else _DirectHandler(tuple(outlets)))
    root.setLevel(logging.DEBUG if options.log_detail else logging.INFO)
    logging.getLogger("asyncio").setLevel(logging.WARNING)  # its details are not an operator's


def tell(text: str) -> bool:
    """Say something on stderr as it is; False when nobody takes it within a bounded time."""
    octets = text.encode("utf-8", "backslashreplace") + b"\n"
    try:
        while octets and _wait_writable(2):
            octets = octets[os.write(2, octets[:_MAX_LINE]) :]
    except OSError:
        return False
    return not octets


def say_missing_syslog(options: Options) -> None:
    """One line on stderr when syslog is wanted and nobody listens; the program goes on."""
    syslog = Syslog("", options.log_facility)
    if options.syslog and not syslog.connect():
        elsewhere = "" if options.log_console else "; -l logs to the console"
        text = f"no syslog: {DEV_LOG} cannot be reached, lines for it are lost{elsewhere}"
        Console().write(logging.makeLogRecord({}), text)
    syslog.close()


def stop() -> None:
    """Write what is queued, within a second, and leave logging as it was found."""
    logging.disable(logging.NOTSET)
    root = logging.getLogger()
    for handler in root.handlers[:]:
        if isinstance(handler, _DirectHandler | _QueuedHandler):
            root.removeHandler(handler)
            handler.close()
