"""RFC 9568 §7.1 and RFC 3768 §7.1, each check in both polarities.

The wire bytes are literals; their checksums were worked out by plain addition, apart from the
code under test.
"""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest

from pyvrrp.core.model import ChecksumForm, Family, Peer, Version, VirtualRouterConfig
from pyvrrp.core.packet import DiscardReason, IpFacts, PacketError
from pyvrrp.core.receive import Mismatch, admit

V3 = VirtualRouterConfig(51, Family.IPV4, (IPv4Address("192.0.2.100"),), IPv4Address("192.0.2.1"))
OWNER = replace(V3, priority=255)
V2 = replace(V3, version=Version.V2)
V2_PASSWORD = replace(V2, password=b"abc\0\0\0\0\0")
V6 = VirtualRouterConfig(51, Family.IPV6, (IPv6Address("fe80::64"),), IPv6Address("fe80::1"))
UNICAST = replace(
    V3, peers=(Peer(IPv4Address("192.0.2.9")), Peer(IPv4Address("192.0.2.8"), 254, 255))
)

# From 192.0.2.9, priority 150 (96), 100 cs, 192.0.2.100. Message only: 3133+9601+0064+c000+0264.
BARE = bytes.fromhex("31339601 0064 7602 c0000264")
# The same with the pseudo-header c000 0209 e000 0012 0070 000c.
GOOD = bytes.fromhex("31339601 0064 d369 c0000264")
GOOD_V2 = bytes.fromhex("21339601 0001 8665 c0000264 0000000000000000")
GOOD_V2_PASSWORD = bytes.fromhex("21339601 0101 c102 c0000264 6162630000000000")
# fe80::9 to ff02::12, fe80::64: 3133 9601 0064 fe80 0064, pseudo fe80 0009 ff02 0012 0018 0070.
GOOD_V6 = bytes.fromhex("31339601 0064 3b5b fe80000000000000 0000000000000064")


def ip(cfg=V3, source=None, destination=None, ttl=255):
    six = cfg.family is Family.IPV6
    return IpFacts(
        ip_address(source or ("fe80::9" if six else "192.0.2.9")),
        ip_address(destination or ("ff02::12" if six else "224.0.0.18")),
        ttl,
    )


def fixed(cfg, message, facts):
    """`message` with its checksum set right for `facts`, by plain addition."""
    words = message[:6] + b"\0\0" + message[8:]
    if cfg.family is Family.IPV6 or (cfg.version is Version.V3):
        words += facts.source.packed + facts.destination.packed
        words += len(message).to_bytes(4, "big") + bytes((0, 0, 0, 112))
    total = sum(int.from_bytes(words[i : i + 2], "big") for i in range(0, len(words), 2))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return message[:6] + (total ^ 0xFFFF).to_bytes(2, "big") + message[8:]


@pytest.mark.parametrize(
    ("cfg", "message", "facts", "mismatches"),
    [
        pytest.param(V3, GOOD, ip(), (), id="CK-04 pseudo-header form"),
        pytest.param(
            replace(V3, addresses=(), addressless=True),
            bytes.fromhex("3133ff00 0064 cf67"),
            ip(),
            (Mismatch.OTHER_CHECKSUM_FORM,),
            id="no address, as in keepalived's no_virtual_ipaddress",
        ),
        pytest.param(
            # Pseudo-header fe80 0009 ff02 0012 0008 0070, then 3133 9600 0064.
            replace(V6, addresses=(), addressless=True),
            bytes.fromhex("31339600 0064 3a51"),
            ip(V6),
            (),
            id="no IPv6 address",
        ),
        pytest.param(
            V3, BARE, ip(), (Mismatch.OTHER_CHECKSUM_FORM,), id="CK-05 auto accepts message-only"
        ),
        pytest.param(
            replace(V3, checksum=ChecksumForm.MESSAGE_ONLY),
            GOOD,
            ip(),
            (Mismatch.OTHER_CHECKSUM_FORM,),
            id="CK-05 auto accepts pseudo-header",
        ),
        pytest.param(
            replace(
                V3,
                checksum=ChecksumForm.MESSAGE_ONLY,
                accepted_checksums=frozenset({ChecksumForm.MESSAGE_ONLY}),
            ),
            BARE,
            ip(),
            (),
            id="CK-05 strict 9568 accepts message-only",
        ),
        pytest.param(
            replace(V3, accepted_checksums=frozenset({ChecksumForm.PSEUDO_HEADER})),
            GOOD,
            ip(),
            (),
            id="CK-05 strict 5798 accepts pseudo-header",
        ),
        pytest.param(V2, GOOD_V2, ip(), (), id="CK-01 v2"),
        pytest.param(V6, GOOD_V6, ip(V6), (), id="CK-02 IPv6"),
        pytest.param(
            V3,
            bytes.fromhex("3133ff01 0064 6a69 c0000264"),  # ff-96 = 69 more in the high octet
            ip(),
            (),
            id="V3-RX-18 priority 255",
        ),
        pytest.param(
            V3, bytes.fromhex("31330001 0064 696a c0000264"), ip(), (), id="V3-RX-18 priority 0"
        ),
        pytest.param(
            V3,
            bytes.fromhex("31339601 f064 e368 c0000264"),
            ip(),
            (),
            id="V3-RX-14 reserve bits",
        ),
        pytest.param(
            V3,
            bytes.fromhex("31339601 012c d2a1 c0000264"),  # 300 cs: c8 more
            ip(),
            (Mismatch.INTERVAL,),
            id="V3-RX-15 other interval",
        ),
        pytest.param(
            V3,
            bytes.fromhex("31339601 0064 d368 c0000265"),
            ip(),
            (Mismatch.ADDRESS_LIST,),
            id="V3-RX-16 other address",
        ),
        pytest.param(OWNER, GOOD, ip(), (), id="V3-RX-17 an owner hears a lower priority"),
        pytest.param(
            OWNER,
            bytes.fromhex("3133ff01 0064 6a69 c0000264"),
            ip(),
            (Mismatch.SECOND_OWNER,),
            id="V3-RX-17 EL-07 second owner",
        ),
        pytest.param(
            V6,
            fixed(V6, GOOD_V6, ip(V6, source="2001:db8::9")),
            ip(V6, source="2001:db8::9"),
            (Mismatch.SOURCE_NOT_LINK_LOCAL,),
            id="V3-RX-21 AMB-07 global IPv6 source",
        ),
        pytest.param(
            replace(V6, link_local_first=False, addresses=(IPv6Address("2001:db8::1"),)),
            fixed(V6, GOOD_V6[:8] + IPv6Address("2001:db8::1").packed, ip(V6)),
            ip(V6),
            (),
            id="V3-RX-13 switched off",
        ),
        pytest.param(
            UNICAST,
            fixed(V3, GOOD, ip(destination="192.0.2.1")),
            ip(destination="192.0.2.1", ttl=1),
            (),
            id="V3-RX-19 a peer, any TTL",
        ),
        pytest.param(
            UNICAST,
            fixed(V3, GOOD, ip(source="192.0.2.8", destination="192.0.2.1")),
            ip(source="192.0.2.8", destination="192.0.2.1", ttl=254),
            (),
            id="V3-RX-19 a peer at its lowest TTL",
        ),
        pytest.param(
            replace(UNICAST, check_unicast_source=False),
            fixed(V3, GOOD, ip(source="192.0.2.7", destination="192.0.2.1")),
            ip(source="192.0.2.7", destination="192.0.2.1", ttl=64),
            (),
            id="V3-RX-19 sources not checked on request",
        ),
        pytest.param(V2_PASSWORD, GOOD_V2_PASSWORD, ip(), (), id="AU-02 the right password"),
        pytest.param(
            V2,
            bytes.fromhex("21339601 0001 c202 c0000264 6162630000000000"),
            ip(),
            (),
            id="V2-RX-07 data without a type",
        ),
        pytest.param(
            V2,
            bytes.fromhex("21339601 0001 8664 c0000265 0000000000000000"),
            ip(),
            (Mismatch.ADDRESS_LIST,),
            id="V2-RX-06 address list",
        ),
    ],
)
def test_admitted(cfg, message, facts, mismatches):
    assert admit(cfg, message, facts).mismatches == mismatches


@pytest.mark.parametrize(
    ("cfg", "message", "facts", "reason"),
    [
        *(
            pytest.param(V3, GOOD, ip(ttl=ttl), DiscardReason.TTL, id=f"V3-RX-01 TTL {ttl}")
            for ttl in (254, 64, 1, 0)
        ),
        pytest.param(V6, GOOD_V6, ip(V6, ttl=64), DiscardReason.TTL, id="V3-RX-02 hop limit 64"),
        pytest.param(V6, GOOD_V6, ip(V6, ttl=None), DiscardReason.TTL, id="V3-RX-02 unknown"),
        *(
            pytest.param(
                V3,
                bytes((version << 4 | 1,)) + GOOD[1:],
                ip(),
                DiscardReason.VERSION,
                id=f"V3-RX-03 version {version}",
            )
            for version in (0, 1, 4, 15)
        ),
        pytest.param(V3, GOOD_V2, ip(), DiscardReason.VERSION, id="V3-RX-03 IO-01 version 2"),
        pytest.param(V2, GOOD, ip(), DiscardReason.VERSION, id="V2-RX-01 IO-01 version 3"),
        *(
            pytest.param(
                V3,
                bytes((0x30 | kind,)) + GOOD[1:],
                ip(),
                DiscardReason.TYPE,
                id=f"V3-RX-04 type {kind}",
            )
            for kind in (0, 2, 15)
        ),
        *(
            pytest.param(V3, GOOD[:n], ip(), DiscardReason.LENGTH, id=f"V3-RX-05 {n} octets")
            for n in range(8)
        ),
        pytest.param(
            V3,
            bytes.fromhex("31339602 0064 d368 c0000264"),
            ip(),
            DiscardReason.LENGTH,
            id="V3-RX-05 count one above the list",
        ),
        *(
            pytest.param(
                V3, GOOD + bytes(n), ip(), DiscardReason.LENGTH, id=f"V3-RX-06 {n} octets more"
            )
            for n in (1, 2, 4, 8)
        ),
        pytest.param(V3, GOOD + bytes(28), ip(), DiscardReason.LENGTH, id="AU-05 an HMAC trailer"),
        pytest.param(
            V3,
            GOOD[:6] + bytes.fromhex("863c") + GOOD[8:],
            ip(),
            DiscardReason.CHECKSUM,
            id="V3-RX-09 CK-06 checksum ^ 5555",
        ),
        pytest.param(
            V3, GOOD[:6] + b"\0\0" + GOOD[8:], ip(), DiscardReason.CHECKSUM, id="CK-07 checksum 0"
        ),
        pytest.param(
            replace(V3, accepted_checksums=frozenset({ChecksumForm.PSEUDO_HEADER})),
            BARE,
            ip(),
            DiscardReason.CHECKSUM,
            id="CK-05 strict 5798 refuses message-only",
        ),
        pytest.param(
            replace(V3, accepted_checksums=frozenset({ChecksumForm.MESSAGE_ONLY})),
            GOOD,
            ip(),
            DiscardReason.CHECKSUM,
            id="CK-05 strict 9568 refuses pseudo-header",
        ),
        *(
            pytest.param(
                replace(V3, accepted_checksums=frozenset({form})),
                GOOD[:6] + bytes.fromhex("863c") + GOOD[8:],
                ip(),
                DiscardReason.CHECKSUM,
                id=f"CK-06 neither form, {form.value} only",
            )
            for form in ChecksumForm
        ),
        pytest.param(
            V2,
            bytes.fromhex("21339601 0001 e3bc c0000264 0000000000000000"),
            ip(),
            DiscardReason.CHECKSUM,
            id="CK-01 v2 with a pseudo-header",
        ),
        pytest.param(
            V6,
            bytes.fromhex("31339601 0064 3982 fe80000000000000 0000000000000064"),
            ip(V6),
            DiscardReason.CHECKSUM,
            id="CK-02 IPv6 without pseudo-header",
        ),
        pytest.param(
            V3, GOOD, ip(source="192.0.2.10"), DiscardReason.CHECKSUM, id="CK-08 another source"
        ),
        pytest.param(
            V3,
            bytes.fromhex("31349601 0064 d368 c0000264"),
            ip(),
            DiscardReason.VRID,
            id="V3-RX-10 another VRID",
        ),
        pytest.param(
            V3,
            bytes.fromhex("31009601 0064 d39c c0000264"),
            ip(),
            DiscardReason.VRID,
            id="V3-RX-10 VRID 0",
        ),
        pytest.param(
            V3,
            bytes.fromhex("3133ff00 0064 cf67"),  # message only: 3133+ff00+0064
            ip(),
            DiscardReason.NO_ADDRESS,
            id="V3-RX-11 IO-10 address count 0, priority 255",
        ),
        pytest.param(
            V3,
            bytes.fromhex("31339601 0000 d3cd c0000264"),
            ip(),
            DiscardReason.INTERVAL_ZERO,
            id="V3-RX-12 interval 0",
        ),
        pytest.param(
            V6,
            fixed(V6, GOOD_V6[:8] + IPv6Address("2001:db8::64").packed, ip(V6)),
            ip(V6),
            DiscardReason.FIRST_NOT_LINK_LOCAL,
            id="V3-RX-13 first address global",
        ),
        pytest.param(
            replace(OWNER, owner_ignores_advertisements=True),
            GOOD,
            ip(),
            DiscardReason.OWNER,
            id="V3-RX-17 owner told to ignore",
        ),
        pytest.param(
            V3,
            GOOD,
            ip(destination="192.0.2.1"),
            DiscardReason.DESTINATION,
            id="V3-RX-19 unicast to a multicast router",
        ),
        pytest.param(
            UNICAST, GOOD, ip(), DiscardReason.DESTINATION, id="V3-RX-19 multicast to unicast"
        ),
        pytest.param(
            UNICAST,
            GOOD,
            ip(source="192.0.2.7", destination="192.0.2.1"),
            DiscardReason.SOURCE,
            id="V3-RX-19 no peer",
        ),
        pytest.param(
            UNICAST,
            GOOD,
            ip(source="192.0.2.8", destination="192.0.2.1", ttl=253),
            DiscardReason.TTL,
            id="V3-RX-19 a peer too far away",
        ),
        pytest.param(
            UNICAST,
            GOOD,
            ip(destination="192.0.2.1", ttl=None),
            DiscardReason.TTL,
            id="V3-RX-19 a peer, TTL unknown",
        ),
        pytest.param(
            V3, GOOD, ip(source="192.0.2.1"), DiscardReason.LOOPED, id="V3-RX-20 EL-04 our own"
        ),
        pytest.param(
            UNICAST,
            GOOD,
            ip(source="192.0.2.1", destination="192.0.2.1"),
            DiscardReason.LOOPED,
            id="V3-RX-20 our own by unicast",
        ),
        pytest.param(V2, GOOD_V2, ip(ttl=254), DiscardReason.TTL, id="V2-RX-01 TTL"),
        pytest.param(V2, b"\x22" + GOOD_V2[1:], ip(), DiscardReason.TYPE, id="V2-RX-01 type"),
        pytest.param(
            V2,
            GOOD_V2[:6] + b"\x86\x66" + GOOD_V2[8:],
            ip(),
            DiscardReason.CHECKSUM,
            id="V2-RX-01 checksum",
        ),
        pytest.param(
            V2,
            bytes.fromhex("21349601 0001 8664 c0000264 0000000000000000"),
            ip(),
            DiscardReason.VRID,
            id="V2-RX-01 VRID",
        ),
        pytest.param(
            V2,
            bytes.fromhex("21339602 0001 0000 c0000264 c0000265"),
            ip(),
            DiscardReason.LENGTH,
            id="V2-RX-02 two addresses, no authentication data",
        ),
        pytest.param(
            V2,
            bytes.fromhex("21339601 0301 8365 c0000264 0000000000000000"),
            ip(),
            DiscardReason.AUTHENTICATION_TYPE,
            id="V2-RX-03 type 3",
        ),
        pytest.param(
            V2_PASSWORD,
            bytes.fromhex("21339601 ff01 8764 c0000264 0000000000000000"),
            ip(),
            DiscardReason.AUTHENTICATION_TYPE,
            id="V2-RX-03 type 255",
        ),
        pytest.param(
            V2,
            GOOD_V2_PASSWORD,
            ip(),
            DiscardReason.AUTHENTICATION_MISMATCH,
            id="V2-RX-03 password unasked",
        ),
        pytest.param(
            V2_PASSWORD,
            GOOD_V2,
            ip(),
            DiscardReason.AUTHENTICATION_MISMATCH,
            id="V2-RX-03 password missing",
        ),
        pytest.param(
            V2_PASSWORD,
            bytes.fromhex("21339601 0201 8465 c0000264 0000000000000000"),
            ip(),
            DiscardReason.AUTHENTICATION_MISMATCH,
            id="AU-03 type 2",
        ),
        pytest.param(
            V2_PASSWORD,
            bytes.fromhex("21339601 0101 c002 c0000264 6162640000000000"),
            ip(),
            DiscardReason.AUTHENTICATION_FAILURE,
            id="AU-02 wrong password",
        ),
        pytest.param(
            V2_PASSWORD,
            bytes.fromhex("21339601 0101 c101 c0000264 6162630000000001"),
            ip(),
            DiscardReason.AUTHENTICATION_FAILURE,
            id="AU-02 all eight octets count",
        ),
        pytest.param(
            V2,
            bytes.fromhex("21339601 0002 8664 c0000264 0000000000000000"),
            ip(),
            DiscardReason.INTERVAL,
            id="V2-RX-04 other interval",
        ),
        pytest.param(
            V2,
            bytes.fromhex("21339601 0000 8666 c0000264 0000000000000000"),
            ip(),
            DiscardReason.INTERVAL,
            id="V2-RX-04 interval 0",
        ),
        pytest.param(
            replace(V2, priority=255), GOOD_V2, ip(), DiscardReason.OWNER, id="V2-RX-05 S2-04 owner"
        ),
        pytest.param(
            V3,
            bytes.fromhex("21010a07 0101 1234") + bytes(28),
            ip(),
            DiscardReason.LENGTH,
            id="IO-09 a CARP frame",
        ),
        pytest.param(
            V2,
            bytes.fromhex("21010a07 0101 1234") + bytes(28),
            ip(),
            DiscardReason.LENGTH,
            id="IO-09 a CARP frame, version 2",
        ),
    ],
)
def test_refused(cfg, message, facts, reason):
    with pytest.raises(PacketError) as caught:
        admit(cfg, message, facts)
    assert caught.value.reason is reason


def test_what_was_received_is_what_the_machine_gets():
    adv = admit(V3, bytes.fromhex("31339601 012c d2a1 c0000264"), ip()).advertisement
    assert (adv.priority, adv.max_advertise_interval) == (150, 3.0)
    assert adv.source == IPv4Address("192.0.2.9")


def test_the_order_of_a_list_is_no_mismatch():
    cfg = replace(V3, addresses=(IPv4Address("192.0.2.101"), IPv4Address("192.0.2.100")))
    message = bytes.fromhex("31339602 0064 0000 c0000264 c0000265")
    admitted = admit(cfg, fixed(V3, message, ip()), ip())
    assert admitted.mismatches == ()
    assert admitted.advertisement.addresses == (
        IPv4Address("192.0.2.100"),
        IPv4Address("192.0.2.101"),
    )
