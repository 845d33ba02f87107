"""The `netnslab` program: start a lab from a file, look into it, break it, take it down."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from . import commands
from .errors import LabError
from .uml import DEFAULT_MODULES
from .uml_command import run_command

__all__ = ["main"]

_MEMBER = "HOST, or LAB.HOST where several labs have one of that name"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status: 0, 1 for an error, 2 for wrong usage.

    `uml` returns that of the command it ran.
    """
    given = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int | None] = given.run
    try:
        return run(given) or 0
    except (LabError, ValueError) as error:
        print(f"netnslab: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="netnslab", description="Network labs of Linux network namespaces. Needs root."
    )
    sub = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_lab_commands(sub)
    _add_fault_commands(sub)
    _add_uml(sub)
    return parser


def _add_lab_commands(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    add = sub.add_parser("up", help="make a lab from a topology file and leave it running")
    add.add_argument("file", type=Path)
    add.add_argument("--name", help="of the lab; default: the file's")
    add.add_argument("--no-start", action="store_true", help="start no programs")
    add.set_defaults(run=lambda a: commands.up(a.file, a.name, not a.no_start))

    add = sub.add_parser("list", help="show every lab on this machine")
    add.set_defaults(run=lambda _: commands.list_labs())

    add = sub.add_parser("down", help="take labs down")
    which = add.add_mutually_exclusive_group(required=True)
    which.add_argument("lab", nargs="*", default=[])
    which.add_argument("--all", action="store_true", help="all but those of running processes")
    add.add_argument("--force", action="store_true", help="those too")
    add.set_defaults(run=lambda a: commands.down(a.lab, a.all, a.force))

    add = sub.add_parser("enter", help="open a shell, or run a command, in a host or switch")
    add.add_argument("host", help=_MEMBER)
    add.add_argument("command", nargs=argparse.REMAINDER)
    add.set_defaults(run=lambda a: commands.enter(a.host, a.command))

    add = sub.add_parser("watch", help="show a live time line until Ctrl-C")
    add.add_argument("lab")
    add.add_argument(
        "--ping",
        action="append",
        default=[],
        type=_ping,
        metavar="HOST=ADDRESS",
        help="every 10 ms",
    )
    add.add_argument("--seconds", type=float, help="end after so long")
    add.add_argument("--svg", type=Path, metavar="FILE", help="draw it at the end")
    add.set_defaults(run=lambda a: commands.watch(a.lab, dict(a.ping), a.seconds, a.svg))


def _add_fault_commands(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    add = sub.add_parser("link", help="set an interface down or up, pull its cable or plug it in")
    add.add_argument("host", help=_MEMBER)
    add.add_argument("interface")
    add.add_argument("action", choices=("up", "down", "plug", "unplug"))
    add.set_defaults(run=lambda a: commands.link(a.host, a.interface, a.action))

    add = sub.add_parser("loss", help="lose frames on a cable")
    add.add_argument("host", help=_MEMBER)
    add.add_argument("interface")
    add.add_argument("percent", type=float, help="0 ends it")
    add.add_argument("--direction", choices=("to", "from", "both"), default="both")
    add.add_argument("--match", metavar="NFT", help="only these, as 'ip protocol 112'")
    add.set_defaults(
        run=lambda a: commands.loss(a.host, a.interface, a.percent, a.direction, a.match)
    )

    add = sub.add_parser("delay", help="delay frames to a host (needs a kernel with netem)")
    add.add_argument("host", help=_MEMBER)
    add.add_argument("interface")
    add.add_argument("milliseconds", type=float, help="0 ends it")
    add.set_defaults(run=lambda a: commands.delay(a.host, a.interface, a.milliseconds))

    add = sub.add_parser("crash", help="kill every program in a host")
    add.add_argument("host", help=_MEMBER)
    add.set_defaults(run=lambda a: commands.crash(a.host))

    add = sub.add_parser("start", help="start a host's programs again")
    add.add_argument("host", help=_MEMBER)
    add.set_defaults(run=lambda a: commands.start(a.host))


def _add_uml(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    add = sub.add_parser(
        "uml",
        help="run a command on a kernel with IPVS",
        description="Run a command on a User-Mode Linux kernel: same files, directory and"
        " environment; its own network, /run and /dev. Output and exit status are the command's.",
    )
    add.add_argument("--mem", default="1500M", help="memory; default: %(default)s")
    add.add_argument(
        "--modules",
        type=lambda text: [name for name in text.split(",") if name],
        default=list(DEFAULT_MODULES),
        metavar="A,B,...",
        help=f"to load first, others come on demand; default: {','.join(DEFAULT_MODULES)}",
    )
    add.add_argument("--timeout", type=float, metavar="SECONDS", help="boot and command together")
    add.add_argument("command", nargs=argparse.REMAINDER, help="after --")
    add.set_defaults(run=_run_in_uml)


def _run_in_uml(given: argparse.Namespace) -> int:
    command = given.command[1:] if given.command[:1] == ["--"] else given.command
    return run_command(command, given.modules, given.mem, given.timeout)


def _ping(text: str) -> tuple[str, str]:
    host, equals, address = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST=ADDRESS")
    return host, address
