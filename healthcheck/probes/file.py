"""FILE_CHECK: a number in a file. Whatever changes it, `FileWatch` says so at once."""

from __future__ import annotations

import asyncio
import ctypes
import errno
import os
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from ..core.model import FileCheck, ProbeResult
from ..errors import HealthcheckError
from .connect import reason
from .interface import as_starter

__all__ = ["CannotWatch", "FileWatch", "number_in", "probe", "read", "start"]

_MOST_OCTETS = 64
_LOWEST, _HIGHEST = -(2**31), 2**31 - 1

# What strtol(3) takes of base 0: decimal, octal behind 0, hexadecimal behind 0x.
_NUMBER = re.compile(
    rb"[ \t\n\v\f\r]*([+-]?)(?:0[xX]([0-9a-fA-F]+)|0([0-7]*)|([1-9][0-9]*))", re.ASCII
)


async def probe(check: FileCheck) -> ProbeResult:
    """`read`, for the schedule."""
    return read(check)


def read(check: FileCheck) -> ProbeResult:
    """What the file says now: at once, of 64 octets at most, never raising.

    A missing or unreadable file and one that does not begin with a number count as 0. A number
    outside of -2^31..2^31 is no verdict: what was known before stays. A result of -2^31 or less is
    down. All as in keepalived; the number is of strtol(3)'s base 0.
    """
    number = _number(_content(check.path))
    if not _is_in_range(number):
        return ProbeResult(False, f"{number} is out of range", is_verdict=False)
    if check.weight == 0:
        return ProbeResult((number == 0) is not check.reverse, f"reads {number}")
    offset = number * check.weight * (-1 if check.reverse else 1)
    if offset <= _LOWEST:
        return ProbeResult(False, f"reads {number}, the lowest")
    return ProbeResult(True, f"reads {number}", weight_offset=min(offset, _HIGHEST))


def number_in(path: str) -> int | None:
    """The number that `read` goes by; None: out of range."""
    number = _number(_content(path))
    return number if _is_in_range(number) else None


def _is_in_range(number: int) -> bool:
    return _LOWEST <= number <= _HIGHEST + 1


def _content(path: str) -> bytes:
    try:
        # Not blocking, should it be a FIFO.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except (OSError, ValueError):  # a path with a NUL
        return b""
    try:
        return os.read(descriptor, _MOST_OCTETS)
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def _number(content: bytes) -> int:
    found = _NUMBER.match(content)
    if found is None:
        return 0
    sign, hexadecimal, octal, decimal = found.groups()
    if hexadecimal:
        size = int(hexadecimal, 16)
    else:
        size = int(decimal) if decimal else int(octal or b"0", 8)
    return -size if sign == b"-" else size


class CannotWatch(HealthcheckError):
    """A directory is not watched; its files are read by the schedule only."""

    def __init__(self, what: str, number: int) -> None:
        super().__init__(f"cannot watch {what}: {reason(number)}; changes wait for the next check")


Changed: TypeAlias = Callable[[], None]

# linux/inotify.h. Not IN_MODIFY: a file being written anew is empty for a moment, which reads as 0.
_CLOSE_WRITE, _MOVED_FROM, _MOVED_TO = 0x8, 0x40, 0x80
_CREATE, _DELETE, _OVERFLOW = 0x100, 0x200, 0x4000
_ONLYDIR = 0x01000000
_EVENTS = _CLOSE_WRITE | _MOVED_FROM | _MOVED_TO | _CREATE | _DELETE | _ONLYDIR
_HEAD = struct.Struct("=iIII")
_BATCH = 1 << 16


class FileWatch:
    """Calls back when a file is written, replaced, made or removed; inotify(7).

    One instance serves any number of files: the kernel grants a user 128 by default. Directories
    are watched, so a file may come later; a directory that is itself replaced is no longer seen,
    nor is what lies behind a symbolic link. `close` it before its loop ends.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Raises: CannotWatch, when the kernel has no instance left for this user."""
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._descriptor < 0:
            raise CannotWatch("files", ctypes.get_errno())
        self._loop = loop
        self._watched: dict[int, dict[bytes, list[Changed]]] = {}
        loop.add_reader(self._descriptor, self._readable)

    def add(self, path: str, changed: Changed) -> None:
        """Call `changed` after each change of the file, from the loop; several may become one call.

        Raises: CannotWatch, when its directory is not there or cannot be watched.
        """
        place = Path(path)
        directory = os.fsencode(place.parent)
        number = self._libc.inotify_add_watch(
            self._descriptor, ctypes.c_char_p(directory), ctypes.c_uint32(_EVENTS)
        )
        if number < 0:
            raise CannotWatch(str(place.parent), ctypes.get_errno())
        names = self._watched.setdefault(number, {})
        names.setdefault(os.fsencode(place.name), []).append(changed)

    def close(self) -> None:
        """Watch nothing any more. Harmless when closed."""
        if self._descriptor < 0:
            return
        self._loop.remove_reader(self._descriptor)
        os.close(self._descriptor)
        self._descriptor = -1
        self._watched.clear()

    def _readable(self) -> None:
        try:
            batch = os.read(self._descriptor, _BATCH)
        except OSError as exc:
            if exc.errno in (errno.EAGAIN, errno.EINTR):
                return
            raise
        due: dict[Changed, None] = {}  # in order, each once
        at = 0
        while at < len(batch):
            number, mask, _, length = _HEAD.unpack_from(batch, at)
            at += _HEAD.size
            due |= dict.fromkeys(self._concerned(number, mask, batch[at : at + length]))
            at += length
        for changed in due:
            changed()

    def _concerned(self, number: int, mask: int, name: bytes) -> list[Changed]:
        if mask & _OVERFLOW:  # events were lost, of any file
            return [c for names in self._watched.values() for many in names.values() for c in many]
        return self._watched.get(number, {}).get(name.rstrip(b"\0"), [])


start = as_starter(probe, timeout=None)
