"""The daemon's front door: understand the command line, then run."""

from __future__ import annotations

import logging
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from . import log
from .options import Answer, Options, parse
from .process_title import set_title
from .version import COMPATIBLE_WITH, PYVRRP_VERSION

if TYPE_CHECKING:
    from .supervisor import Supervisor

__all__ = ["main"]

_FATAL = 1

_log = logging.getLogger(__name__)


def main(argv: list[str] | None = None) -> int:
    """Entry point of the console scripts `pyvrrp` and `keepalived`; returns the exit code."""
    _open_standard_streams()
    options = parse(sys.argv if argv is None else argv)
    if isinstance(options, Answer):
        (sys.stdout if options.to_stdout else sys.stderr).write(options.text)
        return options.code
    for complaint in options.complaints:
        print(complaint, file=sys.stderr)
    if options.words:
        print("Unexpected argument(s):", *options.words)
    if options.test:
        # Imported where needed: the daemon's parent stays free of what it does not use.
        from .config_test import run

        return run(options)
    if options.namespace is not None:
        # Unlike other flags not ignored: addresses would appear in the wrong place.
        print(f"--namespace is not supported yet; use {_elsewhere(options)}", file=sys.stderr)
        return _FATAL
    set_title(options.program, options.arguments)
    return _run_daemon(options)


def _elsewhere(options: Options) -> str:
    return f"ip netns exec {options.namespace} {options.program}"


def _open_standard_streams() -> None:
    """Some service managers start programs with them closed; a PID file must not become stderr."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115  # for the whole life


def _run_daemon(options: Options) -> int:
    from .supervisor import Supervisor

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
        configuration=str(Path(options.configuration).absolute()),
        pid_file=absolute(options.pid_file),
        vrrp_pid_file=absolute(options.vrrp_pid_file),
        checkers_pid_file=absolute(options.checkers_pid_file),
        bfd_pid_file=absolute(options.bfd_pid_file),
    )
