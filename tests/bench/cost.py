"""What the stretches of time that `tests.bench.checks` marks have cost, seen from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any

from tests.bench.checks import IDLE

__all__ = ["Cost", "stretches"]


@dataclass(frozen=True, slots=True)
class Cost:
    """`seconds` of processor time above idle, `probes` that were made, MB of the checker."""

    seconds: float
    probes: int
    checker: float


def stretches(marks: Sequence[Mapping[str, Any]]) -> dict[str, list[Cost]]:
    """The costs of each maker. Without `machine` in the marks its own processor time stands in, which
    a kernel that runs on real ticks knows well."""
    idle: list[float] = []
    found: dict[str, list[Cost]] = {}
    for begin, end in zip(marks[::2], marks[1::2], strict=True):
        assert begin["mark"] == "begin" and end["mark"] == "end" and begin["phase"] == end["phase"]
        used = end["machine"] - begin["machine"] if "machine" in end else end.get("cpu", 0.0)
        if end["phase"] == IDLE:
            idle.append(used)
        else:
            cost = Cost(used, end["probes"] - begin["probes"], end["checker"])
            found.setdefault(end["phase"], []).append(cost)
    unused = mean(idle)
    return {
        maker: [Cost(each.seconds - unused, each.probes, each.checker) for each in costs]
        for maker, costs in found.items()
    }
