"""When turns start: in order, on time, never too many at once, never the loop for long."""

from __future__ import annotations

import asyncio
import resource
from math import inf

import pytest

from healthcheck.schedule import Schedule, Turn, probes_at_once

from .virtual_clock import VirtualClockLoop, run


class Named(Turn):
    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


class Starts:
    """A schedule whose starts are in `log` as (name, milliseconds)."""

    def __init__(self, loop: VirtualClockLoop, limit: int = 100, cost: float = 0.0) -> None:
        self.loop = loop
        self.cost = cost
        self.log: list[tuple[str, int]] = []
        self.schedule: Schedule[Named] = Schedule(loop, self._start, limit)

    def _start(self, turn: Named) -> None:
        self.log.append((turn.name, round(self.loop.time() * 1000)))
        self.loop.spend(self.cost)

    def set(self, due: float, name: str) -> Named:
        turn = Named(name)
        self.schedule.set(turn, due)
        return turn


def started(prepare, until: float = 10.0, **options):
    """What started, after `prepare(starts)` and so many seconds."""
    loop = VirtualClockLoop()
    starts = Starts(loop, **options)

    async def scenario():
        prepare(starts)
        await asyncio.sleep(until)

    run(scenario(), loop)
    return starts


def test_turns_start_when_due_and_in_that_order():
    def prepare(starts):
        starts.set(2.0, "c")
        starts.set(0.5, "a")
        starts.set(1.0, "b")

    assert started(prepare).log == [("a", 500), ("b", 1000), ("c", 2000)]


def test_turns_of_twenty_milliseconds_share_a_wakeup():
    def prepare(starts):
        starts.set(1.0011, "a")
        starts.set(1.0199, "b")
        starts.set(1.0201, "c")

    assert started(prepare).log == [("a", 1020), ("b", 1020), ("c", 1040)]


def test_a_turn_set_again_starts_once():
    def prepare(starts):
        turn = starts.set(1.0, "a")
        starts.schedule.set(turn, 3.0)
        assert turn.due == 3.0

    assert started(prepare).log == [("a", 3000)]


def test_an_earlier_turn_moves_the_timer():
    def prepare(starts):
        starts.set(5.0, "b")
        starts.loop.call_at(1.0, starts.set, 1.5, "a")

    assert started(prepare).log == [("a", 1500), ("b", 5000)]


def test_a_dropped_turn_never_starts():
    def prepare(starts):
        turn = starts.set(1.0, "a")
        starts.schedule.drop(turn)
        starts.schedule.drop(turn)
        assert turn.due == inf

    assert started(prepare).log == []


def test_dropping_thousands_leaves_the_others():
    def prepare(starts):
        turns = [starts.set(1.0 + n, f"dropped {n}") for n in range(2000)]
        starts.set(2.5, "kept")
        for turn in turns:
            starts.schedule.drop(turn)
        assert len(starts.schedule._heap) < 200

    assert started(prepare).log == [("kept", 2500)]


def test_more_than_the_limit_wait_their_turn():
    def prepare(starts):
        for name in "abc":
            starts.set(1.0, name)
        starts.loop.call_at(4.0, starts.schedule.finished)

    starts = started(prepare, limit=2)
    assert starts.log == [("a", 1000), ("b", 1000), ("c", 4000)]
    assert starts.schedule.in_flight == 2
    assert starts.schedule.lateness.summary().maximum == pytest.approx(3.0)


def test_a_burst_leaves_the_loop_its_turn():
    others: list[int] = []

    def tick(loop):
        others.append(round(loop.time() * 1000))
        if loop.time() < 1.039:
            loop.call_soon(tick, loop)

    def prepare(starts):
        for number in range(20):
            starts.set(1.0, str(number))
        starts.loop.call_at(1.001, tick, starts.loop)

    starts = started(prepare, cost=0.002)
    assert [ms for _, ms in starts.log] == list(range(1000, 1040, 2))
    assert [ms for ms in others if ms < 1040] == list(range(1016, 1040, 8))


def test_nothing_starts_after_close():
    def prepare(starts):
        starts.set(1.0, "a")
        starts.schedule.close()

    assert started(prepare).log == []


def test_a_start_may_set_turns():
    loop = VirtualClockLoop()
    log = []

    def start(turn):
        log.append(round(loop.time(), 3))
        schedule.finished()
        schedule.set(turn, loop.time() + 2.0)

    schedule: Schedule[Turn] = Schedule(loop, start, 10)

    async def scenario():
        schedule.set(Turn(), 1.0)
        await asyncio.sleep(6.0)

    run(scenario(), loop)
    assert log == [1.0, 3.0, 5.0]


@pytest.mark.parametrize(
    ("soft", "probes"),
    [
        pytest.param(1024, 924, id="Debian's default"),
        pytest.param(64, 1, id="next to nothing"),
        pytest.param(1_048_576, 8192, id="plenty"),
        pytest.param(resource.RLIM_INFINITY, 8192, id="no limit"),
    ],
)
def test_probes_at_once_leave_descriptors_for_the_rest(monkeypatch, soft, probes):
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (soft, soft))
    assert probes_at_once() == probes
