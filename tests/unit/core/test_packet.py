"""Wire bytes are literals: RFC layouts with checksums worked out by hand or captured."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyvrrp.core.model import ChecksumForm, Family, Version, VirtualRouterConfig
from pyvrrp.core.packet import (
    DiscardReason,
    IpFacts,
    PacketError,
    decode,
    encode,
    internet_checksum,
)

GROUP4 = IPv4Address("224.0.0.18")
GROUP6 = IPv6Address("ff02::12")
V3_IPV4 = VirtualRouterConfig(
    vrid=51,
    family=Family.IPV4,
    addresses=(IPv4Address("192.0.2.100"),),
    source=IPv4Address("192.0.2.1"),
)
V3_IPV6 = VirtualRouterConfig(
    vrid=51,
    family=Family.IPV6,
    addresses=(IPv6Address("fe80::64"), IPv6Address("2001:db8::64")),
    source=IPv6Address("fe80::1"),
)
V2 = replace(V3_IPV4, version=Version.V2)


def facts(cfg=V3_IPV4, destination=None, ttl=255):
    return IpFacts(cfg.source, destination or cfg.destination_group, ttl)


# 3133 6401 0064 .... c000 0264: words sum to 157fc; folded 57fd; complement a802
MESSAGE_ONLY = bytes.fromhex("31336401 0064 a802 c0000264")
# plus c000 0201 e000 0012 0070 000c: sum of all words 2fa8b; folded fa8d; complement 0572
PSEUDO = bytes.fromhex("31336401 0064 0572 c0000264")
# 2133 6401 0001 .... c000 0264 and 8 zero octets: 14799; folded 479a; complement b865
V2_BYTES = bytes.fromhex("21336401 0001 b865 c0000264 0000000000000000")


@pytest.mark.parametrize(
    ("cfg", "wire"),
    [
        pytest.param(V3_IPV4, PSEUDO, id="v3 IPv4, 5798 form"),
        pytest.param(
            replace(V3_IPV4, checksum=ChecksumForm.MESSAGE_ONLY), MESSAGE_ONLY, id="v3, 9568 form"
        ),
        pytest.param(V2, V2_BYTES, id="v2"),
    ],
)
def test_encode_ipv4(cfg, wire):
    assert encode(cfg, 100, GROUP4) == wire


def test_encode_ipv6_agrees_with_scapy():
    from scapy.layers.inet6 import IPv6
    from scapy.layers.vrrp import VRRPv3

    wire = encode(V3_IPV6, 100, GROUP6)
    assert wire[:6].hex() == "313364020064"
    assert wire[8:] == V3_IPV6.addresses[0].packed + V3_IPV6.addresses[1].packed
    packet = IPv6(src="fe80::1", dst="ff02::12", nh=112, hlim=255) / VRRPv3(
        vrid=51, priority=100, ipcount=2, adv=100, addrlist=["fe80::64", "2001:db8::64"]
    )
    assert bytes(packet)[40:] == wire


def test_reserve_bits_stay_zero_at_the_longest_interval():
    wire = encode(replace(V3_IPV4, advertisement_interval=40.95), 100, GROUP4)
    assert wire[4:6].hex() == "0fff"


@pytest.mark.parametrize("priority", [0, 1, 254, 255])
def test_the_priority_on_the_wire(priority):
    assert encode(V3_IPV4, priority, GROUP4)[2] == priority


def test_addresses_keep_their_configured_order():
    addresses = tuple(IPv4Address(f"192.0.2.{n}") for n in (103, 101, 102))
    wire = encode(replace(V3_IPV4, addresses=addresses), 100, GROUP4)
    assert wire[3] == 3
    assert wire[8:].hex() == "c0000267c0000265c0000266"


def test_v2_password_travels_in_the_trailer():
    wire = encode(replace(V2, password=b"s3cret\0\0"), 100, GROUP4)
    assert wire[4] == 1
    assert wire[-8:] == b"s3cret\0\0"


def test_decode_reads_every_field():
    adv = decode(PSEUDO, facts())
    assert (adv.version, adv.vrid, adv.priority) == (3, 51, 100)
    assert adv.max_advertise_interval == 1.0
    assert adv.addresses == (IPv4Address("192.0.2.100"),)
    assert adv.checksum_form is ChecksumForm.PSEUDO_HEADER
    assert (adv.authentication_type, adv.authentication_data) == (0, b"")
    assert decode(MESSAGE_ONLY, facts()).checksum_form is ChecksumForm.MESSAGE_ONLY
    assert decode(V2_BYTES, facts()).max_advertise_interval == 1.0


def test_decode_ipv6_reads_every_address():
    wire = encode(V3_IPV6, 100, GROUP6)
    adv = decode(wire, facts(V3_IPV6))
    assert adv.addresses == (IPv6Address("fe80::64"), IPv6Address("2001:db8::64"))
    assert adv.checksum_form is None


def test_a_refusal_says_what_was_found():
    with pytest.raises(PacketError, match="invalid-type-pkts-rcvd: type 2") as caught:
        decode(b"\x32" + PSEUDO[1:], facts())
    assert caught.value.detail == "type 2"
    with pytest.raises(PacketError, match="version-errors: version 4"):
        decode(b"\x41" + PSEUDO[1:], facts())
    with pytest.raises(PacketError, match="checksum-errors: 0x5027 matches no form"):
        decode(PSEUDO[:6] + b"\x50\x27" + PSEUDO[8:], facts())


def test_reserve_bits_are_not_part_of_the_interval():
    # f064 instead of 0064 adds f000 to the sum: a802 - f000 is b801 in one's complement
    adv = decode(bytes.fromhex("31336401 f064 b801 c0000264"), facts())
    assert adv.max_advertise_interval == 1.0


def test_zero_is_a_checksum_like_any_other():
    # The last word is chosen so that all words together sum to ffff.
    head = bytes.fromhex("31336401 0064 0000 c000")
    rest = 0xFFFF - (0x3133 + 0x6401 + 0x0064 + 0xC000 - 0xFFFF)
    wire = head + rest.to_bytes(2, "big")
    assert internet_checksum(wire) == 0
    assert decode(wire, facts()).checksum_form is ChecksumForm.MESSAGE_ONLY


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        pytest.param(b"", DiscardReason.LENGTH, id="empty"),
        pytest.param(PSEUDO[:7], DiscardReason.LENGTH, id="7 octets"),
        pytest.param(PSEUDO[:8], DiscardReason.LENGTH, id="count above the list"),
        pytest.param(PSEUDO + b"\0\0", DiscardReason.LENGTH, id="trailing octets"),
        pytest.param(V2_BYTES[:16], DiscardReason.LENGTH, id="v2 without authentication data"),
        pytest.param(b"\x01" + PSEUDO[1:], DiscardReason.VERSION, id="version 0"),
        pytest.param(b"\x41" + PSEUDO[1:], DiscardReason.VERSION, id="version 4"),
        pytest.param(b"\xf1" + PSEUDO[1:], DiscardReason.VERSION, id="version 15"),
        pytest.param(b"\x30" + PSEUDO[1:], DiscardReason.TYPE, id="type 0"),
        pytest.param(b"\x32" + PSEUDO[1:], DiscardReason.TYPE, id="type 2"),
        pytest.param(PSEUDO[:6] + b"\0\0" + PSEUDO[8:], DiscardReason.CHECKSUM, id="checksum 0000"),
        pytest.param(
            PSEUDO[:6] + b"\x50\x27" + PSEUDO[8:], DiscardReason.CHECKSUM, id="checksum ^ 5555"
        ),
        pytest.param(
            V2_BYTES[:6] + b"\x15\xd5" + V2_BYTES[8:],
            DiscardReason.CHECKSUM,
            id="v2 with a pseudo-header sum",
        ),
    ],
)
def test_decode_refuses(message, reason):
    with pytest.raises(PacketError) as caught:
        decode(message, facts())
    assert caught.value.reason is reason


def test_pseudo_header_uses_the_received_addresses():
    with pytest.raises(PacketError) as caught:
        decode(PSEUDO, facts(destination=IPv4Address("224.0.0.19")))
    assert caught.value.reason is DiscardReason.CHECKSUM


def test_the_old_unicast_form_names_the_group():
    peer = IPv4Address("192.0.2.2")
    old = replace(V3_IPV4, checksum=ChecksumForm.OLD_UNICAST)
    assert encode(old, 100, peer) == PSEUDO
    assert decode(PSEUDO, facts(destination=peer)).checksum_form is ChecksumForm.OLD_UNICAST


def test_version_2_over_ipv6_is_refused():
    with pytest.raises(PacketError) as caught:
        decode(V2_BYTES, facts(V3_IPV6))
    assert caught.value.reason is DiscardReason.VERSION


def test_ipv6_message_only_sum_is_refused():
    wire = encode(V3_IPV6, 100, GROUP6)
    bare = wire[:6] + b"\0\0" + wire[8:]
    bare = wire[:6] + internet_checksum(bare).to_bytes(2, "big") + wire[8:]
    with pytest.raises(PacketError):
        decode(bare, facts(V3_IPV6))


@pytest.mark.parametrize(
    ("data", "checksum"),
    [
        pytest.param("0001f203f4f5f6f7", 0x220D, id="RFC 1071 example"),
        pytest.param("", 0xFFFF, id="empty"),
        pytest.param("ffff", 0, id="all ones"),
        pytest.param("0000", 0xFFFF, id="all zero"),
        pytest.param("01", 0xFEFF, id="odd length"),
    ],
)
def test_internet_checksum(data, checksum):
    assert internet_checksum(bytes.fromhex(data)) == checksum


addresses4 = st.lists(st.integers(1, 2**32 - 2).map(IPv4Address), min_size=1, max_size=20)


@given(
    vrid=st.integers(1, 255),
    priority=st.integers(0, 255),
    interval_cs=st.integers(1, 4095),
    addresses=addresses4,
    form=st.sampled_from(ChecksumForm),
)
def test_decode_undoes_encode(vrid, priority, interval_cs, addresses, form):
    cfg = replace(
        V3_IPV4,
        vrid=vrid,
        advertisement_interval=interval_cs / 100,
        addresses=tuple(addresses),
        checksum=form,
    )
    adv = decode(encode(cfg, priority, GROUP4), facts())
    assert (adv.vrid, adv.priority, adv.addresses) == (vrid, priority, tuple(addresses))
    assert adv.max_advertise_interval == interval_cs / 100
