"""The processes that live in network namespaces: found by /proc, ended without fail."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

from . import namespaces
from .errors import LabError

__all__ = [
    "children",
    "descendants",
    "is_alive",
    "kill",
    "kill_together",
    "name_of",
    "process_ids",
    "stat_of",
    "wait_buried",
]


def process_ids(names: Iterable[str]) -> list[int]:
    """The processes whose main thread is in one of the namespaces, this process left out."""
    wanted = _inodes(names)
    return [pid for pid in _all_processes() if wanted and _namespace_of(pid) in wanted]


def kill(names: Iterable[str], timeout: float = 5.0) -> None:
    """End every process in the namespaces, over and over until none is left.

    Again, because a process may fork between the look and the signal.
    Raises: LabError when some are left after `timeout` seconds.
    """
    names = tuple(names)
    wanted = _inodes(names)
    deadline = time.monotonic() + timeout
    while pids := process_ids(names):
        if time.monotonic() > deadline:
            raise LabError(f"processes {pids} in {', '.join(names)} survive SIGKILL")
        kill_together(pids, deadline - time.monotonic(), lambda pid: _namespace_of(pid) in wanted)


def kill_together(
    pids: Iterable[int], timeout: float, is_meant: Callable[[int], bool] = lambda pid: True
) -> None:
    """SIGKILL to processes as one, as when their machine loses power; wait for their ends.

    All are stopped first: a child that is told of its parent's death must not get to act on it
    (keepalived's says goodbye with a Priority 0). They are held by pidfd while `is_meant` looks at
    them, so a process id given to somebody else meanwhile is never hit.
    """
    deadline = time.monotonic() + timeout
    with ExitStack() as opened:
        held = []
        for pid in pids:
            with suppress(ProcessLookupError):
                handle = os.pidfd_open(pid)
                opened.callback(os.close, handle)
                if is_meant(pid):
                    held.append(handle)
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for handle in held:
                with suppress(ProcessLookupError):
                    signal.pidfd_send_signal(handle, number)
        for handle in held:
            ended = select.poll()
            ended.register(handle, select.POLLIN)
            ended.poll(max(0.0, deadline - time.monotonic()) * 1000)


def wait_buried(pids: Iterable[int], timeout: float = 3.0) -> None:
    """Wait until init has collected those of the killed processes that are its zombies.

    In a pid file the id of a zombie passes for that of a running daemon, and some inits come round
    but once a second. An init that never does is waited for in vain, and then no more.
    This process's own children are left to it.
    """
    deadline = time.monotonic() + timeout
    own = str(os.getpid())
    left = list(pids)
    while left := [pid for pid in left if _parent_of_zombie(pid) not in (None, own)]:
        if time.monotonic() > deadline:
            return
        time.sleep(0.005)


def children(pid: int) -> list[int]:
    """The children of a process's main thread; none once it is gone."""
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def descendants(pid: int) -> list[int]:
    """The process and all its children and children's children that live, parents first."""
    found = [pid]
    for parent in found:
        found += children(parent)
    return found


def is_alive(pid: int) -> bool:
    """Whether there is such a process that has not ended; one nobody has buried yet has."""
    return stat_of(pid)[:1] not in ([], ["Z"], ["X"])


def name_of(pid: int) -> str:
    """What the process calls itself (proc(5), comm); nothing once it is gone."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def _parent_of_zombie(pid: int) -> str | None:
    """None for a process that is gone, or alive."""
    fields = stat_of(pid)
    return fields[1] if fields[:1] == ["Z"] else None


def stat_of(pid: int) -> list[str]:
    """proc(5), stat, from the state on; nothing once the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


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
