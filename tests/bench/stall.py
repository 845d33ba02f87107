"""An Active Router that did not run for 5 s: how much is said in vain when it runs again.

Two routers of one maker; the stopped one has the higher priority and takes the role back. In vain is
each of its Advertisements after the first in the first interval, and each of the other's after that
first one. With one router on the LAN there would be none.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

from netnslab import Frame, Lab
from tests.bench.failover import priority
from tests.bench.report import Figure, Plan, Samples, compare
from tests.bench.routers import MAKERS, Instance, Maker, Router

__all__ = ["measure_stall"]

_INTERVAL = 1.0  # s
_STALL = 5.0  # s
_ADDRESS = "192.0.2.100/24"


class _Pair:
    """The router that will be stopped, and the one that takes over."""

    def __init__(self, lab: Lab, maker: Maker) -> None:
        self.maker = maker
        self._bridge = lab.bridge(maker.value)
        self._capture = self._bridge.capture(("vrrp",))
        self._routers = []
        for number, (name, rank) in enumerate((("high", 200), ("low", 100)), 1):
            host = lab.host(f"{maker.value}-{name}")
            host.connect(self._bridge, addresses=[f"192.0.2.{number}/24"])
            self._routers.append(Router(host, maker, [Instance(51, _ADDRESS, _INTERVAL, rank)]))
            self._routers[-1].start()
        self._heard(200, 0)

    def _heard(self, rank: int, start: int) -> Frame:
        def is_it(frame: Frame) -> bool:
            return priority(frame) == rank

        what = f"priority {rank} of {self.maker.value}"
        return self._capture.wait(is_it, what=what, timeout=15, start=start)

    def stop_and_continue(self) -> tuple[int, float]:
        """Advertisements in vain, and seconds until one router alone is heard."""
        child = int((self._routers[0].host.directory / "vrrp").read_text())
        os.kill(child, signal.SIGSTOP)
        time.sleep(_STALL)
        start = len(self._capture.frames)
        awake = time.monotonic()
        os.kill(child, signal.SIGCONT)
        first = self._heard(200, start)
        time.sleep(2.5 * _INTERVAL)
        frames = self._capture.frames[start:]
        more = [f for f in frames if priority(f) == 200 and f.monotonic < awake + _INTERVAL]
        late = [f for f in frames if priority(f) == 100 and f.monotonic > first.monotonic]
        last = max(f.monotonic for f in (first, *late))
        return len(more) - 1 + len(late), last - awake


def measure_stall(plan: Plan) -> Iterator[Figure]:
    """SIGSTOP to the VRRP process of the Active Router, and SIGCONT 5 s later."""
    said: Samples = {maker.value: [] for maker in MAKERS}
    seconds: Samples = {maker.value: [] for maker in MAKERS}
    with Lab() as lab:
        pairs = [_Pair(lab, maker) for maker in MAKERS]
        for _ in range(plan.choose(7, 2)):
            for pair in pairs:
                count, duration = pair.stop_and_continue()
                said[pair.maker.value].append(float(count))
                seconds[pair.maker.value].append(duration)
    yield compare("stall", "5 s: Advertisements in vain", "", said, most=1.0)
    yield compare("stall", "5 s: until one is heard alone", "s", seconds, most=_INTERVAL)
