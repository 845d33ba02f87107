"""RFC 2402's header as keepalived has it. ICVs come from the standard library over octets written out
by hand; whether keepalived agrees, tests/netns/test_auth_ah.py asks it."""

import hmac
from dataclasses import replace
from ipaddress import ip_address

import pytest

from pyvrrp.core import auth_ah
from pyvrrp.core.model import Family, Version, VirtualRouterConfig
from pyvrrp.core.packet import DiscardReason, IpFacts, PacketError, encode
from pyvrrp.core.receive import admit

KEY = b"secret\0\0"
OURS, GROUP, PEER = map(ip_address, ("192.0.2.1", "224.0.0.18", "192.0.2.9"))
# VRID 51, priority 100, authentication type 2, 1 s, 192.0.2.100.
MESSAGE = bytes.fromhex("21336401 0201 b665 c0000264 0000000000000000")
CFG = VirtualRouterConfig(
    51, Family.IPV4, (ip_address("192.0.2.100"),), OURS, version=Version.V2, ah_key=KEY
)

# Total length 64, identification 5, do not fragment, protocol 51.
TO_GROUP = (
    bytes.fromhex(
        "45c00040 00054000 ff33d8b1 c0000201 e0000012"
        "70040000 c0000201 00000005 04831a5f3f113266d85ceb92"
    )
    + MESSAGE
)
TO_PEER = (
    bytes.fromhex(
        "45c00040 00054000 4033b5bb c0000201 c0000209"
        "70040000 c0000201 00000005 0a65c26315e338f4f66cc556"
    )
    + MESSAGE
)


def facts(packet):
    return IpFacts(*auth_ah.facts(packet))


def test_the_message_says_what_protects_it():
    assert encode(CFG, 100, GROUP) == MESSAGE


@pytest.mark.parametrize(
    ("destination", "ttl", "packet"),
    [pytest.param(GROUP, 255, TO_GROUP, id="group"), pytest.param(PEER, 64, TO_PEER, id="peer")],
)
def test_a_packet_there_and_back(destination, ttl, packet):
    assert auth_ah.packet(KEY, (OURS, destination), ttl, MESSAGE, 5) == packet
    assert facts(packet) == IpFacts(OURS, destination, ttl)
    assert auth_ah.vrid(packet) == 51
    assert auth_ah.check(KEY, packet, facts(packet), 4) == (MESSAGE, 5)


def test_what_routers_change_is_not_covered():
    """Type of service, fragment field, checksum; of a unicast packet the TTL."""
    changed = bytearray(TO_PEER)
    changed[1], changed[6:8], changed[8], changed[10:12] = 0, b"\0\0", 62, b"\xff\xff"
    assert auth_ah.check(KEY, bytes(changed), facts(TO_PEER), 4) == (MESSAGE, 5)


def test_options_are_covered_as_they_are():
    options = bytes.fromhex("94040000")
    header = bytearray(TO_PEER[:20] + options)
    header[0], header[3] = 0x46, 0x44
    blank = bytes.fromhex("46000044 00050000 00330000 c0000201 c0000209") + options
    protection = bytes.fromhex("70040000 c0000201 00000005")
    icv = hmac.new(KEY, blank + protection + bytes(12) + MESSAGE, "md5").digest()[:12]
    packet = bytes(header) + protection + icv + MESSAGE
    assert auth_ah.check(KEY, packet, facts(packet), 0) == (MESSAGE, 5)


@pytest.mark.parametrize("octet", [0, 2, 4, 8, 9, 12, 16, 21, 24, 28, 32, 43, 44, 63])
def test_every_other_octet_is_covered(octet):
    changed = bytearray(TO_GROUP)
    changed[octet] ^= 0x10 if octet == 0 else 1
    ip = IpFacts(OURS, GROUP, 255)
    with pytest.raises(PacketError) as caught:
        auth_ah.check(KEY, bytes(changed), ip, 0)
    assert caught.value.reason is DiscardReason.AUTHENTICATION_FAILURE


@pytest.mark.parametrize(
    ("key", "source", "last", "says"),
    [
        pytest.param(b"Secret\0\0", OURS, 0, "not that of our key", id="key"),
        pytest.param(KEY, PEER, 0, "c0000201 is no sender's", id="SPI"),
        pytest.param(KEY, OURS, 5, "sequence 5 was heard before", id="replay"),
        pytest.param(KEY, OURS, 6, "the last is 6", id="older"),
    ],
)
def test_refused(key, source, last, says):
    with pytest.raises(PacketError, match=says) as caught:
        auth_ah.check(key, TO_GROUP, IpFacts(source, GROUP, 255), last)
    assert caught.value.reason is DiscardReason.AUTHENTICATION_FAILURE


@pytest.mark.parametrize(
    "packet",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(TO_GROUP[:51], id="no whole header behind it"),
        pytest.param(b"\x44" + TO_GROUP[1:], id="IP header too short"),
        pytest.param(TO_GROUP[:20] + b"\x06" + TO_GROUP[21:], id="protects TCP"),
    ],
)
def test_what_holds_no_message(packet):
    assert auth_ah.facts(packet) is None


def test_admit():
    heard = replace(CFG, source=PEER)

    def check(packet, ip):
        return auth_ah.check(KEY, packet, ip, 4)[0], b""

    assert admit(heard, TO_GROUP, facts(TO_GROUP), check).advertisement.priority == 100
    with pytest.raises(PacketError, match="nothing vouches") as caught:
        admit(heard, MESSAGE, facts(TO_GROUP))
    assert caught.value.reason is DiscardReason.AUTHENTICATION_MISMATCH


def test_the_sequence_starts_over_after_its_end():
    packet = auth_ah.packet(KEY, (OURS, GROUP), 255, MESSAGE, 1 << 32)
    assert (packet[4:6], packet[28:32]) == (b"\0\1", bytes(4))
