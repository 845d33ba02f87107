"""From the loss of a link to the takeover, by BFD: sessions of 10 ms and three missed packets.

The Active router tracks a session with its gateway, which is FRR's bfdd for both makers. The
gateway's link goes down, which nobody on the router can see; the session ends, the router goes into
fault and says so, and the other one announces the address. At best that takes 20 to 30 ms of
silence and a Skew_Time of 11.7 ms.

All processes run in real time, as whoever counts on 30 ms has them, and so does the one that cuts.
"""

from __future__ import annotations

import fcntl
import math
import os
import random
import socket
import struct
import time
from collections.abc import Iterator, Mapping
from statistics import median

from netnslab import Frame, Lab, LabError
from tests.bench.frames import advert, announced_address
from tests.bench.report import Figure, Plan, Samples
from tests.bench.routers import MAKERS, Instance, Maker, Router
from tests.netns.interop.bfdd import Bfdd

__all__ = ["measure"]

_VRID, _VIRTUAL = 51, "192.0.2.100"
_BEST, _SECOND = 254, 253
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 1
_SETTLE = 0.3  # s between the first Advertisement and the cut, at least
_MOST = 60.0  # ms
_REAL_TIME = 50
_SESSION = (
    "bfd_instance gw {\n  neighbor_ip 10.1.0.2\n  source_ip 10.1.0.1\n"
    "  min_rx 10\n  min_tx 10\n  multiplier 3\n}\n"
)
_PEER = ("receive-interval 10", "transmit-interval 10", "detect-multiplier 3")


class _Site:
    """Two routers of one maker, and the gateway of the better one."""

    def __init__(self, lab: Lab, maker: Maker) -> None:
        name = maker.value[0]
        lan, up = lab.bridge(f"{name}-lan"), lab.bridge(f"{name}-up")
        best, second, gateway = (lab.host(f"{name}-{what}") for what in ("1", "2", "gw"))
        best.connect(lan, addresses=["192.0.2.1/24"])
        second.connect(lan, addresses=["192.0.2.2/24"])
        best.connect(up, "eth1", addresses=["10.1.0.1/24"])
        gateway.connect(up, addresses=["10.1.0.2/24"])
        with gateway.entered():
            self._control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._capture = lan.capture(("vrrp", "arp"))
        self._seen = 0
        self._second = second.name
        self._ports = lan.ports
        Bfdd(gateway).start("10.1.0.1", _PEER)
        tracks = ("track_bfd {", "gw", "}")
        ours = Instance(_VRID, f"{_VIRTUAL}/24", 1.0, _BEST, more=tracks)
        Router(best, maker, [ours], _SESSION).start()
        Router(second, maker, [Instance(_VRID, f"{_VIRTUAL}/24", 1.0, _SECOND)]).start()
        self.wait_ready()
        for host in (best, second, gateway):
            for pid in host.process_ids():
                _hurry(pid)

    def wait_ready(self) -> None:
        """Wait until the better router is Active, which takes its session."""

        def is_settled(frame: Frame) -> bool:
            found = advert(frame.data)
            return found is not None and found.priority == _BEST

        start = len(self._capture.frames)
        self._capture.wait(is_settled, what="the better router", timeout=30, start=start)
        self._seen = len(self._capture.frames)
        time.sleep(_SETTLE + random.random() / 50)  # at any moment between two packets

    def cut(self) -> float | None:
        """Take the gateway's link away; milliseconds until the other router announces. None: a
        stutter of the machine had ended the session before."""
        frames = self._capture.frames
        is_spoilt = any(map(self._is_of_second, frames[self._seen :]))
        self._seen = len(frames)
        start = time.monotonic()
        self._set_link(0)
        if is_spoilt:
            return None
        taken = self._capture.wait(
            self._is_takeover, what="a takeover", timeout=10, start=self._seen
        )
        return (taken.monotonic - start) * 1000

    def mend(self) -> None:
        """Give the link back."""
        self._set_link(_IFF_UP)

    def close(self) -> None:
        """Give back what was opened; the lab does the rest."""
        self._control.close()

    def _is_of_second(self, frame: Frame) -> bool:
        """It is silent as long as the better router is Active."""
        return self._ports[frame.interface] == self._second

    def _is_takeover(self, frame: Frame) -> bool:
        virtual = socket.inet_aton(_VIRTUAL)
        return self._is_of_second(frame) and announced_address(frame.data) == virtual

    def _set_link(self, flags: int) -> None:
        request = struct.pack("16sH14x", b"eth0", flags)
        fcntl.ioctl(self._control, _SIOCSIFFLAGS, request)


def measure(plan: Plan) -> Iterator[Figure]:
    """Median and 95th percentile of both."""
    rounds = plan.choose(40, 3)
    samples: Samples = {maker.value: [] for maker in MAKERS}
    with Lab() as lab:
        sites = {maker: _Site(lab, maker) for maker in MAKERS}
        _hurry(0)
        try:
            for _ in range(rounds):
                _round(sites, samples)
        finally:
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        for site in sites.values():
            site.close()
    for word, values in samples.items():
        if 2 * len(values) <= rounds:
            raise LabError(f"{word}, BFD: the machine spoilt most of {rounds} rounds")
    what = f"10 ms x 3: link loss to takeover, {{}} of {len(samples['ours'])}"
    middle = [median(samples[maker.value]) for maker in MAKERS]
    yield Figure("bfd", what.format("median"), "ms", *middle, samples=samples)
    late = [_percentile(samples[maker.value], 95) for maker in MAKERS]
    bound = f"<= {_MOST:g} ms"
    yield Figure("bfd", what.format("p95"), "ms", *late, bound, late[0] <= _MOST)


def _hurry(pid: int) -> None:
    """Have a process run in real time; 0 is this one."""
    os.sched_setscheduler(pid, os.SCHED_RR, os.sched_param(_REAL_TIME))


def _round(sites: Mapping[Maker, _Site], samples: Samples) -> None:
    """One takeover of each maker; they become ready again at the same time."""
    for site in sites.values():
        site.wait_ready()
    for maker, site in sites.items():
        found = site.cut()
        if found is not None:
            samples[maker.value].append(found)
    for site in sites.values():
        site.mend()


def _percentile(values: list[float], percent: int) -> float:
    """The least value that so many percent do not exceed."""
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]
