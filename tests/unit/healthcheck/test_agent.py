"""The agent beyond its core: clocks, reloads, events, suspension, ends. Fake kernel, fake probes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from healthcheck.agent import Agent
from healthcheck.core.model import (
    CustomCheck,
    FollowedCheck,
    HttpCheck,
    MiscCheck,
    ProbeResult,
    RealServer,
    Target,
    TcpCheck,
    Timing,
    Url,
    VirtualServer,
)
from healthcheck.core.table import (
    Destination,
    DestinationSettings,
    Protocol,
    Service,
    ServiceAddress,
    ServiceSettings,
)
from healthcheck.errors import HealthcheckError
from healthcheck.events import (
    CheckFailed,
    CheckRecovered,
    QuorumDown,
    QuorumUp,
    Repair,
    ServerDown,
    ServerUp,
)

from .fake_kernel import FakeKernel
from .virtual_clock import VirtualClockLoop, run

VIP, OTHER_VIP = IPv4Address("10.2.0.1"), IPv4Address("10.2.0.2")
WEB = ServiceAddress(Protocol.TCP, VIP, 80)
ALSO = ServiceAddress(Protocol.TCP, OTHER_VIP, 80)
A, B = (Destination(IPv4Address(f"10.1.0.{n}"), 80) for n in (1, 2))
RR = ServiceSettings("rr")
FINE, BAD = ProbeResult(True, "fine"), ProbeResult(False, "connection refused")
EVERY_TWO = Timing(2.0, 0, 1.0, 0.0)


def tcp(timing: Timing = EVERY_TWO) -> TcpCheck:
    return TcpCheck(Target(A.address, 80, 1.0), timing)


def web(*checks, name="web", keys=(WEB,), **settings) -> VirtualServer:
    servers = (RealServer(A, checks=checks), RealServer(B))
    return VirtualServer(name, keys, servers, RR, **settings)


class Attempt:
    """A probe under way in a `Site`."""

    def __init__(self, site, check, done):
        self.site, self.check, self.at = site, check, site.loop.time()
        self._done = done
        self.is_cancelled = False
        self._handle = site.loop.call_later(site.takes, self._end)

    def _end(self):
        self._done(self.site.result)

    def cancel(self):
        self.is_cancelled = True
        self._handle.cancel()


class Site:
    """An agent on a virtual clock; every attempt takes `takes` seconds and finds `result`."""

    def __init__(self, *configs, random=lambda: 0.0, **options):
        self.loop = VirtualClockLoop()
        self.kernel = FakeKernel(self.loop, {})
        self.result = FINE
        self.takes = 0.0
        self.attempts: list[Attempt] = []
        self.events: list = []
        self.agent = Agent(
            configs,
            ipvs=self.kernel,
            on_event=self.events.append,
            random=random,
            start_probe=self.start_probe,
            **options,
        )

    def start_probe(self, check, loop, done):
        self.attempts.append(Attempt(self, check, done))
        return self.attempts[-1]

    def at(self) -> list[float]:
        """When attempts began."""
        return [round(attempt.at, 2) for attempt in self.attempts]

    def play(self, scenario):
        async def whole():
            async with self.agent:
                await scenario()

        run(whole(), self.loop)

    def pool(self) -> list[str]:
        return [str(d.address) for d in self.kernel.table[WEB].destinations]


def wait(seconds: float):
    async def scenario():
        await asyncio.sleep(seconds)

    return scenario


# What others know.


def told(*news, start=()):
    """Each of `news` is said in a turn of its own."""
    site = Site(web(*(start or (FollowedCheck("session"),))))

    async def scenario():
        for name, is_up in news:
            site.agent.set_followed(name, is_up)
            await asyncio.sleep(0.1)

    site.play(scenario)
    return site


def test_a_followed_check_is_as_it_was_told():
    site = told(("session", False), ("other", True), ("session", False), ("session", True))
    check = FollowedCheck("session")
    assert site.attempts == []
    assert site.events[1:] == [
        CheckFailed("web", A, check, "", True),
        ServerDown("web", A),
        CheckRecovered("web", A, check, ""),
        ServerUp("web", A),
    ]


def test_with_alpha_a_server_waits_for_the_first_word():
    site = told(("session", True), start=(FollowedCheck("session", alpha=True),))
    assert site.events == [
        QuorumUp("web", 1),
        CheckRecovered("web", A, FollowedCheck("session", alpha=True), ""),
        ServerUp("web", A),
    ]


def test_what_was_told_counts_for_checks_of_a_reload_too():
    site = Site(web())

    async def scenario():
        site.agent.set_followed("session", False)
        await site.agent.reconfigure([web(FollowedCheck("session"))])
        assert site.pool() == [str(B.address)]
        await site.agent.reconfigure([web()])
        assert sorted(site.pool()) == [str(A.address), str(B.address)]
        site.agent.set_followed("session", True)

    site.play(scenario)
    assert site.events[1:] == [
        CheckFailed("web", A, FollowedCheck("session"), "", True),
        ServerDown("web", A),
        ServerUp("web", A),
    ]


# When checks run.


def test_first_attempts_are_spread_over_the_warmup():
    draws = iter([0.5, 0.25])
    warm = Timing(delay_loop=100.0, warmup=60.0)
    site = Site(web(tcp(warm), tcp(warm)), random=lambda: next(draws))
    site.play(wait(99))
    assert site.at() == [16.0, 31.0]


def test_the_period_counts_from_the_end_of_an_attempt():
    site = Site(web(tcp()))
    site.takes = 0.5
    site.play(wait(7))
    assert site.at() == [1.0, 3.5, 6.0]


def test_but_from_the_start_of_a_program():
    site = Site(web(MiscCheck(("true",), 10.0, timing=EVERY_TWO)))
    site.takes = 0.5
    site.play(wait(6))
    assert site.at() == [1.0, 3.0, 5.0]


def test_a_program_longer_than_its_period_runs_one_at_a_time():
    site = Site(web(MiscCheck(("true",), 10.0, timing=EVERY_TWO)))
    site.takes = 3.0
    site.play(wait(9))
    assert site.at() == [1.0, 4.0, 7.0]


def test_one_url_an_attempt():
    urls = (Url("/one"), Url("/two"))
    site = Site(web(HttpCheck(Target(A.address, 80), urls, EVERY_TWO)))
    site.play(wait(6))
    assert [a.check.urls for a in site.attempts] == [urls[:1], urls[1:], urls[:1]]


def test_a_check_that_could_not_be_made_changes_nothing_and_comes_again():
    site = Site(web(tcp()))
    site.result = ProbeResult(False, "no socket", is_verdict=False)
    site.play(wait(6))
    assert site.at() == [1.0, 3.0, 5.0]
    assert site.events == [QuorumUp("web", 2)]


def test_a_custom_check_is_the_programs_own():
    asked = []

    async def probe(check):
        asked.append(check.name)
        return BAD

    site = Site(web(CustomCheck("mine", Target(A.address, 80), EVERY_TWO)), probes={"mine": probe})
    site.play(wait(2))
    assert asked == ["mine"]
    assert site.events[-1] == ServerDown("web", A)


def test_lateness_is_measured_and_forgotten():
    site = Site(web(tcp()))

    async def scenario():
        await asyncio.sleep(0.999)
        site.loop.spend(0.101)
        await asyncio.sleep(1.0)
        assert site.agent.snapshot().lateness.maximum == pytest.approx(0.1)
        site.agent.forget_lateness()
        assert site.agent.snapshot().lateness.samples == 0

    site.play(scenario)


# What is told.


def test_events_in_their_order_and_after_the_table():
    site = Site(web(tcp()))
    pools = []
    site.agent._on_event = lambda event: (site.events.append(event), pools.append(site.pool()))

    async def scenario():
        await asyncio.sleep(2)
        site.result = BAD
        await asyncio.sleep(2)
        site.result = FINE
        await asyncio.sleep(2)

    site.play(scenario)
    assert site.events == [
        QuorumUp("web", 2),
        CheckFailed("web", A, tcp(), "connection refused", is_final=True),
        ServerDown("web", A),
        CheckRecovered("web", A, tcp(), "fine"),
        ServerUp("web", A),
    ]
    assert [len(pool) for pool in pools] == [2, 1, 1, 2, 2]


def test_failures_without_end_are_told_only_if_wanted():
    loud = tcp(replace(EVERY_TWO, retry=1, log_all_failures=True))
    site = Site(web(tcp(replace(EVERY_TWO, retry=1)), loud))

    async def scenario():
        await asyncio.sleep(1.5)
        site.result = BAD
        await asyncio.sleep(5)

    site.play(scenario)
    failures = [e for e in site.events if isinstance(e, CheckFailed)]
    assert [(f.check is loud, f.is_final) for f in failures] == [
        (True, False),
        (False, True),
        (True, True),
        (True, False),
    ]


def test_a_stream_hears_the_start_and_ends_with_the_agent():
    loop = VirtualClockLoop()
    agent = Agent([web()], ipvs=FakeKernel(loop, {}))

    async def scenario():
        async with agent:
            stream = agent.events()
        return [event async for event in stream]

    assert run(scenario(), loop) == [QuorumUp("web", 2)]


def test_servers_up_at_the_start_are_told_on_request():
    site = Site(web(), tell_servers=True)
    site.play(wait(1))
    assert site.events == [ServerUp("web", A), ServerUp("web", B), QuorumUp("web", 2)]


def test_a_repair_is_told():
    site = Site(web())

    async def scenario():
        site.kernel.table.clear()
        await asyncio.sleep(2)

    site.play(scenario)
    assert isinstance(site.events[-1], Repair)
    assert site.events[-1].key == WEB


def test_a_weight_that_a_check_sets_moves_the_pool():
    site = Site(web(tcp(), quorum=5))
    site.result = ProbeResult(True, "9", weight_offset=9)

    async def scenario():
        await asyncio.sleep(2)
        assert site.kernel.table[WEB].destinations[A] == DestinationSettings(10)

    site.play(scenario)
    assert site.events == [QuorumUp("web", 11)]


def test_a_snapshot_tells_everything():
    site = Site(web(tcp()))

    async def scenario():
        await asyncio.sleep(2)
        site.result = BAD
        await asyncio.sleep(2)
        snapshot = site.agent.snapshot()
        service = snapshot.services[0]
        assert (service.has_quorum, service.live_weight, service.is_suspended) == (True, 1, False)
        assert [(s.destination, s.is_up) for s in service.servers] == [(A, False), (B, True)]
        check = service.servers[0].checks[0]
        assert (check.check, check.is_up, check.last) == (tcp(), False, BAD)
        assert snapshot.refused == ()
        assert snapshot.probes_in_flight == 0
        assert snapshot.lateness.samples == 2

    site.play(scenario)


# Reload.


def test_a_reload_starts_the_clocks_anew_and_gives_up_what_is_under_way():
    site = Site(web(tcp()))
    site.takes = 0.5

    async def scenario():
        await asyncio.sleep(1.2)
        await site.agent.reconfigure([web(tcp())])
        assert site.agent.snapshot().probes_in_flight == 0
        await asyncio.sleep(1.2)

    site.play(scenario)
    assert site.at() == [1.0, 2.2]
    assert [attempt.is_cancelled for attempt in site.attempts] == [True, True]
    assert site.events == [QuorumUp("web", 2)]


def test_retries_go_on_over_a_reload():
    site = Site(web(tcp(replace(EVERY_TWO, retry=2))))

    async def scenario():
        await asyncio.sleep(1.5)
        site.result = BAD
        await asyncio.sleep(2.6)
        await site.agent.reconfigure([web(tcp(replace(EVERY_TWO, retry=2)))])
        assert site.pool() == ["10.1.0.1", "10.1.0.2"]
        await asyncio.sleep(1.1)
        assert site.pool() == ["10.1.0.2"]

    site.play(scenario)


def test_a_virtual_server_that_a_reload_drops_is_told_and_gone():
    site = Site(web(), web(name="also", keys=(ALSO,)))

    async def scenario():
        await site.agent.reconfigure([web()])
        assert set(site.kernel.table) == {WEB}

    site.play(scenario)
    assert site.events[2:] == [ServerDown("also", A), ServerDown("also", B), QuorumDown("also", 2)]


def test_a_reload_adds_before_it_removes():
    site = Site(web())

    async def scenario():
        site.kernel.log.clear()
        await site.agent.reconfigure([web(name="also", keys=(ALSO,))])
        assert [str(o).split()[0] for o in site.kernel.log] == ["add", "add", "add", "remove"]

    site.play(scenario)


def test_an_address_may_move_between_virtual_servers():
    site = Site(web())

    async def scenario():
        await site.agent.reconfigure([web(name="other", keys=(WEB,))])
        assert site.pool() == ["10.1.0.1", "10.1.0.2"]

    site.play(scenario)
    assert site.kernel.batches == [3, 1]


def test_two_virtual_servers_may_share_a_service():
    first = VirtualServer("first", (WEB,), (RealServer(A, checks=(tcp(),)),), RR)
    second = VirtualServer("second", (WEB,), (RealServer(B),), ServiceSettings("wlc"))
    site = Site(first, second)

    async def scenario():
        both = {A: DestinationSettings(), B: DestinationSettings()}
        assert site.kernel.table == {WEB: Service(RR, both)}
        site.result = BAD
        await asyncio.sleep(2)
        assert site.pool() == ["10.1.0.2"]
        await site.agent.reconfigure([first])
        assert site.pool() == []

    site.play(scenario)


@pytest.mark.parametrize(
    ("configs", "text"),
    [
        pytest.param([web(), web()], "2 virtual servers are called web", id="name twice"),
        pytest.param(
            [web(CustomCheck("mine", Target(A.address, 80)))],
            "web: no probe is called mine",
            id="no such probe",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(configs, text):
    site = Site(web())

    async def scenario():
        with pytest.raises(ValueError, match=text):
            await site.agent.reconfigure(configs)
        assert site.pool() == ["10.1.0.1", "10.1.0.2"]

    site.play(scenario)


# Suspension.


def test_checks_rest_while_the_address_is_elsewhere():
    site = Site(web(tcp(), ha_suspend=True))
    site.agent.set_local_addresses([OTHER_VIP])

    async def scenario():
        await asyncio.sleep(4)
        assert site.agent.snapshot().services[0].is_suspended
        site.agent.set_local_addresses([VIP])
        await asyncio.sleep(4)
        site.agent.set_local_addresses([])
        await asyncio.sleep(4)

    site.play(scenario)
    assert site.at() == [5.0, 7.0]
    assert site.agent.snapshot().probes_in_flight == 0


def test_without_ha_suspend_the_address_does_not_matter():
    site = Site(web(tcp()))
    site.agent.set_local_addresses([])
    site.play(wait(2))
    assert site.at() == [1.0]


# The end.


def test_the_end_removes_ours_and_leaves_the_rest():
    site = Site(web(tcp()))
    site.takes = 5.0
    theirs = Service(RR, {B: DestinationSettings(5)})
    site.kernel.table[ALSO] = theirs
    site.play(wait(2))
    assert site.kernel.table == {ALSO: theirs}
    assert site.attempts[0].is_cancelled
    assert site.events == [QuorumUp("web", 2)]
    assert not site.kernel.is_closed


@pytest.mark.parametrize(
    ("options", "told"),
    [
        pytest.param({}, [ServerDown, ServerDown, QuorumDown], id="all"),
        pytest.param({"tell_servers": False}, [QuorumDown], id="services only"),
        pytest.param({"keep_table": True}, [], id="nothing when the table stays"),
    ],
)
def test_omega(options, told):
    site = Site(web(omega=True))

    async def scenario():
        site.events.clear()
        await site.agent.close(**options)
        assert [type(event) for event in site.events] == told
        assert bool(site.kernel.table) is ("keep_table" in options)

    site.play(scenario)


def test_a_silent_kernel_does_not_keep_the_agent_from_ending():
    site = Site(web())

    async def scenario():
        site.kernel.is_silent = True

    site.play(scenario)
    assert site.loop.time() < 1.0


def test_a_table_of_its_own_is_closed_when_the_start_fails(monkeypatch):
    opened = []

    class Broken(FakeKernel):
        def __init__(self):
            super().__init__(None, {})
            opened.append(self)

    monkeypatch.setattr("healthcheck.ipvs.Ipvs", Broken)

    async def scenario():
        with pytest.raises(ValueError, match="2 virtual servers"):
            await Agent([web(), web()]).start()

    run(scenario())
    assert [kernel.is_closed for kernel in opened] == [True]


def test_a_kernel_without_ipvs_is_the_callers_to_hear(monkeypatch):
    def missing():
        raise HealthcheckError("the kernel has no IPVS")

    monkeypatch.setattr("healthcheck.ipvs.Ipvs", missing)

    async def scenario():
        with pytest.raises(HealthcheckError, match="no IPVS"):
            await Agent([web()]).start()

    run(scenario())
