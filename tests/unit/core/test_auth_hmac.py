"""keepalived's signed Advertisements, against a trailer put together by hand.

The HMACs come from the standard library over octets written out here, as keepalived 2.4's source has
them: pseudo header, message with a zero checksum, trailer with a zero HMAC.
"""

import hmac
from dataclasses import replace
from ipaddress import ip_address

import pytest

from pyvrrp.core.auth_hmac import accept, next_sequence, sign, split
from pyvrrp.core.authentication import HmacKey, HmacMode, HmacSettings
from pyvrrp.core.model import Family, VirtualRouterConfig
from pyvrrp.core.packet import DiscardReason, IpFacts, PacketError
from pyvrrp.core.receive import admit

KEY = bytes(range(32))
OTHER = b"another key, 32 octets of it....."
SETTINGS = HmacSettings((HmacKey(7, KEY), HmacKey(8, OTHER)), active_key=7, time_window=5)
MONOTONIC = replace(SETTINGS, is_monotonic=True)

# 0x692a3c00 = 1,764,375,552 s since the epoch, and a half.
HALF_PAST = 1_764_375_552_500_000_000
SEQUENCE = 0x692A3C00_8000_0000
HEAD = "01 07 0000 692a3c00 8000 0000"

IPV4 = IpFacts(ip_address("192.0.2.9"), ip_address("224.0.0.18"), 255)
IPV6 = IpFacts(ip_address("fe80::9"), ip_address("ff02::12"), 255)
V3 = bytes.fromhex("3133 9601 0064 d369 c0000264")
V2 = bytes.fromhex("2133 9601 0001 8665 c0000264 0000000000000000")
V6 = bytes.fromhex("3133 9601 0064 3b5b fe80000000000000 0000000000000064")


def by_hand(signed: str, key: bytes = KEY) -> bytes:
    return hmac.new(key, bytes.fromhex(signed), "sha256").digest()[:16]


def trailer(head: str = HEAD, key: bytes = KEY, source: str = "c0000209") -> bytes:
    """What vouches for V3."""
    pseudo = f"04 03 33 00 {source} {'00' * 12}"
    message = "3133 9601 0064 0000 c0000264"
    return bytes.fromhex(head) + by_hand(f"{pseudo} {message} {head} {'00' * 16}", key)


@pytest.mark.parametrize(
    ("message", "source", "literal"),
    [
        pytest.param(V3, IPV4.source, "cb09df5410d863e65bb329dd39ea75b5", id="version 3"),
        pytest.param(V6, IPV6.source, "e22b63f86a92be1864e84c848508d555", id="IPv6"),
        pytest.param(V2, IPV4.source, "383a3acd70a4a877ae40641b02691840", id="version 2"),
    ],
)
def test_sign(message, source, literal):
    assert sign(SETTINGS, message, source, SEQUENCE) == bytes.fromhex(HEAD + literal)


def test_the_active_key_signs_and_the_checksum_does_not_count():
    rotated = replace(SETTINGS, active_key=8)
    broken = V3[:6] + b"\xff\xff" + V3[8:]
    head = HEAD.replace("07", "08", 1)
    assert sign(rotated, broken, IPV4.source, SEQUENCE) == trailer(head, OTHER)


@pytest.mark.parametrize(
    ("message", "family", "found"),
    [
        pytest.param(V3 + b"t" * 28, Family.IPV4, (V3, b"t" * 28), id="version 3"),
        pytest.param(V2 + b"t" * 28, Family.IPV4, (V2, b"t" * 28), id="version 2"),
        pytest.param(V6 + b"t" * 28, Family.IPV6, (V6, b"t" * 28), id="IPv6"),
        pytest.param(V3, Family.IPV4, (V3, b""), id="not signed"),
        pytest.param(V3 + b"t" * 27, Family.IPV4, (V3 + b"t" * 27, b""), id="short"),
        pytest.param(b"", Family.IPV4, (b"", b""), id="nothing"),
    ],
)
def test_split(message, family, found):
    assert split(message, family) == found


def refused(settings, marks, behind, now=HALF_PAST, source=IPV4):
    with pytest.raises(PacketError) as caught:
        accept(settings, marks, V3, behind, source, now)
    return caught.value.reason


def test_a_good_one_moves_its_senders_mark():
    moved = accept(SETTINGS, (), V3, trailer(), IPV4, HALF_PAST)
    assert moved == ((IPV4.source, SEQUENCE),)
    later = trailer("01 07 0000 692a3c00 8000 0001")
    assert accept(SETTINGS, moved, V3, later, IPV4, HALF_PAST) == ((IPV4.source, SEQUENCE + 1),)


def test_each_key_is_believed():
    behind = trailer(HEAD.replace("07", "08", 1), OTHER)
    assert accept(SETTINGS, (), V3, behind, IPV4, HALF_PAST) == ((IPV4.source, SEQUENCE),)


@pytest.mark.parametrize(
    ("behind", "reason"),
    [
        pytest.param(b"", DiscardReason.SIGNATURE_MISSING, id="none"),
        pytest.param(
            trailer("02 07 0000 692a3c00 8000 0000"), DiscardReason.SIGNATURE_MALFORMED, id="scheme"
        ),
        pytest.param(
            trailer("01 07 0001 692a3c00 8000 0000"), DiscardReason.SIGNATURE_MALFORMED, id="zeros"
        ),
        pytest.param(
            trailer("01 09 0000 692a3c00 8000 0000"), DiscardReason.SIGNATURE_UNKNOWN_KEY, id="key"
        ),
        pytest.param(trailer(key=OTHER), DiscardReason.SIGNATURE_INVALID, id="other key"),
        pytest.param(
            trailer(source="c0000208"), DiscardReason.SIGNATURE_INVALID, id="other source"
        ),
        pytest.param(trailer()[:-1] + b"\0", DiscardReason.SIGNATURE_INVALID, id="last octet"),
        pytest.param(
            trailer("01 07 0000 692a3bfa 8000 0000"), DiscardReason.SIGNATURE_STALE, id="6 s old"
        ),
        pytest.param(
            trailer("01 07 0000 692a3c06 8000 0000"), DiscardReason.SIGNATURE_STALE, id="6 s ahead"
        ),
        pytest.param(
            trailer("01 09 0000 00000000 0000 0000"),
            DiscardReason.SIGNATURE_STALE,
            id="the time is looked at before the key",
        ),
    ],
)
def test_refused(behind, reason):
    assert refused(SETTINGS, (), behind) is reason


@pytest.mark.parametrize("seconds", ["692a3bfb", "692a3c05"], ids=["5 s old", "5 s ahead"])
def test_the_window_includes_its_edge(seconds):
    head = f"01 07 0000 {seconds} 0000 0000"
    assert accept(SETTINGS, (), V3, trailer(head), IPV4, HALF_PAST)


@pytest.mark.parametrize("mode", [HmacMode.PERMISSIVE, HmacMode.RECEIVE_ONLY])
def test_unsigned_ones_pass_while_keys_are_handed_out(mode):
    settings, marks = replace(SETTINGS, mode=mode), ((IPV4.source, 1),)
    assert accept(settings, marks, V3, b"", IPV4, HALF_PAST) == marks
    assert refused(settings, (), trailer(key=OTHER)) is DiscardReason.SIGNATURE_INVALID


@pytest.mark.parametrize("settings", [SETTINGS, MONOTONIC], ids=["time", "monotonic"])
def test_replays_are_refused(settings):
    marks = accept(settings, (), V3, trailer(), IPV4, HALF_PAST)
    older = trailer("01 07 0000 692a3c00 7fff ffff")
    assert refused(settings, marks, trailer()) is DiscardReason.SIGNATURE_REPLAYED
    assert refused(settings, marks, older) is DiscardReason.SIGNATURE_REPLAYED


def test_a_mark_outside_the_window_holds_nobody_up():
    """A sender whose clock was an hour ahead, and is right again."""
    marks = ((IPV4.source, SEQUENCE + (3600 << 32)),)
    assert accept(SETTINGS, marks, V3, trailer(), IPV4, HALF_PAST) == ((IPV4.source, SEQUENCE),)
    assert refused(MONOTONIC, marks, trailer()) is DiscardReason.SIGNATURE_REPLAYED


def test_without_a_clock_old_ones_pass_once():
    head = "01 07 0000 00000001 0000 0000"
    marks = accept(MONOTONIC, (), V3, trailer(head), IPV4, HALF_PAST)
    assert marks == ((IPV4.source, 1 << 32),)


def test_the_end_of_the_seconds_is_no_end():
    marks = ((IPV4.source, 0xFFFFFFFF_FFFF_FFFF),)
    behind = trailer("01 07 0000 00000000 0000 0000")
    now = (1 << 32) * 1_000_000_000
    for settings in (SETTINGS, MONOTONIC):
        assert accept(settings, marks, V3, behind, IPV4, now) == ((IPV4.source, 0),)


def test_senders_remembered_are_few_and_the_newest():
    marks = tuple((ip_address(f"192.0.2.{n}"), SEQUENCE) for n in range(1, 5))
    moved = accept(SETTINGS, marks, V3, trailer(), IPV4, HALF_PAST)
    assert [str(address) for address, _ in moved] == [f"192.0.2.{n}" for n in (2, 3, 4, 9)]
    assert len(accept(SETTINGS, marks, V3, trailer(), IPV4, HALF_PAST, senders=5)) == 5


@pytest.mark.parametrize(
    ("settings", "last", "expected"),
    [
        pytest.param(SETTINGS, 0, SEQUENCE, id="first"),
        pytest.param(SETTINGS, SEQUENCE, SEQUENCE + 1, id="the clock stands"),
        pytest.param(SETTINGS, SEQUENCE + (5 << 32), SEQUENCE + (5 << 32) + 1, id="stepped back"),
        pytest.param(SETTINGS, SEQUENCE + (6 << 32), SEQUENCE, id="beyond what others take"),
        pytest.param(
            MONOTONIC, SEQUENCE + (6 << 32), SEQUENCE + (6 << 32) + 1, id="monotonic always grows"
        ),
    ],
)
def test_next_sequence(settings, last, expected):
    assert next_sequence(settings, last, HALF_PAST) == expected


def test_admit_takes_the_trailer_off():
    cfg = VirtualRouterConfig(
        51, Family.IPV4, (ip_address("192.0.2.100"),), ip_address("192.0.2.1")
    )
    admitted = admit(cfg, V3 + trailer(), IPV4, lambda message, _: split(message, Family.IPV4))
    assert (admitted.advertisement.priority, admitted.behind) == (150, 28)


def test_over_ipv6_the_checksum_covers_the_trailer():
    """By plain addition: pseudo header with a length of 52, the message, and 28 octets of 0x0101."""
    cfg = VirtualRouterConfig(51, Family.IPV6, (ip_address("fe80::64"),), ip_address("fe80::1"))
    # 3b5b is right for 24 octets; 1c more in the length and 14 times 0101 leave 3b5b - 0e0e - 1c.
    message = V6[:6] + bytes.fromhex("2d31") + V6[8:] + b"\1" * 28
    assert admit(cfg, message, IPV6, lambda message, _: split(message, Family.IPV6)).behind == 28
    with pytest.raises(PacketError, match="checksum"):
        admit(cfg, V6 + b"\1" * 28, IPV6, lambda message, _: split(message, Family.IPV6))


@pytest.mark.parametrize(
    "keys", [(), (HmacKey(1, KEY),), (HmacKey(7, KEY[1:]),), (HmacKey(7, KEY * 3),)]
)
def test_settings_that_sign_nothing(keys):
    with pytest.raises(ValueError, match="key"):
        HmacSettings(keys, active_key=7)


def test_keys_do_not_show():
    assert KEY.hex() not in repr(SETTINGS) and repr(KEY) not in repr(SETTINGS)
