"""The daemon's children as a set: which run, with which settings, and until when."""

from __future__ import annotations

import logging
import os
import select
import signal
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from .. import handoff
from ..options import Options
from . import pid_file
from .child import Child, ChildKind, Settings

__all__ = ["Children"]

_LOOK = 1 << 20
"""Octets of the configuration that the guess is made from."""

_log = logging.getLogger(__name__)


class Children:
    """One `Child` of each kind, in the order they are started."""

    def __init__(self, kinds: Iterable[ChildKind], options: Options) -> None:
        self._all = tuple(Child(kind, options) for kind in kinds)
        self._options = options
        self._paths: pid_file.PidPaths | None = None
        self._journal_path = ""
        self._names = pid_file.Words()
        self._active = ""

    def __iter__(self) -> Iterator[Child]:
        return iter(self._all)

    @property
    def with_journal(self) -> tuple[Child, ...]:
        """Those that may leave things in the kernel."""
        return tuple(child for child in self._all if child.kind.has_journal)

    @property
    def are_settled(self) -> bool:
        """True when each that runs works and owes no answer."""
        return all(child.is_settled for child in self._all if child.is_alive)

    def place(self, paths: pid_file.PidPaths, journal_path: str, names: pid_file.Words) -> None:
        """Settle the files they get, and where they are."""
        self._paths, self._journal_path, self._names = paths, journal_path, names

    def prepare(self, descriptor: int) -> None:
        """Fork those that are likely to be needed, to read that descriptor. Raises: OSError.

        Their imports take as long as the reading of the configuration: all at once halve the start.
        Which ones is a guess from a look at the file; a wrong one costs time and nothing else.
        """
        text = _beginning(self._options.configuration)
        for child in self._all:
            is_likely = any(word in text for word in child.kind.keywords)
            if child.kind.may_run(self._options) and is_likely:
                child.prepare(descriptor)

    def dismiss(self) -> None:
        """End those that were prepared and not started."""
        for child in self._all:
            if child.is_prepared:
                child.dismiss()

    def signal(self, number: int) -> None:
        """Pass a signal on to every one."""
        for child in self._all:
            if not child.is_prepared:
                child.signal(number)

    def stop(self, patience: float) -> None:
        """Ask every one to stop, and have it killed after `patience` seconds."""
        for child in self._all:
            child.stop(patience)

    def tell_active(self, name: str) -> None:
        """Pass on which Virtual Router, of those followed, is Active; empty: none."""
        if name != self._active:
            self._active = name
            for child in self._all:
                if child.kind.hears_of_active and not child.is_prepared:
                    child.say(handoff.ACTIVE, name)

    def register(self, poll: select.poll) -> None:
        """Let a poll object wait for their messages."""
        for child in self._all:
            if child.control:
                poll.register(child.control, select.POLLIN)

    def due(self) -> Iterator[float]:
        """When one is to be started or killed, on the monotonic clock."""
        for child in self._all:
            yield from (at for at in (child.start_at, child.kill_at) if at is not None)

    def messages(self) -> Iterator[tuple[Child, handoff.Message]]:
        """What they said since the last call."""
        for child in self._all:
            for message in child.messages():
                yield child, message

    def reap(self) -> Iterator[tuple[Child, int]]:
        """Those that are dead, with their wait status; the caller says `died`."""
        for child in self._all:
            if child.pid is not None:
                pid, status = os.waitpid(child.pid, os.WNOHANG)
                if pid:
                    yield child, status

    def kill_late_ones(self, now: float) -> None:
        """Kill those that did not stop in time."""
        for child in self._all:
            if child.kill_at is not None and now >= child.kill_at:
                late = "%s child did not stop in time, which is %g s: killed"
                _log.warning(late, child.kind.name, child.patience)
                child.signal(signal.SIGKILL)
                child.kill_at = None

    def start_due_ones(self, settings: Settings, now: float) -> None:
        """Start again those whose time has come."""
        for child in self._all:
            if child.start_at is not None and now >= child.start_at:
                self._start(child, settings)

    def bring_in_line(self, settings: Settings) -> None:
        """Have the needed ones run with these settings, and the others not at all.

        One that waits for its restart after a crash is let start even when it is not needed: only
        it knows how to clear away what was left behind.
        """
        for child in self._all:
            if child.is_stopping or child.is_unavailable:
                continue  # what a stopping one becomes is decided when it is gone
            if not child.kind.is_needed(settings.verdict):
                if child.is_prepared:
                    child.dismiss()
                elif child.is_alive:
                    _log.info("%s child is not needed any more", child.kind.name)
                    child.stop(settings.verdict.child_wait_time)
            elif child.is_prepared or not child.is_alive:
                if child.start_at is None:
                    self._start(child, settings)
            elif not child.has(settings) and not child.offer(settings):
                self.force(child)

    def force(self, child: Child) -> None:
        """It cannot go to the settings in use: let it begin anew with them."""
        _log.error("%s child cannot take the settings in use: restarted", child.kind.name)
        child.signal(signal.SIGKILL)

    def _start(self, child: Child, settings: Settings) -> None:
        if self._paths is None:
            return
        try:
            path = child.kind.pid_file(self._paths)
            child.start(settings, path, self._journal_path, self._names)
            if child.kind.hears_of_active and self._active:
                child.say(handoff.ACTIVE, self._active)
            for other in self._all:
                if other.is_at_work and _are_siblings(child, other):
                    _join(child, other)
        except OSError as exc:
            _log.error("%s child cannot be started: %s", child.kind.name, exc.strerror)
            if child.is_alive:
                child.signal(signal.SIGKILL)  # what comes next is decided when it is gone
            else:
                child.start_at = time.monotonic() + max(child.died(), 1.0)


def _are_siblings(one: Child, other: Child) -> bool:
    return other.kind.section in one.kind.siblings or one.kind.section in other.kind.siblings


def _join(one: Child, other: Child) -> None:
    """Give two children a link; it takes the place of the one they had. Raises: OSError."""
    ends = handoff.channel()
    for child, whom, end in ((one, other, ends[0]), (other, one, ends[1])):
        child.say(handoff.SIBLING, whom.kind.section.name, end.fileno())
        end.close()


def _beginning(path: str) -> bytes:
    """What the file begins with; nothing when it cannot be read, which the loader will tell."""
    try:
        if not Path(path).is_file():
            return b""  # a FIFO would be waited for
        with Path(path).open("rb") as file:
            return file.read(_LOOK)
    except OSError:
        return b""
