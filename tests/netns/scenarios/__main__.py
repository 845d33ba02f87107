"""Two-node scenarios with keepalived, with ours, and mixed: `python -m tests.netns.scenarios`, as root.

Says of each whether all mixes make the same trace, and exits with 1 when a difference has no row in
QUIRKS.md.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from tests.netns.scenarios.crew import JOBS, MIXES, THEIRS, Outcomes, run_all
from tests.netns.scenarios.model import Scenario
from tests.netns.scenarios.table import SCENARIOS
from tests.netns.scenarios.trace import differences, story, unexplained


def main() -> int:
    """Run what the command line asks for."""
    parser = _parser()
    options = parser.parse_args()
    if unknown := {*options.names} - {each.name for each in SCENARIOS}:
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")
    chosen = [each for each in SCENARIOS if each.name in options.names or not options.names]
    start = time.monotonic()
    outcomes = run_all(chosen, options.jobs)
    verdicts = [_verdict(each, outcomes) for each in chosen]
    for scenario, verdict in zip(chosen, verdicts, strict=True):
        print(f"{scenario.name:36} {verdict}")
        if options.story or verdict.startswith("different"):
            print(*_report(scenario, outcomes), sep="\n")
    found = Counter(verdict.split()[0] for verdict in verdicts)
    events = sum(
        len(each)
        for trace in outcomes.values()
        if isinstance(trace, dict)
        for each in trace.values()
    )
    print(
        f"\n{len(chosen)} scenarios, {len(outcomes)} runs, {events} events compared: "
        f"{found['equal']} equal, {found['explained']} with differences that QUIRKS.md explains, "
        f"{found['different']} different; {time.monotonic() - start:.0f} s"
    )
    return 1 if found["different"] else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.netns.scenarios")
    parser.add_argument("names", nargs="*", metavar="NAME", help="scenarios; all if none is named")
    parser.add_argument("--jobs", type=int, default=JOBS, help="runs at once (%(default)s)")
    parser.add_argument("--story", action="store_true", help="show what happened with keepalived")
    return parser


def _verdict(scenario: Scenario, outcomes: Outcomes) -> str:
    theirs = outcomes[scenario.name, THEIRS]
    lines = []
    for mix in MIXES:
        ours = outcomes[scenario.name, mix]
        if isinstance(theirs, Exception) or isinstance(ours, Exception):
            return "different: a run did not come to its end"
        lines += differences(theirs, ours)
    if unexplained(lines, scenario.known):
        return "different"
    return f"explained by {', '.join(sorted({*scenario.known.values()}))}" if lines else "equal"


def _report(scenario: Scenario, outcomes: Outcomes) -> list[str]:
    lines = []
    theirs = outcomes[scenario.name, THEIRS]
    for mix in (THEIRS, *MIXES):
        lines.append(f"  {mix[0]} and {mix[1]}:")
        trace = outcomes[scenario.name, mix]
        if isinstance(trace, Exception):
            found = str(trace).splitlines()
        elif mix == THEIRS or isinstance(theirs, Exception):
            found = story(trace)
        else:
            found = differences(theirs, trace)
        lines += [f"    {line}" for line in found]
    return lines


sys.exit(main())
