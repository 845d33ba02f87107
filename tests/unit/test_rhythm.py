"""Periodic Advertisements that share a moment."""

import pytest

from pyvrrp.rhythm import Rhythms

from .fakes import FakeLoop, make_deadlines


class Member:
    def __init__(self, loop):
        self.sent = []
        self.failures = 0
        self.outgoing = ((lambda message: self.sent.append((round(loop.now, 6), message)), b"x"),)

    def send_failed(self, error):
        self.failures += 1


@pytest.fixture
def loop():
    return FakeLoop()


@pytest.fixture
def rhythms(loop):
    return Rhythms(make_deadlines(loop))


def test_sends_every_interval_without_drift(loop, rhythms):
    member = Member(loop)
    rhythm = rhythms.join(member, 0.1, 0.1)
    loop.advance(0.45, late=0.003)
    assert [at for at, _ in member.sent] == pytest.approx([0.1035, 0.2035, 0.3035, 0.4035])
    assert rhythm.beats == 4


def test_members_of_half_a_millisecond_share_one_wakeup(loop, rhythms):
    members = [Member(loop) for _ in range(3)]
    joined = {rhythms.join(m, 0.1, 0.1 + i * 0.0001) for i, m in enumerate(members)}
    assert len(joined) == 1
    loop.advance(0.15)
    assert [len(m.sent) for m in members] == [1, 1, 1]


def test_other_phase_or_interval_is_another_rhythm(loop, rhythms):
    a, b, c = (Member(loop) for _ in range(3))
    first = rhythms.join(a, 0.1, 0.1)
    assert rhythms.join(b, 0.1, 0.15) is not first
    assert rhythms.join(c, 1.0, 0.1) is not first


def test_no_more_than_32_in_one_step(loop, rhythms):
    joined = {rhythms.join(Member(loop), 0.1, 0.1) for _ in range(33)}
    assert sorted(len(r.members) for r in joined) == [1, 32]


def test_a_crowd_of_one_moment_spreads_to_earlier_ones(loop, rhythms):
    joined = [rhythms.join(Member(loop), 0.1, 0.1) for _ in range(80)]
    # The end of the slot, and a slot earlier each time.
    assert [r.deadline for r in joined[::32]] == pytest.approx([0.1005, 0.1, 0.0995])
    loop.advance(0.25)
    assert [r.beats for r in joined[::32]] == [2, 2, 2]


def test_a_crowd_spreads_over_half_an_interval_at_most(loop, rhythms):
    deadlines = {rhythms.join(Member(loop), 0.01, 0.02).deadline for _ in range(32 * 40)}
    assert len(deadlines) == 27
    assert min(deadlines) == pytest.approx(0.015)


def test_who_left_sends_no_more_and_an_empty_rhythm_ends(loop, rhythms):
    a, b = Member(loop), Member(loop)
    rhythm = rhythms.join(a, 0.1, 0.1)
    rhythms.join(b, 0.1, 0.1)
    rhythms.leave(a, rhythm)
    loop.advance(0.15)
    assert (len(a.sent), len(b.sent)) == (0, 1)
    rhythms.leave(b, rhythm)
    before = loop.wakeups
    loop.advance(5.0)
    assert loop.wakeups - before <= 2
    assert rhythms.join(a, 0.1, 5.1) is not rhythm


def test_a_stall_of_more_than_an_interval_makes_no_burst(loop, rhythms):
    member = Member(loop)
    rhythms.join(member, 0.1, 0.1)
    loop.advance(0.75, late=0.55)
    assert [at for at, _ in member.sent] == [0.6505]
    loop.advance(0.76)
    assert [at for at, _ in member.sent] == [0.6505, 0.7505]


def test_one_failing_send_does_not_keep_the_others_back(loop, rhythms):
    def refuse(message):
        raise OSError(100, "Network is down")

    broken, fine = Member(loop), Member(loop)
    broken.outgoing = ((refuse, b"x"),)
    rhythms.join(broken, 0.1, 0.1)
    rhythms.join(fine, 0.1, 0.1)
    loop.advance(0.11)
    assert (broken.failures, len(fine.sent)) == (1, 1)
