"""One timer for many deadlines: who is woken, when, and how often the loop is."""

from math import inf

import pytest

from .fakes import FakeLoop, make_deadlines


class Owner:
    def __init__(self, at=inf, then=()):
        self.deadline = at
        self.queued_at = inf
        self.woken = []
        self.then = list(then)

    def wake(self, now):
        self.woken.append(now)
        self.deadline = self.then.pop(0) if self.then else inf


class Calls(list):
    def append_one(self):
        self.append(1)


def make():
    loop, calls = FakeLoop(), Calls()
    return loop, calls, make_deadlines(loop, calls.append_one)


def test_wakes_at_the_deadline_and_again_when_a_new_one_is_set():
    loop, _, d = make()
    owner = Owner(1.0, then=[3.0])
    d.watch(owner)
    loop.advance(0.9)
    assert owner.woken == []
    loop.advance(10.0)
    assert owner.woken == [1.0, 3.0]


def test_a_later_deadline_costs_nothing_until_the_old_one_comes_up():
    loop, _, d = make()
    owner = Owner(1.0)
    d.watch(owner)
    for step in range(2, 50):
        owner.deadline = step / 10 + 1.0
        d.watch(owner)
    loop.advance(5.0)
    assert owner.woken == []
    assert loop.wakeups == 1  # one entry
    loop.advance(6.0)
    assert owner.woken == [5.9]


def test_an_earlier_deadline_counts_at_once_and_the_old_entry_is_void():
    loop, _, d = make()
    owner = Owner(5.0)
    d.watch(owner)
    owner.deadline = 1.0
    d.watch(owner)
    loop.advance(10.0)
    assert owner.woken == [1.0]


def test_forgotten_owners_sleep_on():
    loop, _, d = make()
    owner = Owner(1.0)
    d.watch(owner)
    owner.deadline = inf
    d.forget(owner)
    loop.advance(10.0)
    assert owner.woken == []


def test_now_is_never_before_the_deadline_and_late_when_the_loop_is():
    loop, calls, d = make()
    early, late = Owner(1.0), Owner(2.0)
    d.watch(early)
    early.deadline = 1.0004
    loop.advance(1.0003)
    assert early.woken == []
    loop.advance(1.0005)
    assert early.woken == [1.0004]
    d.watch(late)
    loop.advance(2.5, late=0.25)
    assert late.woken == [2.25]
    assert calls == [1]  # what arrived meanwhile was looked at first


def test_many_at_once_leave_the_loop_its_turn():
    loop, _, d = make()
    owners = [Owner(1.0) for _ in range(100)]
    for owner in owners:
        d.watch(owner)
    loop.advance(1.0)
    assert [o.woken for o in owners] == [[1.0]] * 100
    assert loop.wakeups == 4  # 32 + 32 + 32 + 4


def test_many_that_moved_are_put_off_in_steps():
    loop, _, d = make()
    owners = [Owner(1.0) for _ in range(600)]
    for owner in owners:
        d.watch(owner)
        owner.deadline = 2.0
    late = Owner(1.0)
    d.watch(late)
    loop.advance(1.0)
    assert late.woken == [1.0]
    assert loop.wakeups == 3  # 256 + 256 + the rest
    loop.advance(2.0)
    assert [o.woken for o in owners] == [[2.0]] * 600


class Faulty(Owner):
    def wake(self, now):
        super().wake(now)
        raise RuntimeError


def test_fault_of_one_does_not_keep_the_others_asleep():
    loop, _, d = make()
    owner = Owner(2.0)
    d.watch(Faulty(1.0))
    d.watch(owner)
    with pytest.raises(RuntimeError):
        loop.advance(1.0)
    loop.advance(3.0)
    assert owner.woken == [2.0]


def test_closed_wakes_nobody():
    loop, _, d = make()
    owner = Owner(1.0)
    d.watch(owner)
    d.close()
    loop.advance(2.0)
    assert owner.woken == []
