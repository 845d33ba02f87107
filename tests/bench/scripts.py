"""Two hundred tracker scripts, each run every second, and what that does to Advertisements.

One Virtual Router tracks them all and advertises every 50 ms. Each maker is measured without and
with its scripts, in turn; the scripts are processes that end at once.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median, quantiles

from netnslab import Lab
from tests.bench.frames import advert
from tests.bench.report import Figure, Plan
from tests.bench.routers import MAKERS, Instance, Maker, Router, cpu_shares

__all__ = ["measure"]

_SCRIPTS = 200
_INTERVAL = 0.05  # s
_CALM = 7.0  # s; keepalived repeats its announcements 5 s after a takeover
_BOUND = 2.0  # ms


@dataclass
class _Seen:
    """Of one maker. Gaps are milliseconds, processor time is per cent of one core."""

    without: list[float] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


def measure(plan: Plan) -> Iterator[Figure]:
    """How much later the latest of a hundred Advertisements comes because of the scripts."""
    seconds = 5.0 if plan.quick else 20.0
    seen = {maker: _Seen() for maker in MAKERS}
    for _ in range(plan.choose(2, 1)):
        for maker in MAKERS:
            seen[maker].without += _run(maker, 0, seconds)[0]
            gaps, cpu = _run(maker, _SCRIPTS, seconds)
            seen[maker].gaps += gaps
            seen[maker].cpu.append(cpu)
    yield _figure("advert gap without scripts, p99", "ms", [_p99(s.without) for s in seen.values()])
    yield _figure("advert gap, p99", "ms", [_p99(s.gaps) for s in seen.values()])
    more = [_p99(s.gaps) - _p99(s.without) for s in seen.values()]
    what = f"advert gap, p99, because of {_SCRIPTS} scripts"
    yield Figure("scripts", what, "ms", *more, f"<= {_BOUND:g} ms", more[0] <= _BOUND)
    yield _figure("advert gap, longest", "ms", [max(s.gaps) for s in seen.values()])
    yield _figure("CPU of the daemon", "%", [median(s.cpu) for s in seen.values()])


def _figure(what: str, unit: str, numbers: list[float]) -> Figure:
    return Figure("scripts", what, unit, *numbers)


def _p99(gaps: list[float]) -> float:
    return quantiles(gaps, n=100)[98] if len(gaps) > 1 else gaps[0]


def _run(maker: Maker, scripts: int, seconds: float) -> tuple[list[float], float]:
    """Gaps between Advertisements, and what the daemon's own processes use of the processor."""
    blocks = "global_defs {\n  script_user root\n}\n" + "".join(
        f'vrrp_script s{n} {{\n  script "/bin/true"\n  interval 1\n  weight 1\n}}\n'
        for n in range(scripts)
    )
    tracked = ("track_script {", *(f"s{n}" for n in range(scripts)), "}") if scripts else ()
    with Lab() as lab:
        bridge = lab.bridge("lan")
        host = lab.host("r")
        host.connect(bridge, addresses=["192.0.2.1/24"])
        instance = Instance(51, "192.0.2.100/24", _INTERVAL, more=tracked)
        router = Router(host, maker, [instance], blocks)
        router.start()
        router.wait_addresses(1, timeout=15)
        time.sleep(_CALM)
        capture = bridge.capture(("vrrp",))
        (cpu,) = cpu_shares([router], seconds)
        times = [frame.wall for frame in capture.stop() if advert(frame.data)]
    gaps = [(b - a) / 1e6 for a, b in pairwise(times)]
    return gaps or [1000 * seconds], 100 * cpu  # one that says nothing is silent all the time
