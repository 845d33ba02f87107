"""Leaving the terminal: the first process waits until the daemon runs, then exits 0.

The daemon is forked first of all and does all the work, so that it has its final process id from
the start; what goes wrong until it runs is still said on the terminal, and the first process
passes its exit code on.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress

__all__ = ["Launch", "leave_terminal"]


class Launch:
    """The daemon's half: `done` tells the waiting first process that all is well."""

    def __init__(self, report: int) -> None:
        self._report = report

    @classmethod
    def detach(cls) -> Launch:
        """Fork. Returns in the daemon only, in a session of its own; the first process exits."""
        sys.stdout.flush()
        waiting, report = os.pipe2(os.O_CLOEXEC)
        pid = os.fork()
        if pid == 0:
            os.close(waiting)
            os.setsid()
            return cls(report)
        os.close(report)
        os._exit(_wait(pid, waiting))

    def done(self) -> None:
        """The daemon runs: let go of the terminal and of the first process."""
        leave_terminal()
        with suppress(BrokenPipeError):
            os.write(self._report, b".")
        os.close(self._report)


def leave_terminal() -> None:
    """Leave the directory and the standard streams that this process was started with."""
    os.chdir("/")
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.close(null)


def _wait(pid: int, waiting: int) -> int:
    """In the first process: the exit code, once the daemon runs or is gone."""
    try:
        if os.read(waiting, 1):
            return 0
        _, status = os.waitpid(pid, 0)
    except KeyboardInterrupt:
        os.kill(pid, signal.SIGTERM)
        return 128 + signal.SIGINT
    return os.waitstatus_to_exitcode(status) & 0xFF
