"""Reconfigured in each state: what a reload or a tracked object changes, and when.

The router starts from priority 100 and one-second intervals: Skew_Time 0.609375 s,
Active_Down_Interval 3.609375 s.
"""

from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from pyvrrp.core.actions import Announce, InstallAddresses, NewActiveReason, SendAdvertisement
from pyvrrp.core.events import AdvertisementReceived, Reconfigured
from pyvrrp.core.machine import Active, Backup, Initialize, transition
from pyvrrp.core.model import AnnounceSchedule, Family, Version, VirtualRouterConfig
from pyvrrp.core.packet import Advertisement

VIP, SECOND_VIP = IPv4Address("192.0.2.100"), IPv4Address("192.0.2.101")
OTHER = IPv4Address("192.0.2.9")
V3 = VirtualRouterConfig(51, Family.IPV4, (VIP,), IPv4Address("192.0.2.10"))
V2 = replace(V3, version=Version.V2)
FOLLOWING = Backup(11.609375, 1.0, 8.0, active_router=OTHER)
RESIGNED = Backup(10.609375, 1.0, 10.0, NewActiveReason.PRIORITY, active_router=OTHER)
STARTING = Backup(13.609375, 1.0, 10.0, is_starting=True)


@pytest.mark.parametrize(
    ("old", "change", "state", "expected"),
    [
        pytest.param(
            V3,
            {"priority": 200},
            FOLLOWING,
            Backup(11.21875, 1.0, 8.0, active_router=OTHER),
            id="EL-12 priority raised",
        ),
        pytest.param(
            V3,
            {"priority": 1},
            FOLLOWING,
            Backup(11.99609375, 1.0, 8.0, active_router=OTHER),
            id="EL-12 TM-09 priority lowered",
        ),
        pytest.param(
            V3,
            {"priority": 200},
            RESIGNED,
            replace(RESIGNED, active_down_at=10.21875),
            id="EL-12 priority raised while Skew_Time runs",
        ),
        pytest.param(
            V3,
            {"priority": 200},
            STARTING,
            replace(STARTING, active_down_at=13.21875),
            id="EL-12 priority raised while starting",
        ),
        pytest.param(
            replace(V3, start_as_active=True),
            {"priority": 200},
            Backup(11.00390625, 1.0, 10.0, is_starting=True),
            Backup(11.00390625, 1.0, 10.0, is_starting=True),
            id="keepalived's quick start knows no priority",
        ),
        pytest.param(
            replace(V3, start_as_active=True),
            {"priority": 200},
            Backup(13.609375, 1.0, 10.0),
            Backup(13.21875, 1.0, 10.0),
            id="a Demoted Backup is no starting one",
        ),
        pytest.param(
            V3,
            {"priority": 255},
            STARTING,
            replace(STARTING, active_down_at=10.0),
            id="owner now: does not wait",
        ),
        pytest.param(
            V3,
            {"priority": 200},
            replace(FOLLOWING, wants_active=True),
            replace(FOLLOWING, wants_active=True, active_down_at=11.21875),
            id="sync group member that asked",
        ),
        pytest.param(
            V3,
            {"priority": 200},
            replace(RESIGNED, wants_active=True),
            replace(RESIGNED, wants_active=True, active_down_at=13.21875),
            id="sync group member that asked after a resignation",
        ),
        pytest.param(
            V3,
            {"advertisement_interval": 2.0},
            FOLLOWING,
            FOLLOWING,
            id="AMB-08 own interval changed, a learned one rules",
        ),
        pytest.param(
            V3,
            {"advertisement_interval": 2.0},
            STARTING,
            Backup(18.21875, 2.0, 11.0, is_starting=True),
            id="own interval changed, nothing learned yet",
        ),
        pytest.param(
            V2,
            {"advertisement_interval": 2.0},
            FOLLOWING,
            Backup(17.609375, 2.0, 11.0, active_router=OTHER),
            id="TM-08 own interval changed, version 2",
        ),
        pytest.param(
            V2,
            {"advertisement_interval": 1.0},
            Backup(38.609375, 10.0, 8.0, active_router=OTHER),
            Backup(14.609375, 1.0, 11.0, active_router=OTHER),
            id="version 2, much shorter: not over before it began",
        ),
        pytest.param(
            V3,
            {"version": Version.V2},
            Backup(17.0, 2.0, 8.0, active_router=OTHER),
            Backup(14.609375, 1.0, 11.0, active_router=OTHER),
            id="now version 2: nothing is learned",
        ),
        pytest.param(
            V3,
            {"missed_advertisements": 2},
            FOLLOWING,
            replace(FOLLOWING, active_down_at=10.609375),
            id="fewer missed Advertisements",
        ),
        pytest.param(
            V3, {"addresses": (VIP, SECOND_VIP)}, FOLLOWING, FOLLOWING, id="more addresses"
        ),
        pytest.param(V3, {"source": OTHER}, FOLLOWING, FOLLOWING, id="another source address"),
        pytest.param(V3, {"preempt_mode": False}, FOLLOWING, FOLLOWING, id="Preempt_Mode false"),
        pytest.param(
            V3, {"announce": AnnounceSchedule(refresh=60)}, FOLLOWING, FOLLOWING, id="announcements"
        ),
    ],
)
def test_backup(old, change, state, expected):
    assert transition(replace(old, **change), state, Reconfigured(old), 11.0) == (expected, ())


def test_initialize_keeps_out():
    changed = replace(V3, priority=255)
    assert transition(changed, Initialize(), Reconfigured(V3), 11.0) == (Initialize(), ())


def test_a_preempt_delay_that_was_removed_no_longer_holds():
    delayed = replace(FOLLOWING, preempt_at=15.0)
    adv = Advertisement(Version.V3, 51, 50, 1.0, (VIP,), OTHER)
    state, _ = transition(V3, delayed, AdvertisementReceived(adv), 11.0)
    assert state.active_down_at == 11.609375


LEADING = Active(11.5, 15.0, 5)
ADVERT = SendAdvertisement(100)


@pytest.mark.parametrize(
    ("old", "change", "state", "expected", "actions"),
    [
        pytest.param(
            V3,
            {"priority": 1},
            LEADING,
            Active(12.0, 15.0, 5),
            (SendAdvertisement(1),),
            id="EL-12 V3-TX-03 priority lowered: told at once",
        ),
        pytest.param(
            V3,
            {"priority": 254},
            LEADING,
            Active(12.0, 15.0, 5),
            (SendAdvertisement(254),),
            id="EL-12 priority raised",
        ),
        pytest.param(
            V3,
            {"advertisement_interval": 0.1},
            LEADING,
            Active(11.1, 15.0, 5),
            (ADVERT,),
            id="AMB-08 interval changed: a new rhythm",
        ),
        pytest.param(
            V3,
            {"source": OTHER},
            LEADING,
            Active(12.0, 15.0, 5),
            (ADVERT,),
            id="source address changed",
        ),
        pytest.param(
            V3,
            {"addresses": (VIP, SECOND_VIP)},
            Active(11.5),
            Active(12.0, 16.0, 5),
            (ADVERT, InstallAddresses(), Announce(5)),
            id="GARP-04 an address added",
        ),
        pytest.param(
            replace(V3, addresses=(VIP, SECOND_VIP)),
            {"addresses": (VIP,)},
            Active(11.5),
            Active(12.0, 16.0, 5),
            (ADVERT, InstallAddresses(), Announce(5)),
            id="an address removed",
        ),
        pytest.param(
            replace(V3, announce=AnnounceSchedule(repeat=0)),
            {"addresses": (VIP, SECOND_VIP)},
            Active(11.5),
            Active(12.0),
            (ADVERT, InstallAddresses()),
            id="an address added, announcements off",
        ),
        pytest.param(
            V3,
            {"announce": AnnounceSchedule(delay=0, refresh=60, refresh_repeat=2)},
            Active(11.5),
            Active(12.0, 71.0, 2),
            (ADVERT,),
            id="refresh switched on",
        ),
        pytest.param(
            replace(V3, announce=AnnounceSchedule(refresh=60)),
            {"announce": AnnounceSchedule(delay=0)},
            Active(11.5, 70.0, 1),
            Active(12.0),
            (ADVERT,),
            id="refresh switched off",
        ),
        pytest.param(
            V3,
            {"announce": AnnounceSchedule(repeat=2, delay=3)},
            LEADING,
            Active(12.0, 14.0, 2),
            (ADVERT,),
            id="another second burst",
        ),
        pytest.param(
            V3,
            {"preempt_mode": False},
            LEADING,
            Active(12.0, 15.0, 5),
            (ADVERT,),
            id="S3-X1 Preempt_Mode means nothing here",
        ),
    ],
)
def test_active(old, change, state, expected, actions):
    changed = replace(old, **change)
    assert transition(changed, state, Reconfigured(old), 11.0) == (expected, actions)
