"""`pyvrrpctl show config`: what a configuration says, as JSON."""

from __future__ import annotations

import argparse
import sys

from ..options import DEFAULT_CONFIGURATION
from .reading import add_options, read

__all__ = ["add_to"]

_UNUSABLE = 2
_DESCRIPTION = """\
Print what a configuration says, as JSON with keepalived's words: includes and variables
resolved, defaults filled in, what an instance inherits from global_defs beside what it says.

Times are seconds, addresses are text, "at" is the place in the file. Passwords and keys show
as ***. Keys keep their order; later releases may add some.

Problems in the file are for "pyvrrpctl check"; here what can be understood is shown.
Exit code 0, or 2 when there is no such file."""


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    show = commands.add_parser("show", help="show a configuration as JSON")
    what = show.add_subparsers(required=True, metavar="WHAT")
    config = what.add_parser(
        "config",
        help="what a configuration says",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    config.add_argument("file", nargs="?", default=DEFAULT_CONFIGURATION, help="%(default)s")
    add_options(config)
    config.set_defaults(run=_show)


def _show(arguments: argparse.Namespace) -> int:
    import json

    from ...conf.source import Unreadable
    from .plain import plain

    try:
        loaded = read(arguments.file, arguments)
    except Unreadable as problem:
        print(problem, file=sys.stderr)
        return _UNUSABLE
    print(json.dumps(plain(loaded.config), indent=1))
    return 0
