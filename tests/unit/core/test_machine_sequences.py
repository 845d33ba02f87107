"""Any events in any order: nothing raises, no timer stands still, addresses follow the state."""

from dataclasses import FrozenInstanceError, replace
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyvrrp.core.actions import Announce, InstallAddresses, RemoveAddresses, SendAdvertisement
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
from pyvrrp.core.machine import Active, Backup, Initialize, deadline, transition
from pyvrrp.core.model import AnnounceSchedule, Family, Version, VirtualRouterConfig
from pyvrrp.core.packet import Advertisement

VIPS = tuple(IPv4Address(f"192.0.2.{n}") for n in (100, 101))
START = VirtualRouterConfig(51, Family.IPV4, VIPS, IPv4Address("192.0.2.10"))

seconds = st.sampled_from((0.0, 1.0, 2.0, 7.5))
counts = st.integers(0, 2)
settings = st.builds(
    VirtualRouterConfig,
    vrid=st.just(51),
    family=st.just(Family.IPV4),
    addresses=st.sampled_from((VIPS, VIPS[:1])),
    source=st.sampled_from((IPv4Address("192.0.2.10"), IPv4Address("192.0.2.20"))),
    priority=st.sampled_from((1, 100, 254, 255)),
    version=st.sampled_from(Version),
    advertisement_interval=st.sampled_from((1.0, 2.0)),
    preempt_mode=st.booleans(),
    preempt_delay=seconds,
    start_as_active=st.booleans(),
    missed_advertisements=st.integers(1, 3),
    answer_lower_priority=st.booleans(),
    advertise_before_yielding=st.booleans(),
    synchronized=st.booleans(),
    announce=st.builds(
        AnnounceSchedule,
        repeat=counts,
        delay=seconds,
        refresh=seconds,
        refresh_repeat=counts,
        lower_priority_repeat=counts,
        lower_priority_delay=seconds,
    ),
)
advertisements = st.builds(
    Advertisement,
    version=st.just(Version.V3),
    vrid=st.just(51),
    priority=st.sampled_from((0, 1, 99, 100, 101, 255)),
    max_advertise_interval=st.sampled_from((0.01, 1.0, 3.0, 40.95)),
    addresses=st.just(VIPS),
    source=st.sampled_from((IPv4Address("192.0.2.9"), IPv4Address("192.0.2.99"))),
)
events = st.one_of(
    st.just(Tick()),
    st.just(Tick()),
    advertisements.map(AdvertisementReceived),
    settings,
    st.sampled_from((Startup(), Promoted(), Demoted(), Dispossessed())),
    st.sampled_from(InitializeReason).map(Shutdown),
)
steps = st.lists(st.tuples(events, st.sampled_from((0.0, 0.1, 0.9, 4.0))), max_size=40)


@given(settings, steps)
def test_any_sequence(cfg, sequence):
    state, now, has_addresses = Initialize(), 1000.0, False
    for happening, pause in [(Startup(), 0.0), *sequence]:
        now += pause
        event = happening
        if isinstance(happening, VirtualRouterConfig):
            cfg, event = happening, Reconfigured(cfg)
        was_due = now >= deadline(state)
        before, (state, actions) = state, transition(cfg, state, event, now)
        assert isinstance(state, Initialize | Backup | Active)
        if isinstance(event, Tick):
            assert deadline(state) > now, "the timer stands still"
            assert was_due or (state is before and actions == ()), "a timer before its time"
        assert sum(isinstance(a, SendAdvertisement) for a in actions) <= 1
        assert all(a.count > 0 for a in actions if isinstance(a, Announce))
        for action in actions:
            if isinstance(action, InstallAddresses | RemoveAddresses):
                has_addresses = isinstance(action, InstallAddresses)
        assert has_addresses is isinstance(state, Active)


def test_states_are_values():
    backup = Backup(3.0, 1.0, 0.0)
    assert backup == replace(backup)
    assert hash(backup) == hash(replace(backup))
    for state in (backup, Initialize(), Active(1.0)):
        assert not hasattr(state, "__dict__")
        with pytest.raises(FrozenInstanceError):
            setattr(state, state.__slots__[0], 0)
