"""Frames of Debian's keepalived 2.2.7, read without a packet library."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest

from netnslab.decode import Advert, Announcement, decode

_MULTICAST = "01005e000012020000000101"
_V3 = _MULTICAST + "080045c0002000010000ff701899c0000201e0000012" + "3133c8010019a1b2c000026e"
_V2 = (
    _MULTICAST
    + "080045c0002c00010000ff70188dc0000201e0000012"
    + "210796020002c429c0000264c00002650000000000000000"
)
_V2_BEHIND_AH = (
    _MULTICAST
    + "080045c0004000010000ff3318b6c0000201e0000012"
    + "70040000c000020100000001c6ef6ced2ac8c553d697125b"
    + "210896010201847cc00002780000000000000000"
)
_IPV6 = (
    "333300000012020000000101"
    + "86dd6c0df79b002870fffe80000000000000000000fffe000101ff020000000000000000000000000012"
    + "3134c80200197b46fe80000000000000000000005e00020020010db8000000000000000000000100"
)
_GIVES_UP = _MULTICAST + "080045c0002000180000ff701882c0000201e0000012" + "31330001001969b3c000026e"
_GARP = "ffffffffffff020000000101" + "08060001080006040001020000000101c000026effffffffffffc000026e"
_NA = (
    "333300000001020000000101"
    + "86dd6000000000203aff20010db8000000000000000000000100ff020000000000000000000000000001"
    + "8800f62c2000000020010db80000000000000000000001000201020000000101"
)
_SOURCE = IPv4Address("192.0.2.1")


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        pytest.param(
            _V3, Advert(3, 51, 200, 0.25, _SOURCE, (IPv4Address("192.0.2.110"),)), id="v3"
        ),
        pytest.param(
            _V2,
            Advert(
                2, 7, 150, 2.0, _SOURCE, (IPv4Address("192.0.2.100"), IPv4Address("192.0.2.101"))
            ),
            id="v2",
        ),
        pytest.param(
            _V2_BEHIND_AH,
            Advert(2, 8, 150, 1.0, _SOURCE, (IPv4Address("192.0.2.120"),)),
            id="v2 behind an authentication header",
        ),
        pytest.param(
            _IPV6,
            Advert(
                3,
                52,
                200,
                0.25,
                IPv6Address("fe80::ff:fe00:101"),
                (IPv6Address("fe80::5e00:200"), IPv6Address("2001:db8::100")),
            ),
            id="v3 over IPv6",
        ),
        pytest.param(
            _GIVES_UP,
            Advert(3, 51, 0, 0.25, _SOURCE, (IPv4Address("192.0.2.110"),)),
            id="priority 0",
        ),
        pytest.param(
            _GARP, Announcement(IPv4Address("192.0.2.110"), "02:00:00:00:01:01"), id="GARP"
        ),
        pytest.param(_NA, Announcement(IPv6Address("2001:db8::100"), "02:00:00:00:01:01"), id="NA"),
    ],
)
def test_what_a_frame_says(frame: str, expected: object) -> None:
    assert decode(bytes.fromhex(frame)) == expected


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(
            _GARP.replace("ffffffffffffc000026e", "ffffffffffffc0000201"), id="a question"
        ),
        pytest.param(_GARP.replace("c000026e", "00000000"), id="an address probe"),
        pytest.param("020000000201" + _GARP[12:], id="an answer to an announcement"),
        pytest.param(_NA.replace("8800f62c20", "8800f62c60"), id="a solicited answer"),
        pytest.param(_NA.replace("8800f62c20", "8700f62c20"), id="a neighbor solicitation"),
        pytest.param(_V3.replace("ff7018", "ff0118"), id="another protocol"),
        pytest.param(_IPV6.replace("002870ff", "002811ff"), id="another next header"),
        pytest.param("ffffffffffff02000000010188cc0207", id="another ethertype"),
    ],
)
def test_other_frames_say_nothing(frame: str) -> None:
    assert decode(bytes.fromhex(frame)) is None


@pytest.mark.parametrize(
    ("frame", "trailer"),
    [(_V3, 0), (_V2_BEHIND_AH, 8), (_IPV6, 0), (_GARP, 0), (_NA, 0)],
)
def test_a_frame_cut_short_says_nothing(frame: str, trailer: int) -> None:
    """The authentication data that ends a VRRPv2 message is not needed."""
    whole = bytes.fromhex(frame)
    needed = len(whole) - trailer
    assert [decode(whole[:length]) for length in range(needed)] == [None] * needed
    assert decode(whole[:needed]) is not None


def test_kinds_have_their_names() -> None:
    assert Announcement(IPv4Address("192.0.2.1"), "").kind == "GARP"
    assert Announcement(IPv6Address("2001:db8::1"), "").kind == "NA"
