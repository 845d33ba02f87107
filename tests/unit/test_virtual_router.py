"""One Virtual Router between a fake host and a fake wire: what it asks for, in which order.

Wire bytes are made by the codec, which has literals of its own (tests/unit/core/test_packet.py).
"""

import asyncio
from dataclasses import replace
from ipaddress import IPv4Address, ip_interface

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pyvrrp import segment as segment_module
from pyvrrp.core.actions import NewActiveReason, SendAdvertisement, StateChanged, StateName
from pyvrrp.core.events import AdvertisementReceived, InitializeReason, Startup, Tick
from pyvrrp.core.machine import Initialize, deadline, transition
from pyvrrp.core.model import Family
from pyvrrp.core.packet import DiscardReason, IpFacts, PacketError, encode
from pyvrrp.core.receive import Mismatch, admit
from pyvrrp.counters import Counters
from pyvrrp.net.identity import address_key
from pyvrrp.net.monitor import AddressAdded, AddressRemoved, LinkChanged, LinkRemoved
from pyvrrp.net.rtnetlink import InterfaceAddress, Link
from pyvrrp.net.vrrp_socket import split_datagram
from pyvrrp.segment import Segment
from pyvrrp.settings import (
    TrackedInterface,
    TrackedKind,
    TrackedObject,
    VirtualAddress,
    VirtualRouterSettings,
)
from pyvrrp.snapshot import ActiveRouterSnapshot
from pyvrrp.strangers import Strangers
from pyvrrp.virtual_router import Occurrence, VirtualRouter

from .fakes import FakeHost, FakeReceiver, FakeSender

AWAITING, DOWN = InitializeReason.AWAITING_TRACKED, InitializeReason.TRACKED_OBJECT_DOWN
GROUP = IPv4Address("224.0.0.18")
OWN = IPv4Address("192.0.2.1")
LINK = Link(2, "eth0", True, True, False, bytes.fromhex("020000000001"), 1500)
OTHER_LINK = Link(3, "eth1", True, True, False, bytes.fromhex("020000000002"), 1500)
ADDED = AddressAdded(InterfaceAddress(2, ip_interface("192.0.2.1/24")))


class Wire:
    """A host, a segment on eth0, and what other routers say there."""

    def __init__(self, **protocol):
        tracked = protocol.pop("tracked", ())
        self.host = FakeHost()
        for event in (LinkChanged(LINK), LinkChanged(OTHER_LINK), ADDED):
            self.host.table.apply(event)
        self.segment = Segment(Family.IPV4, "eth0", 2, Strangers())
        self.segment.group_sender = lambda source, group: FakeSender(self.host.log, "advert")
        protocol = {"priority": 100, "advertisement_interval": 1.0} | protocol
        configured = VirtualRouterSettings.of("web", "eth0", 51, ["192.0.2.100/24"], **protocol)
        configured = replace(configured, tracked_interfaces=tracked)
        self.router = VirtualRouter(configured, self.host)

    def start(self):
        self.router.connect(self.segment)
        self.router.start(self.host.loop.now)
        return self

    def datagram(self, priority, source="192.0.2.2", ttl=255, **changes):
        sender = replace(self.router.settings.protocol, source=IPv4Address(source), **changes)
        message = encode(sender, priority, GROUP)
        return bytes((ttl,)) + sender.source.packed + GROUP.packed + message

    def hear(self, datagram, at=None):
        self.host.loop.advance(at if at is not None else self.host.loop.now)
        self.segment._receiver.waiting.append(datagram)
        self.segment.receive(self.host.loop.now)


@pytest.fixture(autouse=True)
def fake_receiver(monkeypatch):
    monkeypatch.setattr(segment_module, "Receiver", FakeReceiver)


def sent_priorities(log):
    return [int(message[4:6], 16) for kind, message in (e for e in log if e[0] == "advert")]


def test_starts_as_backup_and_takes_over_in_the_order_of_the_rfc():
    wire = Wire().start()
    assert wire.host.take_log() == [("Initialize", "Backup", None)]
    wire.host.loop.advance(3.608)
    assert wire.host.take_log() == []
    wire.host.loop.advance(3.61)
    log = wire.host.take_log()
    assert [e[0] for e in log] == ["advert", "AddAddress", "announce", "Backup"]
    assert log[1:3] == [("AddAddress", "192.0.2.100/24"), ("announce", 1, 5)]
    assert log[3] == ("Backup", "Active", NewActiveReason.NO_RESPONSE)
    wire.host.loop.advance(6.7)
    assert sent_priorities(wire.host.take_log()) == [100, 100, 100]
    assert wire.router.counters.advertisements_sent == 4


@pytest.mark.parametrize(
    "last", [pytest.param(0, id="it retired"), pytest.param(180, id="changed")]
)
def test_who_said_two_things_in_one_moment_is_heard_again(last):
    """A process that was kept waiting reads both at once."""
    wire = Wire().start()
    wire.hear(wire.datagram(150), at=1.0)
    wire.hear(wire.datagram(last), at=1.0)
    wire.host.loop.advance(9.0)
    assert wire.router.is_active
    wire.hear(wire.datagram(150), at=9.5)
    assert not wire.router.is_active


def test_a_lower_priority_in_the_moment_of_a_higher_one_keeps_nobody_backup():
    wire = Wire().start()
    wire.hear(wire.datagram(150), at=1.0)
    wire.hear(wire.datagram(50), at=1.0)
    for second in (2.0, 3.0, 4.0, 4.7):
        wire.hear(wire.datagram(50), at=second)
    assert wire.router.is_active


def test_repeated_advertisements_keep_it_backup_without_waking_the_machine():
    wire = Wire().start()
    datagram = wire.datagram(150)
    for second in range(1, 20):
        wire.hear(datagram, at=float(second))
    assert wire.host.take_log() == [("Initialize", "Backup", None)]
    assert wire.router.counters.advertisements_received == 19
    wire.host.loop.advance(19 + 3.608)
    assert wire.host.take_log() == []
    wire.host.loop.advance(19 + 3.61)
    assert wire.host.take_log()[-1] == ("Backup", "Active", NewActiveReason.NO_RESPONSE)


def test_one_changed_octet_is_looked_at_afresh():
    wire = Wire().start()
    good = wire.datagram(150)
    wire.hear(good, at=1.0)
    wire.hear(good, at=2.0)
    wire.hear(b"\xfe" + good[1:], at=3.0)
    assert wire.router.counters.discarded == {DiscardReason.TTL: 1}
    wire.host.loop.advance(5.61)  # counted from the last good one
    assert wire.host.take_log()[-1][1] == "Active"


def test_resignation_after_repeats_leaves_only_the_skew():
    wire = Wire().start()
    for second in (1.0, 2.0, 3.0):
        wire.hear(wire.datagram(150), at=second)
    wire.hear(wire.datagram(0), at=3.5)
    wire.host.take_log()
    wire.host.loop.advance(3.5 + 0.608)
    assert wire.host.take_log() == []
    wire.host.loop.advance(3.5 + 0.61)
    assert wire.host.take_log()[-1] == ("Backup", "Active", NewActiveReason.PRIORITY)
    assert wire.router.counters.priority_zero_received == 1


def test_repeats_during_a_preempt_delay_do_not_outlast_it():
    wire = Wire(preempt_delay=2.0).start()
    loser = wire.datagram(50)
    for tenth in range(5, 60, 5):
        wire.hear(loser, at=tenth / 10)
    # The delay began at 0.5 s; the last repeat that re-armed the timer came at 2.0 s.
    wire.host.take_log()
    wire.host.loop.advance(5.608)
    assert wire.host.take_log() == []
    wire.host.loop.advance(5.61)
    assert wire.host.take_log()[-1] == ("Backup", "Active", NewActiveReason.PREEMPTED)


def test_higher_priority_demotes_and_addresses_go():
    wire = Wire().start()
    wire.host.loop.advance(4.0)
    wire.host.take_log()
    wire.hear(wire.datagram(200), at=4.2)
    assert wire.host.take_log() == [
        ("RemoveAddress", "192.0.2.100/24"),
        ("Active", "Backup", None),
    ]
    wire.host.loop.advance(6.0)
    assert wire.host.take_log() == []  # no periodic Advertisement is left behind


def test_losing_advertisement_is_answered_each_time():
    wire = Wire().start()
    wire.host.loop.advance(4.0)
    wire.host.take_log()
    loser = wire.datagram(50)
    wire.hear(loser, at=4.1)
    wire.hear(loser, at=4.2)
    assert sent_priorities(wire.host.take_log()) == [100, 100]
    assert wire.host.occurrences == [(Occurrence.LOWER_PRIORITY_HEARD, 100)] * 2


def test_stop_resigns_before_the_addresses_go():
    wire = Wire().start()
    wire.host.loop.advance(4.0)
    wire.host.take_log()
    wire.router.stop()
    log = wire.host.take_log()
    assert sent_priorities(log) == [0]
    assert [e[0] for e in log] == ["advert", "RemoveAddress", "Active"]
    assert wire.segment._receiver.groups == []
    wire.host.loop.advance(20.0)
    assert wire.host.take_log() == []
    assert wire.router.counters.priority_zero_sent == 1


def test_a_new_priority_is_told_at_once():
    wire = Wire().start()
    wire.host.loop.advance(4.0)
    wire.host.take_log()
    wire.router.set_priority(120)
    wire.host.loop.advance(5.5)
    assert sent_priorities(wire.host.take_log()) == [120, 120]
    assert wire.host.occurrences == [(Occurrence.PRIORITY_CHANGED, 120)]
    with pytest.raises(ValueError, match="priority 256"):
        wire.router.set_priority(256)


def test_a_new_priority_while_backup_keeps_what_was_heard_meanwhile():
    wire = Wire().start()
    for second in (1.0, 2.0, 3.0):
        wire.hear(wire.datagram(150), at=second)
    wire.host.loop.advance(3.5)
    wire.router.set_priority(128)  # 3 s + 0.5 s, counted from 3.0
    wire.host.take_log()
    wire.host.loop.advance(6.499)
    assert wire.host.take_log() == []
    wire.host.loop.advance(6.501)
    assert wire.host.take_log()[-1][1] == "Active"


def test_an_address_that_is_not_advertised_comes_and_goes_in_place():
    wire = Wire().start()
    wire.host.loop.advance(4.0)
    old = wire.router.settings
    wire.host.take_log()
    more = replace(old, addresses=(*old.addresses, VirtualAddress(ip_interface("10.0.0.1/32"))))
    wire.router.reconfigure(more)
    assert wire.host.take_log() == [
        ("AddAddress", "192.0.2.100/24"),
        ("AddAddress", "10.0.0.1/32"),
        ("announce", 2, 5),
    ]
    wire.router.reconfigure(old)
    assert wire.host.take_log() == [
        ("AddAddress", "192.0.2.100/24"),
        ("RemoveAddress", "10.0.0.1/32"),
        ("AddAddress", "192.0.2.100/24"),  # the kernel may have dropped it with the other one
        ("announce", 1, 5),
    ]


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        pytest.param(
            LinkChanged(replace(LINK, running=False)), InitializeReason.INTERFACE_DOWN, id="carrier"
        ),
        pytest.param(
            LinkChanged(replace(LINK, up=False)), InitializeReason.INTERFACE_DOWN, id="down"
        ),
        pytest.param(LinkRemoved(LINK), InitializeReason.INTERFACE_MISSING, id="gone"),
        pytest.param(
            AddressRemoved(ADDED.address), InitializeReason.NO_SOURCE_ADDRESS, id="address"
        ),
        pytest.param(
            LinkChanged(replace(OTHER_LINK, running=False)),
            InitializeReason.TRACKED_OBJECT_DOWN,
            id="tracked",
        ),
    ],
)
def test_faults_stop_it_and_their_end_starts_it(event, reason):
    wire = Wire(tracked=(TrackedInterface("eth1"),)).start()
    wire.host.loop.advance(4.0)
    wire.host.take_log()
    wire.host.table.apply(event)
    wire.router.assess()
    assert wire.host.take_log()[-1] == ("Active", "Initialize", reason)
    for undo in (LinkChanged(LINK), LinkChanged(OTHER_LINK), ADDED):
        wire.host.table.apply(undo)
    wire.router.assess()
    assert wire.host.take_log() == [("Initialize", "Backup", None)]


async def test_a_fault_after_another_is_no_new_one():
    wire = Wire().start()
    changes = wire.router.changes()
    first = asyncio.ensure_future(anext(changes))
    await asyncio.sleep(0)
    for event in (LinkChanged(replace(LINK, running=False)), LinkRemoved(LINK)):
        wire.host.table.apply(event)
        wire.router.assess()
    found = [await first, await anext(changes)]
    assert [each.reason.name for each in found] == ["INTERFACE_DOWN", "INTERFACE_MISSING"]
    assert [each.is_still_faulty for each in found] == [False, True]
    await changes.aclose()


@pytest.mark.parametrize(
    ("weight", "reverse", "up", "priority"),
    [
        pytest.param(20, False, True, 120, id="positive counts while up"),
        pytest.param(20, False, False, 100, id="positive, down"),
        pytest.param(-20, False, True, 100, id="negative, up"),
        pytest.param(-20, False, False, 80, id="negative counts while down"),
        pytest.param(20, True, True, 80, id="reversed positive takes away while up"),
        pytest.param(-20, True, False, 120, id="reversed negative is added while down"),
        pytest.param(-200, False, False, 1, id="never below 1"),
    ],
)
def test_weights_of_tracked_interfaces(weight, reverse, up, priority):
    wire = Wire(tracked=(TrackedInterface("eth1", weight, reverse),))
    wire.host.table.apply(LinkChanged(replace(OTHER_LINK, running=up)))
    wire.start()
    assert wire.router.config.priority == priority


def set_tracked(wire, kind, value):
    wire.host.tracked_values[kind, "x"] = value
    wire.router.assess()


def tracking(kind, weight=0, **protocol):
    wire = Wire(**protocol)
    tracked = (TrackedObject(kind, "x", weight),)
    wire.router.reconfigure(replace(wire.router.settings, tracked=tracked))
    return wire


@pytest.mark.parametrize(
    ("kind", "weight", "bad"),
    [(TrackedKind.SCRIPT, 0, 0), (TrackedKind.PROCESS, 0, 0), (TrackedKind.FILE, 1, -254)],
)
def test_it_starts_with_the_first_result(kind, weight, bad):
    wire = tracking(kind, weight).start()
    assert wire.host.take_log() == [("Initialize", "Initialize", AWAITING)]
    set_tracked(wire, kind, 1)
    assert wire.host.take_log() == [("Initialize", "Backup", None)]
    set_tracked(wire, kind, bad)
    assert wire.host.take_log() == [("Backup", "Initialize", DOWN)]
    set_tracked(wire, kind, 1)
    assert wire.host.take_log() == [("Initialize", "Backup", None)]


def test_a_first_result_may_be_a_fault():
    wire = tracking(TrackedKind.SCRIPT).start()
    set_tracked(wire, TrackedKind.SCRIPT, 0)
    assert wire.host.take_log()[1:] == [("Initialize", "Initialize", DOWN)]


def test_one_that_runs_goes_on_until_there_is_a_result():
    wire = Wire().start()
    wire.host.loop.advance(4.0)
    wire.host.take_log()
    tracked = (TrackedObject(TrackedKind.SCRIPT, "x"),)
    wire.router.reconfigure(replace(wire.router.settings, tracked=tracked))
    assert wire.host.take_log() == []
    set_tracked(wire, TrackedKind.SCRIPT, 0)
    assert wire.host.take_log()[-1] == ("Active", "Initialize", DOWN)


@pytest.mark.parametrize(
    ("kind", "weight", "value", "priority"),
    [
        pytest.param(TrackedKind.SCRIPT, -20, None, 100, id="unknown script"),
        pytest.param(TrackedKind.SCRIPT, -20, 0, 80, id="failed script"),
        pytest.param(TrackedKind.PROCESS, 20, 1, 120, id="process"),
        pytest.param(TrackedKind.FILE, 2, -7, 86, id="file"),
        pytest.param(TrackedKind.BFD, -20, None, 80, id="BFD is down at first"),
        pytest.param(TrackedKind.BFD, -20, 1, 100, id="BFD up"),
    ],
)
def test_weights_of_tracked_objects(kind, weight, value, priority):
    wire = tracking(kind, weight)
    if value is not None:
        set_tracked(wire, kind, value)
    wire.start()
    assert wire.router.config.priority == priority
    assert wire.host.take_log() == [("Initialize", "Backup", None)]


def test_bfd_without_weight_is_a_fault_at_first():
    wire = tracking(TrackedKind.BFD).start()
    assert wire.host.take_log() == [("Initialize", "Initialize", DOWN)]


def test_a_number_too_low_is_a_fault():
    wire = tracking(TrackedKind.FILE, 2)
    set_tracked(wire, TrackedKind.FILE, -126)
    assert wire.start().router.config.priority == 1
    set_tracked(wire, TrackedKind.FILE, -127)
    assert wire.host.take_log()[-1] == ("Backup", "Initialize", DOWN)


def test_a_fault_in_the_sync_group_keeps_it_out():
    wire = Wire()
    wire.host.group_fault = InitializeReason.SYNC_GROUP
    wire.start()
    assert wire.host.take_log() == [("Initialize", "Initialize", InitializeReason.SYNC_GROUP)]


def test_an_owner_keeps_the_address_the_interface_has():
    wire = Wire(priority=255)
    wire.host.table.apply(AddressAdded(InterfaceAddress(2, ip_interface("192.0.2.100/24"))))
    wire.start()
    wire.router.stop()
    assert not [e for e in wire.host.take_log() if e[0] in ("AddAddress", "RemoveAddress")]


def test_an_owner_takes_away_what_a_crashed_run_left():
    wire = Wire(priority=255)
    left = InterfaceAddress(2, ip_interface("192.0.2.100/24"), ours=True)
    wire.host.table.apply(AddressAdded(left))
    wire.router.connect(wire.segment)
    assert [str(r.address) for r in wire.router.holdings.leftovers(routing=False)] == [
        "192.0.2.100/24"
    ]


def gone(*hosts, by_us=False):
    return {address_key(2, IPv4Address(f"192.0.2.{host}")): by_us for host in hosts}


def test_an_address_taken_away_by_somebody_is_the_end_of_being_active_for_a_while():
    wire = Wire().start()
    wire.router.lose(gone(100))
    wire.host.loop.advance(4.0)
    wire.host.take_log()
    wire.router.lose(gone(99))
    assert wire.host.take_log() == []
    wire.router.lose(gone(99, 100))
    assert wire.host.take_log() == ["dispossessed"]


def test_an_address_taken_away_by_somebody_is_put_back_on_demand():
    wire = Wire().start()
    wire.host.restores = True
    wire.host.loop.advance(4.0)
    wire.host.take_log()
    wire.router.lose(gone(100))
    assert wire.host.take_log() == [("AddAddress", "192.0.2.100/24"), ("announce", 1, 1)]


def test_what_left_because_of_ourselves_is_put_back():
    """The kernel drops secondary addresses with the first one."""
    wire = Wire().start()
    wire.host.loop.advance(4.0)
    wire.host.take_log()
    wire.router.lose(gone(100, by_us=True))
    assert wire.host.take_log() == [("AddAddress", "192.0.2.100/24"), ("announce", 1, 1)]


def test_what_is_not_watched_may_leave():
    wire = Wire()
    settings = wire.router.settings
    unwatched = tuple(replace(address, no_track=True) for address in settings.addresses)
    wire.router.reconfigure(replace(settings, addresses=unwatched))
    wire.start()
    wire.host.loop.advance(4.0)
    wire.host.take_log()
    wire.router.lose(gone(100))
    assert wire.host.take_log() == []


def test_nothing_is_put_back_on_an_interface_that_failed():
    """Its end takes addresses away, and is told later than that."""
    wire = Wire().start()
    wire.host.loop.advance(4.0)
    wire.host.take_log()
    wire.host.table.apply(LinkChanged(replace(LINK, up=False)))
    wire.router.lose(gone(100))
    assert wire.host.take_log() == []


def test_a_snapshot_of_a_backup_tells_whom_it_follows():
    wire = Wire(advertisement_interval=2.0).start()
    for second in (1.0, 2.0, 3.0):
        wire.hear(wire.datagram(150, advertisement_interval=1.5), at=second)
    wire.hear(wire.datagram(150, ttl=64), at=4.0)
    wire.hear(wire.datagram(60, source="192.0.2.3"), at=4.5)
    seen = wire.router.snapshot(loop_epoch=1_700_000_000.0)
    assert (seen.state, seen.reason, seen.changed_at) == (
        StateName.BACKUP,
        None,
        1_700_000_000.0,
    )
    assert seen.active_router == ActiveRouterSnapshot(IPv4Address("192.0.2.2"), 150, 1.5)
    assert (seen.name, seen.interface, seen.vrid, seen.source) == ("web", "eth0", 51, OWN)
    assert (seen.installed, seen.virtual_mac) == ((), None)
    assert seen.counters == Counters(
        advertisements_received=4,
        discarded={DiscardReason.TTL: 1},
        mismatches={Mismatch.INTERVAL: 3},
    )


@pytest.mark.parametrize(("skips", "differs"), [(False, 5), (True, 2)])
def test_addresses_of_one_who_said_them_before_need_no_second_look(skips, differs):
    """skip_check_adv_addr: each new sender is looked at."""
    wire = Wire(skip_repeated_address_check=skips).start()
    other = (IPv4Address("192.0.2.99"),)
    for second, priority in ((1.0, 150), (2.0, 150), (3.0, 150), (4.0, 160)):
        wire.hear(wire.datagram(priority, addresses=other), at=second)
    wire.hear(wire.datagram(170, source="192.0.2.3", addresses=other), at=5.0)
    assert wire.router.counters.mismatches == {Mismatch.ADDRESS_LIST: differs}


def test_a_snapshot_of_an_active_does_not_change_afterwards():
    tracked = (TrackedInterface("eth1", 20),)
    wire = Wire(tracked=tracked).start()
    wire.host.loop.advance(5.0)
    wire.router.refuse(PacketError(DiscardReason.TTL, ""), IpFacts(OWN, OWN, 1), 5.0)
    seen = wire.router.snapshot(loop_epoch=0.0)
    wire.router.refuse(PacketError(DiscardReason.TTL, ""), IpFacts(OWN, OWN, 1), 5.0)
    wire.host.loop.advance(10.0)
    assert (seen.state, seen.base_priority, seen.priority) == (StateName.ACTIVE, 100, 120)
    assert seen.active_router is None
    assert seen.installed == (IPv4Address("192.0.2.100"),)
    assert seen.counters == Counters(
        advertisements_sent=2, active_transitions=1, discarded={DiscardReason.TTL: 1}
    )


def test_a_snapshot_says_why_it_takes_no_part():
    wire = Wire()
    wire.host.table.apply(LinkChanged(replace(LINK, running=False)))
    seen = wire.start().router.snapshot(loop_epoch=0.0)
    assert (seen.state, seen.reason) == (StateName.INITIALIZE, InitializeReason.INTERFACE_DOWN)


def test_cleared_counters_forget_what_was_not_taken_yet():
    wire = Wire().start()
    for second in (1.0, 2.0, 3.0):
        wire.hear(wire.datagram(150), at=second)
    wire.router.clear_counters()
    assert wire.router.counters == Counters()
    wire.hear(wire.datagram(150), at=4.0)
    assert wire.router.counters.advertisements_received == 1


async def test_watchers_see_every_change_and_a_slow_one_the_newest():
    wire = Wire()
    changes = wire.router.changes()
    waiting = anext(changes)
    task = asyncio.ensure_future(waiting)
    await asyncio.sleep(0)
    wire.start()
    assert (await task).current.value == "Backup"
    for _ in range(40):
        wire.host.table.apply(LinkRemoved(LINK))
        wire.router.assess()
        wire.host.table.apply(LinkChanged(LINK))
        wire.host.table.apply(ADDED)
        wire.router.assess()
    seen = [(await anext(changes)).current.value for _ in range(64)]
    assert seen == ["Initialize", "Backup"] * 32
    await changes.aclose()


class Plain:
    """The state machine alone, fed with every single event: what the shortcuts must equal."""

    def __init__(self, cfg):
        self.cfg = cfg
        self.state = Initialize()
        self.sent = []
        self.changes = []

    def feed(self, event, now):
        self.state, wishes = transition(self.cfg, self.state, event, now)
        for wish in wishes:
            match wish:
                case SendAdvertisement(priority):
                    self.sent.append((now, priority))
                case StateChanged(_, current, _):
                    self.changes.append((round(now, 2), current.value))

    def advance(self, to):
        while deadline(self.state) <= to:
            self.feed(Tick(), deadline(self.state))


@settings(max_examples=300, deadline=None)
@given(
    steps=st.lists(
        st.tuples(
            st.integers(0, 120),  # hundredths of a second
            st.sampled_from([0, 50, 100, 150]),
            st.sampled_from(["192.0.2.2", "192.0.2.3"]),
        ),
        max_size=40,
    ),
    preempt_delay=st.sampled_from([0.0, 2.0]),
)
def test_shortcuts_change_nothing(steps, preempt_delay):
    wire = Wire(advertisement_interval=0.2, preempt_delay=preempt_delay).start()
    cfg = wire.router.config
    plain = Plain(cfg)
    plain.feed(Startup(), 0.0)
    sent, changes, now = [], [], 0.0
    sender = FakeSender([], "")
    sender.send = lambda message: sent.append((wire.host.loop.now, message[2]))
    wire.router.outgoing = ((sender.send, encode(cfg, cfg.priority, GROUP)),)
    wire.host.changed = lambda r, c: changes.append((round(c.at, 2), c.current.value))
    changes.append((0.0, "Backup"))
    for step, priority, source in steps:
        now += step / 100
        datagram = wire.datagram(priority, source)
        message, ip = split_datagram(Family.IPV4, datagram)
        plain.advance(now)
        # Due within those 2 ms, an Advertisement may come on either side of what is heard.
        assume(not plain.sent or now - plain.sent[-1][0] > 0.0031)
        assume(deadline(plain.state) - now > 0.001)
        plain.feed(AdvertisementReceived(admit(cfg, message, ip).advertisement), now)
        wire.hear(datagram, at=now)
    plain.advance(now + 5)
    wire.host.loop.advance(now + 5)
    assert changes == plain.changes
    # Members of a rhythm meet within 2 ms, so the last Advertisement may fall behind the end.
    pairs = list(zip(sent, plain.sent, strict=False))
    assert abs(len(sent) - len(plain.sent)) <= 1
    assert [priority for (_, priority), _ in pairs] == [priority for _, (_, priority) in pairs]
    assert max(abs(ours - its) for (ours, _), (its, _) in pairs) < 0.0031
    assert wire.router.counters.advertisements_received == len(steps)
    assert wire.router.counters.advertisements_sent == len(sent)
