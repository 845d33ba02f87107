"""Whether a machine with too much to do makes a Backup take over from an Active that lives.

Both makers' pairs run at the same time, under the same load.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

from netnslab import Bridge, Frame, Lab
from tests.bench.frames import advert
from tests.bench.report import Figure, Plan
from tests.bench.routers import MAKERS, Instance, Maker, Router

__all__ = ["measure"]

_LOOPS = 8
_INTERVAL = 0.05  # s
_SETTLE = 1.0  # s


def measure(plan: Plan) -> Iterator[Figure]:
    """Takeovers in that time; none is right."""
    seconds = 5.0 if plan.quick else 40.0
    with Lab() as lab:
        bridges = [lab.bridge(maker.value) for maker in MAKERS]
        for maker, bridge in zip(MAKERS, bridges, strict=True):
            _start_pair(lab, bridge, maker)
        time.sleep(_SETTLE)
        load = lab.host("load")  # its processes end with the lab, whatever happens
        for number in range(_LOOPS):
            load.start([sys.executable, "-c", "while True: pass"], name=f"loop{number}")
        captures = [bridge.capture(("vrrp",)) for bridge in bridges]
        time.sleep(seconds)
        found = [
            _takeovers(capture.stop(), bridge)
            for capture, bridge in zip(captures, bridges, strict=True)
        ]
    what = f"false takeovers, {_LOOPS} loops, {_INTERVAL * 1000:g} ms, {seconds:g} s"
    yield Figure("busy", what, "", *found, "0", found[0] == 0)


def _start_pair(lab: Lab, bridge: Bridge, maker: Maker) -> None:
    for number, priority in ((1, 200), (2, 100)):
        host = lab.host(f"{maker.value}-{number}")
        host.connect(bridge, addresses=[f"192.0.2.{number}/24"])
        instance = Instance(51, "192.0.2.100/24", _INTERVAL, priority)
        Router(host, maker, [instance]).start()


def _takeovers(frames: list[Frame], bridge: Bridge) -> int:
    """How often the Backup began to speak."""
    speakers = [bridge.ports[frame.interface] for frame in frames if advert(frame.data)]
    before = ["", *speakers]
    return sum(
        now.endswith("-2") and now != then for then, now in zip(before, speakers, strict=False)
    )
