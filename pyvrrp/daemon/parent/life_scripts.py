"""startup_script and shutdown_script: programs that run before the children start and after they ended.

Each has a process around it, which ends the program when its time is over; the parent only waits
for the end of that process, and goes on whatever came of it.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass

from .. import log, processes
from ..notices.commands import Command
from ..options import Options

__all__ = ["LifeScript", "LifeScripts"]

_log = logging.getLogger(__name__)

_IDENT = "Keepalived"
_PATIENCE = 10.0
"""s that the process has to end the program once its time is over."""


@dataclass(frozen=True, slots=True)
class LifeScript:
    """`timeout` is seconds."""

    command: Command
    timeout: float


class LifeScripts:
    """Runs one at a time, for a parent that calls `reap` at each SIGCHLD."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self.pid: int | None = None
        """The process around the one that runs."""
        self.kill_at: float | None = None
        """When to give up on its process, on the monotonic clock."""

    @property
    def is_running(self) -> bool:
        """Whether the one that was started has not ended."""
        return self.pid is not None

    def start(self, script: LifeScript | None, what: str) -> None:
        """Start it, if there is one and it can be; `what` it is, for the log."""
        if script is None:
            return
        _log.info("Running %s script %s", what, script.command.argv[0])
        try:
            self.pid = processes.fork(lambda: _run(script, what, self._options), keep=())
        except OSError as exc:
            _log.error("%s script cannot be run: %s", what, exc.strerror)
            return
        self.kill_at = time.monotonic() + script.timeout + _PATIENCE

    def stop(self) -> None:
        """Have it ended."""
        self._signal(signal.SIGTERM)

    def kill_late_one(self, now: float) -> None:
        """Kill its process if that did not end in time."""
        if self.kill_at is not None and now >= self.kill_at:
            self._signal(signal.SIGKILL)
            self.kill_at = None

    def reap(self) -> bool:
        """Whether it has ended since the last call."""
        if self.pid is None or os.waitpid(self.pid, os.WNOHANG)[0] == 0:
            return False
        self.pid = self.kill_at = None
        return True

    def _signal(self, number: int) -> None:
        if self.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


def _run(script: LifeScript, what: str, options: Options) -> int:
    from .life_script_run import run  # the parent itself needs nothing of it

    log.start(options, _IDENT)
    run(script.command, script.timeout, what)
    return 0
