"""Frames that tell a link where a virtual address is: gratuitous ARP and unsolicited NA.

Both are whole Ethernet frames, ready for a packet socket. The MAC is the virtual router MAC in
virtual-MAC mode, else the interface's own.
"""

from __future__ import annotations

import struct
from ipaddress import IPv4Address, IPv6Address

from .model import Address
from .packet import internet_checksum

__all__ = ["announcement", "gratuitous_arp", "unsolicited_na"]

_ALL_NODES = IPv6Address("ff02::1")
_ALL_NODES_MAC = bytes.fromhex("333300000001")
_BROADCAST_MAC = b"\xff" * 6
_ARP_REQUEST_HEADER = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1)
_ETHERTYPE_ARP = b"\x08\x06"
_ETHERTYPE_IPV6 = b"\x86\xdd"
_ICMPV6 = 58
_NEIGHBOR_ADVERTISEMENT = 136
_ROUTER_AND_OVERRIDE = 0xA0000000


def announcement(address: Address, mac: bytes) -> bytes:
    """The frame that announces `address` at `mac` (6 octets)."""
    if isinstance(address, IPv4Address):
        return gratuitous_arp(address, mac)
    return unsolicited_na(address, mac)


def gratuitous_arp(address: IPv4Address, mac: bytes) -> bytes:
    """A gratuitous ARP request, 42 octets.

    Source: RFC 9568 §6.4.1 with errata 7947 and 7949: the target hardware address is the virtual
    router MAC too.
    """
    ethernet = _BROADCAST_MAC + mac + _ETHERTYPE_ARP
    return ethernet + _ARP_REQUEST_HEADER + mac + address.packed + mac + address.packed


def unsolicited_na(address: IPv6Address, mac: bytes) -> bytes:
    """An unsolicited Neighbor Advertisement, 86 octets: Router and Override set.

    Router is set whether or not the kernel forwards: the address is a router's (RFC 9568 §6.4.1).
    Source: RFC 4861 §4.4, §7.2.6.
    """
    message = struct.pack("!BBHI", _NEIGHBOR_ADVERTISEMENT, 0, 0, _ROUTER_AND_OVERRIDE)
    message += address.packed + b"\x02\x01" + mac
    pseudo = address.packed + _ALL_NODES.packed + struct.pack("!IxxxB", len(message), _ICMPV6)
    checksum = internet_checksum(pseudo + message)
    message = message[:2] + checksum.to_bytes(2, "big") + message[4:]
    header = struct.pack("!IHBB", 6 << 28, len(message), _ICMPV6, 255)
    ethernet = _ALL_NODES_MAC + mac + _ETHERTYPE_IPV6
    return ethernet + header + address.packed + _ALL_NODES.packed + message
