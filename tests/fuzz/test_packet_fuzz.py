"""Any bytes decode or raise PacketError, and nothing else: 1,000,000 cases, reproducible.

Two generators: hypothesis, which shrinks what it finds, and a seeded mutator of valid messages,
which is fast enough for the million. Most of the mutated messages get their checksum set right, so
that they come past it.
"""

from ipaddress import IPv4Address, IPv6Address
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyvrrp.core.model import ChecksumForm, Family, Version, VirtualRouterConfig
from pyvrrp.core.packet import (
    Advertisement,
    IpFacts,
    PacketError,
    decode,
    encode,
    internet_checksum,
)
from pyvrrp.core.receive import admit

FACTS = (
    IpFacts(IPv4Address("192.0.2.9"), IPv4Address("224.0.0.18"), 255),
    IpFacts(IPv6Address("fe80::9"), IPv6Address("ff02::12"), 255),
)
VIPS4 = tuple(IPv4Address(0xC0000264 + n) for n in range(20))
VIPS6 = tuple(IPv6Address((0xFE80 << 112) + n) for n in range(100, 110))
PEERS = (
    *(
        VirtualRouterConfig(
            51, Family.IPV4, VIPS4[:count], FACTS[0].source, version=version, checksum=form
        )
        for count in (1, 2, 20)
        for version in Version
        for form in ChecksumForm
    ),
    *(VirtualRouterConfig(51, Family.IPV6, VIPS6[:n], FACTS[1].source) for n in (1, 2, 10)),
)
CASES = 1_000_000


def survives(message, facts):
    """Whether it decoded; anything but PacketError ends the test."""
    try:
        adv = decode(message, facts)
    except PacketError:
        return False
    assert type(adv) is Advertisement
    assert 8 <= 8 + len(adv.addresses) <= len(message)
    return True


@given(st.binary(max_size=1500), st.sampled_from(FACTS))
def test_any_bytes(message, facts):
    survives(message, facts)


@given(
    first=st.sampled_from((0x21, 0x31)),
    head=st.binary(min_size=5, max_size=5),
    body=st.binary(max_size=160),
    facts=st.sampled_from(FACTS),
    with_pseudo_header=st.booleans(),
)
@settings(max_examples=500)
def test_any_bytes_with_the_right_first_octet_and_checksum(
    first, head, body, facts, with_pseudo_header
):
    message = bytes((first,)) + head + b"\0\0" + body
    survives(resummed(message, facts, with_pseudo_header), facts)


def resummed(message, facts, with_pseudo_header):
    words = message[:6] + b"\0\0" + message[8:]
    if with_pseudo_header:
        words += facts.source.packed + facts.destination.packed
        words += len(message).to_bytes(4, "big") + bytes((0, 0, 0, 112))
        if len(message) % 2:  # the odd octet comes last in the code's order, so leave it
            return message
    return message[:6] + internet_checksum(words).to_bytes(2, "big") + message[8:]


def mutated(random, message):
    """One to three small changes of the kinds that parsers trip over."""
    data = bytearray(message)
    for _ in range(random.randrange(1, 4)):
        kind = random.randrange(7)
        where = random.randrange(len(data)) if data else 0
        if kind == 0 and data:
            data[where] = random.randrange(256)
        elif kind == 1 and data:
            data[where] ^= 1 << random.randrange(8)
        elif kind == 2:
            del data[where:]
        elif kind == 3:
            data += random.randbytes(random.randrange(1, 20))
        elif kind == 4 and len(data) > 3:
            data[3] = random.choice((0, 1, 2, 127, 254, 255))
        elif kind == 5 and data:
            data[0] = random.choice((0x11, 0x20, 0x21, 0x22, 0x30, 0x31, 0x3F, 0xFF))
        else:
            del data[where : where + random.randrange(1, 5)]
    return bytes(data)


def run(seed, cases):
    """How many of `cases` mutated messages decoded."""
    random = Random(seed)
    valid = [(cfg, encode(cfg, 100, cfg.destination_group)) for cfg in PEERS]
    decoded = 0
    for _ in range(cases):
        cfg, message = random.choice(valid)
        facts = FACTS[cfg.family is Family.IPV6]
        if random.random() < 0.02:
            facts = random.choice(FACTS)
        message = mutated(random, message)
        if random.random() < 0.8:
            message = resummed(message, facts, message[:1] >= b"\x30")
        try:
            decoded += survives(message, facts)
        except BaseException:
            print(f"seed {seed}: decode({message.hex()!r}, {facts})")
            raise
    return decoded


def test_mutated_messages():
    assert 1000 < run(0, 10_000) < 9000


@pytest.mark.slow
def test_a_million_mutated_messages():
    """The share that decodes shows that neither side of the fence is forgotten."""
    assert CASES // 10 < run(1, CASES) < CASES * 9 // 10


def test_what_decodes_is_admitted_or_refused_too():
    random = Random(2)
    for cfg in PEERS:
        message = encode(cfg, 100, cfg.destination_group)
        facts = FACTS[cfg.family is Family.IPV6]
        for _ in range(300):
            other = resummed(mutated(random, message), facts, random.random() < 0.5)
            try:
                admit(cfg, other, facts)
            except PacketError as error:
                assert str(error).startswith(error.reason.value)
