"""A thousand Virtual Routers: what the steady state costs, how regular it is, and the takeover.

Two hosts, four cables, 255 VRIDs on each, an Advertisement of each every 100 ms. Processor time is
measured in a phase without any recording, regularity in another.

How long a takeover of all lasts depends on when the crash comes: between two volleys of
Advertisements all timers end close together, within a volley almost an interval apart. So there are
sixteen crashes, at moments spread evenly over the interval, and their means are compared.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import mean, median, quantiles

from netnslab import Lab, LabError
from tests.bench.frames import advert, announced_address
from tests.bench.report import Figure, Plan, Samples, compare
from tests.bench.ring import Record, Ring
from tests.bench.routers import MAKERS, Instance, Maker, Router, cpu_shares

__all__ = ["INTERFACES", "gaps", "instances", "measure", "two_routers"]

INTERFACES = ("eth0", "eth1", "eth2", "eth3")
_VRIDS = 255
_INTERVAL = 0.1  # s
_CALM = 7.0  # s; keepalived repeats its announcements 5 s after a takeover
_CRASHES = 16
_SETTLED = 3.0  # s from the start to a crash, and some of an interval; before those repeats
_TAKEOVER = 2.0  # s recorded after a crash
_ROOM = 1 << 15  # frames per interface: twice what comes in 5 s


def instances(
    count: int, interval: float, priority: int, interfaces: Sequence[str] = INTERFACES
) -> list[Instance]:
    """The first `count` Virtual Routers, spread over the interfaces; one address each."""
    return [
        Instance(
            vrid=1 + number // len(interfaces),
            address=f"198.18.{number % len(interfaces)}.{1 + number // len(interfaces)}/32",
            interval=interval,
            priority=priority,
            interface=interfaces[number % len(interfaces)],
        )
        for number in range(count)
    ]


def two_routers(
    lab: Lab,
    makers: tuple[Maker, Maker],
    count: int,
    interval: float,
    *,
    blocks: str = "",
    more: tuple[str, ...] = (),
) -> tuple[Router, Router]:
    """An Active router and its Backup, both running, on cables of their own.

    `blocks` stand before the instances, `more` are further lines of the first instance.
    """
    hosts = [lab.host(f"{makers[0].value}-active"), lab.host(f"{makers[1].value}-backup")]
    for number, interface in enumerate(INTERFACES):
        link = hosts[0].connect(hosts[1], interface, addresses=[f"192.0.{number}.1/24"])
        hosts[1].add_address(link.far.interface, f"192.0.{number}.2/24")
    routers = []
    for host, maker, priority in zip(hosts, makers, (200, 100), strict=True):
        first, *others = instances(count, interval, priority)
        routers.append(Router(host, maker, [replace(first, more=more), *others], blocks))
    active, backup = routers
    active.start()
    active.wait_addresses(count, timeout=30 + 4 * interval)
    backup.start()
    return active, backup


class Run:
    """What one pair of routers showed."""

    def __init__(self, active: Maker, backup: Maker, seconds: float) -> None:
        with Lab() as lab:
            routers = two_routers(lab, (active, backup), len(INTERFACES) * _VRIDS, _INTERVAL)
            time.sleep(_CALM)
            self.active_cpu, self.backup_cpu = (
                100 * share for share in cpu_shares(routers, seconds)
            )
            self.gaps = gaps(self._record(routers[1], min(seconds, 5.0)))
            self.false_takeovers = routers[1].count_addresses()

    def _record(self, router: Router, seconds: float) -> list[list[Record]]:
        """The Advertisements that arrive on each interface of a host."""
        rings = [Ring(router.host, interface, ("vrrp",), _ROOM) for interface in INTERFACES]
        time.sleep(seconds)
        return [ring.stop() for ring in rings]


def _takeover(maker: Maker, later: float) -> float:
    """Crash an Active router: milliseconds from the first to the last address the Backup announced.

    `later`: the crash comes so much later than others, seconds.
    """
    with Lab() as lab:
        active, backup = two_routers(lab, (maker, maker), len(INTERFACES) * _VRIDS, _INTERVAL)
        time.sleep(_SETTLED + later)
        rings = [Ring(active.host, interface, ("arp",), _ROOM) for interface in INTERFACES]
        active.crash()
        time.sleep(_TAKEOVER)
        first: dict[bytes, float] = {}
        for record in sorted((r for ring in rings for r in ring.stop()), key=lambda r: r.at):
            address = announced_address(record.data)
            if address is not None:
                first.setdefault(address, record.at)
    wanted = len(INTERFACES) * _VRIDS
    if len(first) != wanted:
        raise LabError(f"{backup.maker.value}: {len(first)} of {wanted} addresses announced")
    return 1000 * (max(first.values()) - min(first.values()))


def gaps(records: Sequence[Sequence[Record]]) -> list[float]:
    """Milliseconds between Advertisements of the same Virtual Router."""
    found: list[float] = []
    for interface in records:
        times: dict[int, list[float]] = {}
        for record in interface:
            spoken = advert(record.data)
            if spoken is not None:
                times.setdefault(spoken.vrid, []).append(record.at)
        found += [1000 * (b - a) for each in times.values() for a, b in pairwise(each)]
    return found


def measure(plan: Plan) -> Iterator[Figure]:
    """Each pairing in turn, twice; the crashes; then one of both makers, for information."""
    seconds = 5.0 if plan.quick else 15.0
    runs: dict[Maker, list[Run]] = {maker: [] for maker in MAKERS}
    for _ in range(plan.choose(2, 1)):
        for maker in MAKERS:
            runs[maker].append(Run(maker, maker, seconds))

    spans: Samples = {maker.value: [] for maker in MAKERS}
    crashes = plan.choose(_CRASHES, 2)
    for number in range(crashes):
        for maker in MAKERS:
            spans[maker.value].append(_takeover(maker, number * _INTERVAL / crashes))

    def samples(field: str) -> Samples:
        return {m.value: [getattr(run, field) for run in runs[m]] for m in MAKERS}

    yield compare("many", "CPU of the Active", "%", samples("active_cpu"), factor=0.7)
    yield compare("many", "CPU of the Backup", "%", samples("backup_cpu"))
    yield from _regularity(runs)
    yield compare("many", "takeover, first to last, mean", "ms", spans, middle=mean)
    false = [sum(samples("false_takeovers")[maker.value]) for maker in MAKERS]
    yield Figure("many", "false takeovers", "", *false)
    if not plan.quick:
        mixed = Run(Maker.KEEPALIVED, Maker.OURS, seconds)
        yield Figure("many", "CPU of our Backup of their Active", "%", mixed.backup_cpu, None)


def _regularity(runs: dict[Maker, list[Run]]) -> Iterator[Figure]:
    """Median, p99 and longest gap; p99 is compared to a tenth of a millisecond."""
    gaps = {maker: [gap for run in runs[maker] for gap in run.gaps] for maker in MAKERS}
    yield Figure("many", "advert gap, p50", "ms", *(median(gaps[m]) for m in MAKERS))
    p99 = {m.value: [round(quantiles(gaps[m], n=100)[98], 1)] for m in MAKERS}
    yield compare("many", "advert gap, p99", "ms", p99)
    yield Figure("many", "advert gap, longest", "ms", *(max(gaps[m]) for m in MAKERS))
