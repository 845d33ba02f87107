"""Leaving the terminal: the first process waits until the daemon runs, then exits 0.

The daemon is forked first of all and does all the work, so that it has its final process id from
the start; what goes wrong until it runs is still said on the terminal, and the first process
passes its exit code on.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress

__all__ = ["Launch"]


class Launch:
    """The daemon's half: `done` tells the waiting first process that all is well."""

    def __init__(self, report: int) -> None:
        self._report = report

    @classmethod
    def detach(cls) -> Launch:
        """Fork. Returns in the daemon only; the first process waits, then exits."""
        sys.stdout.flush()
        waiting, report = os.pipe2(os.O_CLOEXEC)
        pid = os.fork()
        if pid == 0:
            os.close(waiting)
            return cls(report)
        os.close(report)
        said = os.read(waiting, 1)
        if said:
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)

    def done(self) -> None:
        """The daemon runs: leave session, directory and standard streams, let the terminal go."""
        os.setsid()
        os.chdir("/")
        null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        os.close(null)
        with suppress(BrokenPipeError):
            os.write(self._report, b".")
        os.close(self._report)
