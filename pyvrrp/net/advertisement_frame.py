"""An Advertisement with its IP header, and as a whole Ethernet frame.

The frame is for virtual-MAC mode: it comes from the Virtual Router MAC address. A raw IP socket would put the interface's own MAC address on the frame, and sending from the
macvlan instead needs an address there that can be a source (for IPv6 a link-local one, which two
routers would share). A packet socket needs neither (RFC 9568 §7.2, §7.4).
"""

from __future__ import annotations

import struct

from ..core.model import PROTOCOL, Address, Family, VirtualRouterConfig
from ..core.packet import internet_checksum

__all__ = ["advertisement_frame", "group_frame", "ipv4_header"]

_TRAFFIC_CLASS = 0xC0
_TTL = 255
_DONT_FRAGMENT = 0x4000


def advertisement_frame(
    cfg: VirtualRouterConfig, message: bytes, group: Address, mac: bytes
) -> bytes:
    """The frame that carries `message` to a multicast group, from `mac`.

    Source: RFC 9568 §5.1, §7.2; RFC 1112 §6.4 and RFC 2464 §7 for the group's MAC address.
    """
    if cfg.family is Family.IPV4:
        packet = ipv4_header(cfg.source, group, len(message)) + message
        return group_frame(packet, group, mac)
    to = b"\x33\x33" + group.packed[-4:]
    first = 6 << 28 | _TRAFFIC_CLASS << 20
    header = struct.pack("!IHBB", first, len(message), PROTOCOL, _TTL)
    return to + mac + b"\x86\xdd" + header + cfg.source.packed + group.packed + message


def group_frame(packet: bytes, group: Address, mac: bytes) -> bytes:
    """The frame that carries an IPv4 packet from `mac` to a multicast group.

    Source: RFC 1112 §6.4.
    """
    low = int(group) & 0x7FFFFF
    to = b"\x01\x00\x5e" + low.to_bytes(3, "big")
    return to + mac + b"\x08\x00" + packet


def ipv4_header(source: Address, group: Address, length: int) -> bytes:
    """The header of a message of `length` octets, 20 octets. Source: RFC 9568 §5.1.1."""
    fields = (0x45, _TRAFFIC_CLASS, 20 + length, 0, _DONT_FRAGMENT, _TTL, PROTOCOL)
    addresses = source.packed + group.packed
    checksum = internet_checksum(struct.pack("!BBHHHBBH", *fields, 0) + addresses)
    return struct.pack("!BBHHHBBH", *fields, checksum) + addresses
