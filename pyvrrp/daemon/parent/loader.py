"""Reading the configuration in a process of its own, which ends when it is done.

Parsing thus costs the parent no memory and no time, cannot hang it or bring it down, and every
child gets the same settings. The loader (`reading`) reports every problem, writes the settings into a
memfd (`handoff`), and here a `Verdict` into a pipe. When all are at work already it writes the `Config` into
another memfd, for those who will show it; the end of the pipe says that it is there.
"""

from __future__ import annotations

import gc
import logging
import os
import pickle
import signal
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from .. import handoff, log, processes
from ..options import Options
from . import pid_file
from .life_scripts import LifeScript
from .settings import ParentSettings

if TYPE_CHECKING:
    from ...conf.config import Config

__all__ = ["DEADLINE", "Body", "Load", "Reading", "Verdict"]

DEADLINE = 60.0
"""Seconds until a loader counts as hung: ten times the largest configuration measured."""

_MAX_VERDICT = 256 * 1024 * 1024
_LENGTH = struct.Struct("=I")
"""Before the verdict in the pipe."""
_IDENT = "Keepalived"

_LEISURE = 19
"""Niceness of what nobody waits for, while the children begin."""

_log = logging.getLogger(__name__)

_NO_WORDS = pid_file.Words()
_NOTHING_SAID = ParentSettings()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the parent needs to know about a configuration."""

    is_usable: bool
    exit_code: int = 0
    """For a daemon that cannot start with it."""
    reason: str = ""
    """Why it is not usable, when that is not a matter of problems in the text."""
    problems: int = 0
    needs_vrrp: bool = False
    needs_checkers: bool = False
    needs_bfd: bool = False
    needs_scripts: bool = False
    child_wait_time: float = 5.0
    """Seconds a child has to stop."""
    umask: int | None = None
    names: pid_file.Words = _NO_WORDS
    parent: ParentSettings = _NOTHING_SAID
    journal_during: bytes = b""
    """Journal while the settings are being put in place: old and new ones together."""
    journal_after: bytes = b""
    """Journal once they are."""
    startup_script: LifeScript | None = None
    shutdown_script: LifeScript | None = None


Reading: TypeAlias = "tuple[Verdict, Config | None]"
Body = Callable[[Options, int, bool], Reading]
"""Reads the configuration, its settings into a memfd; the flag: this is the daemon's start."""


class Load:
    """One loader process, seen from the parent.

    It is `feed`ed until there is a verdict, and after that until it is over. `settings` and
    `configuration` stay open after that: their new owner closes them.
    """

    def __init__(self, options: Options, body: Body, *, is_start: bool) -> None:
        """Start it. Raises: OSError."""
        self.settings = handoff.new_memory()
        self.configuration = handoff.new_memory()
        self.is_over = False
        """All that was to be written is."""
        self.pipe, report = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self.deadline = time.monotonic() + DEADLINE
        self._octets = bytearray()
        self._failure = ""
        try:
            self.pid = processes.fork(
                lambda: _run(body, options, self, report, is_start),
                keep=(self.settings, self.configuration, report),
            )
        except OSError:
            self._close_memory()
            os.close(self.pipe)
            raise
        finally:
            os.close(report)

    def feed(self) -> bool:
        """Take what the pipe holds; True when there is, or never will be, a verdict."""
        while not self.is_over:
            try:
                octets = os.read(self.pipe, 1 << 16)
            except BlockingIOError:
                break
            self._octets += octets
            if len(self._octets) > _MAX_VERDICT:
                self.give_up("says too much")
            elif not octets:
                self._end()
        return self.is_over or self._has_verdict

    @property
    def _has_verdict(self) -> bool:
        start = self._octets[: _LENGTH.size]
        return len(start) == _LENGTH.size and (
            len(self._octets) >= _LENGTH.size + _LENGTH.unpack(start)[0]
        )

    def give_up(self, why: str) -> None:
        """Kill the loader; without a verdict until now the configuration is not usable."""
        self._failure = why
        self._kill()
        self._end()

    def abandon(self) -> None:
        """End it without caring for the result."""
        if not self.is_over:
            self.give_up("is not needed any more")
        self._close_memory()

    def verdict(self) -> Verdict:
        """What it thinks of the configuration; to be asked for when `feed` says so."""
        try:
            if self._has_verdict:
                return _checked(pickle.loads(self._octets[_LENGTH.size :]))
        except (pickle.UnpicklingError, EOFError, AttributeError, ValueError) as exc:
            self._failure = f"gave no verdict ({exc})"
        reason = f"the process that reads the configuration {self._failure}"
        return Verdict(False, processes.INTERNAL_ERROR, reason)

    def _end(self) -> None:
        """Wait for the end of the process, which is near."""
        self.is_over = True
        os.close(self.pipe)
        if self._has_verdict:
            # It has nothing left to do, and a process that is stopped would be waited for.
            self._kill()
        _, status = os.waitpid(self.pid, 0)
        self._failure = self._failure or processes.describe_status(status)

    def _kill(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def _close_memory(self) -> None:
        os.close(self.settings)
        os.close(self.configuration)


def _checked(verdict: object) -> Verdict:
    if not isinstance(verdict, Verdict):
        raise ValueError(f"{type(verdict).__name__} is no Verdict")
    return verdict


def _run(body: Body, options: Options, load: Load, report: int, is_start: bool) -> int:
    signal.setitimer(signal.ITIMER_REAL, DEADLINE + 1)  # should the parent not live to end it
    log.start(options, _IDENT)
    gc.disable()  # the process ends before anything is worth collecting
    verdict, config = body(options, load.settings, is_start)
    octets = pickle.dumps(verdict, pickle.HIGHEST_PROTOCOL)
    os.set_blocking(report, True)
    with os.fdopen(report, "wb") as file:
        file.write(_LENGTH.pack(len(octets)) + octets)
        file.flush()
        os.nice(_LEISURE)
        if config is not None:
            handoff.append(load.configuration, config)
            if options.dump_configuration:
                _log_configuration(config, options, verdict)
    return 0


def _log_configuration(config: Config, options: Options, verdict: Verdict) -> None:
    """Under the names of the processes that keepalived has do it (quirk: dump-conf-process)."""
    from ..dumping.dumper import configuration_lines
    from .kinds import BFD, CHECKERS, VRRP

    wanted = (
        (CHECKERS, verdict.needs_checkers),
        (VRRP, verdict.needs_vrrp),
        (BFD, verdict.needs_bfd),
    )
    for kind in (kind for kind, is_needed in wanted if is_needed):
        log.start(options, kind.ident)
        for line in configuration_lines(config, kind.section):
            _log.info("%s", line)
