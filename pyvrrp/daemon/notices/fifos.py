"""Named pipes that get a line for each change: notify_fifo, lvs_notify_fifo, and the programs that read them.

Nobody is waited for: what does not fit into a pipe is lost. One that is not there is made, and goes
with us. A reload leaves one that stays the same open, and its reader alone (quirk: fifo-anew).
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

from healthcheck.probes.process import CannotRun, Program

from .commands import Command, FifoSettings

__all__ = ["NotifyFifos"]

logger = logging.getLogger(__name__)

_MODE = 0o644


class _Fifo:
    """One pipe, open. Raises: OSError."""

    def __init__(self, settings: FifoSettings) -> None:
        self.settings = settings
        self.reader: asyncio.Task[None] | None = None
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

    @property
    def is_whole(self) -> bool:
        """Whether it is still where it was, and has the reader it should have."""
        try:
            is_there = os.path.samestat(os.lstat(self._path), os.fstat(self._descriptor))
        except OSError:
            return False
        is_read = self.reader is not None and not self.reader.done()
        return is_there and (is_read or self.settings.reader is None)

    def write(self, line: bytes) -> None:
        """Give the line to whoever reads, now or later; it is lost when there is no room for it."""
        with suppress(BlockingIOError):
            os.write(self._descriptor, line)

    def close(self) -> None:
        """Close it; a pipe that we made is removed, and its reader told to end."""
        if self.reader is not None:
            self.reader.cancel()
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

    def __init__(self, run: Callable[[Command], Awaitable[str]] | None = None) -> None:
        """`run` runs a program for as long as it likes, and returns how it ended."""
        self._run = run or _run
        self._open: dict[str, _Fifo] = {}

    def use(self, wanted: Iterable[FifoSettings]) -> None:
        """Have these open and no others. One that cannot be opened is logged and left out."""
        before, self._open = self._open, {}
        wanted = tuple(wanted)
        for settings in wanted:
            fifo = before.get(settings.path)
            if fifo is not None and fifo.settings == settings and fifo.is_whole:
                self._open[settings.path] = before.pop(settings.path)
        for fifo in before.values():
            fifo.close()
        for settings in wanted:
            if settings.path not in self._open:
                self._start(settings)

    def tell(self, line: bytes) -> None:
        """Write a line to each; an empty one says nothing."""
        for fifo in self._open.values() if line else ():
            fifo.write(line)

    def close(self) -> None:
        """Close every pipe. Readers are told to end; `process.wait_ended` waits for that."""
        self.use(())

    def _start(self, settings: FifoSettings) -> None:
        try:
            fifo = _Fifo(settings)
        except OSError as error:
            logger.error("FIFO %s is not used: %s", settings.path, error.strerror or error)
            return
        self._open[settings.path] = fifo
        if settings.reader is not None:
            argv = (*settings.reader.argv, settings.path)
            command = Command(argv, settings.reader.user, settings.reader.group)
            name = f"reader of {settings.path}"
            fifo.reader = asyncio.create_task(self._read(command), name=name)

    async def _read(self, command: Command) -> None:
        end = await self._run(command)
        logger.warning("script %s: %s", " ".join(command.argv), end)


async def _run(command: Command) -> str:
    try:
        program = Program(command.argv, command.user, command.group, dies_with_us=True)
    except CannotRun as problem:
        return problem.detail
    try:
        await program.wait(None)
        return f"ended with status {program.reap()}"
    finally:
        program.leave()
