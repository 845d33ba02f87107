"""`pyvrrpctl check`: every problem of a configuration."""

from __future__ import annotations

import argparse
import sys

from ..options import DEFAULT_CONFIGURATION
from .reading import add_options, read

__all__ = ["add_to"]

_USAGE = 2


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    check = commands.add_parser(
        "check",
        help="list the problems of a keepalived.conf",
        description="List every problem of a keepalived.conf. Exit codes are those of keepalived -t.",
    )
    check.add_argument("file", nargs="?", default=DEFAULT_CONFIGURATION)
    check.add_argument("--format", choices=("full", "concise", "json"), default="full")
    add_options(check)
    check.set_defaults(run=_check)


def _check(arguments: argparse.Namespace) -> int:
    from ...conf.diagnostics import as_json, concise, full
    from ...conf.source import Unreadable

    try:
        loaded = read(arguments.file, arguments)
    except Unreadable as problem:
        print(problem, file=sys.stderr)
        return _USAGE
    if arguments.format == "json":
        print(as_json(loaded.diagnostics))
    else:
        for diagnostic in loaded.diagnostics:
            print(full(diagnostic) if arguments.format == "full" else concise(diagnostic))
    return loaded.test_exit_code
