"""A reload storm: 100 SIGHUPs in a minute on 1,020 Virtual Routers, and on 1,000 real servers."""

from __future__ import annotations

import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from netnslab import Lab
from tests.bench import lvs
from tests.bench.many import INTERFACES, gaps, two_routers
from tests.bench.report import Figure, Plan, Samples, compare
from tests.bench.ring import Ring
from tests.bench.routers import MAKERS, Maker

__all__ = ["measure"]

_ROUTERS = 1020
_INTERVAL = 0.2  # s
_APART = 0.6  # s
_CALM = 7.0  # s
_LONGEST = 1.5  # intervals
_ROOM = 1 << 17  # frames per interface: a minute has 77,000


def measure(plan: Plan) -> Iterator[Figure]:
    """Both makers in turn, VRRP first."""
    reloads = 15 if plan.quick else 100
    found = {maker.value: _storm(maker, reloads) for maker in MAKERS}
    what = f"{reloads} HUPs, 1,020 VRs at 200 ms"

    def samples(field: str) -> Samples:
        return {word: [each[field]] for word, each in found.items()}

    longest = 1000 * _LONGEST * _INTERVAL
    yield compare("storm", f"{what}: longest gap", "ms", samples("gap"), most=longest)
    yield compare("storm", f"{what}: notify runs", "", samples("told"), most=0)
    yield compare("storm", f"{what}: addresses on the Backup", "", samples("taken"), most=0)
    yield compare("storm", f"{what}: addresses lost", "", samples("lost"), most=0)
    yield from lvs.measure_storm(plan)


def _storm(maker: Maker, reloads: int) -> dict[str, float]:
    with Lab() as lab, tempfile.TemporaryDirectory() as name:
        told = Path(name, "told")
        script = Path(name, "notify")
        script.write_text(f'#!/bin/sh\necho "$@" >> {told}\n')
        script.chmod(0o755)
        blocks = "global_defs {\n  script_user root\n}\n"
        more = (f"notify {script}",)
        routers = two_routers(lab, (maker, maker), _ROUTERS, _INTERVAL, blocks=blocks, more=more)
        active, backup = routers
        time.sleep(_CALM)
        words = told.read_text()
        rings = [Ring(backup.host, interface, ("vrrp",), _ROOM) for interface in INTERFACES]
        for _ in range(reloads):
            active.process.signal(signal.SIGHUP)
            time.sleep(_APART)
        found = gaps([ring.stop() for ring in rings])
        return {
            "gap": max(found),
            "told": told.read_text().count("\n") - words.count("\n"),
            "taken": backup.count_addresses(),
            "lost": _ROUTERS - active.count_addresses(),
        }
