"""The parent: small, without asyncio, and needed by nobody for running on.

One poll loop waits for signals, the loader's pipe, the children's channels and the clock. Nothing
in it blocks on another process: a loader that hangs is killed at its deadline, a child that does
not stop is killed after `child_wait_time`.

Settings in use and settings on trial are told apart. New ones are offered to every child that runs
and will be needed, and become the ones in use when all of them took them. Only then are children
started that are newly needed, and stopped that no longer are. When one child refuses, dies or does
not answer, the settings in use stay (quirk: reload-or-die), and a child that took the new ones already is handed the old
ones again: for a moment it has run the new ones while another still had the old. A child that
cannot go back is restarted, and one that dies at any time is started with the settings in use.
"""

from __future__ import annotations

import logging
import os
import select
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from .. import handoff, log, namespaces, processes
from ..dumping.kinds import DUMP_SIGNALS
from ..dumping.request import Request
from ..options import Options
from ..vrrp.journal import journal_path
from . import dumps, pid_file
from .child import Child, ChildKind, Settings
from .children import Children
from .journal_keeper import JournalKeeper
from .kinds import KINDS
from .life_scripts import LifeScripts
from .life_signs import LifeSigns
from .loader import Body, Load
from .permissions import missing_capabilities
from .reading import read
from .reload_schedule import ReloadSchedule
from .signals import SignalPipe

__all__ = ["Supervisor"]

_FINAL = frozenset({1, 2, 4})
"""Exit codes of a child after which another start would only repeat them."""
_STOP = frozenset({signal.SIGTERM, signal.SIGINT})
_ANSWER_WITHIN = 60.0
"""Seconds a child has to say what became of new settings."""


_log = logging.getLogger(__name__)


def _dump(request: Request) -> int:
    from ..dumping.dumper import dump  # the parent itself needs nothing of it

    return dump(request)


class Supervisor:
    """The daemon's life, from the first reading of the configuration to the exit code."""

    def __init__(
        self,
        options: Options,
        started: Callable[[], None] = lambda: None,
        *,
        kinds: Iterable[ChildKind] = KINDS,
        read_configuration: Body = read,
        dump: dumps.Body = _dump,
    ) -> None:
        """`started` is called once: the PID file is there and the child processes made."""
        self._options = options
        self._started = started
        self._read_configuration = read_configuration
        self._load: Load | None = None
        self._writing: Load | None = None
        """The loader of the newest settings, until it is over."""
        self._reload_queued = False
        self._settings: Settings | None = None
        self._trial: Settings | None = None
        self._waiting_for: set[Child] = set()
        self._answer_by = 0.0
        self._first: Settings | None = None
        """What to begin with, once the startup script has ended."""
        self._children = Children(kinds, options)
        self._journal = JournalKeeper(self._children)
        self._life_scripts = LifeScripts(options)
        self._dumps = dumps.Dumps(self._children, dump)
        self._signs = LifeSigns()
        self._schedule = ReloadSchedule()
        self._pid_file: pid_file.PidFile | None = None
        self._exit_code: int | None = None
        self._is_starting = True

    def run(self) -> int:
        """Run until stopped; returns the exit code. Once only, in the main thread."""
        numbers = {signal.SIGHUP, signal.SIGCHLD, *_STOP, *DUMP_SIGNALS}
        processes.freeze()
        with SignalPipe(numbers) as self._signals:
            try:
                self._begin_load()
                while not self._is_over():
                    self._step()
                if self._settings:
                    self._life_scripts.start(self._settings.verdict.shutdown_script, "shutdown")
                while self._life_scripts.is_running:
                    self._step()
            finally:
                self._clean_up()
        return self._exit_code or 0

    # What can happen.

    def _step(self) -> None:
        poll = select.poll()
        poll.register(self._signals, select.POLLIN)
        for reading in filter(None, (self._load, self._writing)):
            poll.register(reading.pipe, select.POLLIN)
        self._children.register(poll)
        timeout = self._timeout()
        poll.poll(None if timeout is None else timeout * 1000)
        for number in self._signals.take():
            self._on_signal(number)
        if self._load and self._load.feed():
            self._on_loaded(self._load)
        if self._writing and self._writing.feed() and self._writing.is_over:
            self._on_written()
        for child, message in self._children.messages():
            self._on_message(child, message)
        self._on_time(time.monotonic())
        processes.reap_strangers(set(self._own_processes()))

    def _own_processes(self) -> Iterator[int]:
        readers = (reading.pid for reading in (self._load, self._writing) if reading)
        children = (child.pid for child in self._children)
        others = (self._dumps.pid, self._life_scripts.pid)
        yield from (pid for pid in (*others, *children, *readers) if pid is not None)

    def _timeout(self) -> float | None:
        moments = [*self._children.due(), *(self._dumps.due() if self._may_dump else ())]
        moments += [*self._signs.due(), *self._schedule.due()]
        moments += [reading.deadline for reading in (self._load, self._writing) if reading]
        if self._trial:
            moments.append(self._answer_by)
        if self._life_scripts.kill_at is not None:
            moments.append(self._life_scripts.kill_at)
        # A millisecond more: poll(2) rounds down, and an early look would spin.
        return max(0.0, min(moments) - time.monotonic() + 0.001) if moments else None

    @property
    def _may_dump(self) -> bool:
        """There is a whole Config to show, and time."""
        return self._settings is not None and self._writing is None and self._exit_code is None

    def _on_signal(self, number: int) -> None:
        if number == signal.SIGCHLD:
            self._reap()
        elif number == signal.SIGHUP:
            self._reload()
        elif number in DUMP_SIGNALS:
            self._dumps.want(DUMP_SIGNALS[number])
        elif number == signal.SIGTERM or not self._options.ignore_sigint:
            self._stop(0)

    def _on_message(self, child: Child, message: handoff.Message) -> None:
        if message.word == handoff.SNAPSHOTS and message.descriptor is not None:
            self._dumps.take(child, message.text, message.descriptor)
            return
        if message.descriptor is not None:
            os.close(message.descriptor)
        if message.word == handoff.READY:
            child.is_ready = True
            self._on_ready()
        elif message.word == handoff.UNAVAILABLE:
            child.is_unavailable = True
        elif message.word == handoff.ACTIVE:
            self._children.tell_active(message.text)
        elif message.word == handoff.RELOAD_WANTED:
            self._reload()
        elif message.word == handoff.DUMP_WANTED:
            self._dumps.want(message.text, child)
        elif message.word == handoff.RELOADED:
            self._on_taken(child, child.answered(taken=True))
        elif message.word == handoff.REFUSED:
            self._on_refused(child, child.answered(taken=False), message.text)
        else:
            _log.warning("%s child: unexpected message %r", child.kind.name, message.word)
        self._say_complete()

    def _on_ready(self) -> None:
        if self._settings and not self._trial and self._exit_code is None:
            # One that was started only to clear away what its predecessor left may go now.
            self._children.bring_in_line(self._settings)
        self._narrow_journal()

    def _narrow_journal(self) -> None:
        if self._settings and not self._trial:
            self._journal.narrow(self._settings)

    def _say_complete(self) -> None:
        if self._is_starting and self._children.are_settled:
            self._is_starting = False
            if not self._load:  # else the end of that reload tells it
                self._signs.ready("running")
            _log.info("Startup complete")

    def _on_taken(self, child: Child, settings: Settings | None) -> None:
        if self._trial and settings is self._trial:
            self._waiting_for.discard(child)
            self._adopt_when_all_took_it(self._trial)
        else:
            self._narrow_journal()

    def _on_refused(self, child: Child, settings: Settings | None, why: str) -> None:
        if self._trial and settings is self._trial:
            self._reject(self._trial, f"the {child.kind.name} child refused it: {why}")
        elif settings and settings is self._settings:
            self._children.force(child)

    def _on_time(self, now: float) -> None:
        if self._load and now >= self._load.deadline:
            self._load.give_up("did not end in time and was killed")
            self._on_loaded(self._load)
        if self._writing and now >= self._writing.deadline:
            self._writing.give_up("did not end in time and was killed")
            self._on_written()
        if self._trial and now >= self._answer_by:
            silent = " and ".join(sorted(child.kind.name for child in self._waiting_for))
            self._reject(self._trial, f"the {silent} child does not answer")
        if self._settings:
            self._children.start_due_ones(self._settings, now)
        self._children.kill_late_ones(now)
        self._signs.beat(now)
        if self._schedule.is_time(now):
            self._reload()
        self._life_scripts.kill_late_one(now)
        if self._settings and self._may_dump:
            self._dumps.go_on(self._settings.configuration, self._options, now)

    # Reading the configuration.

    def _begin_load(self) -> None:
        is_start = self._settings is None
        try:
            self._load = Load(self._options, self._read_configuration, is_start=is_start)
            if is_start:
                self._children.prepare(self._load.settings)
        except OSError as exc:
            self._load_failed(f"no process to read the configuration: {exc.strerror}", 1)

    def _load_failed(self, why: str, code: int) -> None:
        if self._settings is None:
            self._children.dismiss()
            self._give_up(why, code)
        else:
            self._keep_old(why)

    def _on_loaded(self, finished: Load) -> None:
        self._load = None
        verdict = finished.verdict()
        if self._exit_code is not None or not verdict.is_usable:
            finished.abandon()
            if self._exit_code is None:
                text = f"{self._options.configuration} cannot be used, problems: {verdict.problems}"
                self._load_failed(verdict.reason or text, verdict.exit_code)
            return
        loaded = Settings(verdict, finished.settings, finished.configuration)
        self._writing = None if finished.is_over else finished
        if self._settings is None:
            self._begin(loaded)
        else:
            self._try(loaded)

    def _on_written(self) -> None:
        self._writing = None
        self._next_reload()

    # Start.

    def _begin(self, first: Settings) -> None:
        verdict = first.verdict
        missing = missing_capabilities(vrrp=verdict.needs_vrrp, checkers=verdict.needs_checkers)
        if missing:
            self._children.dismiss()
            self._give_up(f"missing permission: {', '.join(missing)}", processes.NO_PERMISSION)
            return
        mask = self._options.umask if self._options.umask is not None else verdict.umask
        os.umask(0o177 if mask is None else mask)
        if not self._settle(verdict.names):
            self._children.dismiss()
            return
        self._first = first
        self._life_scripts.start(verdict.startup_script, "startup")
        if not self._life_scripts.is_running:
            self._go(first)

    def _go(self, first: Settings) -> None:
        self._first = None
        self._use(first)
        if not any(child.is_alive for child in self._children):
            _log.warning("no configuration to run")
            self._signs.ready("no configuration to run")
        self._started()
        self._next_reload()

    def _settle(self, names: pid_file.Words) -> bool:
        """Where this daemon is and what it is called, whatever a later configuration says."""
        paths = pid_file.paths(self._options, names)
        try:
            if names.namespace:
                namespaces.enter(names.namespace)
            self._pid_file = pid_file.PidFile.acquire(paths.parent)
        except pid_file.AlreadyRunning as problem:
            self._give_up(str(problem), 0)
        except (pid_file.PidFileError, namespaces.NamespaceError) as problem:
            self._give_up(str(problem), processes.FATAL)
        else:
            self._options = replace(
                self._options,
                pid_file=paths.parent,
                vrrp_pid_file=paths.vrrp,
                namespace=names.namespace or "",
                ident_suffix=names.ident_suffix,
            )
            if names.ident_suffix:
                log.start(self._options, "Keepalived")
            self._journal.path = journal_path(paths.vrrp)
            self._children.place(paths, self._journal.path, names)
            return True
        return False

    def _give_up(self, why: str, code: int) -> None:
        """The daemon cannot run: say why, also to whoever started it."""
        if not self._options.log_console:
            log.tell(f"{self._options.program}: {why}")
        _log.error("%s", why)
        self._stop(code)

    # Reload.

    def _reload(self) -> None:
        if self._exit_code is not None:
            return
        if self._load or self._writing or self._trial or self._settings is None:
            self._reload_queued = True
            return
        _log.info("Reloading")
        self._signs.reloading()
        self._begin_load()

    def _try(self, loaded: Settings) -> None:
        self._trial = loaded
        self._answer_by = time.monotonic() + _ANSWER_WITHIN
        self._waiting_for = {
            child
            for child in self._children
            if child.is_alive and not child.is_stopping and child.kind.is_needed(loaded.verdict)
        }
        self._journal.widen(loaded)
        for child in tuple(self._waiting_for):
            if not child.offer(loaded):
                self._reject(loaded, f"the {child.kind.name} child cannot be reached")
                return
        self._adopt_when_all_took_it(loaded)

    def _adopt_when_all_took_it(self, loaded: Settings) -> None:
        if not self._waiting_for:
            self._use(loaded)
            self._narrow_journal()
            _log.info("Reload finished")
            self._finish_reload("running")

    def _use(self, settings: Settings) -> None:
        if self._settings:
            self._settings.close()
        self._settings, self._trial = settings, None
        self._signs.use(settings.verdict.parent)
        self._schedule.use(settings.verdict.parent)
        for child in self._children:
            child.is_unavailable = False  # what was missing may be there now
        self._journal.widen_for_starters(settings)
        self._children.bring_in_line(settings)

    def _reject(self, loaded: Settings, why: str) -> None:
        # The journal keeps naming both: a child may have begun with the new settings.
        loaded.close()
        self._trial = None
        if self._settings:
            self._children.bring_in_line(self._settings)
        self._keep_old(why)

    def _keep_old(self, why: str) -> None:
        _log.error("Configuration not changed, the old one stays in use: %s", why)
        self._finish_reload(f"the last reload was refused: {why}")

    def _finish_reload(self, status: str) -> None:
        self._signs.ready(status)
        self._next_reload()

    def _next_reload(self) -> None:
        if self._reload_queued:
            self._reload_queued = False
            self._reload()

    # The end.

    def _reap(self) -> None:
        self._dumps.reap()
        if self._life_scripts.reap() and self._first and self._exit_code is None:
            self._go(self._first)
        for child, status in self._children.reap():
            for message in child.messages():
                self._on_message(child, message)
            self._on_death(child, status)

    def _on_death(self, child: Child, status: int) -> None:
        code = os.waitstatus_to_exitcode(status)
        how = f"{child.kind.name} child process({child.pid}) {processes.describe_status(status)}"
        was_stopping = child.is_stopping
        child.left_clean = code == 0
        delay = child.died()
        if self._exit_code is not None:
            return
        if child.kind.has_journal:
            self._children.tell_active("")  # it holds no address any more, or soon will not
        if was_stopping:
            self._on_stopped(child)
        elif child.is_unavailable and self._has_other_work(child):
            _log.error("%s: going on without it", how)
            self._end_trial_of(child)
            self._say_complete()
        elif code in _FINAL:
            _log.error("%s: Exiting", how)
            self._stop(code)
        elif not self._options.respawn:
            _log.error("%s: Exiting", how)
            self._stop(0)
        elif self._settings is None:
            _log.error("%s before it was needed", how)
        else:
            _log.error("%s: Respawning after %g seconds", how, delay)
            child.start_at = time.monotonic() + delay
            self._is_starting = True
            self._end_trial_of(child)

    def _on_stopped(self, child: Child) -> None:
        """It was not needed any more; a reload in the meantime may have changed that."""
        if child.kind.has_journal and child.left_clean:
            self._journal.remove()
        if self._settings and not self._trial:
            self._journal.widen_for_starters(self._settings)
            self._children.bring_in_line(self._settings)

    def _has_other_work(self, child: Child) -> bool:
        return self._settings is not None and any(
            other.kind.is_needed(self._settings.verdict)
            for other in self._children
            if other is not child
        )

    def _end_trial_of(self, child: Child) -> None:
        if self._trial:
            self._reject(self._trial, f"the {child.kind.name} child died with it")

    def _stop(self, code: int) -> None:
        if self._exit_code is not None:
            return
        self._exit_code = code
        self._signs.stopping(code)
        if self._settings and self._pid_file:
            _log.info("Stopping")
        self._life_scripts.stop()
        self._children.stop(self._settings.verdict.child_wait_time if self._settings else 0.0)

    def _is_over(self) -> bool:
        is_busy = self._life_scripts.is_running or any(child.is_alive for child in self._children)
        return self._exit_code is not None and not is_busy

    def _clean_up(self) -> None:
        if self._load:
            self._load.abandon()
        if self._writing:
            self._writing.give_up("is not needed any more")
        self._dumps.abandon()
        if not self._pid_file:
            return
        for child in self._children:
            if child.pid_path and not pid_file.is_locked(child.pid_path):
                Path(child.pid_path).unlink(missing_ok=True)
            # A daemon without VRRP child may share the name with one that has it.
            if child.kind.has_journal and child.pid_path and child.left_clean:
                self._journal.remove()
        self._pid_file.remove()
