"""The kernel's table follows what is wanted, and comes back when others change it."""

from __future__ import annotations

import asyncio
from ipaddress import IPv4Address

import pytest

from healthcheck.core.operations import (
    AddDestination,
    AddService,
    RemoveDestination,
    RemoveService,
    SetDestination,
)
from healthcheck.core.table import (
    Destination,
    DestinationSettings,
    Protocol,
    Service,
    ServiceAddress,
    ServiceSettings,
)
from healthcheck.upkeep import Repair, TableUpkeep
from healthcheck.vigilance import Vigilance

from .fake_kernel import FakeKernel
from .virtual_clock import VirtualClockLoop, run

WEB = ServiceAddress(Protocol.TCP, IPv4Address("10.2.0.1"), 80)
OTHER = ServiceAddress(Protocol.TCP, IPv4Address("10.2.0.2"), 80)
RR = ServiceSettings("rr")
A = Destination(IPv4Address("10.1.0.1"), 80)
B = Destination(IPv4Address("10.1.0.2"), 80)
ONE = DestinationSettings(weight=1)
TWO = DestinationSettings(weight=2)


class Rig:
    """An upkeep of a fake kernel on a virtual clock."""

    def __init__(self, table=None):
        self.loop = VirtualClockLoop()
        self.clock = None
        self.kernel = FakeKernel(self.loop, table or {})
        self.repairs: list[tuple[float, Repair]] = []
        self.upkeep = TableUpkeep(
            self.loop,
            self.kernel,
            lambda repair: self.repairs.append((self.loop.time(), repair)),
            lambda: None,
        )

    def want(self, key, service, owned=frozenset({A, B})):
        self.upkeep.own(key, owned)
        self.upkeep.want(key, service)

    def run(self, *steps, until=0.0, glance=None):
        """Carry out the steps, each settled before the next, then read on until `until`.

        All time is spent on the processor, unless there is a `clock`.
        """

        async def scenario():
            for step in steps:
                step()
                await self.upkeep.wait_settled()
            clock = self.clock or self.loop.time
            vigilance = Vigilance(self.loop, self.kernel, self.upkeep, glance, clock)
            await asyncio.sleep(until)
            vigilance.close()
            self.upkeep.close()

        run(scenario(), self.loop)


def test_an_empty_kernel_gets_all():
    rig = Rig()
    rig.run(lambda: rig.want(WEB, Service(RR, {A: ONE, B: TWO})))
    assert rig.kernel.log == [
        AddService(WEB, RR),
        AddDestination(WEB, A, ONE),
        AddDestination(WEB, B, TWO),
    ]
    assert rig.repairs == []


def test_what_is_there_already_is_adopted_and_corrected():
    rig = Rig({WEB: Service(RR, {A: ONE}), OTHER: Service(RR, {B: ONE})})
    rig.run(lambda: rig.want(WEB, Service(RR, {A: TWO})))
    assert rig.kernel.log == [SetDestination(WEB, A, TWO)]
    assert rig.kernel.table[OTHER] == Service(RR, {B: ONE})
    assert rig.repairs == []


def test_only_the_difference_is_carried_out_and_nothing_read_again():
    rig = Rig()
    rig.run(
        lambda: rig.want(WEB, Service(RR, {A: ONE, B: ONE})),
        lambda: (rig.kernel.log.clear(), rig.kernel.reads.clear()),
        lambda: rig.want(WEB, Service(RR, {B: ONE})),
        lambda: rig.want(WEB, Service(RR, {B: ONE})),
    )
    assert rig.kernel.log == [RemoveDestination(WEB, A)]
    assert rig.kernel.reads == []


def test_what_is_no_longer_wanted_goes_and_others_stay():
    rig = Rig({OTHER: Service(RR, {B: ONE})})
    rig.run(
        lambda: rig.want(WEB, Service(RR, {A: ONE})),
        lambda: rig.want(WEB, None),
        lambda: rig.want(OTHER, None),
    )
    assert rig.kernel.log[-1] == RemoveService(WEB)
    assert rig.kernel.table == {OTHER: Service(RR, {B: ONE})}


def test_a_removed_service_that_comes_again_is_somebody_elses():
    rig = Rig()
    rig.loop.call_at(0.5, lambda: rig.kernel.table.update({WEB: Service(RR, {B: ONE})}))
    rig.run(
        lambda: rig.want(WEB, Service(RR, {A: ONE})),
        lambda: rig.want(WEB, None),
        until=5.0,
    )
    assert rig.kernel.table == {WEB: Service(RR, {B: ONE})}


def test_batches_leave_the_loop_its_turn():
    rig = Rig()
    wanted = {Destination(IPv4Address(0x0A000000 + n), 80): ONE for n in range(450)}
    rig.run(lambda: rig.want(WEB, Service(RR, wanted)))
    assert rig.kernel.batches == [200, 200, 51]


@pytest.mark.parametrize(
    ("change", "operations"),
    [
        pytest.param(
            lambda table: table.clear(),
            (AddService(WEB, RR), AddDestination(WEB, A, ONE), AddDestination(WEB, B, TWO)),
            id="flushed",
        ),
        pytest.param(
            lambda table: table.update({WEB: Service(RR, {A: ONE})}),
            (AddDestination(WEB, B, TWO),),
            id="destination deleted",
        ),
        pytest.param(
            lambda table: table.update({WEB: Service(RR, {A: TWO, B: TWO})}),
            (SetDestination(WEB, A, ONE),),
            id="destination re-weighted",
        ),
    ],
)
def test_a_foreign_change_is_repaired_within_two_seconds(change, operations):
    rig = Rig()
    rig.loop.call_at(10.5, lambda: change(rig.kernel.table))
    rig.run(lambda: rig.want(WEB, Service(RR, {A: ONE, B: TWO})), until=20.0)
    assert rig.kernel.table == {WEB: Service(RR, {A: ONE, B: TWO})}
    assert [repair for _, repair in rig.repairs] == [Repair(WEB, operations)]
    assert 10.5 < rig.repairs[0][0] <= 11.6


def test_a_quiet_table_is_read_every_second_and_never_written():
    rig = Rig()
    rig.run(
        lambda: rig.want(WEB, Service(RR, {A: ONE})),
        lambda: (rig.kernel.log.clear(), rig.kernel.reads.clear()),
        until=10.5,
    )
    assert rig.kernel.log == []
    assert rig.kernel.reads == ["services", WEB] * 10


def test_reading_a_large_table_keeps_to_its_share():
    keys = [ServiceAddress(Protocol.TCP, IPv4Address(0x0A020000 + n), 80) for n in range(1000)]
    rig = Rig({key: Service(RR, {A: ONE}) for key in keys})
    rig.kernel.cost = 0.001
    busy = []

    def want():
        for key in keys:
            rig.want(key, Service(RR, {A: ONE}))

    rig.run(want, lambda: busy.append((rig.kernel.busy, rig.loop.time())), until=100.0)
    spent, passed = rig.kernel.busy - busy[0][0], rig.loop.time() - busy[0][1]
    assert 0.018 * passed <= spent <= 0.0205 * passed


def test_a_refused_service_is_compared_again_at_once_then_ever_more_rarely(caplog):
    rig = Rig()
    rig.kernel.refuses = {AddService: "10.2.0.1:80: no such scheduler"}
    rig.run(lambda: rig.want(WEB, Service(RR, {})), until=20.0)
    assert rig.kernel.log == []
    assert [round(at) for at in rig.kernel.refused_at] == [0, 0, 1, 3, 7, 15]
    assert caplog.messages == ["10.2.0.1:80: no such scheduler"]
    assert rig.upkeep.refused == (WEB,)


def test_what_others_removed_under_our_hands_is_made_anew_without_a_complaint(caplog):
    many = {Destination(IPv4Address(0x0A010000 + n), 80): ONE for n in range(300)}  # two batches
    rig = Rig()

    def lose():
        del rig.kernel.table[WEB]
        rig.upkeep.found(WEB, Service(RR, {}))

    rig.run(lambda: rig.want(WEB, Service(RR, many), owned=frozenset(many)), *[lose] * 3)
    assert rig.kernel.table == {WEB: Service(RR, many)}
    assert len(rig.kernel.refused_at) == 900
    assert caplog.messages == []


def test_a_refusal_of_one_service_leaves_its_neighbour_working():
    rig = Rig()
    rig.kernel.refuses = {AddDestination: "no"}
    rig.run(
        lambda: (
            rig.want(WEB, Service(RR, {A: ONE})),
            rig.want(OTHER, Service(RR, {})),
        )
    )
    assert rig.kernel.table[OTHER] == Service(RR, {})
    assert rig.upkeep.refused == (WEB,)


def test_a_kernel_that_does_not_answer_is_asked_again(caplog):
    rig = Rig()
    rig.kernel.is_silent = True
    rig.loop.call_at(2.0, lambda: setattr(rig.kernel, "is_silent", False))
    rig.run(lambda: rig.want(WEB, Service(RR, {A: ONE})), until=5.0)
    assert rig.kernel.table == {WEB: Service(RR, {A: ONE})}
    assert caplog.messages == ["IPVS: no answer from the kernel"]


def test_a_destination_of_somebody_else_stays_and_is_no_reason_to_write():
    foreign = Destination(IPv4Address("10.9.9.9"), 80)
    rig = Rig({WEB: Service(RR, {foreign: TWO, B: ONE})})
    rig.run(lambda: rig.want(WEB, Service(RR, {A: ONE})), until=10.0)
    assert rig.kernel.log == [AddDestination(WEB, A, ONE), RemoveDestination(WEB, B)]
    assert rig.kernel.table == {WEB: Service(RR, {foreign: TWO, A: ONE})}
    assert rig.repairs == []


def test_what_was_ours_before_a_reload_is_removed_and_forgotten():
    rig = Rig()
    rig.loop.call_at(5.0, lambda: rig.kernel.table.update({WEB: Service(RR, {A: ONE, B: TWO})}))
    rig.run(
        lambda: rig.want(WEB, Service(RR, {A: ONE, B: ONE})),
        lambda: rig.want(WEB, Service(RR, {A: ONE}), owned=frozenset({A})),
        until=10.0,
    )
    assert rig.kernel.log[3:] == [RemoveDestination(WEB, B)]
    assert rig.kernel.table == {WEB: Service(RR, {A: ONE, B: TWO})}


class FakeGlance:
    """Sees at the end of every look what `finds` has for that time."""

    def __init__(self, rig, finds):
        self.rig, self.finds = rig, finds
        self.cost, self.turns = 0.0, 1
        self.services = 1
        self.looks: list[float] = []
        self.is_closed = False

    def look_on(self):
        self.rig.loop.spend(self.cost)
        self.looks.append(round(self.rig.loop.time(), 3))
        if len(self.looks) % self.turns:
            return None
        due = [at for at in self.finds if at <= self.rig.loop.time()]
        return self.finds.pop(due[0]) if due else {}

    def close(self):
        self.is_closed = True


def test_what_a_glance_finds_is_read_and_repaired_at_once(monkeypatch):
    monkeypatch.setattr(Vigilance, "_read_on", lambda self: None)  # the round has no say
    rig = Rig()
    rig.loop.call_at(10.5, lambda: rig.kernel.table.update({WEB: Service(RR, {A: ONE})}))
    rig.loop.call_at(10.5, rig.kernel.reads.clear)
    glance = FakeGlance(rig, {10.6: {WEB: False, OTHER: False}})
    rig.run(
        lambda: rig.want(WEB, Service(RR, {A: ONE, B: TWO})),
        until=11.9,
        glance=glance,
    )
    assert [repair for _, repair in rig.repairs] == [Repair(WEB, (AddDestination(WEB, B, TWO),))]
    assert rig.repairs[0][0] == pytest.approx(11.0, abs=0.02)
    assert rig.kernel.reads == [WEB, WEB]  # what was written is read, too
    assert glance.looks == pytest.approx(
        [*range(12), 11], abs=0.03
    )  # and where there is one change
    assert glance.is_closed


def test_a_service_that_is_gone_is_made_again():
    rig = Rig()
    rig.loop.call_at(10.5, rig.kernel.table.clear)
    glance = FakeGlance(rig, {10.6: {WEB: True}})
    rig.run(lambda: rig.want(WEB, Service(RR, {A: ONE})), until=11.0, glance=glance)
    assert rig.kernel.table == {WEB: Service(RR, {A: ONE})}
    assert [repair.key for _, repair in rig.repairs] == [WEB]


def test_our_own_change_is_no_repair():
    rig = Rig()
    glance = FakeGlance(rig, {5.6: {WEB: False}})
    rig.loop.call_at(5.5, lambda: rig.want(WEB, Service(RR, {A: TWO})))
    rig.run(lambda: rig.want(WEB, Service(RR, {A: ONE})), until=10.0, glance=glance)
    assert rig.kernel.table == {WEB: Service(RR, {A: TWO})}
    assert rig.repairs == []


def test_what_we_wrote_between_two_looks_is_read_though_they_show_no_difference(monkeypatch):
    monkeypatch.setattr(Vigilance, "_read_on", lambda self: None)
    rig = Rig()
    rig.loop.call_at(5.5, lambda: rig.want(WEB, Service(RR, {A: TWO})))
    rig.loop.call_at(5.6, rig.kernel.table.clear)
    glance = FakeGlance(rig, {})
    rig.run(lambda: rig.want(WEB, Service(RR, {A: ONE})), until=6.1, glance=glance)
    assert rig.kernel.table == {WEB: Service(RR, {A: TWO})}


def test_long_looks_come_in_turns_with_pauses_but_the_first():
    rig = Rig()
    glance = FakeGlance(rig, {})
    glance.cost, glance.turns = 0.005, 3
    rig.run(lambda: rig.want(WEB, Service(RR, {A: ONE})), until=1.9, glance=glance)
    expected = [0.005, 0.014, 0.023, 1.005, 1.157, 1.305]
    assert glance.looks == pytest.approx(expected, abs=0.002)


def test_a_look_of_many_turns_is_over_in_time():
    rig = Rig()
    glance = FakeGlance(rig, {})
    glance.cost, glance.turns = 0.004, 11  # 0.2 s of pause by its share, at least 0.02
    rig.run(lambda: rig.want(WEB, Service(RR, {A: ONE})), until=5.9, glance=glance)
    assert len(glance.looks) == 6 * 11
    assert glance.looks[-1] == pytest.approx(5.3, abs=0.01)


def test_a_look_that_takes_long_only_because_others_do_comes_as_often():
    rig = Rig()
    glance = FakeGlance(rig, {})
    glance.cost, glance.turns = 0.2, 2
    rig.clock = lambda: len(glance.looks) * 0.002
    rig.run(lambda: rig.want(WEB, Service(RR, {A: ONE})), until=4.0, glance=glance)
    assert glance.looks[2:8] == pytest.approx([1.2, 1.5, 2.2, 2.5, 3.2, 3.5], abs=0.002)


def test_who_changed_something_is_looked_at_again_at_once(monkeypatch):
    monkeypatch.setattr(Vigilance, "_read_on", lambda self: None)
    rig = Rig()
    rig.want(OTHER, Service(RR, {A: ONE}))
    # A table is flushed while it is looked at: the rest shows in the next look only.
    rig.loop.call_at(5.5, rig.kernel.table.clear)
    glance = FakeGlance(rig, {5.6: {WEB: True}, 6.001: {OTHER: True}})
    rig.run(lambda: rig.want(WEB, Service(RR, {A: ONE})), until=6.05, glance=glance)
    assert rig.kernel.table == {key: Service(RR, {A: ONE}) for key in (WEB, OTHER)}
    assert len(rig.repairs) == 2


def test_a_look_that_fails_is_told_once_and_made_again(caplog):
    rig = Rig()

    class Broken(FakeGlance):
        def look_on(self):
            super().look_on()
            raise OSError(5, "Input/output error")

    glance = Broken(rig, {})
    rig.run(lambda: rig.want(WEB, Service(RR, {A: ONE})), until=2.5, glance=glance)
    assert len(glance.looks) > 2
    assert caplog.messages == ["a look at the IPVS table: [Errno 5] Input/output error"]


def test_a_glance_that_leaves_services_out_is_given_up():
    rig = Rig()
    glance = FakeGlance(rig, {})
    glance.services = 0
    rig.loop.call_at(5.5, rig.kernel.table.clear)
    rig.run(lambda: rig.want(WEB, Service(RR, {A: ONE})), until=7.0, glance=glance)
    assert glance.looks == pytest.approx([0, 1, 2], abs=0.02)
    assert glance.is_closed
    assert rig.kernel.table == {WEB: Service(RR, {A: ONE})}
