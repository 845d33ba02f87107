"""Sync groups: standings, their consequences, and storms that must end."""

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyvrrp.core.actions import RequestPromotion
from pyvrrp.core.events import (
    AdvertisementReceived,
    Demoted,
    InitializeReason,
    Promoted,
    Shutdown,
    Startup,
    Tick,
)
from pyvrrp.core.machine import Active, Backup, Initialize, deadline, transition
from pyvrrp.core.model import Family, Version, VirtualRouterConfig
from pyvrrp.core.packet import Advertisement
from pyvrrp.core.sync_group import Standing, consequences, standing

ABSENT, OUT, HELD = Standing.ABSENT, Standing.OUT, Standing.HELD
WAITING = Standing.WAITING
BACKUP, READY, ACTIVE = Standing.BACKUP, Standing.READY, Standing.ACTIVE
GROUP_OUT = Shutdown(InitializeReason.SYNC_GROUP)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        pytest.param(Active(1.0), ACTIVE, id="Active"),
        pytest.param(Backup(3.0, 1.0, 0.0), BACKUP, id="Backup"),
        pytest.param(Backup(3.0, 1.0, 0.0, wants_active=True), READY, id="timer ran out"),
        pytest.param(Initialize(), ABSENT, id="not started"),
        pytest.param(Initialize(InitializeReason.STOPPED), ABSENT, id="stopped"),
        pytest.param(Initialize(InitializeReason.SYNC_GROUP), HELD, id="held by the group"),
        pytest.param(Initialize(InitializeReason.INTERFACE_DOWN), OUT, id="interface down"),
        pytest.param(Initialize(InitializeReason.TRACKED_OBJECT_DOWN), OUT, id="tracked object"),
        pytest.param(Initialize(InitializeReason.AWAITING_TRACKED), WAITING, id="waiting"),
    ],
)
def test_standing(state, expected):
    assert standing(state) is expected


@pytest.mark.parametrize(
    ("members", "events"),
    [
        pytest.param(
            {"a": READY, "b": READY}, (("a", Promoted()), ("b", Promoted())), id="all ready"
        ),
        pytest.param({"a": READY, "b": ACTIVE}, (("a", Promoted()),), id="the other is Active"),
        pytest.param({"a": READY, "b": BACKUP}, (), id="the other hears a better router"),
        pytest.param({"a": READY, "b": ABSENT}, (), id="the other was not started yet"),
        pytest.param({"a": READY, "b": HELD}, (), id="the other is on its way back"),
        pytest.param({"a": READY, "b": OUT}, (("a", GROUP_OUT),), id="ready beside a fault"),
        pytest.param({"a": BACKUP, "b": OUT}, (("a", GROUP_OUT),), id="Backup beside a fault"),
        pytest.param({"a": BACKUP, "b": ACTIVE}, (("b", Demoted()),), id="stepped back"),
        pytest.param({"a": BACKUP, "b": HELD}, (("b", Startup()),), id="last fault is gone"),
        pytest.param(
            {"a": BACKUP, "b": HELD, "c": OUT}, (("a", GROUP_OUT),), id="one fault remains"
        ),
        pytest.param({"a": BACKUP, "b": READY}, (), id="the ready one keeps waiting"),
        pytest.param({"a": BACKUP, "b": ABSENT}, (), id="start, one after the other"),
        pytest.param({"a": ACTIVE, "b": READY}, (), id="promotion under way"),
        pytest.param({"a": ACTIVE, "b": ACTIVE}, (), id="all Active"),
        pytest.param({"a": ACTIVE, "b": BACKUP}, (("a", Demoted()),), id="promoted too late"),
        pytest.param(
            {"a": OUT, "b": ACTIVE, "c": READY, "d": BACKUP},
            (("b", GROUP_OUT), ("c", GROUP_OUT), ("d", GROUP_OUT)),
            id="a fault takes all out",
        ),
        pytest.param({"a": OUT, "b": OUT, "c": HELD, "d": ABSENT}, (), id="nobody left to tell"),
        pytest.param({"a": HELD, "b": ACTIVE}, (), id="held: the faulty one tells the others"),
        pytest.param({"a": ABSENT, "b": ACTIVE}, (), id="a stop is not a fault"),
        pytest.param({"a": WAITING, "b": ACTIVE}, (), id="waiting is not a fault"),
        pytest.param({"a": OUT, "b": WAITING}, (("b", GROUP_OUT),), id="no waiting beside a fault"),
        pytest.param({"a": BACKUP, "b": WAITING}, (("b", Startup()),), id="the wait is over"),
    ],
)
def test_consequences_of_a(members, events):
    assert consequences(members, "a") == events


class Group:
    """Members of one sync group on one host, wired as an edge wires them."""

    def __init__(self, size, priority=100):
        self.configs = {
            f"vr{n}": VirtualRouterConfig(
                n + 1,
                Family.IPV4,
                (IPv4Address("192.0.2.100"),),
                IPv4Address("192.0.2.1"),
                priority=priority,
                synchronized=True,
            )
            for n in range(size)
        }
        self.states = dict.fromkeys(self.configs, Initialize())
        self.now = 0.0
        self.steps = 0

    @property
    def standings(self):
        return {name: standing(state) for name, state in self.states.items()}

    def feed(self, name, event):
        inbox = [(name, event)]
        while inbox:
            self.steps += 1
            assert self.steps < 10_000, "the storm does not end"
            who, what = inbox.pop(0)
            before = standing(self.states[who])
            self.states[who], actions = transition(
                self.configs[who], self.states[who], what, self.now
            )
            after = standing(self.states[who])
            if after is not before or RequestPromotion() in actions:
                inbox += consequences(self.standings, who)

    def start(self, name):
        """What an edge does for a member that nothing of its own keeps out."""
        others = [s for n, s in self.standings.items() if n != name]
        self.feed(name, GROUP_OUT if OUT in others else Startup())

    def hear(self, name, priority):
        adv = Advertisement(
            Version.V3, 1, priority, 1.0, (IPv4Address("192.0.2.100"),), IPv4Address("192.0.2.9")
        )
        self.feed(name, AdvertisementReceived(adv))

    def run_until(self, end):
        while (due := min((deadline(s), n) for n, s in self.states.items()))[0] <= end:
            self.now = due[0]
            self.feed(due[1], Tick())
        self.now = end


def test_members_wait_for_each_other():
    group = Group(2)
    group.start("vr0")
    group.run_until(3.0)
    group.start("vr1")
    group.run_until(6.6)
    assert group.standings == {"vr0": READY, "vr1": BACKUP}
    group.run_until(6.61)  # vr1 started at 3.0 and its 3.609 s are over
    assert group.standings == {"vr0": ACTIVE, "vr1": ACTIVE}


def test_owners_start_as_active_together_and_say_why():
    group = Group(2, priority=255)
    group.start("vr0")
    group.run_until(0.0)
    assert group.standings == {"vr0": READY, "vr1": ABSENT}
    group.start("vr1")
    group.run_until(0.0)
    assert group.standings == {"vr0": ACTIVE, "vr1": ACTIVE}


def test_one_better_router_takes_the_whole_group_back():
    group = Group(3)
    for name in group.configs:
        group.start(name)
    group.run_until(4.0)
    assert set(group.standings.values()) == {ACTIVE}
    group.hear("vr1", 150)
    assert set(group.standings.values()) == {BACKUP}


def test_a_fault_takes_all_out_and_its_end_brings_all_back():
    group = Group(3)
    for name in group.configs:
        group.start(name)
    group.run_until(4.0)
    group.feed("vr1", Shutdown(InitializeReason.INTERFACE_DOWN))
    assert group.standings == {"vr0": HELD, "vr1": OUT, "vr2": HELD}
    group.feed("vr2", Shutdown(InitializeReason.INTERFACE_DOWN))
    assert group.standings == {"vr0": HELD, "vr1": OUT, "vr2": OUT}
    group.start("vr1")
    assert group.standings == {"vr0": HELD, "vr1": HELD, "vr2": OUT}
    group.start("vr2")
    assert set(group.standings.values()) == {BACKUP}
    group.run_until(8.0)
    assert set(group.standings.values()) == {ACTIVE}


def test_an_edge_that_starts_a_member_beside_a_fault_is_corrected():
    group = Group(2)
    group.start("vr0")
    group.feed("vr1", Shutdown(InitializeReason.INTERFACE_DOWN))
    group.feed("vr0", Startup())
    assert group.standings == {"vr0": HELD, "vr1": OUT}


happenings = st.lists(
    st.tuples(
        st.sampled_from(["down", "up", "better", "worse", "resigned", "time"]), st.integers(0, 2)
    ),
    max_size=40,
)


@given(happenings)
def test_any_storm_converges(storm):
    """After it, with every fault gone and nobody else on the links, all are Active together."""
    group = Group(3)
    for kind, which in storm:
        name = f"vr{which}"
        if kind == "down":
            group.feed(name, Shutdown(InitializeReason.INTERFACE_DOWN))
        elif kind == "up":
            group.start(name)
        elif kind == "time":
            group.run_until(group.now + 1.3)
        else:
            group.hear(name, {"better": 200, "worse": 50, "resigned": 0}[kind])
        now_active = [s is ACTIVE for s in group.standings.values()]
        assert all(now_active) or not any(now_active)
        if OUT in group.standings.values():
            assert not {BACKUP, READY, ACTIVE} & set(group.standings.values())
    for name in group.configs:
        group.start(name)
    group.run_until(group.now + 20)
    assert set(group.standings.values()) == {ACTIVE}
