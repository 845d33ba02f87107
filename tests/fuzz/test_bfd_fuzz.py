"""Whatever arrives, a BFD session stays a session: no exception, no lost timer, no false news."""

from contextlib import suppress
from math import inf
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyvrrp.bfd.core.actions import ReachabilityChanged, Send
from pyvrrp.bfd.core.events import Disabled, Enabled, PacketReceived, Reconfigured, Tick
from pyvrrp.bfd.core.model import SessionConfig, SessionState
from pyvrrp.bfd.core.packet import ControlPacket, PacketError, decode, encode
from pyvrrp.bfd.core.session import begin, deadline, heard_again, is_routine, transition

VALID = bytes.fromhex("20c00318 00000001 00000007 00002710 00002710 00000000")
CASES = 50_000

UP = SessionState.UP
intervals = st.integers(0, 0xFFFFFFFF).map(lambda us: us / 1_000_000)


def control_packets(least):
    """With 1 those that a session may be given, with 0 any."""
    numbers = st.integers(least, 0xFFFFFFFF)
    bits = st.booleans()
    return st.builds(
        ControlPacket,
        state=st.sampled_from(SessionState),
        my_discriminator=numbers,
        your_discriminator=numbers,
        multiplier=st.integers(least, 255),
        desired_min_tx=intervals,
        required_min_rx=intervals,
        diagnostic=st.integers(0, 31),
        poll=bits,
        final=st.just(False) if least else bits,
        demand=bits,
    )


configs = st.builds(
    SessionConfig,
    st.sampled_from([0.001, 0.05, 4000.0]),
    st.sampled_from([0.001, 0.05, 4000.0]),
    st.sampled_from([1.0, 30.0]),
    st.integers(1, 255),
    st.booleans(),
)


@given(st.binary(max_size=100))
def test_any_octets(octets):
    try:
        packet = decode(octets)
    except PacketError:
        return
    assert packet.my_discriminator
    assert packet.multiplier


@given(control_packets(0))
def test_what_is_encoded_is_decoded_or_refused(packet):
    with suppress(PacketError):
        assert decode(encode(packet)) == packet


@pytest.mark.slow
def test_mutated_packets():
    chance = Random(5880)
    decoded = 0
    for _ in range(CASES):
        octets = bytearray(VALID)
        for _ in range(chance.randrange(1, 4)):
            octets[chance.randrange(len(octets))] = chance.randrange(256)
        if chance.random() < 0.2:
            octets = octets[: chance.randrange(30)]
        try:
            decode(bytes(octets))
            decoded += 1
        except PacketError:
            pass
    assert CASES * 0.3 < decoded < CASES * 0.9


events = st.one_of(
    control_packets(1).map(PacketReceived),
    st.sampled_from([Tick(), Tick(), Tick(), Disabled(), Enabled()]),
    configs,
)


@given(configs, st.lists(st.tuples(events, st.floats(0, 100)), max_size=40))
def test_no_sequence_of_events_breaks_a_session(cfg, sequence):
    now, session, told = 1000.0, begin(cfg, 1, 1000.0), False
    for what, wait in sequence:
        now += wait
        cfg = what if isinstance(what, SessionConfig) else cfg
        event = Reconfigured() if isinstance(what, SessionConfig) else what
        session, actions = transition(cfg, session, event, now, wait / 100)
        for action in actions:
            if isinstance(action, Send):
                assert len(encode(action.packet)) == 24
                assert not (action.packet.poll and action.packet.final)
                assert not (cfg.is_passive and action.packet.your_discriminator == 0)
            elif isinstance(action, ReachabilityChanged):
                assert action.is_reachable is not told
                told = action.is_reachable
        assert session.is_reachable is told
        if session.state is UP:
            assert told
            assert session.silent_at < inf
        if isinstance(event, PacketReceived) and is_routine(session, event.packet):
            again, nothing = transition(cfg, session, event, now, 0.0)
            assert (again, nothing) == (heard_again(session, now), ())
        if isinstance(event, Tick):
            assert deadline(session) > now
