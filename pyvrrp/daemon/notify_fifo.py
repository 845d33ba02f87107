"""Named pipes that get a line for each change: notify_fifo, lvs_notify_fifo, and the programs that read them.

Nobody is waited for: what does not fit into a pipe is lost. One that is not there is made, and goes
with us. keepalived makes and opens its pipes anew at every reload, and so ends and starts their readers.
Source: keepalived 2.2.7, seen running.
"""

from __future__ import annotations

import asyncio
import logging
import os
import stat
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from pathlib import Path

from healthcheck.core.model import MiscCheck, ProbeResult
from healthcheck.probes import program

from .commands import FifoSettings

__all__ = ["NotifyFifos"]

logger = logging.getLogger(__name__)

_MODE = 0o644
_FOR_EVER = 1e9  # s


class _Fifo:
    """One pipe, open. Raises: OSError."""

    def __init__(self, settings: FifoSettings) -> None:
        self._path = settings.path
        self._is_ours = _make(settings.path)
        try:
            flags = os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW
            self._descriptor = os.open(settings.path, flags)
        except OSError:
            self._remove()
            raise
        try:
            _check(os.fstat(self._descriptor), settings)
            if self._is_ours:
                os.fchown(self._descriptor, settings.user, settings.group)
        except OSError:
            self.close()
            raise

    def write(self, line: bytes) -> None:
        """Give the line to whoever reads, now or later; it is lost when there is no room for it."""
        with suppress(BlockingIOError):
            os.write(self._descriptor, line)

    def close(self) -> None:
        """Close it; a pipe that we made is removed."""
        os.close(self._descriptor)
        self._remove()

    def _remove(self) -> None:
        if self._is_ours:
            with suppress(OSError):
                Path(self._path).unlink()


def _make(path: str) -> bool:
    """Whether it had to be made."""
    try:
        os.mkfifo(path, _MODE)
    except FileExistsError:
        return False
    return True


def _check(found: os.stat_result, settings: FifoSettings) -> None:
    """What others put there is not written to."""
    if not stat.S_ISFIFO(found.st_mode):
        raise FileExistsError("it is no FIFO")
    if found.st_uid not in (os.geteuid(), settings.user):
        raise PermissionError(f"it belongs to user {found.st_uid}")


class NotifyFifos:
    """The pipes in use and their readers. Made inside the running loop."""

    def __init__(self, run: Callable[[MiscCheck], Awaitable[ProbeResult]] = program.probe) -> None:
        self._run = run
        self._open: list[_Fifo] = []
        self._readers: list[asyncio.Task[None]] = []

    def use(self, wanted: Iterable[FifoSettings]) -> None:
        """Close what is open, and open these. One that cannot be opened is logged and left out."""
        self.close()
        for settings in wanted:
            try:
                self._open.append(_Fifo(settings))
            except OSError as error:
                logger.error("FIFO %s is not used: %s", settings.path, error.strerror or error)
                continue
            if settings.reader is not None:
                name = f"reader of {settings.path}"
                self._readers.append(asyncio.create_task(self._read(settings), name=name))

    def tell(self, line: bytes) -> None:
        """Write a line to each; an empty one says nothing."""
        for fifo in self._open if line else ():
            fifo.write(line)

    def close(self) -> None:
        """Close every pipe. Readers are told to end; `program.wait_ended` waits for that."""
        for task in self._readers:
            task.cancel()
        for fifo in self._open:
            fifo.close()
        self._readers, self._open = [], []

    async def _read(self, settings: FifoSettings) -> None:
        command = settings.reader
        assert command is not None
        arguments = (*command.argv, settings.path)
        check = MiscCheck(arguments, timeout=_FOR_EVER, user=command.user, group=command.group)
        result = await self._run(check)
        logger.warning("script %s: %s", " ".join(arguments), result.detail)
