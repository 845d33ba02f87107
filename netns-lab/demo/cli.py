"""The command line of the demo."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path

from netnslab import Lab, LabError
from netnslab.observe import Observation

from .handovers import measure
from .recorder import Recorder
from .screen import Screen
from .story import ROUTERS, Story, furnish

__all__ = ["main"]

_KEEPALIVED = Path("/usr/sbin/keepalived")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; return the exit status: 0, 1 for an error, 2 for wrong usage, 130 for Ctrl-C."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if not given.svg.parent.is_dir():
        parser.error(f"--svg {given.svg}: there is no directory {given.svg.parent}")
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    try:
        _run(given)
    except KeyboardInterrupt:
        print("\ndemo: stopped by Ctrl-C; nothing is left behind", file=sys.stderr)
        return 130
    except (LabError, OSError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except LookupError as error:
        print(f"demo: no result: {error}", file=sys.stderr)
        return 1
    return 0


def _run(given: argparse.Namespace) -> None:
    program = _KEEPALIVED if given.keepalived else Path(sys.executable).with_name("pyvrrp")
    name = program.name
    with Lab(f"demo-{os.getpid()}") as lab:
        furnish(lab, given.interval)
        observation = Observation(lab)
        recorder = Recorder(observation)
        with Screen(recorder, name, live=not given.no_live) as screen:
            story = Story(lab, program, observation, recorder, screen.show)
            moments, pings = story.run()
            probes = pings.stop()
            story.finish()
            screen.show(recorder.finish())
    results = measure(recorder.events, probes, moments, *ROUTERS)
    screen.sum_up(results)
    from .picture import draw  # loads matplotlib, 0.5 s: not before the lab is gone

    draw(given.svg, recorder.events, probes, results, moments, name)
    screen.say(f"The same as a picture: {given.svg}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="demo",
        description="Two routers, a client, a crash: watch a virtual address move. Needs root.",
    )
    parser.add_argument(
        "--keepalived", action="store_true", help=f"run {_KEEPALIVED} instead, to compare"
    )
    parser.add_argument(
        "--interval",
        type=_interval,
        metavar="SECONDS",
        help="between Advertisements, 0.01 to 10; default: as in the configuration files",
    )
    parser.add_argument(
        "--svg",
        type=Path,
        default=Path("failover.svg"),
        metavar="FILE",
        help="default: %(default)s",
    )
    parser.add_argument("--no-live", action="store_true", help="plain lines, also in a terminal")
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
