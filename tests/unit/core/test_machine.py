"""The state machine of RFC 9568 §6.4 and RFC 3768 §6.4, one row per state and event.

The router under test has priority 100 at 192.0.2.10 and one-second intervals, so its Skew_Time is
0.609375 s and its Active_Down_Interval 3.609375 s. Whole states and whole ordered actions are
compared; times are literals from the tables of check values.
"""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address
from math import inf

import pytest

from pyvrrp.core.actions import (
    Announce,
    InstallAddresses,
    LowerPriorityHeard,
    NewActiveReason,
    RemoveAddresses,
    RequestPromotion,
    SendAdvertisement,
    StateChanged,
    StateName,
)
from pyvrrp.core.events import (
    AdvertisementReceived,
    Demoted,
    Dispossessed,
    InitializeReason,
    Promoted,
    Reconfigured,
    Shutdown,
    Startup,
    Tick,
)
from pyvrrp.core.machine import Active, Backup, Initialize, deadline, state_name, transition
from pyvrrp.core.model import AnnounceSchedule, Family, Version, VirtualRouterConfig
from pyvrrp.core.packet import Advertisement

INITIALIZE, BACKUP, ACTIVE = StateName.INITIALIZE, StateName.BACKUP, StateName.ACTIVE
NO_RESPONSE, PRIORITY = NewActiveReason.NO_RESPONSE, NewActiveReason.PRIORITY
PREEMPTED = NewActiveReason.PREEMPTED
VIP = IPv4Address("192.0.2.100")
LOWER, HIGHER = IPv4Address("192.0.2.9"), IPv4Address("192.0.2.11")
ONCE = AnnounceSchedule(repeat=1, delay=0, lower_priority_repeat=0)

V3 = VirtualRouterConfig(
    51, Family.IPV4, (VIP,), IPv4Address("192.0.2.10"), priority=100, announce=ONCE
)
V2 = replace(V3, version=Version.V2, answer_lower_priority=False)
OWNER = replace(V3, priority=255)
NO_PREEMPT = replace(V3, preempt_mode=False)
DELAYED = replace(V3, preempt_delay=5.0)
MEMBER = replace(V3, synchronized=True)


def heard(priority, interval=1.0, source=LOWER):
    adv = Advertisement(Version.V3, 51, priority, interval, (VIP,), source)
    return AdvertisementReceived(adv)


def claimed(previous, reason, priority=100):
    return (
        SendAdvertisement(priority),
        InstallAddresses(),
        Announce(1),
        StateChanged(previous, ACTIVE, reason),
    )


OUTSIDE = Initialize()
# Last heard 192.0.2.9 at 8.0 s.
LISTENING = Backup(11.609375, 1.0, 8.0, active_router=LOWER)
LEADING = Active(11.0)
YIELDED = (RemoveAddresses(), StateChanged(ACTIVE, BACKUP))


def check(cfg, state, event, now, expected, actions):
    before = repr(state)
    assert transition(cfg, state, event, now) == (expected, actions)
    assert repr(state) == before


@pytest.mark.parametrize(
    ("cfg", "event", "state", "actions"),
    [
        pytest.param(
            OWNER, Startup(), Active(11.0), claimed(INITIALIZE, PRIORITY, 255), id="S3-I1 owner"
        ),
        pytest.param(
            replace(OWNER, preempt_mode=False),
            Startup(),
            Active(11.0),
            claimed(INITIALIZE, PRIORITY, 255),
            id="EL-05 owner, Preempt_Mode false",
        ),
        pytest.param(
            V3,
            Startup(),
            Backup(13.609375, 1.0, 10.0, is_starting=True),
            (StateChanged(INITIALIZE, BACKUP),),
            id="S3-I2 TM-06",
        ),
        pytest.param(
            V2,
            Startup(),
            Backup(13.609375, 1.0, 10.0, is_starting=True),
            (StateChanged(INITIALIZE, BACKUP),),
            id="S3-I2 v2",
        ),
        pytest.param(
            replace(V3, start_as_active=True),
            Startup(),
            Backup(11.00390625, 1.0, 10.0, is_starting=True),
            (StateChanged(INITIALIZE, BACKUP),),
            id="keepalived's state MASTER waits one interval and 1/256 s",
        ),
        pytest.param(
            replace(OWNER, synchronized=True),
            Startup(),
            Backup(10.0, 1.0, 10.0, PRIORITY, is_starting=True),
            (StateChanged(INITIALIZE, BACKUP),),
            id="an owner in a sync group asks its group first",
        ),
        pytest.param(V3, Tick(), OUTSIDE, (), id="S3-I3 timer"),
        pytest.param(V3, heard(0), OUTSIDE, (), id="S3-I3 priority 0"),
        pytest.param(V3, heard(255), OUTSIDE, (), id="S3-I3 higher priority"),
        pytest.param(OWNER, heard(50), OUTSIDE, (), id="S3-I3 lower priority"),
        pytest.param(
            V3,
            Shutdown(InitializeReason.NOT_STARTED),
            OUTSIDE,
            (),
            id="S3-I3 shutdown for the reason it has",
        ),
        pytest.param(
            V3,
            Shutdown(InitializeReason.INTERFACE_DOWN),
            Initialize(InitializeReason.INTERFACE_DOWN),
            (
                StateChanged(
                    INITIALIZE, INITIALIZE, InitializeReason.INTERFACE_DOWN, OUTSIDE.reason
                ),
            ),
            id="a fault before the start",
        ),
        pytest.param(V3, Reconfigured(V2), OUTSIDE, (), id="new settings"),
        pytest.param(MEMBER, Promoted(), OUTSIDE, (), id="promotion"),
        pytest.param(MEMBER, Demoted(), OUTSIDE, (), id="demotion"),
        pytest.param(V3, Dispossessed(), OUTSIDE, (), id="nothing to lose"),
    ],
)
def test_initialize(cfg, event, state, actions):
    check(cfg, OUTSIDE, event, 10.0, state, actions)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("INTERFACE_DOWN", "STOPPED", id="stopped while in fault"),
        pytest.param("INTERFACE_DOWN", "TRACKED_OBJECT_DOWN", id="from fault to fault"),
        pytest.param("SYNC_GROUP", "INTERFACE_DOWN", id="held, now a fault of its own"),
        pytest.param("INTERFACE_DOWN", "SYNC_GROUP", id="own fault gone, held now"),
        pytest.param("STOPPED", "NO_SOURCE_ADDRESS", id="stopped, started again in vain"),
    ],
)
def test_reasons_to_be_out_replace_each_other(before, after):
    old, new = InitializeReason[before], InitializeReason[after]
    change = StateChanged(INITIALIZE, INITIALIZE, new, old)
    check(V3, Initialize(old), Shutdown(new), 10.0, Initialize(new), (change,))
    check(V3, Initialize(new), Shutdown(new), 10.0, Initialize(new), ())


def test_faults_are_told_from_rest():
    calm = {r for r in InitializeReason if not r.is_fault}
    assert {r.name for r in calm} == {"NOT_STARTED", "STOPPED", "AWAITING_TRACKED"}


@pytest.mark.parametrize(
    ("cfg", "state", "event", "now", "expected", "actions"),
    [
        pytest.param(
            V3,
            LISTENING,
            Shutdown(),
            10.0,
            Initialize(InitializeReason.STOPPED),
            (StateChanged(BACKUP, INITIALIZE, InitializeReason.STOPPED),),
            id="S3-B1 no Advertisement on leaving",
        ),
        pytest.param(
            V3,
            LISTENING,
            Tick(),
            11.609375,
            Active(12.609375),
            claimed(BACKUP, NO_RESPONSE),
            id="S3-B2 silence",
        ),
        pytest.param(V3, LISTENING, Tick(), 11.609374, LISTENING, (), id="S3-B2 not yet"),
        pytest.param(
            V3,
            LISTENING,
            Tick(),
            15.0,
            Active(16.0),
            claimed(BACKUP, NO_RESPONSE),
            id="S3-B2 a late timer counts from now",
        ),
        pytest.param(
            replace(V3, advertisement_interval=0.1),
            Backup(9.0, 3.0, 0.0, active_router=LOWER),
            Tick(),
            9.0,
            Active(9.1),
            claimed(BACKUP, NO_RESPONSE),
            id="V3-TX-06 own interval, not the learned one",
        ),
        pytest.param(
            V3,
            LISTENING,
            heard(0),
            10.0,
            Backup(10.609375, 1.0, 10.0, PRIORITY, active_router=LOWER),
            (),
            id="S3-B3 resignation",
        ),
        pytest.param(
            V3,
            replace(LISTENING, active_adver_interval=3.0),
            heard(0, interval=1.0),
            10.0,
            Backup(11.828125, 3.0, 10.0, PRIORITY, active_router=LOWER),
            (),
            id="S3-B3 TM-07 Skew_Time of the interval learned before",
        ),
        pytest.param(
            V2,
            LISTENING,
            heard(0),
            10.0,
            Backup(10.609375, 1.0, 10.0, PRIORITY, active_router=LOWER),
            (),
            id="S3-B3 v2",
        ),
        pytest.param(
            NO_PREEMPT,
            LISTENING,
            heard(0),
            10.0,
            Backup(10.609375, 1.0, 10.0, PRIORITY, active_router=LOWER),
            (),
            id="S3-B3 Preempt_Mode false",
        ),
        pytest.param(
            V3,
            Backup(10.609375, 1.0, 10.0, PRIORITY, active_router=LOWER),
            Tick(),
            10.609375,
            Active(11.609375),
            claimed(BACKUP, PRIORITY),
            id="ST-05 takeover after a resignation",
        ),
        pytest.param(
            V3,
            LISTENING,
            heard(150),
            10.0,
            Backup(13.609375, 1.0, 10.0, active_router=LOWER),
            (),
            id="S3-B4 higher priority",
        ),
        pytest.param(
            V3,
            LISTENING,
            heard(100, source=LOWER),
            10.0,
            Backup(13.609375, 1.0, 10.0, active_router=LOWER),
            (),
            id="S3-B4 equal priority, lower address: no comparison in Backup",
        ),
        pytest.param(
            V3,
            LISTENING,
            heard(101, source=HIGHER),
            10.0,
            Backup(13.609375, 1.0, 10.0, active_router=HIGHER),
            (),
            id="S3-B4 another Active Router",
        ),
        pytest.param(
            V3,
            LISTENING,
            heard(150, interval=3.0),
            10.0,
            Backup(20.828125, 3.0, 10.0, active_router=LOWER),
            (),
            id="S3-B4 TM-07 learned interval",
        ),
        pytest.param(
            V2,
            LISTENING,
            heard(150, interval=3.0),
            10.0,
            Backup(13.609375, 1.0, 10.0, active_router=LOWER),
            (),
            id="S2-02 TM-08 version 2 learns none",
        ),
        pytest.param(
            V3,
            Backup(10.609375, 1.0, 10.0, PRIORITY, active_router=LOWER),
            heard(150),
            10.5,
            Backup(14.109375, 1.0, 10.5, active_router=LOWER),
            (),
            id="S3-B4 somebody else took over after a resignation",
        ),
        pytest.param(
            OWNER,
            LISTENING,
            heard(255, source=HIGHER),
            10.0,
            Backup(13.00390625, 1.0, 10.0, active_router=HIGHER),
            (),
            id="V3-RX-17 second owner is obeyed",
        ),
        pytest.param(
            V3,
            LISTENING,
            heard(99),
            10.0,
            replace(LISTENING, claim=PREEMPTED),
            (),
            id="S3-B5 lower priority: the timer keeps running",
        ),
        pytest.param(
            V3,
            replace(LISTENING, claim=PREEMPTED),
            heard(99, interval=3.0),
            11.0,
            replace(LISTENING, claim=PREEMPTED),
            (),
            id="S3-B5 TM-07 nothing is learned from it",
        ),
        pytest.param(
            V3,
            replace(LISTENING, claim=PRIORITY),
            heard(99),
            10.0,
            replace(LISTENING, claim=PRIORITY),
            (),
            id="S3-B5 after a resignation",
        ),
        pytest.param(
            V3,
            replace(LISTENING, claim=PREEMPTED),
            Tick(),
            11.609375,
            Active(12.609375),
            claimed(BACKUP, PREEMPTED),
            id="ST-05 EL-08 preemption",
        ),
        pytest.param(
            NO_PREEMPT,
            LISTENING,
            heard(99),
            10.0,
            Backup(13.609375, 1.0, 10.0, active_router=LOWER),
            (),
            id="S3-B4 EL-09 lower priority, Preempt_Mode false",
        ),
        pytest.param(
            NO_PREEMPT,
            LISTENING,
            heard(99, interval=3.0),
            10.0,
            Backup(20.828125, 3.0, 10.0, active_router=LOWER),
            (),
            id="S3-B4 Preempt_Mode false learns too",
        ),
        pytest.param(
            replace(OWNER, preempt_mode=False),
            LISTENING,
            heard(99),
            10.0,
            replace(LISTENING, claim=PREEMPTED),
            (),
            id="EL-05 owner preempts whatever Preempt_Mode says",
        ),
        pytest.param(
            DELAYED,
            LISTENING,
            heard(99),
            10.0,
            Backup(13.609375, 1.0, 10.0, preempt_at=15.0, active_router=LOWER),
            (),
            id="EL-10 the delay starts at the first losing Advertisement",
        ),
        pytest.param(
            replace(V3, preempt_delay=0.5),
            LISTENING,
            heard(99),
            10.0,
            Backup(13.609375, 1.0, 10.0, preempt_at=10.5, active_router=LOWER),
            (),
            id="EL-10 half a second is a delay too",
        ),
        pytest.param(
            DELAYED,
            replace(LISTENING, preempt_at=15.0),
            heard(99),
            14.9,
            Backup(18.509375, 1.0, 14.9, preempt_at=15.0, active_router=LOWER),
            (),
            id="EL-10 while it runs the losing router is obeyed",
        ),
        pytest.param(
            DELAYED,
            replace(LISTENING, preempt_at=10.0),
            heard(99),
            10.0,
            replace(LISTENING, preempt_at=10.0, claim=PREEMPTED),
            (),
            id="EL-10 afterwards it is not",
        ),
        pytest.param(
            DELAYED,
            replace(LISTENING, preempt_at=15.0),
            heard(100),
            10.0,
            Backup(13.609375, 1.0, 10.0, active_router=LOWER),
            (),
            id="EL-10 a winning Advertisement cancels it",
        ),
        pytest.param(
            DELAYED,
            replace(LISTENING, preempt_at=15.0),
            Tick(),
            11.609375,
            Active(12.609375),
            claimed(BACKUP, NO_RESPONSE),
            id="EL-10 silence ends the waiting",
        ),
        pytest.param(
            replace(OWNER, preempt_delay=5.0),
            LISTENING,
            heard(99),
            10.0,
            replace(LISTENING, claim=PREEMPTED),
            (),
            id="EL-10 an owner does not wait",
        ),
        pytest.param(
            MEMBER,
            LISTENING,
            Tick(),
            11.609375,
            Backup(15.21875, 1.0, 11.609375, wants_active=True, active_router=LOWER),
            (RequestPromotion(),),
            id="sync group: ask first",
        ),
        pytest.param(
            MEMBER,
            replace(LISTENING, wants_active=True),
            Promoted(),
            10.0,
            Active(11.0),
            claimed(BACKUP, NO_RESPONSE),
            id="sync group: all agree",
        ),
        pytest.param(
            MEMBER, LISTENING, Promoted(), 10.0, LISTENING, (), id="sync group: it changed its mind"
        ),
        pytest.param(
            MEMBER,
            replace(LISTENING, wants_active=True),
            heard(150),
            10.0,
            Backup(13.609375, 1.0, 10.0, active_router=LOWER),
            (),
            id="sync group: a better router is there after all",
        ),
        pytest.param(
            MEMBER,
            replace(LISTENING, wants_active=True),
            heard(50),
            10.0,
            replace(LISTENING, wants_active=True, claim=PREEMPTED),
            (),
            id="sync group: a worse router changes nothing",
        ),
        pytest.param(
            MEMBER,
            replace(LISTENING, wants_active=True),
            heard(0),
            10.0,
            Backup(10.609375, 1.0, 10.0, PRIORITY, active_router=LOWER),
            (),
            id="sync group: a resignation gives the better ones their Skew_Time",
        ),
        pytest.param(V3, LISTENING, Startup(), 10.0, LISTENING, (), id="already started"),
        pytest.param(MEMBER, LISTENING, Demoted(), 10.0, LISTENING, (), id="already Backup"),
        pytest.param(V3, LISTENING, Dispossessed(), 10.0, LISTENING, (), id="nothing to lose"),
    ],
)
def test_backup(cfg, state, event, now, expected, actions):
    check(cfg, state, event, now, expected, actions)


@pytest.mark.parametrize(
    ("cfg", "state", "event", "now", "expected", "actions"),
    [
        pytest.param(
            V3,
            LEADING,
            Shutdown(),
            10.0,
            Initialize(InitializeReason.STOPPED),
            (
                SendAdvertisement(0),
                RemoveAddresses(),
                StateChanged(ACTIVE, INITIALIZE, InitializeReason.STOPPED),
            ),
            id="S3-A1 resign before the addresses go",
        ),
        pytest.param(
            V3,
            LEADING,
            Shutdown(InitializeReason.INTERFACE_DOWN),
            10.0,
            Initialize(InitializeReason.INTERFACE_DOWN),
            (
                SendAdvertisement(0),
                RemoveAddresses(),
                StateChanged(ACTIVE, INITIALIZE, InitializeReason.INTERFACE_DOWN),
            ),
            id="S3-X2 a fault is a Shutdown",
        ),
        pytest.param(
            V3, LEADING, Tick(), 11.0, Active(12.0), (SendAdvertisement(100),), id="S3-A2"
        ),
        pytest.param(V3, LEADING, Tick(), 10.999, LEADING, (), id="S3-A2 not yet"),
        pytest.param(
            V3,
            LEADING,
            Tick(),
            11.4,
            Active(12.0),
            (SendAdvertisement(100),),
            id="V3-TX-19 a late timer does not drift",
        ),
        pytest.param(
            V3,
            LEADING,
            Tick(),
            60.0,
            Active(61.0),
            (SendAdvertisement(100),),
            id="a very late timer sends one, not fifty",
        ),
        pytest.param(
            V3,
            LEADING,
            heard(0),
            10.3,
            Active(11.3),
            (SendAdvertisement(100),),
            id="S3-A3 resignation",
        ),
        pytest.param(
            V3,
            LEADING,
            heard(101),
            10.0,
            Backup(13.609375, 1.0, 10.0, active_router=LOWER),
            YIELDED,
            id="S3-A4 EL-01 higher priority",
        ),
        pytest.param(
            V3,
            LEADING,
            heard(100, source=HIGHER),
            10.0,
            Backup(13.609375, 1.0, 10.0, active_router=HIGHER),
            YIELDED,
            id="S3-A4 EL-02 equal priority, higher address",
        ),
        pytest.param(
            V3,
            LEADING,
            heard(150, interval=3.0),
            10.0,
            Backup(20.828125, 3.0, 10.0, active_router=LOWER),
            YIELDED,
            id="S3-A4 TM-07 learned interval",
        ),
        pytest.param(
            V2,
            LEADING,
            heard(150, interval=3.0),
            10.0,
            Backup(13.609375, 1.0, 10.0, active_router=LOWER),
            YIELDED,
            id="S2-02 version 2 learns none",
        ),
        pytest.param(
            NO_PREEMPT,
            LEADING,
            heard(101),
            10.0,
            Backup(13.609375, 1.0, 10.0, active_router=LOWER),
            YIELDED,
            id="S3-X1 Preempt_Mode is not consulted",
        ),
        pytest.param(
            replace(V3, advertise_before_yielding=True),
            LEADING,
            heard(101),
            10.0,
            Backup(13.609375, 1.0, 10.0, active_router=LOWER),
            (SendAdvertisement(100), *YIELDED),
            id="keepalived's higher_prio_send_advert",
        ),
        pytest.param(
            OWNER,
            LEADING,
            heard(255, source=HIGHER),
            10.0,
            Backup(13.00390625, 1.0, 10.0, active_router=HIGHER),
            YIELDED,
            id="V3-RX-17 AMB-04 two owners, theirs is the higher address",
        ),
        pytest.param(
            OWNER,
            LEADING,
            heard(255),
            10.0,
            LEADING,
            (SendAdvertisement(255), LowerPriorityHeard(heard(255).advertisement)),
            id="V3-RX-17 AMB-04 two owners, ours is the higher address",
        ),
        pytest.param(
            V3,
            LEADING,
            heard(99, source=HIGHER),
            10.0,
            LEADING,
            (
                SendAdvertisement(100),
                LowerPriorityHeard(heard(99, source=HIGHER).advertisement),
            ),
            id="S3-A5 AMB-02 lower priority: answer at once, keep the rhythm",
        ),
        pytest.param(
            V3,
            LEADING,
            heard(100, interval=3.0),
            10.0,
            LEADING,
            (SendAdvertisement(100), LowerPriorityHeard(heard(100, interval=3.0).advertisement)),
            id="S3-A5 equal priority, lower address",
        ),
        pytest.param(
            V2,
            LEADING,
            heard(99),
            10.0,
            LEADING,
            (LowerPriorityHeard(heard(99).advertisement),),
            id="S2-01 version 2 stays silent",
        ),
        pytest.param(
            MEMBER,
            LEADING,
            Demoted(),
            10.0,
            Backup(13.609375, 1.0, 10.0),
            YIELDED,
            id="sync group: stepped back with another member",
        ),
        pytest.param(
            V3,
            LEADING,
            Dispossessed(),
            10.0,
            Backup(10.609375, 1.0, 10.0, PRIORITY),
            (SendAdvertisement(0), *YIELDED),
            id="keepalived: resigns and stands again",
        ),
        pytest.param(V3, LEADING, Startup(), 10.0, LEADING, (), id="already started"),
        pytest.param(MEMBER, LEADING, Promoted(), 10.0, LEADING, (), id="already Active"),
    ],
)
def test_active(cfg, state, event, now, expected, actions):
    check(cfg, state, event, now, expected, actions)


@pytest.mark.parametrize(
    ("ours", "theirs", "wins"),
    [
        pytest.param("192.0.2.10", "192.0.2.9", False, id="EL-02 .9 against .10"),
        pytest.param("192.0.2.10", "192.0.2.11", True, id="EL-02 .11 against .10"),
        pytest.param("192.0.2.10", "192.0.2.10", False, id="EL-04 equal is not greater"),
        pytest.param("192.0.2.99", "192.0.2.100", True, id="EL-02 not as strings"),
        pytest.param("10.0.0.10", "9.255.255.255", False, id="EL-02 not as strings, inverted"),
        pytest.param("127.255.255.255", "128.0.0.0", True, id="EL-02 unsigned"),
        pytest.param("fe80::ffff:1", "fe80::10", False, id="EL-03 IPv6, lower"),
        pytest.param("fe80::2", "fe80::10", True, id="EL-03 IPv6, higher"),
    ],
)
def test_ties(ours, theirs, wins):
    six = ":" in ours
    cfg = VirtualRouterConfig(
        51,
        Family.IPV6 if six else Family.IPV4,
        (IPv6Address("fe80::64"),) if six else (VIP,),
        IPv6Address(ours) if six else IPv4Address(ours),
    )
    source = IPv6Address(theirs) if six else IPv4Address(theirs)
    state, _ = transition(cfg, LEADING, heard(100, source=source), 10.0)
    assert state_name(state) is (BACKUP if wins else ACTIVE)


@pytest.mark.parametrize(
    ("state", "when", "name"),
    [
        pytest.param(OUTSIDE, inf, INITIALIZE, id="Initialize"),
        pytest.param(LISTENING, 11.609375, BACKUP, id="Backup"),
        pytest.param(LEADING, 11.0, ACTIVE, id="Active"),
        pytest.param(Active(11.0, 10.5, 5), 10.5, ACTIVE, id="Active, announcement first"),
    ],
)
def test_deadline(state, when, name):
    assert deadline(state) == when
    assert state_name(state) is name


def test_a_timer_that_was_set_again_never_acts_on_its_old_expiry():
    """S3-X3: a valid Advertisement 0.1 ms before Active_Down_Interval, then the old timer."""
    state, _ = transition(V3, LISTENING, heard(150), 11.609275)
    assert transition(V3, state, Tick(), 11.609375) == (state, ())
    assert deadline(state) == 15.21865


def test_two_hundred_advertisements_do_not_drift():
    state, sent, now = Active(0.1), [], 0.0
    cfg = replace(V3, advertisement_interval=0.1)
    for n in range(200):
        now = deadline(state) + (0.004 if n % 3 else 0.0)
        state, actions = transition(cfg, state, Tick(), now)
        sent += [now for a in actions if a == SendAdvertisement(100)]
    assert len(sent) == 200
    assert sent[-1] - sent[0] == pytest.approx(19.9, abs=0.005)
