"""Two BFD sessions on one virtual wire: handshakes, failures and new settings.

What a neighbour may expect is watched at every moment: no silence beyond the interval agreed upon,
and no session that is up at one end only for longer than the Detection Time.
"""

from dataclasses import replace
from heapq import heappop, heappush
from itertools import count, pairwise
from random import Random

import pytest

from pyvrrp.bfd.core.actions import ReachabilityChanged, Send
from pyvrrp.bfd.core.events import Disabled, Enabled, PacketReceived, Reconfigured, Tick
from pyvrrp.bfd.core.model import SessionConfig, SessionState
from pyvrrp.bfd.core.packet import decode, encode
from pyvrrp.bfd.core.session import begin, deadline, transition

FAST = SessionConfig(0.01, 0.01, 1.0, 3)
DELAY = 0.002
UP, DOWN = SessionState.UP, SessionState.DOWN


class Pair:
    """Two ends; `loss` is the share of packets that never arrive, for each direction."""

    def __init__(self, *configs, seed=1):
        self.now = 0.0
        self.configs = list(configs)
        self.sessions = [begin(c, 11 * (n + 1), 0.0) for n, c in enumerate(configs)]
        self.loss = [0.0, 0.0]
        self.told = [[], []]
        self.sent = [[], []]
        self._chance = Random(seed)
        self._wire = []
        self._sequence = count()

    def feed(self, end, event):
        step = transition(
            self.configs[end], self.sessions[end], event, self.now, self._chance.random()
        )
        self.sessions[end] = step[0]
        for action in step[1]:
            if isinstance(action, Send):
                self.sent[end].append((self.now, action.packet))
                if self._chance.random() >= self.loss[end]:
                    arrival = (self.now + DELAY, next(self._sequence), 1 - end)
                    heappush(self._wire, (*arrival, encode(action.packet)))
            elif isinstance(action, ReachabilityChanged):
                self.told[end].append((self.now, action.is_reachable))

    def run(self, until):
        while True:
            ticks = [(deadline(s), end) for end, s in enumerate(self.sessions)]
            at, end = min(ticks)
            if self._wire and self._wire[0][0] <= at:
                at, _, end, octets = self._wire[0]
                event = PacketReceived(decode(octets))
            else:
                event = Tick()
            if at > until:
                self.now = until
                return
            if not isinstance(event, Tick):
                heappop(self._wire)
            self.now = max(self.now, at)
            self.feed(end, event)

    def reconfigure(self, end, **changes):
        self.configs[end] = replace(self.configs[end], **changes)
        self.feed(end, Reconfigured())

    @property
    def states(self):
        return [s.state for s in self.sessions]


@pytest.fixture
def pair():
    pair = Pair(FAST, FAST)
    pair.run(3.0)
    assert pair.states == [UP, UP]
    return pair


def test_a_handshake_takes_round_trips_not_seconds():
    pair = Pair(FAST, FAST)
    pair.run(0.02)
    assert pair.states == [UP, UP]


@pytest.mark.parametrize("seed", range(4))
def test_a_handshake_gets_through_a_bad_wire(seed):
    patient = replace(FAST, multiplier=50)
    pair = Pair(patient, patient, seed=seed)
    pair.loss = [0.4, 0.4]
    pair.run(20.0)
    assert pair.states == [UP, UP]


def test_two_passive_ends_never_speak():
    passive = replace(FAST, is_passive=True)
    pair = Pair(passive, passive)
    pair.run(1000.0)
    assert pair.sent == [[], []]


def test_one_passive_end_is_enough():
    pair = Pair(replace(FAST, is_passive=True), FAST)
    pair.run(0.1)
    assert pair.states == [UP, UP]
    assert pair.sent[0][0][0] == pytest.approx(DELAY)


def test_both_ends_poll_and_settle(pair):
    assert not any(s.is_polling for s in pair.sessions)
    assert [s.detection_time for s in pair.sessions] == [0.03, 0.03]


def test_routine_keeps_the_rhythm_and_loses_nothing(pair):
    pair.sent = [[], []]
    pair.run(20.0)
    assert pair.states == [UP, UP]
    for sent in pair.sent:
        gaps = [b[0] - a[0] for a, b in pairwise(sent)]
        assert 0.0075 <= min(gaps) < 0.0076
        assert 0.0099 < max(gaps) <= 0.01000001


@pytest.mark.parametrize(
    "loss", [[1.0, 1.0], [1.0, 0.0], [0.0, 1.0]], ids=["both", "there", "back"]
)
def test_a_broken_wire_is_noticed_at_both_ends(pair, loss):
    pair.loss = loss
    pair.run(3.1)
    assert UP not in pair.states
    for told in pair.told:
        assert [up for _, up in told] == [True, False]
        # 30 ms without a packet, and what one way is told by the other end later.
        assert 3.02 < told[-1][0] < 3.04
    pair.loss = [0.0, 0.0]
    pair.run(6.0)
    assert pair.states == [UP, UP]


def test_an_order_is_obeyed_and_is_no_failure(pair):
    pair.feed(0, Disabled())
    pair.run(4.0)
    assert pair.states == [SessionState.ADMIN_DOWN, DOWN]
    assert [up for _, up in pair.told[1]] == [True]
    pair.feed(0, Enabled())
    pair.run(7.0)
    assert pair.states == [UP, UP]


def test_a_crash_is_noticed_when_the_neighbour_comes_back_too(pair):
    pair.sessions[0] = begin(FAST, 77, pair.now)
    pair.run(6.0)
    assert pair.states == [UP, UP]
    assert [up for _, up in pair.told[1]] == [True, False, True]


@pytest.mark.parametrize(
    "changes",
    [
        {"desired_min_tx": 0.5},
        {"desired_min_tx": 0.002},
        {"required_min_rx": 0.5},
        {"required_min_rx": 0.002},
        {"desired_min_tx": 0.3, "required_min_rx": 0.002},
        {"multiplier": 50},
    ],
    ids=str,
)
@pytest.mark.parametrize("loss", [0.0, 0.15])
def test_new_settings_never_bring_a_session_down(changes, loss):
    patient = replace(FAST, multiplier=40)
    pair = Pair(patient, patient)
    pair.run(3.0)
    pair.loss = [loss, loss]
    pair.reconfigure(0, **changes)
    pair.run(20.0)
    pair.loss = [0.0, 0.0]
    pair.run(23.0)
    assert pair.states == [UP, UP]
    assert [[up for _, up in told] for told in pair.told] == [[True], [True]]
    assert not any(s.is_polling for s in pair.sessions)


@pytest.mark.parametrize("seed", range(4))
def test_after_any_troubles_both_ends_agree(seed):
    chance = Random(seed)
    pair = Pair(FAST, replace(FAST, required_min_rx=0.05), seed=seed)
    for _ in range(40):
        pair.loss = [chance.choice([0.0, 0.3, 1.0]), chance.choice([0.0, 0.3, 1.0])]
        end = chance.randrange(2)
        match chance.randrange(4):
            case 0:
                pair.reconfigure(end, desired_min_tx=chance.choice([0.005, 0.05, 0.5]))
            case 1:
                pair.reconfigure(end, required_min_rx=chance.choice([0.005, 0.05, 0.5]))
            case 2:
                pair.feed(end, chance.choice([Disabled(), Enabled()]))
        pair.run(pair.now + chance.random() * 5)
    pair.loss = [0.0, 0.0]
    for end in (0, 1):
        pair.feed(end, Enabled())
    pair.run(pair.now + 20)
    assert pair.states == [UP, UP]
    assert [told[-1][1] for told in pair.told] == [True, True]
