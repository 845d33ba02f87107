"""What keepalived 2.4.3 did on a real kernel, step by step: the same table changes and notices from us.

Each line of an expected trace is a line of its capture (`+` added, `~` changed, `-` removed, `VS`, `RS`
as in its FIFO), with the time since the stimulus rounded to a quarter of a second.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from healthcheck.agent import Agent
from healthcheck.core.model import (
    FileCheck,
    ProbeResult,
    RealServer,
    SorryServer,
    Target,
    TcpCheck,
    Timing,
    VirtualServer,
)
from healthcheck.core.operations import (
    AddDestination,
    AddService,
    RemoveDestination,
    RemoveService,
    SetDestination,
)
from healthcheck.core.table import Destination, Protocol, ServiceAddress, ServiceSettings
from healthcheck.events import QuorumDown, QuorumUp, ServerDown, ServerUp
from healthcheck.probes import start as start_real_probe

from .fake_kernel import FakeKernel
from .virtual_clock import VirtualClockLoop, run

NAME = "[10.2.0.1]:tcp:80"
KEY = ServiceAddress(Protocol.TCP, IPv4Address("10.2.0.1"), 80)
A, B, C, D, E, SORRY = (Destination(IPv4Address(f"10.1.0.{n}"), 80) for n in (1, 2, 3, 4, 5, 9))


def check(retry: int, *, alpha: bool = False, address: Destination = A) -> TcpCheck:
    """A TCP_CHECK as the captures have it."""
    timing = Timing(2.0, retry, delay_before_retry=1.0, warmup=0.0, alpha=alpha)
    return TcpCheck(Target(address.address, address.port, 1.0), timing)


def server(address: Destination, retry: int = 1, *, alpha: bool = False, **settings) -> RealServer:
    checks = (check(retry, alpha=alpha, address=address),)
    return RealServer(address, checks=checks, **settings)


def web(*servers: RealServer, **settings) -> VirtualServer:
    return VirtualServer(NAME, (KEY,), servers, ServiceSettings("rr"), **settings)


class Capture:
    """An agent over a fake kernel, and servers that a step opens or closes."""

    def __init__(self) -> None:
        self.loop = VirtualClockLoop()
        self.kernel = FakeKernel(self.loop, {})
        self.closed: set[Destination] = set()
        self.lines: list[str] = []
        self.probes: list[tuple[str, float]] = []
        self.since = 0.0
        self.kernel.on_operation = self._write_operation
        self.agent: Agent

    def start_probe(self, check, loop, done):
        if isinstance(check, FileCheck):
            return start_real_probe(check, loop, done)
        address = Destination(check.target.address, check.target.port)
        self.probes.append((str(address.address), self._passed()))
        return _Answer(loop, done, ProbeResult(address not in self.closed, "answer"))

    def _passed(self) -> float:
        return round((self.loop.time() - self.since) * 4) / 4

    def _write(self, text: str) -> None:
        self.lines.append(f"{self._passed():.2f} {text}")

    def _write_operation(self, operation) -> None:
        name = getattr(operation, "destination", None) and operation.destination.address
        match operation:
            case AddService():
                self._write(f"+ {operation.key.address} {operation.settings.scheduler}")
            case AddDestination():
                self._write(f"+ {name} w{operation.settings.weight}")
            case SetDestination():
                self._write(f"~ {name} w{operation.settings.weight}")
            case RemoveDestination():
                self._write(f"- {name}")
            case RemoveService():
                self._write(f"- {operation.key.address}")

    def hear(self, event) -> None:
        match event:
            case ServerUp():
                self._write(f"RS {event.destination.address} UP")
            case ServerDown():
                self._write(f"RS {event.destination.address} DOWN")
            case QuorumUp():
                self._write("VS UP")
            case QuorumDown():
                self._write("VS DOWN")

    async def step(self, seconds: float) -> list[str]:
        """What happened in the seconds after a stimulus."""
        await asyncio.sleep(self.since + seconds - self.loop.time())
        lines, self.lines = self.lines, []
        self.since += seconds
        return lines

    def play(self, config: VirtualServer, scenario) -> None:
        async def whole():
            agent = Agent(
                [config], ipvs=self.kernel, on_event=self.hear, start_probe=self.start_probe
            )
            async with agent:
                self.agent = agent
                await scenario()
                self.lines.clear()
            assert self.lines == ["0.00 - 10.2.0.1"]
            assert self.kernel.table == {}

        run(whole(), self.loop)


class _Answer:
    def __init__(self, loop, done, result):
        self.cancel = loop.call_soon(done, result).cancel


@pytest.fixture
def capture() -> Capture:
    return Capture()


def test_tcp_basic(capture):
    async def scenario():
        assert await capture.step(3.25) == [
            "0.00 + 10.2.0.1 rr",
            "0.00 + 10.1.0.1 w1",
            "0.00 + 10.1.0.2 w1",
            "0.00 VS UP",
        ]
        assert [at for name, at in capture.probes if name == "10.1.0.1"] == [1, 3]
        capture.closed.add(A)
        capture.probes.clear()
        assert await capture.step(7.0) == ["2.75 - 10.1.0.1", "2.75 RS 10.1.0.1 DOWN"]
        assert [at for name, at in capture.probes if name == "10.1.0.1"] == [1.75, 2.75, 4.75, 6.75]
        assert [at for name, at in capture.probes if name == "10.1.0.2"] == [1.75, 3.75, 5.75]
        capture.closed.clear()
        assert await capture.step(3.5) == ["1.75 + 10.1.0.1 w1", "1.75 RS 10.1.0.1 UP"]

    capture.play(web(server(A), server(B)), scenario)


def test_quorum_hysteresis(capture):
    async def scenario():
        await capture.step(3.25)
        capture.closed |= {D, E}
        assert await capture.step(4.0) == [
            "1.75 - 10.1.0.4",
            "1.75 - 10.1.0.5",
            "1.75 RS 10.1.0.4 DOWN",
            "1.75 RS 10.1.0.5 DOWN",
        ]
        capture.closed |= {C}
        assert await capture.step(4.0) == ["1.75 - 10.1.0.3", "1.75 RS 10.1.0.3 DOWN"]
        capture.closed |= {B}
        assert await capture.step(4.0) == [
            "1.75 - 10.1.0.2",
            "1.75 RS 10.1.0.2 DOWN",
            "1.75 VS DOWN",
        ]
        capture.closed -= {B, C}
        assert await capture.step(4.0) == [
            "1.75 + 10.1.0.2 w1",
            "1.75 + 10.1.0.3 w1",
            "1.75 RS 10.1.0.2 UP",
            "1.75 RS 10.1.0.3 UP",
        ]
        capture.closed -= {D}
        assert await capture.step(3.0) == [
            "1.75 + 10.1.0.4 w1",
            "1.75 RS 10.1.0.4 UP",
            "1.75 VS UP",
        ]

    servers = [server(each, 0) for each in (A, B, C, D, E)]
    capture.play(web(*servers, quorum=3, hysteresis=1), scenario)


def test_sorry_server(capture):
    async def scenario():
        await capture.step(3.25)
        capture.closed |= {A}
        assert await capture.step(4.0) == ["1.75 - 10.1.0.1", "1.75 RS 10.1.0.1 DOWN"]
        capture.closed |= {B}
        # keepalived takes the last one out first; here the pool is never empty.
        assert await capture.step(4.0) == [
            "1.75 + 10.1.0.9 w1",
            "1.75 - 10.1.0.2",
            "1.75 RS 10.1.0.2 DOWN",
            "1.75 VS DOWN",
        ]
        capture.closed -= {A}
        assert await capture.step(4.0) == [
            "1.75 + 10.1.0.1 w3",
            "1.75 - 10.1.0.9",
            "1.75 RS 10.1.0.1 UP",
            "1.75 VS UP",
        ]
        capture.closed.clear()
        assert await capture.step(3.0) == ["1.75 + 10.1.0.2 w3", "1.75 RS 10.1.0.2 UP"]

    servers = [server(each, 0, weight=3) for each in (A, B)]
    capture.play(web(*servers, sorry_server=SorryServer(SORRY)), scenario)


def test_inhibit(capture):
    async def scenario():
        await capture.step(3.25)
        capture.closed |= {A, B}
        assert await capture.step(7.0) == [
            "2.75 ~ 10.1.0.1 w0",
            "2.75 - 10.1.0.2",
            "2.75 RS 10.1.0.1 DOWN",
            "2.75 RS 10.1.0.2 DOWN",
        ]
        capture.closed.clear()
        assert sorted(await capture.step(3.5)) == sorted(
            [
                "1.75 ~ 10.1.0.1 w3",
                "1.75 + 10.1.0.2 w3",
                "1.75 RS 10.1.0.1 UP",
                "1.75 RS 10.1.0.2 UP",
            ]
        )

    servers = [server(each, weight=3, inhibit=each is not B) for each in (A, B, C)]
    capture.play(web(*servers), scenario)


def test_alpha(capture):
    capture.closed.add(A)

    async def scenario():
        assert await capture.step(5.25) == [
            "0.00 + 10.2.0.1 rr",
            "1.00 + 10.1.0.2 w1",
            "1.00 RS 10.1.0.1 DOWN",
            "1.00 RS 10.1.0.2 UP",
            "1.00 VS UP",
        ]
        capture.closed.clear()
        assert await capture.step(3.5) == ["1.75 + 10.1.0.1 w1", "1.75 RS 10.1.0.1 UP"]

    capture.play(web(server(A, alpha=True), server(B, alpha=True)), scenario)


def test_reload_weights(capture):
    before = web(*(server(each, 0, weight=w) for each, w in ((A, 1), (B, 2), (C, 3))))
    after = replace(
        before,
        real_servers=tuple(
            replace(s, weight={A: 10, B: 2, C: 30}[s.address]) for s in before.real_servers
        ),
    )

    async def scenario():
        await capture.step(3.5)
        capture.closed.add(C)
        assert await capture.step(4.0) == ["1.50 - 10.1.0.3", "1.50 RS 10.1.0.3 DOWN"]
        await asyncio.sleep(0.5)
        capture.probes.clear()
        await capture.agent.reconfigure([after])
        assert await capture.step(5.5) == ["0.50 ~ 10.1.0.1 w10"]
        assert [at for name, at in capture.probes if name == "10.1.0.3"] == [1.5, 3.5, 5.5]
        capture.closed.clear()
        assert await capture.step(3.5) == ["2.00 + 10.1.0.3 w30", "2.00 RS 10.1.0.3 UP"]

    capture.play(before, scenario)


def test_file_check(capture, tmp_path):
    paths = [tmp_path / f"f{number}" for number in range(3)]
    timing = Timing(2.0, 0, 1.0, 0.0)

    def reads(address, number, weight):
        check = FileCheck(str(paths[number]), weight, timing=timing)
        return RealServer(address, 10, checks=(check,))

    def write(**values: str) -> None:
        for name, value in values.items():
            (tmp_path / name).write_text(value)

    async def scenario():
        assert await capture.step(2.5) == [
            "0.00 + 10.2.0.1 rr",
            "0.00 + 10.1.0.1 w10",
            "0.00 + 10.1.0.2 w10",
            "0.00 + 10.1.0.3 w16",
            "0.00 + 10.1.0.4 w10",
            "0.00 VS UP",
        ]
        write(f0="1", f1="5", f2="-4")
        assert sorted(await capture.step(1.5)) == [
            "0.00 - 10.1.0.1",
            "0.00 RS 10.1.0.1 DOWN",
            "0.00 ~ 10.1.0.2 w15",
            "0.00 ~ 10.1.0.3 w2",
            "0.00 ~ 10.1.0.4 w0",
        ]
        write(f1="-20", f2="junk")
        assert sorted(await capture.step(1.5)) == [
            "0.00 ~ 10.1.0.2 w0",
            "0.00 ~ 10.1.0.3 w10",
            "0.00 ~ 10.1.0.4 w70",
        ]
        write(f1="-2147483648", f0="0")
        assert sorted(await capture.step(1.5)) == [
            "0.00 + 10.1.0.1 w10",
            "0.00 - 10.1.0.2",
            "0.00 RS 10.1.0.1 UP",
            "0.00 RS 10.1.0.2 DOWN",
            "0.00 ~ 10.1.0.4 w2147483647",
        ]
        paths[1].unlink()
        assert sorted(await capture.step(1.5)) == [
            "0.00 + 10.1.0.2 w10",
            "0.00 RS 10.1.0.2 UP",
            "0.00 ~ 10.1.0.4 w10",
        ]
        write(f1="2")
        assert sorted(await capture.step(1.5)) == ["0.00 ~ 10.1.0.2 w12", "0.00 ~ 10.1.0.4 w4"]

    write(f0="0", f1="0", f2="3")
    servers = [reads(A, 0, 0), reads(B, 1, 1), reads(C, 2, 2), reads(D, 1, -3)]
    capture.play(web(*servers), scenario)
