"""Dumps as the parent sees them: ask the children, wait a little, let a process write.

One at a time; what is wanted meanwhile is done once afterwards, however often it was asked for.
A child that does not answer in time is shown without its state.
"""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count

from .. import handoff, processes
from ..dumping.kinds import DUMP_KINDS, announced
from ..dumping.request import Request
from ..options import Options
from .child import Child
from .children import Children

__all__ = ["ANSWER_WITHIN", "WRITE_WITHIN", "Body", "Dumps"]

ANSWER_WITHIN = 5.0
"""Seconds children have to say what they are."""
WRITE_WITHIN = 60.0
"""Seconds the writing process has."""

_log = logging.getLogger(__name__)


Body = Callable[[Request], int]
"""Runs in the writing process; its result is the exit code."""


@dataclass(slots=True)
class _Dump:
    kind: str
    child: Child | None
    """The only one it is about."""
    number: str
    answer_by: float
    waiting_for: dict[Child, int | None]
    """Who was asked, with the process that was it then."""
    snapshots: dict[handoff.Section, int] = field(default_factory=dict)


class Dumps:
    """At most one dump at a time. `go_on` is to be called when anything happened."""

    def __init__(self, children: Children, body: Body) -> None:
        self._children = children
        self._body = body
        self._wanted: dict[tuple[str, Child | None], None] = {}
        self._current: _Dump | None = None
        self._pid: int | None = None
        self._kill_at = 0.0
        self._numbers = count(1)

    @property
    def pid(self) -> int | None:
        """The process that writes now."""
        return self._pid

    def want(self, kind: str, child: Child | None = None) -> None:
        """A dump is asked for; with `child` only of what that one knows."""
        self._wanted[kind, child] = None

    def due(self) -> Iterator[float]:
        """When to go on at the latest, on the monotonic clock."""
        if self._pid is not None:
            yield self._kill_at
        elif self._current:
            yield self._current.answer_by

    def go_on(self, configuration: int, options: Options, now: float) -> None:
        """Do what can be done now, for the settings in use; their Config is for `handoff.records`."""
        if self._pid is not None:
            if now >= self._kill_at:
                _log.error("the process that writes a dump does not end: killed")
                self._kill()
                self._kill_at = now + WRITE_WITHIN
            return
        if self._current is None and self._wanted:
            kind, child = next(iter(self._wanted))
            del self._wanted[kind, child]
            self._current = self._ask(kind, child, now)
        if self._current and self._is_answered(self._current, now):
            current, self._current = self._current, None
            self._write(current, configuration, options, now)

    def take(self, child: Child, number: str, descriptor: int) -> None:
        """A child's answer; one that comes too late is for nobody."""
        if self._current is None or number != self._current.number:
            os.close(descriptor)
            return
        self._current.waiting_for.pop(child, None)
        self._current.snapshots[child.kind.section] = descriptor

    def reap(self) -> None:
        """A process ended, perhaps the one that writes."""
        if self._pid is None:
            return
        pid, status = os.waitpid(self._pid, os.WNOHANG)
        if pid:
            self._pid = None
            if status:
                how = processes.describe_status(status)
                _log.error("the process that writes a dump %s", how)

    def abandon(self) -> None:
        """Stop whatever goes on."""
        if self._pid is not None:
            self._kill()
            os.waitpid(self._pid, 0)
        if self._current:
            _close_all(self._current)

    def _ask(self, kind: str, only: Child | None, now: float) -> _Dump:
        number = str(next(self._numbers))
        if only is None and None in DUMP_KINDS[kind]:
            _log.info("%s", announced(DUMP_KINDS[kind][None]))
        asked = {
            child: child.pid
            for child in (self._children if only is None else (only,))
            if child.kind.section in DUMP_KINDS[kind]
            and child.is_alive
            and not (child.is_prepared or child.is_stopping)
            and child.say(handoff.DUMP, f"{kind} {number}")
        }
        return _Dump(kind, only, number, now + ANSWER_WITHIN, asked)

    def _is_answered(self, dump: _Dump, now: float) -> bool:
        dump.waiting_for = {c: pid for c, pid in dump.waiting_for.items() if c.pid == pid}
        if not dump.waiting_for or now < dump.answer_by:
            return not dump.waiting_for
        silent = " and ".join(sorted(child.kind.name for child in dump.waiting_for))
        _log.warning("the %s child does not answer: dumped without its state", silent)
        return True

    def _write(self, dump: _Dump, configuration: int, options: Options, now: float) -> None:
        request = Request(
            dump.kind,
            dump.child.kind.section if dump.child else None,
            frozenset(child.kind.section for child in self._children if child.is_alive),
            options,
            configuration,
            dump.snapshots,
        )
        try:
            self._pid = processes.fork(
                lambda: self._body(request), keep=(configuration, *dump.snapshots.values())
            )
            self._kill_at = now + WRITE_WITHIN
        except OSError as exc:
            _log.error("no process to write a dump: %s", exc.strerror)
        finally:
            _close_all(dump)

    def _kill(self) -> None:
        if self._pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)


def _close_all(dump: _Dump) -> None:
    for descriptor in dump.snapshots.values():
        os.close(descriptor)
