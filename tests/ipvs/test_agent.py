"""The agent on a real kernel with real servers: who fails leaves, who meddles finds it put right."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from healthcheck import (
    Agent,
    Destination,
    Event,
    Family,
    FirewallMark,
    Forwarding,
    Method,
    Protocol,
    QuorumUp,
    RealServer,
    Repair,
    ServerDown,
    ServerUp,
    ServiceAddress,
    ServiceFlag,
    ServiceSettings,
    Target,
    TcpCheck,
    Timing,
    TunnelChecksum,
    TunnelType,
    VirtualServer,
)
from tests.ipvs.site import SERVERS4, SERVERS6, VIP4, VIP6, Director

_EXAMPLE = Path(__file__).parents[2] / "examples" / "health_checks.py"
_TRUTH = 2.0  # s until the table is right again, whatever somebody did to it


class Watched:
    """An agent under test: what it told, and waiting for what it makes of the table."""

    def __init__(self, director: Director, agent: Agent, events: list[Event]) -> None:
        self.director = director
        self.agent = agent
        self.events = events

    @property
    def repairs(self) -> list[Repair]:
        """What was repaired until now."""
        return [event for event in self.events if isinstance(event, Repair)]

    async def until(self, condition: Callable[[], bool]) -> float:
        """Seconds until the condition held, 10 at most."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while not condition():
            assert loop.time() - began < 10.0, self.director.rules()
            await asyncio.sleep(0.05)
        return loop.time() - began


def web(director: Director, *, weights: tuple[int, ...] = (1, 2), **settings: Any) -> VirtualServer:
    """A service on server1 and server2, checked every half second."""
    servers = []
    for address, weight in zip(SERVERS4, weights, strict=False):
        where = Destination(ip_address(address), director.port)
        check = TcpCheck(Target(where.address, where.port, 1.0), Timing(0.5, 0, 0.5, 0.0))
        servers.append(RealServer(where, weight, checks=(check,)))
    key = ServiceAddress(Protocol.TCP, ip_address(VIP4), director.port)
    return VirtualServer("web", (key,), tuple(servers), ServiceSettings("rr"), **settings)


def rules_of_web(director: Director, *servers: str) -> dict[str, list[str]]:
    """ipvsadm's words for `web` with these destinations, as "11 -w 1"."""
    entries = [f"10.0.0.{s.split()[0]}:{director.port} -m {s[3:]}" for s in servers]
    return {f"-t {VIP4}:{director.port} -s rr": entries}


def play(
    director: Director,
    configs: list[VirtualServer],
    scenario: Callable[[Watched], Coroutine[Any, Any, None]],
    **close: Any,
) -> list[Event]:
    """Run an agent in the director, and the scenario beside it; return what the agent told."""
    events: list[Event] = []

    async def whole() -> None:
        agent = Agent(configs, on_event=events.append)
        await agent.start()
        try:
            await scenario(Watched(director, agent, events))
        finally:
            await agent.close(**close)

    with director.host.entered():
        asyncio.run(whole())
    return events


def test_who_fails_leaves_and_who_recovers_returns(director: Director) -> None:
    both = rules_of_web(director, "11 -w 1", "12 -w 2")

    async def scenario(watched: Watched) -> None:
        assert director.rules() == both
        director.fail(director.servers[0])
        only = rules_of_web(director, "12 -w 2")
        await watched.until(lambda: director.rules() == only)
        director.revive(director.servers[0])
        await watched.until(lambda: director.rules() == both)

    events = play(director, [web(director)], scenario)
    first = Destination(ip_address("10.0.0.11"), director.port)
    assert [e for e in events if isinstance(e, (QuorumUp, ServerUp, ServerDown))] == [
        QuorumUp("web", 3),
        ServerDown("web", first),
        ServerUp("web", first),
    ]
    assert director.rules() == {}


@pytest.mark.parametrize(
    "meddling",
    [
        pytest.param(["-C"], id="flushed"),
        pytest.param(["-D -t {vip}"], id="service deleted"),
        pytest.param(["-E -t {vip} -s wlc -p 60"], id="service edited"),
        pytest.param(["-D -t {vip}", "-A -t {vip} -s lc"], id="service made anew"),
        pytest.param(["-d -t {vip} -r {first}"], id="destination deleted"),
        pytest.param(["-e -t {vip} -r {first} -m -w 9"], id="destination weighted"),
        pytest.param(["-e -t {vip} -r {first} -g -w 0"], id="another method"),
        pytest.param(["-e -t {vip} -r {first} -m -w 1 -x 100 -y 10"], id="thresholds"),
    ],
)
def test_the_table_is_right_again_within_two_seconds(
    director: Director, meddling: list[str]
) -> None:
    right = rules_of_web(director, "11 -w 1", "12 -w 2")
    vip, first = f"{VIP4}:{director.port}", f"10.0.0.11:{director.port}"

    async def scenario(watched: Watched) -> None:
        director.ipvsadm(*[line.format(vip=vip, first=first) for line in meddling])
        assert director.rules() != right or "-x" in meddling[0]
        repaired = await watched.until(lambda: bool(watched.repairs))
        assert repaired <= _TRUTH
        assert director.rules() == right

    play(director, [web(director)], scenario)


def test_a_destination_added_by_hand_stays_unless_it_is_a_server_of_ours(
    director: Director,
) -> None:
    vip = f"{VIP4}:{director.port}"

    async def scenario(watched: Watched) -> None:
        director.fail(director.servers[1])
        await watched.until(lambda: director.rules() == rules_of_web(director, "11 -w 1"))
        director.ipvsadm(f"-a -t {vip} -r 10.0.0.12:{director.port} -m -w 7")
        director.ipvsadm(f"-a -t {vip} -r 10.0.0.29:{director.port} -m -w 5")
        assert await watched.until(lambda: bool(watched.repairs)) <= _TRUTH
        assert director.rules() == rules_of_web(director, "11 -w 1", "29 -w 5")

    play(director, [web(director)], scenario)


def test_a_reload_changes_what_changed_and_nothing_else(director: Director) -> None:
    async def scenario(watched: Watched) -> None:
        director.fail(director.servers[1])
        await watched.until(lambda: director.rules() == rules_of_web(director, "11 -w 1"))
        after = web(director, weights=(4, 5, 6))
        await watched.agent.reconfigure([after])
        assert director.rules() == rules_of_web(director, "11 -w 4", "13 -w 6")
        await watched.agent.reconfigure([replace(after, name="another")])
        assert director.rules() == rules_of_web(director, "11 -w 4", "12 -w 5", "13 -w 6")

    play(director, [web(director)], scenario)


def test_what_others_put_there_stays(director: Director) -> None:
    other = f"-t {VIP4}:9 -s rr"
    director.ipvsadm(f"-A {other}")

    async def scenario(watched: Watched) -> None:
        assert len(director.rules()) == 2

    play(director, [web(director)], scenario)
    assert director.rules() == {other: []}


def test_the_table_can_be_left_and_is_adopted(director: Director) -> None:
    async def nothing(watched: Watched) -> None:
        return None

    play(director, [web(director)], nothing, keep_table=True)
    left = rules_of_web(director, "11 -w 1", "12 -w 2")
    assert director.rules() == left
    director.ipvsadm(f"-E -t {VIP4}:{director.port} -s wlc")
    director.ipvsadm(f"-d -t {VIP4}:{director.port} -r 10.0.0.11:{director.port}")

    async def scenario(watched: Watched) -> None:
        assert director.rules() == left
        assert watched.repairs == []

    play(director, [web(director)], scenario)


def everything(director: Director) -> list[VirtualServer]:
    """A service of every kind; none has checks."""
    at4, at6 = ip_address(VIP4), ip_address(VIP6)
    own4 = [Destination(ip_address(a), 80) for a in SERVERS4[:3]]
    own6 = [Destination(ip_address(a), 80) for a in SERVERS6[:3]]
    gue = Method(Forwarding.TUNNELLING, TunnelType.GUE, 6080, TunnelChecksum.REMCSUM)
    gre = Method(Forwarding.TUNNELLING, TunnelType.GRE, 0, TunnelChecksum.CSUM)
    direct, ipip = Method(Forwarding.DIRECT_ROUTING), Method(Forwarding.TUNNELLING)
    persistent = ServiceSettings("wlc", ServiceFlag.PERSISTENT, 360, 24)
    rows: list[tuple[Any, ServiceSettings, list[RealServer]]] = [
        (ServiceAddress(Protocol.TCP, at4, 80), persistent, [RealServer(own4[0])]),
        (
            ServiceAddress(Protocol.UDP, at6, 53),
            ServiceSettings("rr", ServiceFlag.ONE_PACKET),
            [RealServer(d, 0, direct) for d in own6],
        ),
        (ServiceAddress(Protocol.SCTP, at4, 99), ServiceSettings("sed"), [RealServer(own4[1])]),
        (
            ServiceAddress(Protocol.TCP, at6, 443),
            ServiceSettings("mh", ServiceFlag.SCHEDULER_1 | ServiceFlag.SCHEDULER_2),
            [
                RealServer(own6[0], method=gue),
                RealServer(own6[1], method=gre, upper_threshold=90, lower_threshold=10),
                RealServer(own6[2], method=ipip),
                RealServer(own4[2], method=ipip),
            ],
        ),
        (
            FirewallMark(7, Family.IPV4),
            replace(persistent, granularity=None, persistence_timeout=50),
            [RealServer(Destination(own4[0].address, 0), method=direct)],
        ),
        (
            FirewallMark(7, Family.IPV6),
            replace(persistent, scheduler="sh", granularity=48),
            [RealServer(Destination(own6[0].address, 0), 2**31 - 1, direct)],
        ),
    ]
    return [
        VirtualServer(f"service {n}", (key,), tuple(servers), settings)
        for n, (key, settings, servers) in enumerate(rows)
    ]


def test_what_the_kernel_keeps_is_what_was_wanted(director: Director) -> None:
    async def scenario(watched: Watched) -> None:
        assert len(director.rules()) == 6
        assert watched.agent.snapshot().refused == ()
        await asyncio.sleep(2.5)  # two readings of the table find nothing to repair
        assert watched.repairs == []

    play(director, everything(director), scenario)
    assert director.rules() == {}


def test_the_example(director: Director) -> None:
    vip = f"{VIP4}:{director.port}"
    servers = [f"{address}:{director.port}" for address in SERVERS4[:2]]
    program = director.host.start(
        [sys.executable, str(_EXAMPLE), vip, *servers], wait="QuorumUp", timeout=30
    )
    director.fail(director.servers[0])
    program.wait_for_log(r"ServerDown.*10\.0\.0\.11", timeout=10)
    assert director.rules() == rules_of_web(director, "12 -w 1")
    director.revive(director.servers[0])
    program.wait_for_log(r"ServerUp.*10\.0\.0\.11", timeout=10)
    program.signal(signal.SIGINT)
    assert program.wait(10) == 0
    assert "service removed" in program.output()
    assert director.rules() == {}
