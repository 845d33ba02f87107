"""That the process did not run is noticed once, before anything else happens."""

from math import inf

from pyvrrp.reception import Reception
from pyvrrp.stalls import Stalls

from .fakes import FakeLoop, as_loop, make_deadlines


class Owner:
    queued_at = inf

    def __init__(self, at, events):
        self.deadline = at
        self.events = events

    def wake(self, now):
        self.events.append("woken")
        self.deadline = inf


class Source:
    def __init__(self, events):
        self.events = events

    def fileno(self):
        return 3

    def receive(self, now):
        self.events.append("read")
        return 1


def make():
    loop, events = FakeLoop(), []
    stalls = Stalls(lambda slept, now: events.append((slept, now)))
    reception = Reception(as_loop(loop), lambda now: stalls.look(deadlines, now))
    deadlines = make_deadlines(loop, reception.read_now)
    reception.add(Source(events))
    deadlines.watch(Owner(1.0, events))
    return loop, deadlines, events


def test_a_timer_that_comes_late_is_told_of_first():
    loop, deadlines, events = make()
    loop.now = 6.0
    loop.advance(6.0)
    assert events == [(5.0, 6.0), "read", "woken"]
    assert deadlines.worst_lag == 5.0


def test_a_socket_that_is_ready_too_and_each_stall_is_told_once():
    loop, _, events = make()
    loop.now = 6.0
    loop.readers[3]()
    loop.now = 6.001
    loop.readers[3]()
    loop.advance(6.002)
    assert events == [(5.0, 6.0), "read", "read", "read", "woken"]


def test_in_time_there_is_nothing_to_tell():
    loop, deadlines, events = make()
    loop.advance(0.9)
    loop.readers[3]()
    loop.advance(2.0)
    assert events == ["read", "woken"]
    assert deadlines.worst_lag < 0.001
