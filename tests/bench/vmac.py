"""A planned handover with virtual MAC addresses, through a bridge that learns: what a client loses.

The client's neighbour entry is the same before and after, so nothing but the bridge has to learn.
Echo requests go every 2 ms; those are counted that are lost in all, and those that leave after the
new Active router's first gratuitous ARP, when everything should be in place.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

from netnslab import Frame, Lab, LabError, outages
from tests.bench.frames import advert, announced_address
from tests.bench.report import Figure, Plan, Samples, compare
from tests.bench.routers import MAKERS, Instance, Maker, Router

__all__ = ["measure"]

_VRID, _VIRTUAL, _MAC = 51, "192.0.2.100", "00:00:5e:00:01:33"
_INTERVAL = 0.1  # s
_SETTLE = 0.3  # s a restarted daemon gets to hear the Active one, at least
_PACE, _PATIENCE = 0.002, 0.5  # s between two requests, and until one counts as lost


class _Site:
    """Two routers of one maker and a client on a bridge."""

    def __init__(self, lab: Lab, maker: Maker) -> None:
        name = maker.value[0]
        self.maker = maker
        self._lan = lab.bridge(f"{name}-lan")
        self._client = lab.host(f"{name}-client")
        self._client.connect(self._lan, addresses=["192.0.2.9/24"])
        self._routers = [self._router(lab, f"{name}-{number}") for number in (1, 2)]
        self._capture = self._lan.capture(("vrrp", "arp"))
        for router in self._routers:
            router.start()

    def _router(self, lab: Lab, name: str) -> Router:
        host = lab.host(name)
        host.connect(self._lan, addresses=[f"192.0.2.{name[-1]}/24"])
        if self.maker is Maker.KEEPALIVED:  # it leaves this to the administrator, we do not
            host.sysctl("net.ipv4.conf.eth0.arp_announce", 2)
        ours = Instance(_VRID, f"{_VIRTUAL}/24", _INTERVAL, more=("use_vmac",))
        return Router(host, self.maker, [ours])

    def hand_over(self) -> tuple[int, int]:
        """Stop the Active router; requests lost in all, and after the announcement of the other."""
        time.sleep(_SETTLE)
        active, other = self._find_active()
        with self._client.ping(_VIRTUAL, interval=_PACE, deadline=_PATIENCE) as stream:
            if not stream.wait_reply(timeout=10):
                raise LabError(f"{self.maker.value}: no reply before the handover")
            self._check_neighbour()
            start = len(self._capture.frames)
            active.stop()
            told = self._capture.wait(
                lambda frame: self._is_announcement(other, frame),
                what=f"a gratuitous ARP of {self.maker.value}",
                timeout=10,
                start=start,
            )
            time.sleep(2 * _PATIENCE)  # until the last of them counts as lost
            probes = stream.probes()
        self._check_neighbour()
        active.start()
        late = [p for p in probes if p.received is None and p.sent > told.monotonic]
        return sum(each.lost for each in outages(probes)), len(late)

    def _find_active(self) -> tuple[Router, Router]:
        start = len(self._capture.frames)
        frame = self._capture.wait(_speaks, what="an Advertisement", timeout=10, start=start)
        name = self._lan.ports[frame.interface]
        first, second = self._routers
        return (first, second) if first.host.name == name else (second, first)

    def _is_announcement(self, router: Router, frame: Frame) -> bool:
        is_its = self._lan.ports[frame.interface] == router.host.name
        return is_its and announced_address(frame.data) == socket.inet_aton(_VIRTUAL)

    def _check_neighbour(self) -> None:
        entry = self._client.ip("neigh", "show", _VIRTUAL)
        if f"lladdr {_MAC} " not in entry:
            raise LabError(f"{self.maker.value}: the client believes {entry.strip()}")


def _speaks(frame: Frame) -> bool:
    found = advert(frame.data)
    return found is not None and found.priority > 0


def measure(plan: Plan) -> Iterator[Figure]:
    """Rounds of the two makers alternate."""
    lost: Samples = {maker.value: [] for maker in MAKERS}
    late: Samples = {maker.value: [] for maker in MAKERS}
    with Lab() as lab:
        sites = [_Site(lab, maker) for maker in MAKERS]
        for _ in range(plan.choose(9, 2)):
            for site in sites:
                everything, after = site.hand_over()
                lost[site.maker.value].append(float(everything))
                late[site.maker.value].append(float(after))
    name = "planned, 100 ms: pings lost, one each 2 ms"
    yield compare("vmac", f"{name}, median", "pings", lost, slack=5.0)
    yield compare("vmac", f"{name}, after the announcement, median", "pings", late, slack=1.0)
