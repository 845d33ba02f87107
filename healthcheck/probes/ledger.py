"""Which programs run, noted in a file for whoever comes after us when we are killed.

Else they would run on with nobody to end them in time, and beside those that our successor starts.
prctl(2) has PR_SET_PDEATHSIG for that, but it is set between fork and exec: Python cannot use
vfork(2) then, and a run takes four times the processor time. What starts in the moment of the kill
may be missing here.
"""

from __future__ import annotations

import logging
import os
import struct
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

__all__ = ["Ledger", "Noted"]

logger = logging.getLogger(__name__)

_ENTRY = struct.Struct("=QQ")  # a `Noted`; a free place is zeros
_MOST = 1 << 20  # octets
_STARTED = 19  # proc(5): field 22 of `stat`, counted behind the name
_FLAGS = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


class Noted(NamedTuple):
    """A process that leads a group. `started`: clock ticks after the start of the system."""

    pid: int
    started: int

    @property
    def is_running(self) -> bool:
        """Whether it is still there, and nobody else who got its number."""
        try:
            return _started(self.pid) == self.started and os.getpgid(self.pid) == self.pid
        except OSError:
            return False


class Ledger:
    """The file and what stands in it. Until `open` nothing is noted.

    It is made with the first note: one who runs nothing has none. One that cannot be written keeps
    no program from running.
    """

    def __init__(self) -> None:
        self._path = ""
        self._descriptor: int | None = None
        self._places: dict[Noted, int] = {}
        self._free: list[int] = []

    def open(self, path: str) -> list[Noted]:
        """Note in this file from now on. Returns what it names and still runs; that stays noted
        until `forget`."""
        self._path = path
        try:
            octets = os.read(self._open(0), _MOST)
        except FileNotFoundError:
            return []
        except OSError as exc:
            self._give_up(exc)
            return []
        whole = len(octets) - len(octets) % _ENTRY.size
        for place, entry in enumerate(_ENTRY.iter_unpack(octets[:whole])):
            noted = Noted(*entry)
            if noted.is_running:
                self._places[noted] = place
            else:
                self._free.append(place)
        return list(self._places)

    def note(self, pid: int) -> Noted | None:
        """Note a child of ours, just started, that leads a group; None when that is not done."""
        started = _started(pid)
        if not self._path or started is None:
            return None
        noted = Noted(pid, started)
        try:
            if self._descriptor is None:
                self._open(os.O_CREAT)
            place = self._free.pop() if self._free else len(self._places)
            self._places[noted] = place
            self._write(place, _ENTRY.pack(*noted))
        except OSError as exc:
            self._give_up(exc)
            return None
        return noted

    def forget(self, noted: Noted) -> None:
        """It has ended."""
        place = self._places.pop(noted, None)
        if place is not None:
            self._free.append(place)
            with suppress(OSError):
                self._write(place, bytes(_ENTRY.size))

    def close(self) -> None:
        """Note nothing any more. The file goes, unless something runs still."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            if not any(noted.is_running for noted in self._places):
                with suppress(OSError):
                    Path(self._path).unlink()
        self._path, self._descriptor = "", None
        self._places.clear()
        self._free.clear()

    def _open(self, more: int) -> int:
        """Raises: OSError, also for a file that others may write: it says whom root kills."""
        descriptor = self._descriptor = os.open(self._path, _FLAGS | more, 0o600)
        status = os.fstat(descriptor)
        if status.st_uid != os.geteuid() or status.st_mode & 0o022:
            raise PermissionError(0, "others than its user may write it")
        return descriptor

    def _write(self, place: int, octets: bytes) -> None:
        if self._descriptor is not None:
            os.pwrite(self._descriptor, octets, place * _ENTRY.size)

    def _give_up(self, why: OSError) -> None:
        logger.warning("%s: %s: a crash would leave programs running", self._path, why.strerror)
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._path, self._descriptor = "", None


def _started(pid: int) -> int | None:
    """None when it is gone, though nobody may have buried it yet."""
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    fields = text.rpartition(b")")[2].split()
    return None if fields[0] in b"ZX" else int(fields[_STARTED])
