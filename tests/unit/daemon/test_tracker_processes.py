"""Tracked processes: matching as a table, quorums with a fake clock, and real processes."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyvrrp.daemon.trackers import processes as tracker_processes
from pyvrrp.daemon.trackers.processes import ProcessTrackers, matches
from pyvrrp.daemon.trackers.settings import TrackerProcess
from pyvrrp.net import process_events
from pyvrrp.net.process_events import (
    EventsLost,
    ProcessChange,
    ProcessEvent,
    ProcessEvents,
    ProcessEventsError,
)

from ..fakes import FakeLoop, as_loop

Told = list[tuple[str, bool | None]]

RUN = ("/usr/sbin/x", "-a", "bc")


@pytest.mark.parametrize(
    ("settings", "name", "words", "expected"),
    [
        pytest.param({}, "x", (), True, id="short name"),
        pytest.param({}, "y", ("x",), False, id="another short name"),
        pytest.param({"full_command": True}, "x", RUN, False, id="the whole word counts"),
        pytest.param({"full_command": True}, "", ("x", "-a"), True, id="first word"),
        pytest.param({"full_command": True}, "x", (), False, id="kernel thread"),
    ],
)
def test_names(settings: Any, name: str, words: tuple[str, ...], expected: bool) -> None:
    assert matches(TrackerProcess("t", "x", **settings), name, words) is expected


@pytest.mark.parametrize(
    ("how", "arguments", "expected"),
    [
        pytest.param("exact", ("-a", "bc"), True, id="exact"),
        pytest.param("exact", ("-a",), False, id="exact, but there are more"),
        pytest.param("exact", (), False, id="no arguments"),
        pytest.param("partial", ("-a",), True, id="partial"),
        pytest.param("partial", ("-a", "b"), False, id="partial, of whole words"),
        pytest.param("partial", (), True, id="partial, of none"),
        pytest.param("initial", ("-a", "b"), True, id="initial"),
        pytest.param("initial", ("-", "bc"), False, id="initial, only of the last word"),
        pytest.param("initial", ("-a", "bc", "d"), False, id="initial, but there are less"),
        pytest.param("initial", (), True, id="initial, of none"),
    ],
)
def test_arguments(how: Any, arguments: tuple[str, ...], expected: bool) -> None:
    process = TrackerProcess("t", RUN[0], arguments, how, full_command=True)
    assert matches(process, "x", RUN) is expected


class World:
    """Processes that are called x, a clock, and what is told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> None:
        self.pids: set[int] = set()
        self.events: list[ProcessEvent] = []
        self.told: list[bool | None] = []
        self.loop = FakeLoop()
        world = self

        class Events:
            def __init__(self, buffer: int, *, force: bool) -> None: ...

            def read(self, limit: int) -> list[ProcessEvent]:
                if not world.events:
                    raise EventsLost("lost")
                taken, world.events = world.events, []
                return taken

            def close(self) -> None: ...

        monkeypatch.setattr(tracker_processes, "ProcessEvents", Events)
        monkeypatch.setattr(FakeLoop, "add_reader", self.add_reader, raising=False)
        monkeypatch.setattr(FakeLoop, "remove_reader", lambda *_: None, raising=False)
        monkeypatch.setattr(asyncio, "get_running_loop", lambda: as_loop(self.loop))
        monkeypatch.setattr(
            tracker_processes, "_name", lambda pid: "x" if pid in self.pids else "other"
        )
        monkeypatch.setattr(tracker_processes, "_pids", lambda: iter(sorted(self.pids | {1})))
        self.settings = TrackerProcess("t", "x", **settings)
        self.trackers = ProcessTrackers(lambda name, has_quorum: self.told.append(has_quorum))

    def add_reader(self, events: object, read: Callable[[], None]) -> None:
        self.read = read

    def start(self, *pids: int) -> World:
        self.pids |= set(pids)
        self.trackers.use([self.settings])
        return self

    def happens(self, change: ProcessChange, pid: int, parent: int = 0) -> None:
        self.events.append(ProcessEvent(change, pid, parent))
        self.read()

    def begins(self, pid: int) -> None:
        self.pids.add(pid)
        self.happens(ProcessChange.NAMED, pid)

    def ends(self, pid: int) -> None:
        self.pids.discard(pid)
        self.happens(ProcessChange.ENDED, pid)


def test_at_least_one(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch).start()
    world.begins(5)
    world.begins(6)
    world.ends(5)
    world.ends(6)
    assert world.told == [False, True, False]


def test_from_two_to_three(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, quorum=2, quorum_max=3).start(5)
    for pid in (6, 7, 8):
        world.begins(pid)
    assert world.told == [False, True, False]
    world.ends(5)
    assert world.told[3:] == [True]


def test_none_may_run(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, quorum=0, quorum_max=0).start()
    world.begins(5)
    world.ends(5)
    assert world.told == [True, False, True]


def test_a_child_counts_until_it_becomes_something_else(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, quorum=2).start(5)
    world.pids.add(6)
    world.happens(ProcessChange.FORKED, 6, parent=5)
    world.pids.discard(6)
    world.happens(ProcessChange.NAMED, 6)
    world.pids.add(7)
    world.happens(ProcessChange.FORKED, 7, parent=99)
    assert world.told == [False, True, False]


def test_what_runs_another_program_counts_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, fork_delay=2.0, terminate_delay=3.0).start()
    world.begins(5)
    assert world.told == [False, True]


def test_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, quorum=2, fork_delay=2.0, terminate_delay=3.0).start(5)

    def forks(pid: int) -> None:
        world.pids.add(pid)
        world.happens(ProcessChange.FORKED, pid, parent=5)

    forks(6)
    world.loop.advance(1.9)
    assert world.told == [False]
    world.ends(6)
    forks(7)
    world.loop.advance(3.8)
    assert world.told == [False]
    world.loop.advance(3.9)
    assert world.told == [False, True]
    world.ends(7)
    world.loop.advance(6.8)
    assert world.told == [False, True]
    world.loop.advance(6.9)
    assert world.told == [False, True, False]


def test_when_events_were_lost_all_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch).start()
    world.pids.add(5)
    world.read()
    world.loop.advance(1.0)
    assert world.told == [False, True]
    world.loop.advance(9.0)
    assert world.loop.wakeups == 1


def test_a_look_that_finds_no_change_ends_no_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, fork_delay=2.0).start()
    world.start(5)
    world.start(5)
    assert world.told == [False]
    world.loop.advance(2.0)
    assert world.told == [False, True]


def test_a_reload(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch).start(5)
    world.trackers.use([world.settings])
    assert world.told == [True]
    world.trackers.use([TrackerProcess("t", "x", quorum=2)])
    assert world.told == [True, False]
    world.trackers.use([])
    assert world.told == [True, False, None]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.002)


@pytest.fixture
def program(tmp_path: Path) -> str:
    """A program with a name of its own, so that no other process is taken for it."""
    path = tmp_path / f"t{id(tmp_path) % 10**9}"
    shutil.copy("/bin/sleep", path)
    return str(path)


async def come_and_go(program: str) -> Told:
    told: Told = []
    trackers = ProcessTrackers(lambda name, has_quorum: told.append((name, has_quorum)))
    name = program.rpartition("/")[2]
    whole = TrackerProcess("whole", program, ("60",), "exact", full_command=True)
    trackers.use([TrackerProcess("short", name), whole])
    running = subprocess.Popen([program, "60"])  # noqa: ASYNC220  # it does not wait
    await until(lambda: len(told) == 4)
    running.kill()
    running.wait()
    await until(lambda: len(told) == 6)
    trackers.close()
    return told


EACH_TWICE = {("short", False): 2, ("whole", False): 2, ("short", True): 1, ("whole", True): 1}


async def test_real_processes_without_events(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ProcessEventsError("none")

    monkeypatch.setattr(tracker_processes, "ProcessEvents", refuse)
    monkeypatch.setattr(tracker_processes, "_LOOK_EVERY", 0.02)
    told = await come_and_go(program)
    assert {each: told.count(each) for each in told} == EACH_TWICE


@pytest.mark.root
async def test_real_processes(program: str) -> None:
    try:
        ProcessEvents().close()
    except ProcessEventsError:
        pytest.fail("this kernel, or this network namespace, has no process connector")
    told = await come_and_go(program)
    assert {each: told.count(each) for each in told} == EACH_TWICE


@pytest.mark.parametrize(
    ("packet", "events"),
    [
        pytest.param(
            "0100000000000000" + "1122334455667788" + "1b1000001b10000072100000721000000000000000",
            [ProcessEvent(ProcessChange.FORKED, 4210, 4123)],
            id="fork",
        ),
        pytest.param(
            "0100000000000000" + "1122334455667788" + "1b1000001b10000073100000721000000000000000",
            [],
            id="a new thread",
        ),
        pytest.param(
            "0200000000000000" + "1122334455667788" + "721000007210000000000000000000000000",
            [ProcessEvent(ProcessChange.NAMED, 4210)],
            id="exec",
        ),
        pytest.param(
            "0000008001000000" + "1122334455667788" + "7b7e00007b7e000000000000ffffffff00000000",
            [ProcessEvent(ProcessChange.ENDED, 32379)],
            id="exit",
        ),
        pytest.param(
            "0000008001000000" + "1122334455667788" + "7b7e0000927d000000000000ffffffff00000000",
            [],
            id="the end of a thread",
        ),
        pytest.param(
            "0000000000000000" + "1122334455667788" + "00" * 24, [], id="the kernel confirms"
        ),
        pytest.param("01", [], id="too short"),
    ],
)
def test_packets(packet: str, events: list[ProcessEvent]) -> None:
    """Bodies as a 6.18 kernel sent them."""
    octets = bytes(16) + bytes(20) + bytes.fromhex(packet)
    assert list(process_events._decode(octets)) == events
