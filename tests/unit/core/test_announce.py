"""Literals: RFC 9568 §6.4.1, RFC 4861 §4.4; the checksum of the NA was verified by scapy."""

from ipaddress import IPv4Address, IPv6Address

from pyvrrp.core.announce import announcement
from pyvrrp.core.model import Family, virtual_router_mac


def test_gratuitous_arp_bytes():
    mac = virtual_router_mac(Family.IPV4, 51)
    frame = announcement(IPv4Address("192.0.2.100"), mac)
    assert frame.hex(" ", 2) == (
        "ffff ffff ffff 0000 5e00 0133 0806 0001 0800 0604 0001"
        " 0000 5e00 0133 c000 0264 0000 5e00 0133 c000 0264"
    )


def test_unsolicited_na_bytes():
    mac = virtual_router_mac(Family.IPV6, 255)
    frame = announcement(IPv6Address("fe80::5"), mac)
    assert frame[:14].hex() == "333300000001" + "00005e0002ff" + "86dd"
    assert frame[14:22].hex() == "60000000" + "0020" + "3a" + "ff"
    assert frame[54:56].hex() == "8800"
    assert frame[58:62].hex() == "a0000000"
    assert frame[62:78] == IPv6Address("fe80::5").packed
    assert frame[78:].hex() == "0201" + "00005e0002ff"
    assert len(frame) == 86


def test_unsolicited_na_checksum_by_scapy():
    from scapy.layers.inet6 import ICMPv6ND_NA
    from scapy.layers.l2 import Ether

    frame = announcement(IPv6Address("2001:db8::64"), bytes.fromhex("020000000001"))
    sent = Ether(frame)[ICMPv6ND_NA].cksum
    again = Ether(frame)
    del again[ICMPv6ND_NA].cksum
    assert Ether(bytes(again))[ICMPv6ND_NA].cksum == sent
