"""IPVS beside keepalived: how fast the table follows, what checking, faults and connections cost.

Both makers run in the same boot of one kernel: this machine's own if it has IPVS, else User-Mode
Linux, where only ratios mean something. `tests.bench.director`, `truth` and `million` run there.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from netnslab import LabError, uml
from tests.bench import million, truth
from tests.bench.cost import stretches
from tests.bench.proc import cpu_seconds
from tests.bench.report import Figure, Plan, Samples, compare

__all__ = [
    "measure_checks",
    "measure_death",
    "measure_million",
    "measure_storm",
    "measure_table",
    "measure_truth",
]

_ROOT = Path(__file__).parents[2]
_MODULES = ("ip_vs", "ip_vs_rr")
_TIMEOUT = 600.0  # s
_LOOK = 0.02  # s


def measure_table(plan: Plan) -> Iterator[Figure]:
    """2,000 services of 5 servers: start, reload with one changed weight, stop."""
    services = 400 if plan.quick else 2000
    found = _inside("director", "--services", str(services))
    for step in ("start", "reload", "stop"):
        samples = _samples(found, step)
        yield compare("table", f"{services} x 5: {step}", "s", samples, factor=0.5)
    missing = _samples(found, "missing")
    yield compare("table", "destinations missing during the reload", "", missing, most=0)
    left = _samples(found, "left")
    yield compare("table", "destinations left after the stop", "", left, most=0)


def measure_storm(plan: Plan) -> Iterator[Figure]:
    """1,000 servers, a reload every 0.6 s."""
    reloads = 15 if plan.quick else 100
    found = _inside("director", "--services", "200", "--reloads", str(reloads))
    what = f"{reloads} HUPs, 1,000 servers"
    missing = _samples(found, "missing")
    yield compare("storm", f"{what}: destinations missing", "", missing, most=0)


def measure_checks(plan: Plan) -> Iterator[Figure]:
    """1,000 servers every 5 s, what a check costs; 10,000, whether they come in time."""
    for kind, factor in (("TCP_CHECK", 1.0), ("HTTP_GET", 1.5)):
        yield from _cost_of(kind, factor, plan)
    servers = 2000 if plan.quick else 10_000
    found = _inside("checks", "pace", "--servers", str(servers), "--delay", "20", "--rounds", "2")
    what = f"{servers:,} servers every 20 s"
    yield _told("checks", f"{what}: table complete", "s", _samples(found, "start"))
    sizes = _samples(found, "checker")
    yield _told("checks", f"{what}: checker's PSS", "MB", sizes)
    for name in ("p50", "p99", "longest"):
        late = {maker: [1000 * s for s in x] for maker, x in _samples(found, name).items()}
        yield _told("checks", f"{what}: late, {name}", "ms", late)


def _cost_of(kind: str, factor: float, plan: Plan) -> Iterator[Figure]:
    """Processor time above that of a machine in which nobody checks, for each check."""
    rounds, seconds = (1, 20.0) if plan.quick else (plan.repeat or 2, 40.0)
    words = ("cost", "--kind", kind, "--seconds", str(seconds), "--rounds", str(rounds))
    costs = stretches(_marks("checks", *words))
    what = f"1,000 servers every 5 s, {kind}: CPU"
    each = {m: [1e6 * c.seconds / c.probes for c in found] for m, found in costs.items()}
    yield compare("checks", f"{what} a check", "us", each, factor=factor)
    share = {m: [100 * c.seconds / seconds for c in found] for m, found in costs.items()}
    yield _told("checks", what, "%", share)
    if kind == "TCP_CHECK":
        sizes = {m: [c.checker for c in found] for m, found in costs.items()}
        yield compare("checks", "the same: checker's PSS", "MB", sizes, most=40)


def measure_truth(plan: Plan) -> Iterator[Figure]:
    """Somebody changes the table: until it is right again, and the connections that are lost.

    A flush ends what is sent while there is no service at all: the kernel takes IPVS out of the way of
    packets then, and its own TCP, whose address it is, resets the connections."""
    found = _inside("truth", "truth", "--repeat", str(plan.choose(2, 1)))
    for case in truth.CASES:
        what = f"{case}: right again ({truth.DEADLINE:g}: never)"
        yield compare("truth", what, "s", _worst(found, "seconds", case), most=2)
        idle = _worst(found, "idle", case)
        yield compare("truth", f"{case}: connections lost, of 3 idle", "", idle, most=0)
        busy = _worst(found, "busy", case)
        most = 3 if case == "table flushed" else 0
        yield compare("truth", f"{case}: connections lost, of 3 busy", "", busy, most=most)
    yield from _measure_large_truth()


def _measure_large_truth() -> Iterator[Figure]:
    """A table of 10,000 destinations: one is deleted, all are."""
    found = _inside("truth", "scale", "--repeat", "2")
    size, right = f"{truth.SCALE} x 5", f"right again ({truth.LARGE_DEADLINE:g}: never)"
    deleted = _worst(found, "seconds", "destination deleted")
    yield compare("truth", f"{size}: destination deleted: {right}", "s", deleted, most=2)
    flushed = _worst(found, "seconds", "table flushed")
    yield compare("truth", f"{size}: table flushed: {right}", "s", flushed, most=2)


def measure_death(plan: Plan) -> Iterator[Figure]:
    """One of three servers dies under a client that asks every 20 ms: until nobody is sent there."""
    found = _inside("truth", "dead server", "--repeat", str(plan.choose(3, 1)))
    most = truth.DELAY_LOOP + truth.CONNECT_TIMEOUT
    for death in truth.DEATHS:
        last = _worst(found, "seconds", death)
        yield compare("dead server", f"{death}: last failed request", "s", last, most=most + 0.1)
        failed = _worst(found, "failed", death)
        yield compare("dead server", f"{death}: failed requests", "", failed, slack=25)


def measure_million(plan: Plan) -> Iterator[Figure]:
    """A million connections in the table: Advertisements and checks as without, and a failover."""
    entries, seconds = (100_000, 5) if plan.quick else (1_000_000, 20)
    words = ["--entries", str(entries), "--seconds", str(seconds)]
    found = _inside("million", *words, modules=())
    units = {"advert": 1000 * million.INTERVAL, "probe": 1000 * million.CHECK_INTERVAL}
    for name, interval in units.items():
        for percentile in ("p99", "max"):
            field = f"{name}_{percentile}"
            without = _worst(found, field, "without")
            what = f"{name} gap {percentile}"
            slack = 0.1 * interval
            yield compare("million", f"no connection: {what}", "ms", without, slack=slack)
            full = _worst(found, field, "with")
            yield compare("million", f"{entries:,}: {what}", "ms", full, slack=slack)
    outage = _worst(found, "outage", "failover")
    died = f"{entries:,}: a director dies"
    yield compare("million", f"{died}: a connection waits", "s", outage, slack=0.5)
    lost = _worst(found, "lost", "failover")
    what = f"{died}: connections lost, of {million.CONNECTIONS}"
    yield compare("million", what, "", lost, most=0)


def _told(row: str, what: str, unit: str, samples: Samples) -> Figure:
    """A figure without a bound."""
    ours, theirs = (median(samples[word]) for word in ("ours", "keepalived"))
    return Figure(row, what, unit, ours, theirs, samples=samples)


def _worst(found: list[dict[str, Any]], field: str, case: str) -> Samples:
    samples = _samples([each for each in found if each.get("case") == case], field)
    return {maker: [max(values)] for maker, values in samples.items()}


def _samples(found: list[dict[str, Any]], field: str) -> Samples:
    samples: Samples = {}
    for each in found:
        samples.setdefault(each["maker"], []).append(each[field])
    return samples


def _marks(program: str, *words: str) -> list[dict[str, Any]]:
    """As `_inside`, each object with `machine`: the processor time that all in there had used when it
    was printed. Raises: LabError."""
    if uml.has_ipvs():
        return _inside(program, *words)
    command = [sys.executable, "-m", f"tests.bench.{program}", *words]
    found: list[dict[str, Any]] = []
    with uml.Machine(command, modules=_MODULES, directory=_ROOT, memory="2500M") as machine:
        while machine.poll():
            for line in machine.output().splitlines()[len(found) :]:
                used = cpu_seconds(machine.processes, with_buried=True)
                found.append({**json.loads(line), "machine": used})
            time.sleep(_LOOK)
        if machine.status() != 0:
            raise LabError(f"{' '.join(command)}:\n{machine.output('stderr')[-2000:]}")
    return found


def _inside(program: str, *words: str, modules: Sequence[str] = _MODULES) -> list[dict[str, Any]]:
    """Run a measurement of `tests.bench.PROGRAM`; the objects it printed. Raises: LabError."""
    command = [sys.executable, "-m", f"tests.bench.{program}", *words]
    if uml.has_ipvs():
        done = subprocess.run(
            command, cwd=_ROOT, capture_output=True, check=False, text=True, timeout=_TIMEOUT
        )
    else:
        done = uml.run(command, modules=modules, directory=_ROOT, memory="2500M", timeout=_TIMEOUT)
    if done.returncode != 0:
        error = done.stderr[-2000:]
        raise LabError(f"{' '.join(command)}: exit status {done.returncode}\n{error}")
    return [json.loads(line) for line in done.stdout.splitlines()]
