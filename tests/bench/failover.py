"""How long the addresses are without an owner: after a crash, and after a farewell.

Two routers of equal priority on one LAN, so either can follow the other; the one that ended comes
back as Backup for the next round. Rounds of the two makers alternate; slow ones, which are idle
nearly all the time, run side by side.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator, Sequence

from netnslab import Frame, Lab, LabError
from tests.bench.frames import advert, announced_address
from tests.bench.report import Figure, Plan, Samples, compare
from tests.bench.routers import MAKERS, Instance, Maker, Router, active_down_interval, skew_time

__all__ = ["measure_crash", "measure_planned", "priority"]

_VRID, _VIRTUAL = 51, "192.0.2.100"
_SETTLE = 0.3  # s a restarted daemon gets to hear the Active one, at least
_LONG = 1.0  # s; pairs with such intervals run side by side
_SIDE_BY_SIDE = 4  # of each maker


class Pair:
    """Two routers of one maker, and a recording of their LAN."""

    def __init__(self, lab: Lab, name: str, maker: Maker, interval: float) -> None:
        self.maker = maker
        self.interval = interval
        self._bridge = lab.bridge(name)
        self._routers = [self._router(lab, f"{name}-{number}") for number in (1, 2)]
        self._active, self._backup = self._routers
        self._capture = self._bridge.capture(("vrrp", "arp"))
        self._seen = 0
        for router in self._routers:
            router.start(wait=False)

    def _router(self, lab: Lab, name: str) -> Router:
        host = lab.host(name)
        host.connect(self._bridge, addresses=[f"192.0.2.{name[-1]}/24"])
        return Router(host, self.maker, [Instance(_VRID, f"{_VIRTUAL}/24", self.interval)])

    def find_active(self) -> None:
        """Look who of the two is Active now."""
        self._seen = len(self._capture.frames)
        speaking = self._wait(lambda frame: priority(frame) > 0, "an Advertisement")
        if self._is_from(self._backup, speaking):
            self._active, self._backup = self._backup, self._active

    def end_active(self, how: Callable[[Router], None]) -> None:
        """End the Active router's daemon."""
        self._seen = len(self._capture.frames)
        how(self._active)

    def after_crash(self) -> float | None:
        """Seconds from the dead router's last Advertisement to the other's first, above the least
        the protocol allows. None: a stutter of the machine had set the other off before."""

        def is_advert_of(router: Router, frame: Frame) -> bool:
            return priority(frame) > 0 and self._is_from(router, frame)

        first = self._wait(lambda frame: is_advert_of(self._backup, frame), "a takeover")
        spoken = [frame for frame in self._capture.frames if is_advert_of(self._active, frame)]
        silence = first.monotonic - spoken[-1].monotonic
        return silence - active_down_interval(self.interval) if silence > 0 else None

    def after_farewell(self) -> float | None:
        """Seconds from the Priority 0 to the other's first gratuitous ARP, above Skew_Time."""
        virtual = socket.inet_aton(_VIRTUAL)

        def is_announcement(frame: Frame) -> bool:
            return announced_address(frame.data) == virtual and self._is_from(self._backup, frame)

        farewell = self._wait(lambda frame: priority(frame) == 0, "a Priority 0")
        taken = self._wait(is_announcement, "a gratuitous ARP")
        pause = taken.monotonic - farewell.monotonic
        return pause - skew_time(self.interval) if pause > 0 else None

    def restore(self) -> None:
        """Start the ended daemon again; it comes back as Backup."""
        self._active.clear_addresses()
        self._active.start(wait=False)

    def wait_listening(self) -> None:
        """Wait until both take part."""
        for router in self._routers:
            router.wait_listening()

    def _wait(self, wanted: Callable[[Frame], bool], what: str) -> Frame:
        timeout = 5 * self.interval + 5
        where = f"{what} ({self.maker.value}, {self.interval:g} s)"
        return self._capture.wait(wanted, what=where, timeout=timeout, start=self._seen)

    def _is_from(self, router: Router, frame: Frame) -> bool:
        return self._bridge.ports[frame.interface] == router.host.name


def priority(frame: Frame) -> int:
    """Of an Advertisement; -1 for other frames."""
    found = advert(frame.data)
    return -1 if found is None else found.priority


def measure_crash(plan: Plan) -> Iterator[Figure]:
    """SIGKILL to the whole daemon, at three intervals."""
    for interval, full, quick in ((1.0, 2, 1), (0.1, 15, 3), (0.01, 15, 3)):
        samples = _rounds(interval, plan.choose(full, quick), Router.crash, Pair.after_crash)
        yield from _figures("crash", interval, samples, slack=1.0)


def measure_planned(plan: Plan) -> Iterator[Figure]:
    """TERM to the daemon, at two intervals."""
    for interval, full, quick in ((1.0, 2, 1), (0.1, 11, 2)):
        samples = _rounds(interval, plan.choose(full, quick), Router.stop, Pair.after_farewell)
        yield from _figures("planned", interval, samples, most=5.0)


def _rounds(
    interval: float,
    rounds: int,
    how: Callable[[Router], None],
    read: Callable[[Pair], float | None],
) -> Samples:
    """Milliseconds, by maker; rounds that the machine spoilt are left out."""
    samples: Samples = {maker.value: [] for maker in MAKERS}
    with Lab() as lab:
        groups = _pairs(lab, interval)
        for _ in range(rounds):
            for group in groups:
                for pair, value in zip(group, _round(group, interval, how, read), strict=True):
                    if value is not None:
                        samples[pair.maker.value].append(value * 1000)
    for word, values in samples.items():
        if 2 * len(values) <= rounds:
            raise LabError(f"{word}, {interval:g} s: the machine spoilt most of {rounds} rounds")
    return samples


def _pairs(lab: Lab, interval: float) -> list[list[Pair]]:
    """The pairs, in groups that run through a round at once."""
    count = _SIDE_BY_SIDE if interval >= _LONG else 1
    pairs = [
        Pair(lab, f"{maker.value[0]}{number}", maker, interval)
        for number in range(count)
        for maker in MAKERS
    ]
    return [pairs] if interval >= _LONG else [[pair] for pair in pairs]


def _round(
    group: Sequence[Pair],
    interval: float,
    how: Callable[[Router], None],
    read: Callable[[Pair], float | None],
) -> list[float | None]:
    for pair in group:
        pair.wait_listening()
    time.sleep(max(_SETTLE, 2 * interval))
    for pair in group:
        pair.find_active()
    for pair in group:
        pair.end_active(how)
    found = [read(pair) for pair in group]
    for pair in group:
        pair.restore()
    return found


def _figures(
    row: str, interval: float, samples: Samples, *, slack: float = 0.0, most: float | None = None
) -> Iterator[Figure]:
    """Median and worst of what came on top of the protocol's own time."""
    name = f"{interval * 1000:g} ms: above the floor"
    yield compare(row, f"{name}, median", "ms", samples, slack=slack, most=most)
    worst = [max(samples[maker.value]) for maker in MAKERS]
    yield Figure(row, f"{name}, worst of {len(samples['ours'])}", "ms", *worst)
