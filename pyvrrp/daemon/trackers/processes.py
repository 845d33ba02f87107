"""Tracked processes: how many of each run, and whether that is a quorum.

The kernel says which process begins, ends or gets another name (`net.process_events`); only that
one is looked at. Where the kernel does not, every process is looked at, every second, and once
where it said more than could be read (quirk: processes-in-a-namespace).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from math import inf
from pathlib import Path
from typing import Literal, TypeAlias

from ...net.process_events import EventsLost, ProcessChange, ProcessEvents, ProcessEventsError
from ...snapshot import ProcessSnapshot
from .settings import TrackerProcess

__all__ = ["ProcessTrackers", "matches"]

logger = logging.getLogger(__name__)

_LOOK_EVERY = 1.0  # s
_EVENTS_AT_ONCE = 64
_PROC = Path("/proc")

_Change: TypeAlias = Literal["fork", "terminate"] | None
"""What moved a number; None: another name, which counts at once."""


class ProcessTrackers:
    """The processes of the settings in use. Made inside the running loop.

    `tell` gets a name and whether there is a quorum, at first and at each change; None when it is
    tracked no more.
    """

    def __init__(self, tell: Callable[[str, bool | None], None]) -> None:
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self._trackers: dict[str, _Tracker] = {}
        self._wants_words = False
        self._buffer, self._force = 0, False
        self._events: ProcessEvents | None = None
        self._timer: asyncio.TimerHandle | None = None

    def widen(self, buffer: int, *, force: bool) -> None:
        """Let so many octets of news wait; 0: as many as the system gives. Before the first `use`."""
        self._buffer, self._force = buffer, force

    def use(self, processes: Iterable[TrackerProcess]) -> None:
        """Go over to these; those that are the same do not notice."""
        old, self._trackers = self._trackers, {}
        for process in processes:
            before = old.pop(process.name, None)
            if before is not None and before.process == process:
                self._trackers[process.name] = before
            else:
                if before is not None:
                    before.forget_plans()
                self._trackers[process.name] = _Tracker(process, self._tell, self._loop)
        for name, tracker in old.items():
            tracker.forget_plans()
            self._tell(name, None)
        if not self._trackers:
            self.close()
            return
        self._wants_words = any(t.process.full_command for t in self._trackers.values())
        if self._events is None and self._timer is None:
            self._listen()
        self._look_at_all()

    def snapshots(self) -> Iterator[ProcessSnapshot]:
        """What each is now."""
        return (tracker.snapshot() for tracker in self._trackers.values())

    def close(self) -> None:
        """Look no more."""
        for tracker in self._trackers.values():
            tracker.forget_plans()
        if self._events is not None:
            self._loop.remove_reader(self._events)
            self._events.close()
            self._events = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _listen(self) -> None:
        try:
            self._events = ProcessEvents(self._buffer, force=self._force)
        except ProcessEventsError as problem:
            logger.info("%s; tracked processes are looked for every second", problem)
            self._look_later()
        else:
            self._loop.add_reader(self._events, self._read)

    def _look_later(self) -> None:
        if self._timer is None:
            self._timer = self._loop.call_later(_LOOK_EVERY, self._look_again)

    def _look_again(self) -> None:
        self._timer = None
        self._look_at_all()
        if self._events is None:
            self._look_later()

    def _read(self) -> None:
        if self._events is None:
            return
        try:
            for event in self._events.read(_EVENTS_AT_ONCE):
                if event.change is ProcessChange.ENDED:
                    for tracker in self._trackers.values():
                        tracker.is_not(event.pid, "terminate")
                elif event.change is ProcessChange.NAMED:
                    self._look_at(event.pid, None)
                elif self._is_counted(event.parent):
                    self._look_at(event.pid, "fork")
        except EventsLost as problem:
            logger.info("%s; every process is looked at", problem)
            self._look_later()

    def _is_counted(self, pid: int) -> bool:
        return any(pid in tracker.pids for tracker in self._trackers.values())

    def _called(self, pid: int) -> tuple[str, tuple[str, ...]]:
        """Name and command line; the latter only where it matters: it may have to be swapped in."""
        return _name(pid), _command_line(pid) if self._wants_words else ()

    def _look_at(self, pid: int, change: _Change) -> None:
        name, words = self._called(pid)
        for tracker in self._trackers.values():
            if matches(tracker.process, name, words):
                tracker.is_one(pid, change)
            else:
                tracker.is_not(pid, change)

    def _look_at_all(self) -> None:
        found: dict[str, set[int]] = {name: set() for name in self._trackers}
        for pid in _pids():
            name, words = self._called(pid)
            for tracker in self._trackers.values():
                if matches(tracker.process, name, words):
                    found[tracker.process.name].add(pid)
        for name, pids in found.items():
            self._trackers[name].are(pids)


class _Tracker:
    """One entry: its processes, and what was told of them."""

    def __init__(
        self,
        process: TrackerProcess,
        tell: Callable[[str, bool | None], None],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.process = process
        self.pids: set[int] = set()
        self._tell = tell
        self._loop = loop
        self._told: bool | None = None
        self._plan: asyncio.TimerHandle | None = None
        self._waits: Literal["fork", "terminate"] | None = None

    def is_one(self, pid: int, change: _Change) -> None:
        """This one counts."""
        if pid not in self.pids:
            self.pids.add(pid)
            self._settle(change)

    def is_not(self, pid: int, change: _Change) -> None:
        """This one does not count, or no more."""
        if pid in self.pids:
            self.pids.discard(pid)
            self._settle(change)

    def are(self, pids: set[int]) -> None:
        """These count and no others; as many as before are no news."""
        before, self.pids = len(self.pids), pids
        if len(pids) != before or self._told is None:
            self._settle("fork" if len(pids) > before else "terminate")

    def snapshot(self) -> ProcessSnapshot:
        """What it is now."""
        has_quorum, count = self._told is True, len(self.pids)
        return ProcessSnapshot(self.process.name, count, has_quorum, self._waits)

    def forget_plans(self) -> None:
        """Tell nothing that was to be told later."""
        if self._plan is not None:
            self._plan.cancel()
            self._plan = self._waits = None

    @property
    def _has_quorum(self) -> bool:
        most = inf if self.process.quorum_max is None else self.process.quorum_max
        return self.process.quorum <= len(self.pids) <= most

    def _settle(self, change: _Change) -> None:
        delays = {"fork": self.process.fork_delay, "terminate": self.process.terminate_delay}
        delay = delays[change] if change is not None else 0.0
        if self._has_quorum is self._told:
            self.forget_plans()
        elif self._told is None or not delay:
            self._say()
        elif self._plan is None:
            self._waits = change
            self._plan = self._loop.call_later(delay, self._say)

    def _say(self) -> None:
        self.forget_plans()
        is_first, self._told = self._told is None, self._has_quorum
        if not is_first:
            word = "gained" if self._told else "lost"
            logger.info("Quorum %s for tracked process %s", word, self.process.name)
        self._tell(self.process.name, self._told)


def matches(process: TrackerProcess, name: str, words: tuple[str, ...]) -> bool:
    """Whether a process with this short name and command line is meant."""
    if not process.full_command:
        return name == process.process
    if not words or words[0] != process.process:
        return False
    given, wanted = words[1:], process.arguments
    match process.param_match:
        case None:
            return True
        case "exact":
            return given == wanted
        case "partial":
            return given[: len(wanted)] == wanted
        case "initial":
            return not wanted or (
                len(given) >= len(wanted)
                and given[: len(wanted) - 1] == wanted[:-1]
                and given[len(wanted) - 1].startswith(wanted[-1])
            )


def _pids() -> Iterator[int]:
    """Every process, but those that are dead and only wait for their parent to notice."""
    for directory in _PROC.iterdir():
        if directory.name.isdecimal() and not _is_dead(directory):
            yield int(directory.name)


def _name(pid: int) -> str:
    return _content(pid, "comm").removesuffix("\n")


def _command_line(pid: int) -> tuple[str, ...]:
    text = _content(pid, "cmdline")
    return tuple(text.removesuffix("\0").split("\0")) if text else ()


def _is_dead(directory: Path) -> bool:
    """A zombie, or gone meanwhile."""
    try:
        state = (directory / "stat").read_bytes().rpartition(b")")[2][1:2]
    except OSError:
        return True
    return state in (b"Z", b"X")


def _content(pid: int, file: str) -> str:
    try:
        return (_PROC / str(pid) / file).read_text(errors="surrogateescape")
    except OSError:
        return ""
