"""`pyvrrpctl`: the daemon's parts as tools for people.

A module for each command, with the one function `add_to`: it registers the command, whose `run`
takes the arguments and returns the exit code. What a command needs is imported when it runs.
"""

from __future__ import annotations

import argparse
import sys

from ..version import COMPATIBLE_WITH, PYVRRP_VERSION
from . import check, decode, keywords, plan, show

__all__ = ["main"]

_COMMANDS = (check, show, plan, keywords, decode)
_BROKEN_PIPE = 1


def main(argv: list[str] | None = None) -> int:
    """Entry point of the console script; returns the exit code.

    0: nothing wrong; 1: the packet would be discarded; 2: wrong use, or a file that cannot be used;
    `check` has keepalived -t's.
    """
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except BrokenPipeError:
        sys.stderr.close()
        return _BROKEN_PIPE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pyvrrpctl",
        description="Look at configurations and packets. Nothing here changes a running daemon.",
        epilog="pyvrrpctl COMMAND --help says more about each.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in _COMMANDS:
        command.add_to(commands)
    version = commands.add_parser("version", help="print the version")
    version.set_defaults(run=_version)
    return parser


def _version(arguments: argparse.Namespace) -> int:
    print(f"pyvrrp {PYVRRP_VERSION}, compatible with keepalived {COMPATIBLE_WITH}")
    return 0
