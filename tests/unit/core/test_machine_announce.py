"""When the Active Router announces its addresses: first burst, repeat, refresh, losing rivals.

Priority 100, one-second intervals. keepalived's defaults where a row does not say otherwise: five
at once, five more after 5 s, no refresh, five on a losing Advertisement and after 5 s again.
"""

from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from pyvrrp.core.actions import (
    Announce,
    InstallAddresses,
    LowerPriorityHeard,
    NewActiveReason,
    SendAdvertisement,
    StateChanged,
    StateName,
)
from pyvrrp.core.events import AdvertisementReceived, Tick
from pyvrrp.core.machine import Active, Backup, deadline, transition
from pyvrrp.core.model import AnnounceSchedule, Family, Version, VirtualRouterConfig
from pyvrrp.core.packet import Advertisement

V3 = VirtualRouterConfig(51, Family.IPV4, (IPv4Address("192.0.2.100"),), IPv4Address("192.0.2.10"))
LOSER = Advertisement(
    Version.V3, 51, 50, 1.0, (IPv4Address("192.0.2.100"),), IPv4Address("192.0.2.9")
)
ADVERT = SendAdvertisement(100)
HEARD = LowerPriorityHeard(LOSER)


def scheduled(**settings):
    return replace(V3, announce=AnnounceSchedule(**settings))


@pytest.mark.parametrize(
    ("cfg", "state", "announce"),
    [
        pytest.param(V3, Active(11.0, 15.0, 5), (Announce(5),), id="GARP-03 defaults"),
        pytest.param(
            scheduled(delay=0), Active(11.0), (Announce(5),), id="delay 0: no second burst"
        ),
        pytest.param(
            scheduled(repeat=1, delay=0.5), Active(11.0, 10.5, 1), (Announce(1),), id="one and one"
        ),
        pytest.param(scheduled(repeat=0), Active(11.0), (), id="repeat 0: none at all"),
        pytest.param(
            scheduled(repeat=0, refresh=60, refresh_repeat=2),
            Active(11.0, 70.0, 2),
            (),
            id="repeat 0 with a refresh",
        ),
        pytest.param(
            scheduled(delay=0, refresh=60, refresh_repeat=2),
            Active(11.0, 70.0, 2),
            (Announce(5),),
            id="refresh without a second burst",
        ),
        pytest.param(
            scheduled(delay=0, refresh=0.5),
            Active(11.0, 10.5, 1),
            (Announce(5),),
            id="quick refresh",
        ),
        pytest.param(
            scheduled(delay=0, refresh=60, refresh_repeat=0),
            Active(11.0),
            (Announce(5),),
            id="a refresh of none",
        ),
        pytest.param(
            scheduled(refresh=60), Active(11.0, 15.0, 5), (Announce(5),), id="second burst first"
        ),
    ],
)
def test_becoming_active(cfg, state, announce):
    """S3-B2: advertise, take the addresses, announce them."""
    expected = (
        ADVERT,
        InstallAddresses(),
        *announce,
        StateChanged(StateName.BACKUP, StateName.ACTIVE, NewActiveReason.NO_RESPONSE),
    )
    assert transition(cfg, Backup(10.0, 1.0, 6.0), Tick(), 10.0) == (state, expected)


@pytest.mark.parametrize(
    ("cfg", "state", "now", "expected", "actions"),
    [
        pytest.param(
            V3,
            Active(20.0, 15.0, 5),
            15.0,
            Active(20.0),
            (Announce(5, is_planned=True),),
            id="second burst",
        ),
        pytest.param(V3, Active(20.0, 15.0, 5), 14.9, Active(20.0, 15.0, 5), (), id="not yet"),
        pytest.param(
            V3,
            Active(15.0, 15.0, 5),
            15.0,
            Active(16.0),
            (ADVERT, Announce(5, is_planned=True)),
            id="both due: Advertisement first",
        ),
        pytest.param(
            V3,
            Active(11.0, 15.0, 5),
            99.0,
            Active(100.0),
            (ADVERT, Announce(5, is_planned=True)),
            id="very late",
        ),
        pytest.param(
            scheduled(refresh=60, refresh_repeat=2),
            Active(20.0, 15.0, 5),
            15.0,
            Active(20.0, 75.0, 2),
            (Announce(5, is_planned=True),),
            id="then the refresh",
        ),
        pytest.param(
            scheduled(refresh=60, refresh_repeat=2),
            Active(90.0, 75.0, 2),
            75.0,
            Active(90.0, 135.0, 2),
            (Announce(2, is_planned=True),),
            id="and again",
        ),
    ],
)
def test_scheduled(cfg, state, now, expected, actions):
    assert transition(cfg, state, Tick(), now) == (expected, actions)


@pytest.mark.parametrize(
    ("cfg", "state", "now", "expected", "actions"),
    [
        pytest.param(
            V3,
            Active(10.5),
            10.0,
            Active(10.5, 15.0, 5, 11.0),
            (ADVERT, Announce(5), HEARD),
            id="S3-A5 at once and 5 s later",
        ),
        pytest.param(
            V3,
            Active(10.5, 12.0, 5),
            10.0,
            Active(10.5, 12.0, 5, 11.0),
            (ADVERT, Announce(5), HEARD),
            id="an earlier burst stays",
        ),
        pytest.param(
            scheduled(refresh=60, refresh_repeat=2, lower_priority_repeat=3),
            Active(10.5, 70.0, 2),
            10.0,
            Active(10.5, 15.0, 3, 11.0),
            (ADVERT, Announce(3), HEARD),
            id="a later refresh gives way",
        ),
        pytest.param(
            scheduled(lower_priority_delay=0),
            Active(10.5),
            10.0,
            Active(10.5, quiet_until=11.0),
            (ADVERT, Announce(5), HEARD),
            id="delay 0: once",
        ),
        pytest.param(
            scheduled(lower_priority_repeat=0),
            Active(10.5, 12.0, 5),
            10.0,
            Active(10.5, 12.0, 5),
            (ADVERT, HEARD),
            id="repeat 0: the answer only",
        ),
        pytest.param(
            replace(V3, answer_lower_priority=False),
            Active(10.5),
            10.0,
            Active(10.5, 15.0, 5, 11.0),
            (Announce(5), HEARD),
            id="S2-01 EL-11 no answer, but the loser's announcement must not be the last",
        ),
        pytest.param(
            V3,
            Active(10.5, 15.0, 5, 11.0),
            10.1,
            Active(10.5, 11.0, 5, 11.0, True),
            (ADVERT, HEARD),
            id="RB-03 a second one within an interval is put off",
        ),
        pytest.param(
            V3,
            Active(10.5, 11.0, 5, 11.0, True),
            10.2,
            Active(10.5, 11.0, 5, 11.0, True),
            (ADVERT, HEARD),
            id="RB-03 and so are all others",
        ),
        pytest.param(
            V3,
            Active(10.5, 10.9, 5, 11.0),
            10.2,
            Active(10.5, 10.9, 5, 11.0),
            (ADVERT, HEARD),
            id="a burst that comes sooner will do",
        ),
        pytest.param(
            V3,
            Active(10.5, 11.0, 5, 11.0),
            10.2,
            Active(10.5, 11.0, 5, 11.0),
            (ADVERT, HEARD),
            id="so will one at that very moment",
        ),
        pytest.param(
            V3,
            Active(11.5, 15.0, 5, 11.0),
            11.0,
            Active(11.5, 15.0, 5, 12.0),
            (ADVERT, Announce(5), HEARD),
            id="an interval later it is announced at once again",
        ),
        pytest.param(
            V3,
            Active(11.5, 11.0, 5, 11.0, True),
            11.0,
            Active(11.5, 16.0, 5, 12.0),
            (ADVERT, Announce(5), HEARD),
            id="one put off to this very moment is it, not one more",
        ),
        pytest.param(
            scheduled(refresh=60, refresh_repeat=2),
            Active(10.5, 15.0, 2),
            10.0,
            Active(10.5, 15.0, 2, 11.0),
            (ADVERT, Announce(5), HEARD),
            id="a refresh at the moment of the repeat stays",
        ),
    ],
)
def test_a_losing_advertisement(cfg, state, now, expected, actions):
    assert transition(cfg, state, AdvertisementReceived(LOSER), now) == (expected, actions)


@pytest.mark.parametrize(
    ("cfg", "expected"),
    [
        pytest.param(V3, Active(11.5, 16.0, 5, 12.0), id="repeated 5 s later"),
        pytest.param(
            scheduled(lower_priority_delay=1.0), Active(11.5, 12.0, 5, 12.0), id="an interval later"
        ),
        pytest.param(
            scheduled(lower_priority_delay=0), Active(11.5, quiet_until=12.0), id="not repeated"
        ),
    ],
)
def test_the_announcement_that_was_put_off(cfg, expected):
    put_off = Active(11.5, 11.0, 5, 11.0, True)
    assert transition(cfg, put_off, Tick(), 11.0) == (expected, (Announce(5, is_planned=True),))


def test_a_repeat_an_interval_later_comes_to_an_end():
    cfg = scheduled(lower_priority_delay=1.0)
    state, actions = transition(cfg, Active(12.5, 12.0, 5, 12.0), Tick(), 12.0)
    assert (state, actions) == (Active(12.5, quiet_until=12.0), (Announce(5, is_planned=True),))


def test_a_flood_of_losers_costs_one_burst_an_interval_and_no_beat():
    """RB-03: 1000 a second for 5 s; all answers, but not 25,000 gratuitous ARPs."""
    state, bursts, periodic, now = Active(10.5, 15.0, 5), 0, [], 10.0
    for n in range(5000):
        now = 10.0 + n / 1000
        if now >= deadline(state):
            state, actions = transition(V3, state, Tick(), now)
            periodic += [now for a in actions if a == ADVERT]
            bursts += sum(isinstance(a, Announce) for a in actions)
        state, actions = transition(V3, state, AdvertisementReceived(LOSER), now)
        assert actions[0] == ADVERT
        bursts += sum(isinstance(a, Announce) for a in actions)
    assert periodic == [10.5, 11.5, 12.5, 13.5, 14.5]
    assert bursts <= 6


def test_a_process_that_slept_answers_a_queue_with_one_burst():
    state, bursts = Active(10.5), 0
    for _ in range(50):
        state, actions = transition(V3, state, AdvertisementReceived(LOSER), 15.0)
        bursts += sum(isinstance(a, Announce) for a in actions)
    assert bursts == 1
