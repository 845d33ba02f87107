"""Every session on one loop, with sockets that do what the test tells them to."""

import socket
import struct
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address
from random import Random

import pytest

from pyvrrp.bfd import neighbor as neighbor_module
from pyvrrp.bfd import speaker as speaker_module
from pyvrrp.bfd.core.model import SessionConfig, SessionState
from pyvrrp.bfd.core.packet import ControlPacket, DiscardReason, decode, encode
from pyvrrp.bfd.settings import BfdSettings
from pyvrrp.bfd.sockets import BfdSocketError, Receiver
from pyvrrp.bfd.speaker import Speaker
from tests.unit.fakes import FakeLoop, make_deadlines

ADMIN_DOWN, DOWN, INIT, UP = SessionState
FAST = SessionConfig(0.01, 0.01, 1.0, 3)
ONE = BfdSettings("one", IPv4Address("192.0.2.2"), IPv4Address("192.0.2.1"), protocol=FAST)
FAR = replace(ONE, name="far", is_multihop=True, max_hops=None)
SIX = BfdSettings("six", IPv6Address("fe80::2%lo"), protocol=FAST, ttl=64)
LO = socket.if_nametoindex("lo")


class FakeReceiver:
    arrival = Receiver.arrival

    def __init__(self, version, port):
        if port in self.taken:
            raise BfdSocketError(
                f"listen on UDP port {port}", OSError(98, "Address already in use")
            )
        self.version, self.port, self.is_closed = version, port, False
        self.waiting = []
        self.all[version, port] = self

    def fileno(self):
        return self.port + self.version

    def close(self):
        self.is_closed = True

    def read(self):
        return self.waiting.pop(0) if self.waiting else None


class FakeSender:
    def __init__(self, settings, random):
        self.settings = settings

    def send(self, octets):
        if self.errors:
            raise self.errors[0]
        self.sent.append((self.settings.name, self.settings.ttl, decode(octets)))

    def close(self):
        self.closed.append(self.settings.name)


class Rig:
    def __init__(self):
        self.loop = FakeLoop()
        self.told, self.log = [], []
        self.receivers, self.taken = {}, set()
        self.sent, self.closed, self.errors = [], [], []

    def start(self, *settings):
        self.speaker = Speaker(
            lambda *news: self.told.append(news), lambda *news: self.log.append(news), Random(1)
        )
        self.speaker.use(settings)
        self.loop.advance(0.001)

    def session(self, name="one"):
        return next(n.session for n in self.speaker.neighbors if n.settings.name == name)

    def hear(self, packet, source="192.0.2.2", destination="192.0.2.1", ttl=255, port=3784):
        receiver = self.receivers[4, port]
        pktinfo = struct.pack("=i4s4s", 2, b"", IPv4Address(destination).packed)
        ancillary = ((0, 2, struct.pack("=i", ttl)), (0, 8, pktinfo))
        octets = packet if isinstance(packet, bytes) else encode(packet)
        receiver.waiting.append((octets, ancillary, (source, 50000)))
        self.loop.readers[receiver.fileno()]()

    def packet(self, state, name="one", **fields):
        yours = self.session(name).discriminator
        return replace(ControlPacket(state, 99, yours, 3, 0.01, 0.01), **fields)

    def bring_up(self, name="one", **where):
        self.hear(self.packet(INIT, name), **where)
        self.hear(self.packet(UP, name, final=True), **where)
        assert self.session(name).state is UP


@pytest.fixture
def rig(monkeypatch):
    rig = Rig()
    names = {"all": rig.receivers, "taken": rig.taken}
    monkeypatch.setattr(speaker_module, "Receiver", type("_", (FakeReceiver,), names))
    names = {"sent": rig.sent, "closed": rig.closed, "errors": rig.errors}
    monkeypatch.setattr(neighbor_module, "Sender", type("_", (FakeSender,), names))
    monkeypatch.setattr(speaker_module, "Deadlines", make_deadlines)
    monkeypatch.setattr(speaker_module.asyncio, "get_running_loop", lambda: rig.loop)
    return rig


def test_each_session_speaks_and_is_told_when_it_goes_up(rig):
    rig.start(ONE, FAR)
    assert [(name, packet.state) for name, _, packet in rig.sent] == [("one", DOWN), ("far", DOWN)]
    assert rig.receivers.keys() == {(4, 3784), (4, 4784)}
    rig.bring_up()
    assert rig.told == [("one", True)]
    assert [type(action).__name__ for _, action in rig.log] == [
        "StateChanged",
        "DetectionTimeChanged",
    ]


def test_a_first_packet_is_for_the_session_with_its_sender(rig):
    other = replace(ONE, name="other", source=IPv4Address("192.0.2.9"))
    rig.start(ONE, other, FAR)
    down = ControlPacket(DOWN, 99, 0, 3, 1.0, 0.01)
    rig.hear(down, destination="192.0.2.9")
    assert [rig.session(n).state for n in ("one", "other", "far")] == [DOWN, INIT, DOWN]
    rig.hear(down, port=4784)
    assert [rig.session(n).state for n in ("one", "other", "far")] == [DOWN, INIT, INIT]


@pytest.mark.parametrize(
    ("where", "reason"),
    [
        pytest.param({"source": "192.0.2.3"}, DiscardReason.NO_SESSION, id="a stranger"),
        pytest.param({"destination": "192.0.2.7"}, DiscardReason.NO_SESSION, id="to another"),
        pytest.param({"ttl": 254}, DiscardReason.TTL, id="from afar"),
    ],
)
def test_what_is_for_nobody_is_counted(rig, where, reason):
    rig.start(ONE)
    rig.hear(ControlPacket(DOWN, 99, 0, 3, 1.0, 0.01), **where)
    assert rig.session().state is DOWN
    assert rig.speaker.discards == {reason: 1}


def test_and_so_is_a_wrong_discriminator_and_a_wrong_port(rig):
    rig.start(ONE, FAR)
    rig.hear(rig.packet(INIT, your_discriminator=12345))
    rig.hear(rig.packet(INIT), port=4784)
    rig.hear(b"garbage")
    assert rig.speaker.discards == {DiscardReason.NO_SESSION: 2, DiscardReason.TOO_SHORT: 1}


@pytest.mark.parametrize(
    ("settings", "ttl", "is_near"),
    [
        (ONE, 255, True),
        (ONE, 254, False),
        (replace(ONE, max_hops=2), 253, True),
        (replace(ONE, max_hops=2), 252, False),
        (replace(ONE, ttl=64), 64, True),
        (replace(ONE, ttl=64), 63, False),
        (replace(ONE, max_hops=None), 1, True),
        (ONE, None, True),
    ],
)
def test_how_far_a_packet_may_have_come(settings, ttl, is_near):
    assert settings.is_near(ttl) is is_near


def test_routine_keeps_a_session_up_without_a_second_look(rig):
    rig.start(ONE)
    rig.bring_up()
    beats = rig.packet(UP)
    rig.hear(beats)
    examined = []
    rig.speaker._examine = lambda *_: examined.append(1)
    for step in range(1, 50):
        rig.loop.advance(step * 0.01)
        rig.hear(beats)
    assert (rig.session().state, examined) == (UP, [])
    del rig.speaker._examine
    rig.hear(beats, ttl=254)
    assert rig.speaker.discards == {DiscardReason.TTL: 1}


def test_silence_is_told(rig):
    rig.start(ONE)
    rig.bring_up()
    rig.loop.advance(0.04)
    assert rig.told == [("one", True), ("one", False)]
    assert rig.session().state is DOWN


def test_before_a_session_is_given_up_what_came_meanwhile_is_read(rig):
    rig.start(ONE)
    rig.bring_up()
    beats = rig.packet(UP)
    rig.hear(beats)
    receiver = rig.receivers[4, 3784]
    receiver.waiting.append(
        (encode(beats), ((0, 2, struct.pack("=i", 255)),), ("192.0.2.2", 50000))
    )
    rig.loop.advance(0.045, late=0.004)
    assert rig.told == [("one", True)]


class TestOtherSettings:
    def test_what_is_the_same_goes_on(self, rig):
        rig.start(ONE)
        rig.bring_up()
        before = rig.session()
        rig.speaker.use([ONE])
        assert rig.session() == before

    def test_another_interval_is_polled_for(self, rig):
        rig.start(ONE)
        rig.bring_up()
        rig.sent.clear()
        slow = replace(ONE, protocol=replace(FAST, desired_min_tx=0.5))
        rig.speaker.use([slow])
        assert [(p.state, p.poll, p.desired_min_tx) for _, _, p in rig.sent] == [(UP, True, 0.5)]

    def test_another_ttl_is_sent(self, rig):
        rig.start(ONE)
        rig.bring_up()
        rig.speaker.use([replace(ONE, ttl=200)])
        rig.sent.clear()
        rig.hear(rig.packet(UP, poll=True))
        assert [ttl for _, ttl, _ in rig.sent] == [200]

    def test_another_neighbour_is_another_session(self, rig):
        rig.start(ONE)
        rig.bring_up()
        rig.speaker.use([replace(ONE, neighbor=IPv4Address("192.0.2.77"))])
        assert rig.told == [("one", True), ("one", False)]
        assert rig.session().state is DOWN
        assert rig.closed == ["one"]

    def test_one_that_is_gone_is_silent_and_its_port_closed(self, rig):
        rig.start(ONE, FAR)
        rig.speaker.use([ONE])
        assert rig.closed == ["far"]
        assert rig.receivers[4, 4784].is_closed
        rig.sent.clear()
        rig.loop.advance(3.0)
        assert {name for name, _, _ in rig.sent} == {"one"}

    @pytest.mark.parametrize("twin", [ONE, replace(ONE, name="two")], ids=["name", "path"])
    def test_twins_are_refused(self, rig, twin):
        rig.start(ONE)
        with pytest.raises(ValueError):
            rig.speaker.use([ONE, twin])


def test_a_port_that_is_taken_is_tried_again(rig, caplog):
    rig.taken.add(3784)
    rig.start(ONE)
    assert caplog.messages == [
        "listen on UDP port 3784: Address already in use; tried again in 10 s"
    ]
    rig.taken.clear()
    rig.loop.advance(10.5)
    rig.hear(rig.packet(INIT))
    assert rig.told == [("one", True)]


def test_an_error_of_sending_is_told_once(rig, caplog):
    rig.errors.append(OSError(101, "Network is unreachable"))
    rig.start(ONE)
    rig.loop.advance(5.0)
    assert caplog.messages == ["(one) Error sending packet: Network is unreachable"]
    rig.errors.clear()
    rig.loop.advance(7.0)
    rig.errors.append(OSError(101, "Network is unreachable"))
    rig.loop.advance(9.0)
    assert len(caplog.messages) == 2


def test_a_link_local_neighbour_is_known_by_its_link(rig):
    rig.start(SIX)
    octets = encode(ControlPacket(DOWN, 99, 0, 3, 1.0, 0.01))
    receiver = rig.receivers[6, 3784]
    for index in (LO + 1000, LO):
        pktinfo = struct.pack("=16si", IPv6Address("fe80::1").packed, index)
        ancillary = ((41, 52, struct.pack("=i", 64)), (41, 50, pktinfo))
        receiver.waiting.append((octets, ancillary, ("fe80::2%lo", 50000, 0, index)))
    rig.loop.readers[receiver.fileno()]()
    assert rig.speaker.discards == {DiscardReason.NO_SESSION: 1}
    assert rig.session("six").state is INIT


def test_at_the_end_everything_is_closed(rig):
    rig.start(ONE)
    rig.speaker.close()
    assert (rig.closed, rig.receivers[4, 3784].is_closed) == (["one"], True)
    rig.sent.clear()
    rig.loop.advance(10.0)
    assert rig.sent == []
