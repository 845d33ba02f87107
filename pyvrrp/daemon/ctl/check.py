"""`pyvrrpctl check`: every problem of a configuration, and what a person would rather know."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from typing import TYPE_CHECKING

from ..options import DEFAULT_CONFIGURATION
from . import colour
from .reading import add_options, addresses_here, read

if TYPE_CHECKING:
    from ...conf.diagnostics import Diagnostic

__all__ = ["add_to"]

_USAGE = 2
_LINTS_COUNT = 5
"""keepalived -t's code for a problem of no particular kind."""

_DESCRIPTION = """\
List what is wrong with a keepalived.conf: all that "keepalived -t" finds, and what keepalived
takes without a word though it is a trap. With --interfaces the host's own interfaces, addresses,
accounts and scripts are looked at too, as "keepalived -t" always does.

Exit codes are those of "keepalived -t": 0 nothing found, 2 a keyword lacks its value, 4 a missing
file or interface, 5 any other problem, 6 a script without enable_script_security. What keepalived
does not find leaves the code as it is, unless --strict. A file that cannot be read gives 2."""

_COUNTED = (("error", "error"), ("warning", "warning"), ("info", "remark"))


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    check = commands.add_parser(
        "check",
        help="list the problems of a keepalived.conf",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    check.add_argument("file", nargs="?", default=DEFAULT_CONFIGURATION, help="%(default)s")
    check.add_argument(
        "--format",
        choices=("full", "concise", "json"),
        default="full",
        help="full shows the place, concise is a line for each problem, json is for programs",
    )
    check.add_argument("--strict", action="store_true", help="a trap counts too: exit code 5")
    check.add_argument(
        "--color",
        choices=("auto", "always", "never"),
        default="auto",
        help="auto: on a terminal, unless NO_COLOR is set",
    )
    check.add_argument(
        "--explain", metavar="ID", help="say what the ID in brackets means, and nothing else"
    )
    add_options(check)
    check.set_defaults(run=_check)


def _check(arguments: argparse.Namespace) -> int:
    from ...conf.lints import find_lints
    from ...conf.source import Unreadable
    from ...net.rtnetlink import NetlinkError
    from ..namespaces import NamespaceError

    if arguments.explain is not None:
        return _explain(arguments.explain)
    try:
        loaded = read(arguments.file, arguments)
        addresses = addresses_here() if arguments.interfaces else None
    except (Unreadable, NetlinkError, NamespaceError) as problem:
        print(problem, file=sys.stderr)
        return _USAGE
    traps = find_lints(loaded.config, addresses)
    _show((*loaded.diagnostics, *traps), arguments)
    counts = arguments.strict and any(trap.severity == "warning" for trap in traps)
    return loaded.test_exit_code or (_LINTS_COUNT if counts else 0)


def _show(found: tuple[Diagnostic, ...], arguments: argparse.Namespace) -> None:
    from ...conf.diagnostics import as_json, concise, full

    if arguments.format == "json":
        print(as_json(found))
        return
    is_coloured = colour.is_wanted(arguments.color, sys.stdout)
    render = full if arguments.format == "full" else concise
    for each in found:
        text = render(each)
        print(colour.paint(text, each.severity) if is_coloured else text)
    print(_summary(found))


def _summary(found: tuple[Diagnostic, ...]) -> str:
    """Such as: 2 errors, 1 warning."""
    counts = Counter(str(each.severity) for each in found)
    told = [
        f"{counts[severity]:,} {word}{'s' if counts[severity] > 1 else ''}"
        for severity, word in _COUNTED
        if counts[severity]
    ]
    return ", ".join(told) or "no problems"


def _explain(id: str) -> int:
    from difflib import get_close_matches
    from textwrap import fill

    from ...conf.explanations import explanations

    known = explanations()
    if id in known:
        print("\n".join(fill(line, 90) for line in known[id].splitlines()))
        return 0
    close = get_close_matches(id, known)
    hint = f"did you mean {close[0]}?" if close else "ids stand in brackets, as in error[no-script]"
    print(f"there is no problem called {id}; {hint}", file=sys.stderr)
    return _USAGE
