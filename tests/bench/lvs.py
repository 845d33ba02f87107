"""IPVS beside keepalived: how fast the table follows, and what checking costs.

Both makers run in the same boot of one kernel: this machine's own if it has IPVS, else User-Mode
Linux, where only ratios mean something. `tests.bench.director` is what runs there.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from netnslab import LabError, uml
from tests.bench.report import Figure, Plan, Samples, compare

__all__ = ["measure_checks", "measure_table"]

_ROOT = Path(__file__).parents[2]
_MODULES = ("ip_vs", "ip_vs_rr")
_TIMEOUT = 600.0  # s


def measure_table(plan: Plan) -> Iterator[Figure]:
    """2,000 services of 5 servers: start, reload with one changed weight, stop."""
    services = plan.choose(2000, 400)
    found = _inside("table", "--services", str(services))
    for step in ("start", "reload", "stop"):
        samples = _samples(found, step)
        yield compare("table", f"{services} x 5: {step}", "s", samples, factor=0.5)
    missing = _samples(found, "missing")
    yield compare("table", "destinations missing during the reload", "", missing, most=0)
    left = _samples(found, "left")
    yield compare("table", "destinations left after the stop", "", left, most=0)


def measure_checks(plan: Plan) -> Iterator[Figure]:
    """1,000 servers every 5 s: processor time, and the memory of the checker."""
    for kind, factor in (("TCP_CHECK", 1.0), ("HTTP_GET", 1.5)):
        seconds = plan.choose(30, 10)
        found = _inside(kind, "--servers", "1000", "--seconds", str(seconds))
        what = f"1,000 servers every 5 s, {kind}: CPU"
        yield compare("checks", what, "%", _samples(found, "cpu"), factor=factor)
        if kind == "TCP_CHECK":
            sizes = _samples(found, "checker")
            yield compare("checks", "the same: checker's PSS", "MB", sizes, most=40)


def _samples(found: list[dict[str, Any]], field: str) -> Samples:
    samples: Samples = {}
    for each in found:
        samples.setdefault(each["maker"], []).append(each[field])
    return samples


def _inside(*words: str) -> list[dict[str, Any]]:
    """Run the director's measurement; the objects it printed. Raises: LabError."""
    command = [sys.executable, "-m", "tests.bench.director", *words]
    if uml.has_ipvs():
        done = subprocess.run(
            command, cwd=_ROOT, capture_output=True, check=False, text=True, timeout=_TIMEOUT
        )
    else:
        done = uml.run(command, modules=_MODULES, directory=_ROOT, memory="2500M", timeout=_TIMEOUT)
    if done.returncode != 0:
        error = done.stderr[-2000:]
        raise LabError(f"{' '.join(command)}: exit status {done.returncode}\n{error}")
    return [json.loads(line) for line in done.stdout.splitlines()]
