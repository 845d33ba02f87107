"""EL-11: equal routers that fire in the same millisecond leave one Active and the right ARP caches."""

from ipaddress import IPv4Address
from random import Random

import pytest

from pyvrrp.core.model import AnnounceSchedule, Family, Version, VirtualRouterConfig
from tests.sim.watch import Watch
from tests.sim.world import Air, Node, World

AT_ONCE = AnnounceSchedule(repeat=5, delay=0.0, lower_priority_repeat=1, lower_priority_delay=0.0)
LATER = AnnounceSchedule(repeat=5, delay=5.0, lower_priority_repeat=0)


def race(seed, schedule, version, answers):
    random = Random(seed)
    world = World(random, lateness=0.001)
    world.air = Air(shortest=0.0002, longest=0.003)
    for host in range(1, random.randint(2, 5) + 1):
        cfg = VirtualRouterConfig(
            vrid=51,
            family=Family.IPV4,
            addresses=(IPv4Address("192.0.2.100"),),
            source=IPv4Address(0xC0000200 + host),
            version=version,
            announce=schedule,
            answer_lower_priority=answers,
        )
        world.nodes.append(Node(f"r{host}", cfg, Watch(0.001)))
    for node in world.nodes:
        world.start(node)
    return world


@pytest.mark.parametrize(
    ("schedule", "version", "answers", "within"),
    [
        pytest.param(AT_ONCE, Version.V3, True, 1.1, id="announced on a losing Advertisement"),
        pytest.param(AT_ONCE, Version.V2, False, 1.1, id="the same, answer off"),
        pytest.param(LATER, Version.V3, True, 5.1, id="second burst"),
        pytest.param(LATER, Version.V2, False, 5.1, id="second burst, answer off"),
    ],
)
def test_the_winner_announces_last(schedule, version, answers, within):
    contested = 0
    for seed in range(300):
        world = race(seed, schedule, version, answers)
        # All are due at 3.609375 s, give or take a millisecond.
        world.run_until(1000.125 + 3.609375 + within)
        assert len(world.active(world.nodes)) == 1, f"seed {seed}"
        winner = world.active(world.nodes)[0]
        assert world.announcements[-1][1] is winner, f"seed {seed}: the loser's came last"
        contested += len({n.name for _, n in world.announcements}) > 1
    assert contested > 50
