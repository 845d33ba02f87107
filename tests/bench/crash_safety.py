"""SIGKILL to each process in each state: what remains, and how long until it is right again.

Two routers on one LAN, the first with the higher priority. `silence` is the time from the kill to the
next Advertisement of whoever it is; right is one host with the address, whose daemon lives.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator

from netnslab import Lab
from tests.bench.failover import priority
from tests.bench.report import Figure, Plan, Samples, compare
from tests.bench.routers import MAKERS, Instance, Maker, Router, active_down_interval

__all__ = ["measure"]

_INTERVAL = 0.1
_VIRTUAL = "192.0.2.100"
_LATER = 3.0  # s; by then every takeover is over

_Kill = Callable[[Router], None]


class _Pair:
    """Two routers of one maker, the first of them Active."""

    def __init__(self, lab: Lab, maker: Maker) -> None:
        self._bridge = lab.bridge("lan")
        self.first, self.second = (self._router(lab, maker, n) for n in (1, 2))
        self.first.start()
        self.first.wait_addresses(1, timeout=15)
        self.second.start()
        time.sleep(5 * _INTERVAL)
        self._capture = self._bridge.capture(("vrrp",))

    def _router(self, lab: Lab, maker: Maker, number: int) -> Router:
        host = lab.host(f"r{number}")
        host.connect(self._bridge, addresses=[f"192.0.2.{number}/24"])
        one = Instance(51, f"{_VIRTUAL}/24", _INTERVAL, 200 if number == 1 else 100)
        return Router(host, maker, [one])

    def silence(self, victim: Router, kill: _Kill) -> float:
        """Milliseconds until somebody advertises after the kill."""
        seen = len(self._capture.frames)
        start = time.monotonic()
        kill(victim)
        after = self._capture.wait(
            lambda frame: frame.monotonic > start and priority(frame) > 0,
            what="an Advertisement",
            timeout=15,
            start=seen,
        )
        return 1000 * (after.monotonic - start)

    def owners(self) -> int:
        """How many hosts answer for the address."""
        return sum(router.count_addresses() for router in (self.first, self.second))


def _child(router: Router) -> None:
    os.kill(int((router.host.directory / "vrrp").read_text()), signal.SIGKILL)


def _parent(router: Router) -> None:
    router.process.signal(signal.SIGKILL)


def _reloading(router: Router) -> None:
    router.process.signal(signal.SIGHUP)
    time.sleep(0.02)
    _child(router)


_SCENES: dict[str, tuple[bool, _Kill]] = {
    "Active, VRRP process": (True, _child),
    "Active, VRRP process in a reload": (True, _reloading),
    "Active, parent": (True, _parent),
    "Active, all processes": (True, Router.crash),
    "Backup, VRRP process": (False, _child),
    "Backup, parent": (False, _parent),
    "Backup, all processes": (False, Router.crash),
}


def measure(plan: Plan) -> Iterator[Figure]:
    """Each scene, for both makers in turn; then what a start after a crash finds."""
    for name, (is_active, kill) in _SCENES.items():
        silence: Samples = {maker.value: [] for maker in MAKERS}
        owners: Samples = {maker.value: [] for maker in MAKERS}
        for _ in range(plan.choose(3, 1)):
            for maker in MAKERS:
                with Lab() as lab:
                    pair = _Pair(lab, maker)
                    victim = pair.first if is_active else pair.second
                    silence[maker.value].append(pair.silence(victim, kill))
                    time.sleep(_LATER)
                    owners[maker.value].append(pair.owners())
        floor = 1000 * active_down_interval(_INTERVAL)
        yield compare("crash safety", f"{name}: silence", "ms", silence, slack=floor)
        yield compare("crash safety", f"{name}: hosts with the address", "", owners)
    yield from _next_start(plan)


def _next_start(plan: Plan) -> Iterator[Figure]:
    """All processes of the Active are killed, and it starts again with another file."""
    cleared: Samples = {maker.value: [] for maker in MAKERS}
    left: Samples = {maker.value: [] for maker in MAKERS}
    for _ in range(plan.choose(3, 1)):
        for maker in MAKERS:
            with Lab() as lab:
                pair = _Pair(lab, maker)
                pair.first.crash()
                start = time.monotonic()
                _write_another(pair.first)
                pair.first.start()
                while pair.first.host.has_address(_VIRTUAL) and time.monotonic() < start + _LATER:
                    time.sleep(0.01)
                cleared[maker.value].append(time.monotonic() - start)
                left[maker.value].append(float(pair.first.host.has_address(_VIRTUAL)))
    what = "killed, started with another file"
    yield compare("crash safety", f"{what}: addresses left", "", left, most=0)
    yield compare("crash safety", f"{what}: cleared ({_LATER:g}: never)", "s", cleared)


def _write_another(router: Router) -> None:
    path = router.host.directory / "keepalived.conf"
    path.write_text(path.read_text().replace(_VIRTUAL, "192.0.2.101"))
