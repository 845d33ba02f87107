"""The parent: small, without asyncio, and needed by nobody for running on.

One poll loop waits for signals, the loader's pipe, the child's channel and the clock. Nothing in
it blocks on another process: a loader that hangs is killed at its deadline, a child that does not
stop is killed after `child_wait_time`.

Settings in use and settings on trial are told apart. New ones become the ones in use when the
child says so; until then a child that dies is started again with the old ones.
"""

from __future__ import annotations

import logging
import os
import select
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from . import handoff, journal, log, pid_file, processes, service_manager
from .child import Child, ChildKind, import_vrrp, run_vrrp
from .loader import Body, Load, Verdict, load
from .options import SIGNALS, Options
from .permissions import missing_capabilities
from .signals import SignalPipe

__all__ = ["VRRP", "Supervisor"]

VRRP = ChildKind("VRRP", "Keepalived_vrrp", import_vrrp, run_vrrp)

_FINAL = frozenset({1, 2, 4})
"""Exit codes of a child after which another start would only repeat them."""
_PASSED_ON = frozenset(SIGNALS[name] for name in ("DATA", "STATS", "STATS_CLEAR", "JSON"))
_STOP = frozenset({signal.SIGTERM, signal.SIGINT})
_ANSWER_WITHIN = 60.0
"""Seconds a child has to say what became of new settings."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Settings:
    """A configuration that can be used, and the descriptor children read it from."""

    verdict: Verdict
    descriptor: int


class Supervisor:
    """The daemon's life, from the first reading of the configuration to the exit code."""

    def __init__(
        self,
        options: Options,
        started: Callable[[], None] = lambda: None,
        *,
        kind: ChildKind = VRRP,
        read_configuration: Body = load,
    ) -> None:
        """`started` is called once: the PID file is there and the child process made."""
        self._options = options
        self._started = started
        self._kind = kind
        self._read_configuration = read_configuration
        self._load: Load | None = None
        self._reload_queued = False
        self._settings: _Settings | None = None
        self._trial: _Settings | None = None
        self._answer_by = 0.0
        self._child = Child(kind, options)
        self._pid_file: pid_file.PidFile | None = None
        self._journal_path = ""
        self._exit_code: int | None = None
        self._kill_at: float | None = None
        self._left_clean = True

    def run(self) -> int:
        """Run until stopped; returns the exit code. Once only, in the main thread."""
        numbers = {signal.SIGHUP, signal.SIGCHLD, *_STOP, *_PASSED_ON}
        processes.freeze()
        with SignalPipe(numbers) as self._signals:
            try:
                self._begin_load()
                while not self._is_over():
                    self._step()
            finally:
                self._clean_up()
        return self._exit_code or 0

    # What can happen.

    def _step(self) -> None:
        poll = select.poll()
        poll.register(self._signals, select.POLLIN)
        if self._load:
            poll.register(self._load.pipe, select.POLLIN)
        if self._child.control:
            poll.register(self._child.control, select.POLLIN)
        timeout = self._timeout()
        poll.poll(None if timeout is None else timeout * 1000)
        for number in self._signals.take():
            self._on_signal(number)
        if self._load and self._load.feed():
            self._on_loaded(self._load)
        for message in self._child.messages():
            self._on_message(message)
        self._on_time(time.monotonic())

    def _timeout(self) -> float | None:
        due = [self._kill_at, self._child.start_at]
        if self._load:
            due.append(self._load.deadline)
        if self._trial:
            due.append(self._answer_by)
        moments = [moment for moment in due if moment is not None]
        # A millisecond more: poll(2) rounds down, and an early look would spin.
        return max(0.0, min(moments) - time.monotonic() + 0.001) if moments else None

    def _on_signal(self, number: int) -> None:
        if number == signal.SIGCHLD:
            self._reap()
        elif number == signal.SIGHUP:
            self._reload()
        elif number in _PASSED_ON:
            self._child.signal(number)
        elif number == signal.SIGTERM or not self._options.ignore_sigint:
            self._stop(0)

    def _on_message(self, message: handoff.Message) -> None:
        if message.descriptor is not None:
            os.close(message.descriptor)
        if message.word == handoff.READY:
            self._narrow_journal()
            service_manager.notify(service_manager.READY)
            _log.info("Startup complete")
        elif message.word == handoff.RELOAD_WANTED:
            self._reload()
        elif self._trial and message.word == handoff.RELOADED:
            self._adopt(self._trial)
            self._narrow_journal()
            self._end_reload()
        elif self._trial and message.word == handoff.REFUSED:
            self._reject(self._trial, f"the {self._kind.name} child refused it: {message.text}")
        elif message.word == handoff.RELOADED:
            # An answer to settings that were given up; both sides must agree again.
            self._reload()
        else:
            _log.warning("%s child: unexpected message %r", self._kind.name, message.word)

    def _on_time(self, now: float) -> None:
        if self._load and now >= self._load.deadline:
            self._load.give_up("did not end in time and was killed")
            self._on_loaded(self._load)
        if self._trial and now >= self._answer_by:
            self._reject(self._trial, f"the {self._kind.name} child does not answer")
        if self._child.start_at is not None and now >= self._child.start_at:
            self._start_child()
        if self._kill_at is not None and now >= self._kill_at:
            _log.warning("%s child did not stop in time: killed", self._kind.name)
            self._child.signal(signal.SIGKILL)
            self._kill_at = None

    # Reading the configuration.

    def _begin_load(self) -> None:
        is_start = self._settings is None
        try:
            self._load = Load(self._options, self._read_configuration, is_start=is_start)
            if is_start and self._options.run_vrrp:
                # Its imports take as long as the reading: both at once halve the start.
                self._child.prepare(self._load.settings)
        except OSError as exc:
            self._load_failed(f"no process to read the configuration: {exc.strerror}", 1)

    def _load_failed(self, why: str, code: int) -> None:
        if self._settings is None:
            self._child.dismiss()
            self._give_up(why, code)
        else:
            self._keep_old(why)

    def _on_loaded(self, finished: Load) -> None:
        self._load = None
        verdict = finished.finish()
        if self._exit_code is not None or not verdict.is_usable:
            os.close(finished.settings)
            if self._exit_code is None:
                text = f"{self._options.configuration} cannot be used, problems: {verdict.problems}"
                self._load_failed(verdict.reason or text, verdict.exit_code)
            return
        loaded = _Settings(verdict, finished.settings)
        if self._settings is None:
            self._begin(loaded)
        else:
            self._try(loaded)

    # Start.

    def _begin(self, first: _Settings) -> None:
        self._settings = first
        verdict = first.verdict
        missing = missing_capabilities() if verdict.needs_vrrp else ()
        if missing:
            self._child.dismiss()
            self._give_up(f"missing permission: {', '.join(missing)}", processes.NO_PERMISSION)
            return
        mask = self._options.umask if self._options.umask is not None else verdict.umask
        os.umask(0o177 if mask is None else mask)
        if not self._take_pid_file(verdict):
            self._child.dismiss()
            return
        if verdict.needs_vrrp:
            self._place_journal(verdict.journal_during)
            self._start_child()
        else:
            self._child.dismiss()
            _log.warning("no configuration to run")
            service_manager.notify(service_manager.READY)
        self._started()
        self._next_reload()

    def _take_pid_file(self, verdict: Verdict) -> bool:
        paths = pid_file.paths(self._options, verdict.names)
        try:
            self._pid_file = pid_file.PidFile.acquire(paths.parent)
        except pid_file.AlreadyRunning as problem:
            self._give_up(str(problem), 0)
        except pid_file.PidFileError as problem:
            self._give_up(str(problem), processes.FATAL)
        else:
            # From now on the names are settled, whatever a later configuration says.
            self._options = replace(self._options, pid_file=paths.parent, vrrp_pid_file=paths.vrrp)
            self._journal_path = journal.journal_path(paths.vrrp)
            return True
        return False

    def _give_up(self, why: str, code: int) -> None:
        """The daemon cannot run: say why, also to whoever started it."""
        if not self._options.log_console:
            log.tell(f"{self._options.program}: {why}")
        _log.error("%s", why)
        self._stop(code)

    def _start_child(self) -> None:
        if self._settings is None:
            return
        paths = pid_file.paths(self._options, self._settings.verdict.names)
        try:
            self._child.start(self._settings.descriptor, paths.vrrp, self._journal_path)
        except OSError as exc:
            _log.error("%s child cannot be started: %s", self._kind.name, exc.strerror)
            self._child.start_at = time.monotonic() + max(self._child.died(), 1.0)

    # Reload.

    def _reload(self) -> None:
        if self._exit_code is not None:
            return
        if self._load or self._trial or self._settings is None:
            self._reload_queued = True
            return
        _log.info("Reloading")
        service_manager.notify(service_manager.reloading())
        self._begin_load()

    def _try(self, loaded: _Settings) -> None:
        if not self._child.is_alive:
            self._adopt(loaded)
            will_start = self._child.start_at is not None
            if will_start or loaded.verdict.needs_vrrp:
                # It says also what the dead child left behind.
                self._place_journal(loaded.verdict.journal_during)
            if loaded.verdict.needs_vrrp and not will_start:
                self._start_child()
            self._end_reload()
            return
        self._trial = loaded
        self._answer_by = time.monotonic() + _ANSWER_WITHIN
        self._place_journal(loaded.verdict.journal_during)
        if not self._child.reload(loaded.descriptor):
            self._reject(loaded, f"the {self._kind.name} child cannot be reached")

    def _adopt(self, loaded: _Settings) -> None:
        if self._settings:
            os.close(self._settings.descriptor)
        self._settings, self._trial = loaded, None

    def _reject(self, loaded: _Settings, why: str) -> None:
        # The journal keeps naming both: the child may have begun with the new settings.
        os.close(loaded.descriptor)
        self._trial = None
        self._keep_old(why)

    def _keep_old(self, why: str) -> None:
        _log.error("Configuration not changed, the old one stays in use: %s", why)
        self._finish_reload()

    def _end_reload(self) -> None:
        _log.info("Reload finished")
        self._finish_reload()

    def _finish_reload(self) -> None:
        service_manager.notify(service_manager.READY)
        self._next_reload()

    def _next_reload(self) -> None:
        if self._reload_queued:
            self._reload_queued = False
            self._reload()

    # The journal.

    def _narrow_journal(self) -> None:
        if self._settings and not self._trial:
            self._place_journal(self._settings.verdict.journal_after)

    def _place_journal(self, octets: bytes) -> None:
        try:
            journal.place(self._journal_path, octets)
        except journal.JournalError as problem:
            _log.warning("a crash would leave traces in the kernel: %s", problem)

    # The end.

    def _reap(self) -> None:
        if self._child.pid is None:
            return
        pid, status = os.waitpid(self._child.pid, os.WNOHANG)
        if pid:
            for message in self._child.messages():
                self._on_message(message)
            self._on_death(status)

    def _on_death(self, status: int) -> None:
        pid, delay = self._child.pid, self._child.died()
        code = os.waitstatus_to_exitcode(status)
        self._left_clean = code == 0
        if self._exit_code is not None:
            return
        how = f"{self._kind.name} child process({pid}) {processes.describe_status(status)}"
        if code in _FINAL:
            _log.error("%s: Exiting", how)
            self._stop(code)
        elif not self._options.respawn:
            _log.error("%s: Exiting", how)
            self._stop(0)
        elif self._settings is None:
            _log.error("%s before it was needed", how)
        else:
            _log.error("%s: Respawning after %g seconds", how, delay)
            self._child.start_at = time.monotonic() + delay
            if self._trial:
                self._reject(self._trial, f"the {self._kind.name} child died with it")

    def _stop(self, code: int) -> None:
        if self._exit_code is not None:
            return
        self._exit_code = code
        service_manager.notify(service_manager.STOPPING)
        if self._settings and self._pid_file:
            _log.info("Stopping")
        self._child.start_at = None
        if self._child.is_alive:
            self._child.signal(signal.SIGTERM)
            wait = self._settings.verdict.child_wait_time if self._settings else 0.0
            self._kill_at = time.monotonic() + wait

    def _is_over(self) -> bool:
        return self._exit_code is not None and not self._child.is_alive

    def _clean_up(self) -> None:
        if self._load:
            self._load.abandon()
        if self._pid_file:
            if self._child.pid_path and not pid_file.is_locked(self._child.pid_path):
                Path(self._child.pid_path).unlink(missing_ok=True)
            # A daemon without VRRP child may share the name with one that has it.
            if self._child.pid_path and self._left_clean:
                self._remove_journal()
            self._pid_file.remove()

    def _remove_journal(self) -> None:
        try:
            journal.remove(self._journal_path)
        except journal.JournalError as problem:
            _log.warning("%s", problem)
