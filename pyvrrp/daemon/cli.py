"""The daemon's front door: understand the command line, then run."""

from __future__ import annotations

import os
import sys

from .options import Answer, parse

__all__ = ["main"]


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
    # Imported where needed: the daemon's parent and `-t` each stay free of the other's modules.
    if options.test:
        from .config_test import run

        return run(options)
    from .parent.running import run_daemon

    return run_daemon(options)


def _open_standard_streams() -> None:
    """Some service managers start programs with them closed; a PID file must not become stderr."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            null = open(os.devnull, "w")  # noqa: PTH123, SIM115  # pathlib loads slowly; for the whole life
            setattr(sys, name, null)
