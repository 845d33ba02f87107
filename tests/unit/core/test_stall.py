"""What a process that did not run for a while does before it claims anything: it listens.

Interval 1 s, priority 100: Skew_Time 156/256 = 0.609375 s, Active_Down_Interval 3.609375 s.
"""

from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from pyvrrp.core.actions import (
    Announce,
    InstallAddresses,
    LowerPriorityHeard,
    NewActiveReason,
    RemoveAddresses,
    SendAdvertisement,
    StateChanged,
    StateName,
)
from pyvrrp.core.events import AdvertisementReceived, Awoke, Reconfigured, Tick
from pyvrrp.core.machine import Active, Backup, deadline, transition
from pyvrrp.core.model import AnnounceSchedule, Family, Version, VirtualRouterConfig
from pyvrrp.core.packet import Advertisement

OURS = IPv4Address("192.0.2.1")
OTHER = IPv4Address("192.0.2.9")
CFG = VirtualRouterConfig(
    51,
    Family.IPV4,
    (IPv4Address("192.0.2.100"),),
    OURS,
    announce=AnnounceSchedule(repeat=2, delay=0),
)
# Sent at 9, due at 10, and the process did not run until 15: 6 s of silence.
ACTIVE = Active(10.0)
WAKING = Active(16.0, is_waking=True)
STEP_BACK = (RemoveAddresses(), StateChanged(StateName.ACTIVE, StateName.BACKUP))


def heard(priority, source=OTHER):
    return AdvertisementReceived(
        Advertisement(Version.V3, 51, priority, 1.0, CFG.addresses, source)
    )


def test_active_that_was_silent_for_long_listens_for_an_interval():
    assert transition(CFG, ACTIVE, Awoke(5.0), 15.0) == (WAKING, ())
    assert deadline(WAKING) == 16.0


@pytest.mark.parametrize(
    ("now", "state"),
    [
        pytest.param(12.609375, ACTIVE, id="3.609375 s: nobody has taken over"),
        pytest.param(12.609376, Active(13.609376, is_waking=True), id="a microsecond more"),
    ],
)
def test_silence_that_nobody_takes_for_death_is_none(now, state):
    assert transition(CFG, ACTIVE, Awoke(2.7), now) == (state, ())


def test_it_announces_nothing_meanwhile():
    state, wishes = transition(
        CFG, replace(ACTIVE, announce_at=11.0, announce_count=2), Awoke(5.0), 15.0
    )
    assert (state.announce_at, state.announce_count, wishes) == (16.0, 2, ())


def test_alone_it_goes_on():
    assert transition(CFG, WAKING, Tick(), 15.5) == (WAKING, ())
    assert transition(CFG, WAKING, Tick(), 16.0) == (Active(17.0), (SendAdvertisement(100),))


@pytest.mark.parametrize("farewell", [False, True])
def test_a_better_one_is_obeyed_without_a_word(farewell):
    cfg = replace(CFG, advertise_before_yielding=farewell)
    backup = Backup(15.0 + 3.609375, 1.0, 15.0, active_router=OTHER)
    assert transition(cfg, WAKING, heard(101), 15.0) == (backup, STEP_BACK)
    assert transition(cfg, WAKING, heard(100), 15.0) == (backup, STEP_BACK)


def test_however_many_worse_ones_waited_it_answers_once():
    state, said = WAKING, []
    for _ in range(5):
        state, wishes = transition(CFG, state, heard(99), 15.0)
        said += wishes
    assert (state, said) == (Active(15.0, 15.0, 2, is_waking=True), [])
    assert transition(CFG, state, Tick(), 15.0) == (
        Active(16.0),
        (SendAdvertisement(100), Announce(2, is_planned=True)),
    )


def test_a_better_one_behind_worse_ones_counts():
    state, _ = transition(CFG, WAKING, heard(99), 15.0)
    state, wishes = transition(CFG, state, heard(150), 15.0)
    assert (type(state), wishes) == (Backup, STEP_BACK)


@pytest.mark.parametrize(
    "more", [{"preempt_mode": False}, {"preempt_delay": 30.0}], ids=["nopreempt", "preempt delay"]
)
def test_who_may_not_preempt_leaves_the_role_to_a_worse_one(more):
    cfg = replace(CFG, **more)
    backup = Backup(15.0 + 3.609375, 1.0, 15.0, active_router=OTHER)
    assert transition(cfg, WAKING, heard(99), 15.0) == (backup, STEP_BACK)
    again, wishes = transition(cfg, backup, heard(99), 16.0)
    assert (type(again), wishes) == (Backup, ())


def test_an_owner_takes_it_back_always():
    cfg = replace(CFG, priority=255, preempt_mode=False)
    state, wishes = transition(cfg, WAKING, heard(254), 15.0)
    assert (state, wishes) == (Active(15.0, 15.0, 2, is_waking=True), ())


def test_one_that_resigns_is_answered_at_once():
    after = Active(16.0)
    assert transition(CFG, WAKING, heard(0), 15.0) == (after, (SendAdvertisement(100),))


def test_awake_it_answers_as_ever():
    state, _ = transition(CFG, WAKING, Tick(), 16.0)
    _, wishes = transition(CFG, state, heard(99), 16.2)
    assert isinstance(wishes[0], SendAdvertisement) and isinstance(wishes[-1], LowerPriorityHeard)
    state, _ = transition(CFG, WAKING, Reconfigured(CFG), 15.5)
    assert state.is_waking is False


def test_backup_believes_nobody_dead_before_it_listened():
    """Due at 12, awake at 15: it waits for 1 s and Skew_Time from then."""
    backup = Backup(12.0, 1.0, 8.390625, active_router=OTHER)
    state, wishes = transition(CFG, backup, Awoke(3.7), 15.0)
    assert (state, wishes) == (replace(backup, active_down_at=16.609375, armed_at=15.0), ())
    state, wishes = transition(CFG, state, Tick(), 16.609375)
    assert wishes == (
        SendAdvertisement(100),
        InstallAddresses(),
        Announce(2),
        StateChanged(StateName.BACKUP, StateName.ACTIVE, NewActiveReason.NO_RESPONSE),
    )


def test_backup_that_slept_less_than_it_waits_is_only_late():
    backup = Backup(12.0, 1.0, 8.390625, active_router=OTHER)
    assert transition(CFG, backup, Awoke(3.6), 15.0) == (backup, ())


@pytest.mark.parametrize(
    ("now", "yields"),
    [
        # Silent since 9; priority 254 waits for 3 s and 2/256.
        pytest.param(12.0078124, False, id="not yet"),
        pytest.param(12.0078125, True, id="certainly"),
    ],
)
def test_timer_expired_backup(now, yields):
    cfg = replace(CFG, preempt_mode=False, yield_to_priority=254)
    state, wishes = transition(cfg, ACTIVE, Awoke(2.1), now)
    if yields:
        assert (state, wishes) == (Backup(now + 3.609375, 1.0, now), STEP_BACK)
    else:
        assert (state, wishes) == (ACTIVE, ())
