"""A program that runs in a host: started with a log file, awaited by condition, ended on demand."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from . import residents
from .errors import CommandFailed, DeadlinePassed
from .waiting import wait_until

__all__ = ["Process", "Ready"]

Ready = Callable[[], object] | str | None
"""When a process counts as started: a condition, a pattern in its log, or at once."""

_TAIL = 2000


class Process:
    """One running program; made by `Host.start`.

    `log` is the file of its standard output and error, `pid` its process id as seen everywhere.
    It leads a session of its own, so a Ctrl-C in the terminal ends the lab, which ends it.
    """

    def __init__(
        self,
        where: str,
        command: Sequence[str],
        log: Path,
        *,
        prefix: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        directory: Path | None = None,
    ) -> None:
        self.where = where
        self.command = tuple(command)
        self.log = log
        self.killed: list[int] = []
        """The process ids that `kill` ended."""
        with log.open("ab") as output:
            self._popen = subprocess.Popen(
                [*prefix, *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=None if environment is None else {**os.environ, **environment},
                cwd=directory,
                start_new_session=True,
            )
        self.pid = self._popen.pid

    def __repr__(self) -> str:
        return f"<Process {self.pid} of {self.where}: {' '.join(self.command)}>"

    @property
    def is_running(self) -> bool:
        """Whether it has not ended. A stopped (SIGSTOP) process runs."""
        return self._popen.poll() is None

    @property
    def status(self) -> int | None:
        """Its exit status, negative for a signal; None while it runs."""
        return self._popen.poll()

    def output(self) -> str:
        """Everything it has written so far."""
        return self.log.read_text(errors="replace")

    def tail(self) -> str:
        """The end of its output, for error messages."""
        return self.output()[-_TAIL:]

    def descendants(self, name: str | None = None) -> list[int]:
        """Its own process id and those of its children and their children, parents first.

        `name`: of those only that call themselves so (15 octets at most).
        """
        pids = residents.descendants(self.pid) if self.is_running else []
        return [pid for pid in pids if name is None or residents.name_of(pid) == name]

    def wait_ready(self, ready: Ready, timeout: float = 5.0) -> None:
        """Wait for a condition, or for a regular expression (multi-line) in the log.

        Raises: CommandFailed when the process ends before; DeadlinePassed. Both with its output.
        """
        if ready is None:
            return
        if isinstance(ready, str):
            pattern = re.compile(ready, re.MULTILINE)
            what = f"{ready!r} in the log"
            condition: Callable[[], object] = lambda: pattern.search(self.output())  # noqa: E731
        else:
            condition = ready
            what = "its start"

        def ready_or_dead() -> object:
            alive = self.is_running
            if reached := condition():
                return reached
            if not alive:
                raise CommandFailed(self.where, self.command, self._popen.returncode, self.tail())
            return None

        try:
            wait_until(ready_or_dead, what=f"{self}: {what}", timeout=timeout)
        except DeadlinePassed as error:
            raise DeadlinePassed(f"{error}; it wrote:\n{self.tail()}") from None

    def wait_for_log(self, pattern: str, timeout: float = 5.0) -> None:
        """Wait until the regular expression (multi-line) is found in its output so far.

        Raises: CommandFailed when it ends before; DeadlinePassed.
        """
        self.wait_ready(pattern, timeout)

    def wait(self, timeout: float = 5.0) -> int:
        """Wait for its end; return the exit status, negative for a signal. Raises: DeadlinePassed."""
        try:
            return self._popen.wait(timeout)
        except subprocess.TimeoutExpired:
            raise DeadlinePassed(
                f"waited {timeout:g} s in vain for the end of {self}; it wrote:\n{self.tail()}"
            ) from None

    def signal(self, number: int) -> None:
        """Send a signal to this process alone; nothing happens when it has ended."""
        self._popen.send_signal(number)

    def stop(self, timeout: float = 5.0) -> int:
        """SIGTERM, and wait for the end; return the exit status.

        A process that is left after `timeout` seconds is killed, with its descendants.
        Raises: DeadlinePassed in that case: a daemon that ignores SIGTERM is a finding.
        """
        self.signal(signal.SIGTERM)
        try:
            return self.wait(timeout)
        except DeadlinePassed:
            self.kill()
            raise

    def kill(self) -> None:
        """SIGKILL to this process and all its descendants at once, as a crash of the machine would;
        return when this process is gone. For the process alone: `signal(SIGKILL)`."""
        self.killed = self.descendants()
        residents.kill_together(self.killed, timeout=5.0)
        self._popen.wait()
