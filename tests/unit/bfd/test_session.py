"""The session of RFC 5880 §6.8, one row per state and event; whole sessions and actions.

Ours wants to send every 50 ms and can receive every 30 ms; the neighbour the same with 40 and 20.
`chance` is 1 unless a test says otherwise, so that intervals are whole.
"""

from dataclasses import replace
from math import inf

import pytest

from pyvrrp.bfd.core.actions import (
    DetectionTimeChanged,
    Expired,
    ReachabilityChanged,
    Send,
    StateChanged,
)
from pyvrrp.bfd.core.events import Disabled, Enabled, PacketReceived, Reconfigured, Tick
from pyvrrp.bfd.core.model import SessionConfig, SessionState
from pyvrrp.bfd.core.packet import ControlPacket
from pyvrrp.bfd.core.session import (
    Remote,
    Session,
    begin,
    deadline,
    heard_again,
    is_routine,
    transition,
)

ADMIN_DOWN, DOWN, INIT, UP = SessionState
CFG = SessionConfig(0.05, 0.03, 1.0, 3)
PASSIVE = replace(CFG, is_passive=True)
OURS, THEIRS = 7, 9


def heard(state, yours=OURS, tx=0.04, rx=0.02, **flags):
    return ControlPacket(state, THEIRS, yours, 4, tx, rx, **flags)


def told(state, yours=THEIRS, tx=1.0, rx=0.03, **flags):
    return Send(ControlPacket(state, OURS, yours, 3, tx, rx, **flags))


def step(session, event, now, cfg=CFG, chance=1.0):
    return transition(cfg, session, event, now, chance)


NEW = begin(CFG, OURS, 100.0)
REMOTE_DOWN = Remote(THEIRS, DOWN, 0, 0.04, 0.02, 4)
REMOTE_INIT = replace(REMOTE_DOWN, state=INIT)
REMOTE_UP = replace(REMOTE_DOWN, state=UP)
# 4 of the neighbour's packets, 40 ms each.
IN_INIT = replace(NEW, state=INIT, remote=REMOTE_DOWN, heard_at=100.0, sent_at=100.0, send_at=101.0)
IN_UP = Session(
    OURS, 0.05, 0.03, 0.05, 0.03, 100.05, UP, 0, REMOTE_UP, True,
    heard_at=100.0, sent_at=100.0,
)  # fmt: skip
FIRST_TIME = DetectionTimeChanged(0.0, 0.16)


def test_a_new_session_is_down_and_speaks_at_once():
    assert begin(CFG, OURS, 100.0) == Session(OURS, 1.0, 0.03, 1.0, 0.03, 100.0)
    assert deadline(NEW) == 100.0
    session, actions = step(NEW, Tick(), 100.0)
    assert actions == (told(DOWN, yours=0),)
    assert session == replace(NEW, sent_at=100.0, send_at=101.0)


def test_a_passive_one_waits_to_be_spoken_to():
    session = begin(PASSIVE, OURS, 100.0)
    assert deadline(session) == inf
    assert step(session, Tick(), 500.0, PASSIVE) == (session, ())
    session, actions = step(session, PacketReceived(heard(DOWN, yours=0)), 500.0, PASSIVE)
    assert actions == (StateChanged(DOWN, INIT, 0, 0), FIRST_TIME, told(INIT))
    assert session.send_at == 501.0


def test_and_falls_silent_when_its_neighbour_does():
    session, actions = step(replace(IN_UP, send_at=200.0), Tick(), 100.17, PASSIVE)
    assert [type(a) for a in actions] == [ReachabilityChanged, Expired, StateChanged]
    assert deadline(session) == inf


@pytest.mark.parametrize(
    ("session", "state", "actions"),
    [
        pytest.param(
            NEW, DOWN, (StateChanged(DOWN, INIT, 0, 0), FIRST_TIME, told(INIT)), id="3-way 1"
        ),
        pytest.param(
            NEW,
            INIT,
            (
                ReachabilityChanged(True),
                StateChanged(DOWN, UP, 0, 0),
                FIRST_TIME,
                told(UP, tx=0.05, poll=True),
            ),
            id="3-way 2",
        ),
        pytest.param(NEW, UP, (FIRST_TIME, told(DOWN)), id="Down hears Up: stays, but answers"),
        pytest.param(NEW, ADMIN_DOWN, (FIRST_TIME, told(DOWN)), id="Down hears AdminDown"),
        pytest.param(IN_INIT, DOWN, (), id="Init hears Down"),
        pytest.param(
            IN_INIT,
            INIT,
            (
                ReachabilityChanged(True),
                StateChanged(INIT, UP, 0, 0),
                told(UP, tx=0.05, poll=True),
            ),
            id="Init hears Init",
        ),
        pytest.param(
            IN_INIT,
            UP,
            (
                ReachabilityChanged(True),
                StateChanged(INIT, UP, 0, 0),
                told(UP, tx=0.05, poll=True),
            ),
            id="3-way 3",
        ),
        pytest.param(
            IN_INIT,
            ADMIN_DOWN,
            (StateChanged(INIT, DOWN, 3, 0), told(DOWN, diagnostic=3)),
            id="Init hears AdminDown",
        ),
        pytest.param(
            IN_UP,
            DOWN,
            (
                ReachabilityChanged(False),
                StateChanged(UP, DOWN, 3, 0),
                told(DOWN, diagnostic=3),
            ),
            id="Up hears Down",
        ),
        pytest.param(IN_UP, INIT, (), id="Up hears Init"),
        pytest.param(IN_UP, UP, (), id="Up hears Up"),
        pytest.param(
            IN_UP,
            ADMIN_DOWN,
            (StateChanged(UP, DOWN, 3, 0), told(DOWN, diagnostic=3)),
            id="Up hears AdminDown: an order is no failure",
        ),
    ],
)
def test_what_is_heard(session, state, actions):
    after, done = step(session, PacketReceived(heard(state)), 100.03)
    assert done == actions
    assert after.heard_at == 100.03
    assert after.silent_at == pytest.approx(100.19)
    assert after.remote == replace(REMOTE_DOWN, state=state)


def test_up_is_polled_for_until_the_neighbour_confirms():
    up, _ = step(IN_INIT, PacketReceived(heard(UP)), 100.03)
    assert up.is_polling
    assert up.send_at == pytest.approx(100.08)  # 50 ms: more than the neighbour's 20
    up, actions = step(up, Tick(), 100.08)
    assert actions == (told(UP, tx=0.05, poll=True),)
    up, actions = step(up, PacketReceived(heard(UP, final=True)), 100.09)
    assert (actions, up.is_polling) == ((), False)
    up, actions = step(up, Tick(), 100.13)
    assert actions == (told(UP, tx=0.05),)


def test_a_poll_is_answered_at_once_and_starts_the_interval_anew():
    session, actions = step(IN_UP, PacketReceived(heard(UP, poll=True)), 100.03)
    assert actions == (told(UP, tx=0.05, final=True),)
    assert session.send_at == pytest.approx(100.08)


def test_an_answer_is_no_poll_itself():
    polling = replace(IN_UP, is_polling=True)
    session, actions = step(polling, PacketReceived(heard(UP, poll=True)), 100.03)
    assert actions == (told(UP, tx=0.05, final=True),)
    assert session.is_polling


@pytest.mark.parametrize("state", [DOWN, ADMIN_DOWN])
def test_a_poll_is_answered_in_every_state(state):
    _, actions = step(
        replace(NEW, remote=REMOTE_DOWN), PacketReceived(heard(state, poll=True)), 100.0
    )
    assert actions[-1].packet.final


def test_silence_ends_a_session():
    session, actions = step(replace(IN_UP, send_at=101.0), Tick(), 100.162)
    assert actions == (
        ReachabilityChanged(False),
        Expired(pytest.approx(0.162), pytest.approx(0.002)),
        StateChanged(UP, DOWN, 1, 0),
        told(DOWN, yours=0, diagnostic=1),
    )
    assert session.remote == replace(REMOTE_UP, discriminator=0)
    assert session.silent_at == inf
    assert session.send_at == pytest.approx(101.162)


def test_silence_before_it_was_up_is_no_news():
    session, actions = step(IN_INIT, Tick(), 100.16)
    assert actions == (StateChanged(INIT, DOWN, 1, 0), told(DOWN, yours=0, diagnostic=1))
    assert not session.is_reachable


def test_a_neighbour_is_forgotten_in_down_too():
    down = replace(NEW, remote=REMOTE_UP, heard_at=100.0, sent_at=100.0, send_at=200.0)
    session, actions = step(down, Tick(), 100.16)
    assert actions == (told(DOWN, yours=0),)
    assert session.remote.discriminator == 0


def test_a_tick_before_the_deadline_does_nothing():
    assert step(IN_UP, Tick(), 100.04) == (IN_UP, ())


@pytest.mark.parametrize(
    ("multiplier", "chance", "wait"),
    [(3, 0.0, 0.0375), (3, 1.0, 0.05), (3, 0.5, 0.04375), (1, 0.0, 0.0375), (1, 1.0, 0.045)],
)
def test_jitter_is_75_to_100_percent_and_90_when_one_lost_packet_counts(multiplier, chance, wait):
    cfg = replace(CFG, multiplier=multiplier)
    session, _ = step(IN_UP, Tick(), 100.05, cfg, chance)
    assert session.send_at == pytest.approx(100.05 + wait)


@pytest.mark.parametrize(
    ("ours", "theirs", "send_after", "silence"),
    [
        pytest.param((0.05, 0.03), (0.04, 0.02), 0.05, 0.16, id="ours and theirs"),
        pytest.param((0.05, 0.03), (0.01, 0.08), 0.08, 0.12, id="theirs is longer"),
        pytest.param((0.05, 0.3), (0.04, 0.02), 0.05, 1.2, id="we receive slowly"),
    ],
)
def test_the_longer_interval_counts(ours, theirs, send_after, silence):
    cfg = SessionConfig(*ours, 1.0, 3)
    session = replace(IN_UP, min_tx=ours[0], min_rx=ours[1], tx_in_use=ours[0], rx_in_use=ours[1])
    session, _ = step(session, PacketReceived(heard(UP, tx=theirs[0], rx=theirs[1])), 100.0, cfg)
    session, _ = step(session, Tick(), 100.05, cfg)
    assert session.silent_at == pytest.approx(100.0 + silence)
    assert session.send_at == pytest.approx(100.05 + send_after)


def test_a_neighbour_that_can_take_more_gets_it_at_once():
    slow = replace(IN_UP, remote=replace(REMOTE_UP, min_rx=5.0), send_at=105.0)
    session, actions = step(slow, PacketReceived(heard(UP)), 100.02)
    assert actions == ()
    assert session.send_at == pytest.approx(100.05)


def test_and_one_that_wants_nothing_gets_nothing():
    session, actions = step(IN_UP, PacketReceived(heard(UP, rx=0.0)), 100.02)
    assert (actions, session.send_at) == ((), inf)
    session, _ = step(session, PacketReceived(heard(UP)), 100.03)
    assert session.send_at == pytest.approx(100.05)


def test_a_neighbour_in_demand_mode_is_left_alone_but_for_polls():
    session, actions = step(IN_UP, PacketReceived(heard(UP, demand=True)), 100.02)
    assert (actions, session.send_at) == ((), inf)
    session, actions = step(session, PacketReceived(heard(UP, demand=True, poll=True)), 100.03)
    assert (actions, session.send_at) == ((told(UP, tx=0.05, final=True),), inf)
    changed = replace(CFG, desired_min_tx=0.1)
    session, actions = step(session, Reconfigured(), 100.04, changed)
    assert actions == (told(UP, tx=0.1, poll=True),)
    assert session.send_at == pytest.approx(100.09)
    confirmed = heard(UP, demand=True, final=True)
    session, actions = step(session, PacketReceived(confirmed), 100.05, changed)
    assert (actions, session.send_at) == ((), inf)


class TestOtherSettings:
    def test_the_same_change_nothing(self):
        assert step(IN_UP, Reconfigured(), 100.02) == (IN_UP, ())

    def test_before_it_is_up_they_count_at_once(self):
        cfg = replace(CFG, idle_tx=2.0, required_min_rx=0.5)
        session, actions = step(IN_INIT, Reconfigured(), 100.02, cfg)
        assert actions == (DetectionTimeChanged(0.16, 2.0), told(INIT, tx=2.0, rx=0.5))
        assert (session.tx_in_use, session.rx_in_use, session.is_polling) == (2.0, 0.5, False)
        assert session.silent_at == pytest.approx(102.0)

    def test_a_longer_transmission_interval_waits_for_the_final(self):
        cfg = replace(CFG, desired_min_tx=0.5)
        session, actions = step(IN_UP, Reconfigured(), 100.02, cfg)
        assert actions == (told(UP, tx=0.5, poll=True),)
        assert session.send_at == pytest.approx(100.07)
        session, _ = step(session, PacketReceived(heard(UP, final=True)), 100.03, cfg)
        assert session.tx_in_use == 0.5
        session, _ = step(session, Tick(), 100.07, cfg)
        assert session.send_at == pytest.approx(100.57)

    def test_a_shorter_one_counts_at_once(self):
        cfg = replace(CFG, desired_min_tx=0.025)
        session, actions = step(IN_UP, Reconfigured(), 100.02, cfg)
        assert actions == (told(UP, tx=0.025, poll=True),)
        assert session.send_at == pytest.approx(100.045)

    def test_a_shorter_reception_interval_waits_for_the_final(self):
        cfg = replace(CFG, required_min_rx=0.01)
        slow = replace(IN_UP, min_rx=0.1, rx_in_use=0.1)
        session, actions = step(slow, Reconfigured(), 100.02, cfg)
        assert actions == (told(UP, tx=0.05, rx=0.01, poll=True),)
        assert session.silent_at == pytest.approx(100.4)
        session, actions = step(session, PacketReceived(heard(UP, final=True)), 100.03, cfg)
        assert actions == (DetectionTimeChanged(0.4, 0.16),)
        assert session.silent_at == pytest.approx(100.19)

    def test_a_longer_one_counts_at_once(self):
        cfg = replace(CFG, required_min_rx=0.1)
        session, actions = step(IN_UP, Reconfigured(), 100.02, cfg)
        assert actions == (DetectionTimeChanged(0.16, 0.4), told(UP, tx=0.05, rx=0.1, poll=True))
        assert session.silent_at == pytest.approx(100.4)

    def test_a_change_during_a_poll_sequence_makes_another(self):
        cfg = replace(CFG, desired_min_tx=0.5)
        session, _ = step(replace(IN_UP, is_polling=True), Reconfigured(), 100.02, cfg)
        session, _ = step(session, PacketReceived(heard(UP, final=True)), 100.03, cfg)
        assert (session.is_polling, session.tx_in_use) == (True, 0.05)
        session, _ = step(session, PacketReceived(heard(UP, final=True)), 100.04, cfg)
        assert (session.is_polling, session.tx_in_use) == (False, 0.5)


class TestOrders:
    def test_disabled_is_told_and_hears_nothing(self):
        session, actions = step(IN_UP, Disabled(), 100.02)
        assert actions == (StateChanged(UP, ADMIN_DOWN, 7, 0), told(ADMIN_DOWN, diagnostic=7))
        session, actions = step(session, PacketReceived(heard(DOWN)), 100.03)
        assert (session.state, actions) == (ADMIN_DOWN, ())
        assert step(session, Enabled(), 100.04)[0].state is DOWN

    def test_a_passive_one_says_so_once_it_is_spoken_to(self):
        session = begin(PASSIVE, OURS, 100.0)
        session, actions = step(session, Disabled(), 100.0, PASSIVE)
        assert Send not in map(type, actions)
        session, actions = step(session, PacketReceived(heard(DOWN, yours=0)), 101.0, PASSIVE)
        assert actions == (FIRST_TIME, told(ADMIN_DOWN, diagnostic=7))
        assert deadline(session) == 101.16
        assert session.send_at == 102.0

    def test_enabled_twice_is_once(self):
        assert step(IN_UP, Enabled(), 100.02) == (IN_UP, ())


class TestRoutine:
    def test_a_packet_that_proves_no_more_than_life(self):
        packet = heard(UP)
        assert is_routine(IN_UP, packet)
        assert step(IN_UP, PacketReceived(packet), 100.02) == (heard_again(IN_UP, 100.02), ())

    @pytest.mark.parametrize(
        ("session", "packet"),
        [
            pytest.param(IN_UP, heard(UP, poll=True), id="P"),
            pytest.param(IN_UP, heard(UP, final=True), id="F"),
            pytest.param(IN_UP, heard(DOWN), id="Down"),
            pytest.param(IN_UP, heard(UP, tx=0.05), id="another interval"),
            pytest.param(IN_INIT, heard(INIT), id="not up yet"),
        ],
    )
    def test_and_others(self, session, packet):
        assert not is_routine(session, packet)


@pytest.mark.parametrize(
    "wrong",
    [
        {"desired_min_tx": 0.0},
        {"required_min_rx": 5000.0},
        {"idle_tx": 0.5},
        {"multiplier": 0},
        {"multiplier": 256},
    ],
    ids=str,
)
def test_settings_that_the_wire_cannot_carry(wrong):
    with pytest.raises(ValueError):
        replace(CFG, **wrong)
