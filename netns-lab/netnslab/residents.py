"""The processes that live in network namespaces: found by /proc, ended without fail."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from . import namespaces
from .errors import LabError

__all__ = ["descendants", "kill", "process_ids"]


def process_ids(names: Iterable[str]) -> list[int]:
    """The processes whose main thread is in one of the namespaces, this process left out."""
    wanted = _inodes(names)
    return [pid for pid in _all_processes() if wanted and _namespace_of(pid) in wanted]


def kill(names: Iterable[str], timeout: float = 5.0) -> None:
    """SIGKILL every process in the namespaces, over and over until none is left.

    Again, because a process may fork between the look and the signal.
    Raises: LabError when some are left after `timeout` seconds.
    """
    names = tuple(names)
    deadline = time.monotonic() + timeout
    while pids := process_ids(names):
        if time.monotonic() > deadline:
            raise LabError(f"processes {pids} in {', '.join(names)} survive SIGKILL")
        for pid in pids:
            _kill_one(pid, _inodes(names), deadline)


def descendants(pid: int) -> list[int]:
    """The process and all its children and children's children that live, parents first."""
    found = [pid]
    for parent in found:
        with suppress(OSError):
            text = Path(f"/proc/{parent}/task/{parent}/children").read_text()
            found.extend(int(word) for word in text.split())
    return found


def _kill_one(pid: int, wanted: set[int], deadline: float) -> None:
    """Kill and wait for the end; by pidfd, and with a second look behind it, so that a process id
    given to somebody else meanwhile is never hit."""
    with suppress(ProcessLookupError):
        handle = os.pidfd_open(pid)
        try:
            if _namespace_of(pid) in wanted:
                signal.pidfd_send_signal(handle, signal.SIGKILL)
                ended = select.poll()
                ended.register(handle, select.POLLIN)
                ended.poll(max(0.0, deadline - time.monotonic()) * 1000)
        finally:
            os.close(handle)


def _inodes(names: Iterable[str]) -> set[int]:
    return {number for name in names if (number := namespaces.inode(name)) is not None}


def _all_processes() -> Iterator[int]:
    own = os.getpid()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != own:
            yield int(entry.name)


def _namespace_of(pid: int) -> int | None:
    try:
        return Path(f"/proc/{pid}/ns/net").stat().st_ino
    except OSError:  # ended meanwhile, or a zombie
        return None
