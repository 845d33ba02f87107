"""What a frame says about a Virtual Router, read from its bytes without a packet library.

A lab looks at thousands of frames while it measures; scapy takes a millisecond each and 40 MB.
`Frame.packet` gives scapy's view of a single one.

Source: RFC 9568 §5.2 and RFC 3768 §5.3 (Advertisements), RFC 826 and RFC 5227 (ARP), RFC 4861 §4.4
(Neighbor Advertisement), RFC 4302 (authentication header).
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TypeAlias

__all__ = ["Advert", "Announcement", "IpAddress", "Sighting", "decode"]

IpAddress: TypeAlias = IPv4Address | IPv6Address


_VRRP, _AUTHENTICATION, _ICMPV6 = 112, 51, 58
_NEIGHBOR_ADVERTISEMENT = 136
_SOLICITED = 0x40
_GROUP = 0x01
"""In the first byte of a hardware address: broadcast or multicast."""


@dataclass(frozen=True, slots=True)
class Advert:
    """A VRRP Advertisement; its checksum is not looked at."""

    version: int
    vrid: int
    priority: int
    interval: float
    """Seconds."""
    source: IpAddress
    addresses: tuple[IpAddress, ...]


@dataclass(frozen=True, slots=True)
class Announcement:
    """A gratuitous ARP or an unsolicited Neighbor Advertisement: "`address` is at `mac`"."""

    address: IpAddress
    mac: str

    @property
    def kind(self) -> str:
        """`GARP` or `NA`."""
        return "GARP" if self.address.version == 4 else "NA"


Sighting: TypeAlias = Advert | Announcement


def decode(frame: bytes) -> Sighting | None:
    """What an Ethernet frame says; None when it is something else, or cut short."""
    try:
        match int.from_bytes(frame[12:14], "big"):
            case 0x0806 if frame[0] & _GROUP:
                return _arp(frame[14:])
            case 0x0800:
                return _ipv4(frame[14:])
            case 0x86DD:
                return _ipv6(frame[14:])
    except (IndexError, ValueError):
        return None
    return None


def _arp(body: bytes) -> Announcement | None:
    """Gratuitous: sender and target protocol address are the same.

    To all, that is: a kernel that still has the address answers another's announcement with the
    same body, to the announcer alone.
    """
    sender, target = body[14:18], body[24:28]
    if sender != target or not any(sender):
        return None
    return Announcement(ip_address(sender), body[8:14].hex(":"))


def _ipv4(packet: bytes) -> Advert | None:
    protocol, payload = packet[9], packet[(packet[0] & 0x0F) * 4 :]
    if protocol == _AUTHENTICATION:
        protocol, payload = payload[0], payload[(payload[1] + 2) * 4 :]
    return _advert(payload, ip_address(packet[12:16])) if protocol == _VRRP else None


def _ipv6(packet: bytes) -> Sighting | None:
    payload = packet[40:]
    if packet[6] == _VRRP:
        return _advert(payload, ip_address(packet[8:24]))
    if packet[6] == _ICMPV6 and payload[0] == _NEIGHBOR_ADVERTISEMENT:
        return _neighbor_advertisement(payload)
    return None


def _neighbor_advertisement(message: bytes) -> Announcement | None:
    """Unsolicited, and with the target's link-layer address (option 2, 8 bytes)."""
    if len(message) < 32 or message[4] & _SOLICITED or message[24] != 2:
        return None
    return Announcement(ip_address(message[8:24]), message[26:32].hex(":"))


def _advert(message: bytes, source: IpAddress) -> Advert:
    version, vrid, priority, count = message[0] >> 4, message[1], message[2], message[3]
    if version == 2:
        interval = float(message[5])
    else:
        interval = (int.from_bytes(message[4:6], "big") & 0x0FFF) / 100
    size = 4 if source.version == 4 else 16
    raw = [message[8 + size * number :][:size] for number in range(count)]
    addresses = tuple(type(source)(each) for each in raw)
    return Advert(version, vrid, priority, interval, source, addresses)
