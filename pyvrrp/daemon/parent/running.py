"""The daemon's life as a process: away from the terminal unless told otherwise, and a word at each end."""

from __future__ import annotations

import logging
import os
from dataclasses import replace
from pathlib import Path

from .. import log
from ..options import Options
from ..process_title import set_title
from ..version import COMPATIBLE_WITH, PYVRRP_VERSION
from .core_dump import core_dumps
from .supervisor import Supervisor

__all__ = ["run_daemon"]

_log = logging.getLogger(__name__)


def run_daemon(options: Options) -> int:
    """Run until told to stop; returns the exit code."""
    set_title(options.program, options.arguments)
    if options.foreground:
        return _supervise(options, Supervisor(options))
    from .launch import Launch

    options = _with_absolute_paths(options)
    launch = Launch.detach()
    return _supervise(options, Supervisor(options, launch.done))


def _supervise(options: Options, supervisor: Supervisor) -> int:
    log.start(options, "Keepalived")
    log.say_missing_syslog(options)
    _say_start(options)
    with core_dumps(options):
        code = supervisor.run()
    _log.info("Stopped %s", _name())
    log.stop()
    return code


def _name() -> str:
    return f"Keepalived v{COMPATIBLE_WITH} (pyvrrp {PYVRRP_VERSION})"


def _say_start(options: Options) -> None:
    kernel = os.uname()
    _log.info("Starting %s", _name())
    _log.info("Running on %s %s %s", kernel.sysname, kernel.release, kernel.version)
    _log.info("Command line: %s", " ".join(map(repr, (options.program, *options.arguments))))
    _log.info("Configuration file %s", options.configuration)
    for flag in options.not_acted_on:
        _log.warning("%s is accepted and not yet acted on", flag)


def _with_absolute_paths(options: Options) -> Options:
    """A daemon changes its directory; names that were given must still mean the same files."""

    def absolute(path: str | None) -> str | None:
        return None if path is None else str(Path(path).absolute())

    return replace(
        options,
        log_file=absolute(options.log_file)
        if "/" in (options.log_file or "")
        else options.log_file,
        configuration=str(Path(options.configuration).absolute()),
        pid_file=absolute(options.pid_file),
        vrrp_pid_file=absolute(options.vrrp_pid_file),
        checkers_pid_file=absolute(options.checkers_pid_file),
        bfd_pid_file=absolute(options.bfd_pid_file),
    )
