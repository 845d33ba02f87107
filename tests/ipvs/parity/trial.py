"""A program in a namespace of its own, and the scenarios it goes through there side by side.

Every scenario is written with real servers 10.1.0.x and services 10.2.0.x. A daemon serves many at
once, as starting one takes most of a scenario's cost: each has its number in place of the third octet
while it runs, and gets it back in what is recorded.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from io import FileIO
from math import inf
from pathlib import Path
from typing import TypeAlias

from healthcheck.ipvs import Ipvs
from netnslab import Host, Process, iproute
from tests.ipvs.parity.attempts import Attempts
from tests.ipvs.parity.changes import SCALE, Phase, Recorder, told_table
from tests.ipvs.parity.servers import Kind, RealServer

__all__ = ["Daemon", "Gate", "Outcome", "Scenario", "Server", "Step", "Stimulus", "Trial"]

_CONFIGURATIONS = Path(__file__).with_name("configurations")
_LOOK = 0.1
_LINE = re.compile(rb"[^\n]*\n")
_LONGEST_START = 60.0
_LONGEST_STOP = 20.0
_LONGEST_PAUSE = 20.0
"""Seconds without a check of a server that is checked every 2 s."""
_PAST_A_CHECK = 0.5  # no other check is due then, even if all have drifted
_RECENT = 0.3
"""Seconds; a check that is seen later is no measure of when the next one comes."""
_WHOLE_PERIOD = 1.5
"""Seconds; a check that comes sooner after the one before is a retry, and the next one comes later."""
_LAST_CALLS = 0.5
_SETTLE = 2.0
_TURNS, _PERIOD = 4, 2.0
_TOLERANCE = 0.6
_UNHURRIED = 3.0
"""How far apart starts and stops may be: how long a program takes for them is not compared here."""


@dataclass(frozen=True, slots=True)
class Server:
    """A real server to begin with."""

    address: str
    port: int = 80
    kind: Kind = "tcp"
    is_open: bool = True
    reply: object = None


Stimulus: TypeAlias = "Callable[[Trial], Awaitable[None] | None]"


@dataclass(frozen=True, slots=True)
class Step:
    """`act` shortly after a check of the server `after` was seen, then watch for `hold` seconds, and as
    much longer as programs may be late on this machine.

    It is one that the stimulus is about, and the check is no retry: so both programs are in the same
    part of its period, and what they see of it comes at the same time, however late earlier checks were.
    """

    name: str
    hold: float
    act: Stimulus
    after: str | None = None
    tolerance: float = _TOLERANCE


@dataclass(frozen=True, slots=True)
class Scenario:
    """`files` are there at the start. Scenarios of the same `daemon` share one.

    `known` are the differences that are meant: their lines of `differences`, each with the reason.
    """

    configuration: str
    servers: tuple[Server, ...] = ()
    steps: tuple[Step, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    daemon: str = "common"
    known: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Outcome:
    """`rules` is the table after the start as ipvsadm(8) tells it, `left` at the very end."""

    phases: list[Phase]
    rules: list[str]
    left: list[str]
    status: int | None
    log: str


class Gate:
    """Lets daemons start one by one, and all go on when all have started."""

    def __init__(self, daemons: int) -> None:
        self._one = asyncio.Semaphore(1)
        self._missing = daemons
        self._all = asyncio.Event()

    async def __aenter__(self) -> None:
        await self._one.acquire()

    async def __aexit__(self, *_: object) -> None:
        self._one.release()
        self._missing -= 1
        if self._missing == 0:
            self._all.set()

    async def wait_all(self) -> None:
        """Until every daemon was started, or could not be."""
        await self._all.wait()


class Daemon:
    """One program with the scenarios that share it; `words` go into its global_defs."""

    def __init__(
        self, program: Path, host: Host, directory: Path, flags: tuple[str, ...], words: str
    ) -> None:
        self.host = host
        self.directory = directory
        self.trials: list[Trial] = []
        self._command = [str(program), "-nlGCD", "-f", str(directory / "keepalived.conf"), *flags]
        for flag, name in (("-p", "keepalived"), ("-r", "vrrp"), ("-c", "checkers")):
            self._command += [flag, str(directory / f"{name}.pid")]
        self._words = words
        self._process: Process | None = None
        self._seen: Mapping[str, str] = {}
        directory.mkdir()
        os.mkfifo(directory / "fifo")
        self._fifo = os.open(directory / "fifo", os.O_RDWR | os.O_NONBLOCK)
        with host.entered():
            self._kernel = Ipvs()

    def add(self, scenario: Scenario, certificate: Path) -> Trial:
        """One more scenario to run here."""
        number = len(self.trials) + 1
        iproute.batch(
            self.host.namespace,
            [
                f"route add local 10.1.{number}.0/24 dev lo",
                f"route add local 10.2.{number}.0/24 dev lo",
                f"addr add fd01:0:{number}::1/128 dev lo",
            ],
        )
        self.trials.append(Trial(scenario, self, number, certificate))
        return self.trials[-1]

    @property
    def process(self) -> Process:
        assert self._process is not None
        return self._process

    def checker(self) -> int:
        """The process id of the checker process."""
        return int((self.directory / "checkers.pid").read_text())

    def configure(self) -> None:
        """Write what the trials are configured for now."""
        text = (
            "global_defs {\n router_id parity\n enable_script_security\n script_user root\n "
            f"lvs_notify_fifo {self.directory}/fifo\n {self._words}\n}}\n"
        )
        texts = [text, *(trial.configuration for trial in self.trials)]
        (self.directory / "keepalived.conf").write_text("".join(texts))

    async def run(self, gate: Gate) -> list[Outcome]:
        """All trials, from start to stop; daemons wait for each other at the gate."""
        watching = asyncio.create_task(self._watch())
        attempts = Attempts(self.host, self._on_attempt)
        try:
            for trial in self.trials:
                await trial.open()
            self.configure()
            async with gate:
                self._process = await asyncio.to_thread(self.host.start, self._command)
                await self.until(lambda: bool(self._seen), _LONGEST_START, "a table")
            await gate.wait_all()
            await asyncio.sleep(_SETTLE)
            rules = await asyncio.to_thread(self._rules)
            await asyncio.gather(*(trial.run() for trial in self.trials))
            await self._stop()
            left = await asyncio.to_thread(self._rules)
        finally:
            watching.cancel()
            attempts.close()
            self._close()
        return [self._outcome(trial, rules, left) for trial in self.trials]

    def _outcome(self, trial: Trial, rules: list[str], left: list[str]) -> Outcome:
        return Outcome(
            trial.recorder.phases,
            [trial.own(line) for line in rules if trial.is_own(line)],
            [trial.own(line) for line in left if trial.is_own(line)],
            self.process.status,
            self.process.output(),
        )

    def _on_attempt(self, address: str, age: float) -> None:
        for trial in self.trials:
            trial.see_attempt(address, age)

    async def until(self, condition: Callable[[], bool], limit: float, what: str) -> None:
        """Wait. Raises: TimeoutError, with the daemon's log."""
        deadline = time.monotonic() + limit
        while not condition():
            if time.monotonic() > deadline:
                log = self.process.output()
                raise TimeoutError(f"{self.directory.name}: no {what} within {limit:g} s:\n{log}")
            await asyncio.sleep(_LOOK)

    async def _stop(self) -> None:
        for trial in self.trials:
            trial.begin("stop", _UNHURRIED)
        self.process.signal(signal.SIGTERM)
        await self.until(lambda: not self.process.is_running, _LONGEST_STOP, "end")
        await asyncio.sleep(_LAST_CALLS)
        self._look()

    def _close(self) -> None:
        if self._process is not None and self._process.is_running:
            self._process.kill()
        for trial in self.trials:
            trial.close()
        self._kernel.close()
        os.close(self._fifo)

    def _rules(self) -> list[str]:
        return sorted(self.host.run(["ipvsadm", "-Sn"]).stdout.splitlines())

    async def _watch(self) -> None:
        while True:
            due = time.monotonic() + _LOOK
            await asyncio.sleep(_LOOK)
            for trial in self.trials:
                trial.recorder.see_lateness(time.monotonic() - due)
            self._look()

    def _look(self) -> None:
        now = time.monotonic()
        table = told_table(self._kernel.read())
        if table != self._seen:
            self._seen = table
            for trial in self.trials:
                own = {trial.own(key): trial.own(table[key]) for key in table if trial.is_own(key)}
                trial.recorder.see_table(now, own)
        told = self._told()
        for trial in self.trials:
            trial.look(now, told)

    def _told(self) -> list[str]:
        """What came through the FIFO since the last look, octet by octet."""
        with suppress(BlockingIOError):
            return [f"{line.decode()!r}" for line in _LINE.findall(os.read(self._fifo, 1 << 16))]
        return []


class Trial:
    """One scenario in one daemon."""

    def __init__(self, scenario: Scenario, daemon: Daemon, number: int, certificate: Path) -> None:
        self.scenario = scenario
        self.daemon = daemon
        self.directory = daemon.directory / str(number)
        self.recorder = Recorder(_UNHURRIED)
        self.configuration = ""
        self._number = number
        self._checked: dict[str, asyncio.Event] = {}
        self._checked_at: dict[str, float] = {}
        self._prepare_files()
        self._told, self._asked = (
            FileIO(self.directory / name, "a+") for name in ("told", "asked")
        )
        self.servers = {each.address: self._server(each, certificate) for each in scenario.servers}

    def _prepare_files(self) -> None:
        self.directory.mkdir()
        tell = f'#!/bin/sh\necho "$*" >> {self.directory}/told\n'
        ask = f"#!/bin/sh\necho $1 >> {self.directory}/asked\nread code < {self.directory}/$1\nexit $code\n"
        for name, text in (("n", tell), ("misc", ask)):
            self.write(name, text)
            (self.directory / name).chmod(0o755)
        for name, text in self.scenario.files:
            self.write(name, text)
        self.configure(self.scenario.configuration)

    def _server(self, each: Server, certificate: Path) -> RealServer:
        context = None
        if each.kind == "https":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
        return RealServer(
            self.daemon.host,
            self._numbered(each.address),
            each.port,
            each.kind,
            lambda words: self._hear(each.address, self.own(words)),
            reply=each.reply,
            tls=context,
        )

    def is_own(self, text: str) -> bool:
        """Whether a line or an entry of the table is about this scenario's services."""
        return f"10.2.{self._number}." in text or f"fd02:0:{self._number}:" in text

    def own(self, text: str) -> str:
        """Addresses as the scenario has them."""
        for net in "12":
            text = text.replace(f"10.{net}.{self._number}.", f"10.{net}.0.")
            text = text.replace(f"fd0{net}:0:{self._number}:", f"fd0{net}:0:0:")
        return text

    def _numbered(self, text: str) -> str:
        for net in "12":
            text = text.replace(f"10.{net}.0.", f"10.{net}.{self._number}.")
            text = text.replace(f"fd0{net}::", f"fd0{net}:0:{self._number}::")
        return text

    def configure(self, name: str) -> None:
        """Take another configuration; the daemon writes it."""
        text = (_CONFIGURATIONS / f"{name}.conf").read_text()
        self.configuration = self._numbered(text).replace("{D}", str(self.directory))

    def write(self, name: str, text: str | None) -> None:
        """A file of the trial; None removes it."""
        path = self.directory / name
        if text is None:
            path.unlink()
        else:
            path.write_text(text)

    def begin(self, name: str, tolerance: float) -> None:
        """Now something is done to the daemon."""
        self.recorder.begin(name, time.monotonic(), tolerance)

    def look(self, now: float, told: list[str]) -> None:
        """See what scripts were told, and what of the FIFO's lines is about us."""
        for line in told:
            if self.is_own(line):
                self.recorder.see_call(now, f"FIFO {self.own(line)}")
        for words in self._told.read().decode().splitlines():
            self.recorder.see_call(now, words)
        for name in self._asked.read().decode().splitlines():
            self._hear(name, "run")

    def _hear(self, server: str, words: str) -> None:
        self._see_check(server, 0.0)
        self.recorder.hear(f"{server}: {words}")

    def see_attempt(self, address: str, age: float) -> None:
        """Somebody began to connect, `age` seconds ago, maybe to one of ours."""
        if (own := self.own(address)) != address:
            self._see_check(own, age)

    def _see_check(self, server: str, age: float) -> None:
        now = time.monotonic() - age
        is_whole = now - self._checked_at.get(server, -inf) >= _WHOLE_PERIOD
        self._checked_at[server] = now
        if is_whole and age < _RECENT and server in self._checked:
            self._checked[server].set()

    async def open(self) -> None:
        """The servers begin to answer."""
        for each in self.scenario.servers:
            if each.is_open:
                await self.servers[each.address].open()

    async def run(self) -> None:
        """Step by step. Scenarios begin in turns, or all their scripts would start at once."""
        await asyncio.sleep((self._number - 1) % _TURNS * _PERIOD)
        for step in self.scenario.steps:
            await self._take(step)

    async def _take(self, step: Step) -> None:
        if (paced := step.after) is not None:
            await self._wait_past_check(paced)
        self.begin(step.name, step.tolerance)
        if (more := step.act(self)) is not None:
            await more
        await asyncio.sleep(step.hold)
        await asyncio.sleep(min(_LONGEST_PAUSE, SCALE * self.recorder.phases[-1].lateness))

    async def _wait_past_check(self, server: str) -> None:
        """One that is no retry; wait for another one as long as we are late ourselves."""
        checked = self._checked.setdefault(server, asyncio.Event())
        late = _RECENT
        try:
            async with asyncio.timeout(_LONGEST_PAUSE):
                while late >= _RECENT:
                    checked.clear()
                    await checked.wait()
                    due = time.monotonic() + _PAST_A_CHECK
                    await asyncio.sleep(_PAST_A_CHECK)
                    late = time.monotonic() - due
        except TimeoutError:
            log = self.daemon.process.output()
            raise TimeoutError(f"{self.directory}: {server} is not checked:\n{log}") from None

    def close(self) -> None:
        """The servers and files."""
        for server in self.servers.values():
            server.close()
        self._told.close()
        self._asked.close()
