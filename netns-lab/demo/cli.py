"""The command line of the demo."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from functools import partial
from pathlib import Path

from netnslab import Lab, LabError
from netnslab.observe import Observation

from .directors import half
from .handovers import measure
from .lanes import lanes
from .recorder import Recorder
from .screen import Screen, open_console
from .story import ADDRESS, CLIENT, ROUTERS, Story, furnish
from .summary import sum_up

__all__ = ["main"]

_KEEPALIVED = Path("/usr/sbin/keepalived")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; return the exit status: 0, 1 for an error or when something went as it must not,
    2 for wrong usage, 130 for Ctrl-C."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if not given.pictures.is_dir():
        parser.error(f"--pictures {given.pictures}: there is no such directory")
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    try:
        problems = _run(given)
    except KeyboardInterrupt:
        print("\ndemo: stopped by Ctrl-C; nothing is left behind", file=sys.stderr)
        return 130
    except (LabError, OSError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except LookupError as error:
        print(f"demo: no result: {error}", file=sys.stderr)
        return 1
    for problem in problems:
        print(f"demo: {problem}", file=sys.stderr)
    return 1 if problems else 0


def _run(given: argparse.Namespace) -> Sequence[str]:
    """Play what was asked for; return what should not have happened."""
    program = _KEEPALIVED if given.keepalived else Path(sys.executable).with_name("pyvrrp")
    live = not given.no_live
    if given.record is not None:
        half.leave_record(program, given.record, live=live)
        return ()
    if given.part in ("both", "routers"):
        _play_routers(program, given.interval, given.pictures / "failover.svg", live=live)
    if given.part in ("both", "directors"):
        options = [
            *(["--keepalived"] if given.keepalived else []),
            *([] if live else ["--no-live"]),
        ]
        return half.run(program, options, given.pictures / "directors.svg", live=live)
    return ()


def _play_routers(program: Path, interval: float | None, picture: Path, *, live: bool) -> None:
    name = program.name
    heading = f"{name}: two routers share {ADDRESS}, a client uses it"
    with Lab(f"demo-{os.getpid()}") as lab:
        furnish(lab, interval)
        observation = Observation(lab)
        recorder = Recorder(observation)
        with Screen(
            recorder, heading, (*ROUTERS, CLIENT), partial(lanes, recorder), live=live
        ) as screen:
            story = Story(lab, program, observation, recorder, screen.show)
            moments, pings = story.run()
            probes = pings.stop()
            story.finish()
            screen.show(recorder.finish())
    results = measure(recorder.events, probes, moments, *ROUTERS)
    console = open_console()
    sum_up(console, results, name)
    from .picture import draw  # loads matplotlib, 0.5 s: not before the lab is gone

    draw(picture, recorder.events, probes, results, moments, name)
    console.print(f"The same as a picture: {picture}\n", markup=False, soft_wrap=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="demo",
        description="Two routers, a client, a crash: watch a virtual address move. Then two"
        " directors before two web servers, of which one dies, and a connection that outlives its"
        " director. Needs root.",
    )
    parser.add_argument(
        "part",
        nargs="?",
        choices=["both", "routers", "directors"],
        default="both",
        help="default: %(default)s",
    )
    parser.add_argument(
        "--keepalived", action="store_true", help=f"run {_KEEPALIVED} instead, to compare"
    )
    parser.add_argument(
        "--interval",
        type=_interval,
        metavar="SECONDS",
        help="between the routers' Advertisements, 0.01 to 10; default: as in their configuration"
        " files",
    )
    parser.add_argument(
        "--pictures",
        type=Path,
        default=Path(),
        metavar="DIRECTORY",
        help="where to write failover.svg and directors.svg; default: here",
    )
    parser.add_argument("--no-live", action="store_true", help="plain lines, also in a terminal")
    parser.add_argument("--record", type=Path, help=argparse.SUPPRESS)
    return parser


def _interval(text: str) -> float:
    """VRRPv3 counts in hundredths of a second."""
    try:
        seconds = Decimal(text)
        if Decimal("0.01") <= seconds <= 10 and seconds % Decimal("0.01") == 0:
            return float(seconds)
    except InvalidOperation:  # no number, or not to be compared with one
        pass
    raise argparse.ArgumentTypeError(f"{text} is not one of 0.01, 0.02 ... 10 seconds")
