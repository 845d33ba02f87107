"""Many scenarios at once, each with every mix of makers."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

from netnslab import LabError
from tests.netns.interop.routers import Maker
from tests.netns.scenarios.model import Scenario
from tests.netns.scenarios.run import run
from tests.netns.scenarios.trace import Trace

__all__ = ["JOBS", "MIXES", "THEIRS", "Mix", "Outcomes", "run_all"]

Mix: TypeAlias = tuple[Maker, Maker]
"""The makers of `a` and `b`."""

JOBS = 24
"""Runs at once: they wait most of the time."""

THEIRS: Mix = ("keepalived", "keepalived")
MIXES: tuple[Mix, ...] = (("ours", "ours"), ("ours", "keepalived"), ("keepalived", "ours"))

Outcomes: TypeAlias = "dict[tuple[str, Mix], Trace | Exception]"


def run_all(scenarios: Iterable[Scenario], jobs: int = JOBS) -> Outcomes:
    """The trace of each scenario with each mix, or why there is none."""
    wanted = [(scenario, mix) for scenario in scenarios for mix in (THEIRS, *MIXES)]
    with ThreadPoolExecutor(jobs) as crew:
        found = crew.map(_attempt, *zip(*wanted, strict=True))
        return {(s.name, mix): each for (s, mix), each in zip(wanted, found, strict=True)}


def _attempt(scenario: Scenario, mix: Mix) -> Trace | Exception:
    try:
        return run(scenario, {"a": mix[0], "b": mix[1]})
    except (LabError, AssertionError) as error:
        return error
