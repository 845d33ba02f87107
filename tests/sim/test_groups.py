"""Two hosts, each with a sync group over two or three links: storms must end as one."""

from ipaddress import IPv4Address
from random import Random

import pytest

from pyvrrp.core.events import InitializeReason
from pyvrrp.core.model import Family, VirtualRouterConfig
from pyvrrp.core.sync_group import Standing, standing
from tests.sim.watch import Watch
from tests.sim.world import Air, Node, World

SLACK = 0.002


class Groups:
    """Host 1 has priority 150 on every link, host 2 has 100."""

    def __init__(self, seed):
        self.random = Random(seed)
        self.world = World(self.random, SLACK)
        links = self.random.randint(2, 3)
        self.hosts = [self._host(h, links) for h in (1, 2)]
        self.world.nodes += [n for host in self.hosts for n in host.values()]

    def _host(self, host, links):
        group = {}
        for link in range(links):
            cfg = VirtualRouterConfig(
                vrid=link + 1,
                family=Family.IPV4,
                addresses=(IPv4Address("192.0.2.100"),),
                source=IPv4Address(0xC0000200 + host),
                priority=150 if host == 1 else 100,
                preempt_mode=host == 1 or self.random.random() < 0.5,
                start_as_active=host == 1 and self.random.random() < 0.5,
                synchronized=True,
            )
            name = f"h{host}l{link}"
            group[name] = Node(name, cfg, Watch(SLACK), link, group=group)
        return group

    def mischief(self):
        world, random = self.world, self.random
        node = random.choice(world.nodes)
        match random.randrange(5):
            case 0:
                world.stop(node, InitializeReason.INTERFACE_DOWN)
                world.at(world.now + random.random() * 6, world.start, node)
            case 1:
                for n in world.nodes:
                    if n.link == node.link:
                        n.segment = random.randrange(2)
            case 2:
                world.air = Air(loss=random.choice((0.0, 0.3, 0.9)))
            case 3:
                for member in node.group.values():
                    world.crash(member)
                    world.at(world.now + random.random() * 6, world.start, member)
            case _:
                world.air = Air(longest=random.choice((0.01, 0.5, 2.0)))

    def run(self):
        world, random = self.world, self.random
        start = world.now
        for node in world.nodes:
            world.at(start + random.random() * 4, world.start, node)
        for _ in range(random.randint(2, 10)):
            world.at(start + random.random() * 20, self.mischief)
        world.run_until(start + 26, self.check)
        world.air = Air()
        for node in world.nodes:
            node.segment = 0
        world.run_until(world.now + 20, self.check)
        self.judge()
        world.run_until(world.now + 5, self.check)
        self.judge()

    def check(self):
        """Members are Active together or not at all, and none runs beside a faulty one."""
        for host in self.hosts:
            standings = {standing(n.state) for n in host.values()}
            assert Standing.ACTIVE not in standings or len(standings) == 1, self.states()
            if Standing.OUT in standings:
                assert standings <= {Standing.OUT, Standing.HELD, Standing.ABSENT}, self.states()

    def judge(self):
        first, second = self.hosts
        assert all(n.is_active for n in first.values()), self.states()
        assert not any(n.is_active for n in second.values()), self.states()

    def states(self):
        return [(n.name, n.state) for n in self.world.nodes]


@pytest.mark.parametrize("seed", range(200))
def test_storms_end_with_the_better_group_active(seed):
    Groups(seed).run()
