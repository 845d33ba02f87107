"""Random schedules: who is on the LAN, what goes wrong, and what must be true in the end."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address
from random import Random

from pyvrrp.core.events import InitializeReason
from pyvrrp.core.model import (
    AnnounceSchedule,
    ChecksumForm,
    Family,
    Version,
    VirtualRouterConfig,
)
from pyvrrp.core.packet import IpFacts, encode, internet_checksum
from tests.sim.watch import Watch
from tests.sim.world import Air, Frame, Node, World

VIPS = {
    Family.IPV4: (IPv4Address("192.0.2.100"), IPv4Address("192.0.2.101")),
    Family.IPV6: (IPv6Address("fe80::64"), IPv6Address("2001:db8::64")),
}


def source(family: Family, host: int) -> IPv4Address | IPv6Address:
    return (
        IPv4Address(0xC0000200 + host)
        if family is Family.IPV4
        else IPv6Address((0xFE80 << 112) + host)
    )


class Schedule:
    """One LAN, two to six routers of one family, trouble, peace, and one Active per version."""

    def __init__(self, seed: int) -> None:
        self.random = random = Random(seed)
        self.family = random.choice((Family.IPV4, Family.IPV4, Family.IPV6))
        versions = [Version.V3]
        if self.family is Family.IPV4:
            versions = random.choice(([Version.V3], [Version.V2], [Version.V2, Version.V3]))
        unit = random.choice((0.01, 0.1, 1.0)) if Version.V2 not in versions else 1.0
        self.password = random.choice((None, b"s3cret\0\0"))
        self.world = World(random, lateness=unit / 500)
        self.longest = unit
        for host in range(random.randint(2, 6)):
            cfg = self._router(host + 1, random.choice(versions), unit)
            self.longest = max(self.longest, cfg.advertisement_interval)
            self.world.nodes.append(Node(f"r{host + 1}", cfg, Watch(unit / 500)))
        self.delay = max(n.cfg.preempt_delay for n in self.world.nodes)

    def _router(self, host: int, version: Version, unit: float) -> VirtualRouterConfig:
        random = self.random
        is_v2 = version is Version.V2
        priority = random.choice((50, 99, 100, 100, 101, 150, 254, 255))
        if is_v2 and any(n.cfg.is_owner for n in self.world.nodes):
            priority = min(priority, 254)  # two owners of version 2 ignore each other by rule
        return VirtualRouterConfig(
            vrid=51,
            family=self.family,
            addresses=VIPS[self.family][: random.randint(1, 2)],
            source=source(self.family, host),
            priority=priority,
            version=version,
            advertisement_interval=unit if is_v2 else unit * random.choice((1, 1, 2, 3)),
            preempt_mode=random.random() < 0.7,
            preempt_delay=random.choice((0.0, 0.0, 0.0, 5 * unit)),
            answer_lower_priority=not is_v2 or random.random() < 0.5,
            advertise_before_yielding=random.random() < 0.2,
            checksum=random.choice(tuple(ChecksumForm)),
            password=self.password if is_v2 else None,
            announce=AnnounceSchedule(
                repeat=random.choice((0, 1, 5)),
                delay=random.choice((0.0, 5 * unit)),
                refresh=random.choice((0.0, 7 * unit)),
                lower_priority_repeat=random.choice((0, 5)),
                lower_priority_delay=random.choice((0.0, unit, 5 * unit)),
            ),
        )

    def run(self) -> None:
        """Trouble, then peace, then judgement."""
        self._trouble()
        self._peace()
        # Whoever is Active is heard within an interval; silence ends within four; a preempt delay
        # starts with the first Advertisement after that and is followed by four more.
        self.world.run_until(self.world.now + 10 * self.longest + self.delay)
        settled = [n.state for n in self.world.nodes]
        self._judge()
        self.world.run_until(self.world.now + 3 * self.longest)
        self._judge()
        names = [type(s) for s in settled]
        assert names == [type(n.state) for n in self.world.nodes], "it did not settle"

    def _trouble(self) -> None:
        world, random, span = self.world, self.random, self.longest
        start = world.now
        for node in world.nodes:
            world.at(start + random.random() * 4 * span, world.start, node)
        length = random.uniform(8, 20) * span
        for _ in range(random.randint(3, 14)):
            world.at(start + random.random() * length, self._mischief)
        for _ in range(10):
            world.at(start + random.random() * length, self._invalid)
            world.at(start + random.random() * length, self._idle_tick)
        world.run_until(start + length)

    def _peace(self) -> None:
        world = self.world
        world.air = Air(shortest=self.longest / 10000, longest=self.longest / 1000)
        for node in world.nodes:
            node.segment = 0
            if node.stalled_until <= world.now:
                world.start(node)
            else:
                world.at(node.stalled_until, world.start, node)

    def _mischief(self) -> None:
        world, random, span = self.world, self.random, self.longest
        node = random.choice([n for n in world.nodes if n.stalled_until <= world.now] or [None])
        if node is None:
            return
        match random.randrange(9):
            case 0:
                for n in world.nodes:
                    n.segment = random.randrange(2)
            case 1:
                for n in world.nodes:
                    n.segment = 0
            case 2:
                world.stall(node, random.choice((0.3, 1, 5)) * span)
            case 3:
                world.crash(node)
                world.at(world.now + random.random() * 5 * span, world.start, node)
            case 4:
                world.stop(node, random.choice(tuple(InitializeReason)[1:6]))
                world.at(world.now + random.random() * 5 * span, world.start, node)
            case 5:
                if not node.cfg.is_owner:
                    world.reconfigure(node, priority=random.choice((1, 90, 100, 110, 254)))
            case 6:
                world.air = replace(world.air, loss=random.choice((0.1, 0.3, 0.9)))
            case 7:
                world.air = replace(world.air, longest=random.choice((0.01, 0.5, 2)) * span)
            case _:
                world.air = replace(world.air, duplication=random.choice((0.1, 0.5)))

    def _idle_tick(self) -> None:
        self.world.tick_early(self.random.choice(self.world.nodes))

    def _invalid(self) -> None:
        """A hostile frame, at the worst priority there is for whoever believes it."""
        node = self.random.choice(self.world.nodes)
        if node.stalled_until <= self.world.now:
            self.world.inject(node, self._forged(node.cfg))

    def _forged(self, cfg: VirtualRouterConfig) -> Frame:
        """Like a valid Advertisement of another router, but for one thing."""
        peer = replace(cfg, source=source(self.family, 200))
        group = cfg.destination_group
        ip = IpFacts(peer.source, group, 255)
        kind = self.random.randrange(10)
        priority = self.random.choice((0, 255))
        if kind == 0:
            peer = replace(peer, vrid=52)
        if kind == 1 and cfg.password is not None:
            peer = replace(peer, password=b"wrong\0\0\0")
        message = encode(peer, priority, group)
        match kind:
            case 2:
                ip = replace(ip, ttl=64)
            case 3:
                message = _resummed(message[:3] + b"\0" + message[4:8], ip)
            case 8:
                message = _resummed(message[:4] + b"\0\0" + message[6:], ip)
            case 4:
                message = message[:-1]
            case 5:
                message += b"\0\0"
            case 6:
                message = bytes((message[0] & 0xF0 | 2,)) + message[1:]
            case 7:
                ip = replace(ip, source=cfg.source)
            case 0:
                pass
            case _ if kind != 1 or cfg.password is None:
                message = message[:6] + bytes((message[6] ^ 0x55, message[7] ^ 0x55)) + message[8:]
        return Frame(message, ip)

    def _judge(self) -> None:
        for version in Version:
            routers = [n for n in self.world.nodes if n.cfg.version is version]
            if not routers:
                continue
            active = self.world.active(routers)
            assert len(active) == 1, f"{len(active)} Active of version {version}"
            for node in routers:
                if node.cfg.is_owner or node.cfg.preempt_mode:
                    assert node.cfg.priority <= active[0].cfg.priority, "not the best one"


def _resummed(message: bytes, ip: IpFacts) -> bytes:
    """`message` with the checksum that belongs to it."""
    words = message[:6] + b"\0\0" + message[8:]
    if message[0] >> 4 == 3:
        words += ip.source.packed + ip.destination.packed
        words += len(message).to_bytes(4, "big") + bytes((0, 0, 0, 112))
    return message[:6] + internet_checksum(words).to_bytes(2, "big") + message[8:]
