"""The authentication header before a version 2 message, as keepalived has it (`auth_type AH`).

    IP header, protocol 51 | 112, 4, zero (2), SPI (4), sequence (4), ICV (12) | VRRP message

The ICV is HMAC-MD5 over the whole packet, with what routers change set to zero: type of service,
fragment field, header checksum, and for unicast the TTL; a multicast one stays covered. The SPI is the
source address. One counter serves sending and hearing: what was heard must be passed, and a router
that takes over goes on where the last one ended.

Source: RFC 2402; RFC 2403; RFC 2338 §5.3.6.3; keepalived 2.2.7's wire.
"""

from __future__ import annotations

import hmac
import struct
from ipaddress import IPv4Address

from .model import AH_PROTOCOL, PROTOCOL, Address
from .packet import DiscardReason, IpFacts, PacketError, internet_checksum

__all__ = ["check", "facts", "packet", "vrid"]

_IP = struct.Struct("!BBHHHBBH4s4s")
_AH = struct.Struct("!BBH4sI12s")
_WORDS = _AH.size // 4 - 2  # RFC 2402 §2.2
_TRAFFIC_CLASS = 0xC0
_DONT_FRAGMENT = 0x4000
_BLANK = bytes(12)


def packet(
    key: bytes, route: tuple[Address, Address], ttl: int, message: bytes, sequence: int
) -> bytes:
    """A whole IPv4 packet from and to the addresses of `route`."""
    source, destination = (address.packed for address in route)
    size = _IP.size + _AH.size + len(message)
    identification = sequence & 0xFFFF or 1  # 0 is for the kernel to fill in, and it is covered
    fields = (0x45, _TRAFFIC_CLASS, size, identification, _DONT_FRAGMENT, ttl, AH_PROTOCOL)
    checksum = internet_checksum(_IP.pack(*fields, 0, source, destination))
    header = _IP.pack(*fields, checksum, source, destination)
    protection = (PROTOCOL, _WORDS, 0, source, sequence & 0xFFFFFFFF)
    icv = _icv(key, header, _AH.pack(*protection, _BLANK), message, is_unicast=_unicast(route[1]))
    return header + _AH.pack(*protection, icv) + message


def facts(whole: bytes) -> tuple[Address, Address, int] | None:
    """Source, destination and TTL of a packet; None when it holds no VRRP message."""
    start = (whole[0] & 0x0F) * 4 if whole else 0
    if start < _IP.size or len(whole) < start + _AH.size + 8 or whole[start] != PROTOCOL:
        return None
    return IPv4Address(whole[12:16]), IPv4Address(whole[16:20]), whole[8]


def vrid(whole: bytes) -> int:
    """Of a packet that has `facts`."""
    return whole[(whole[0] & 0x0F) * 4 + _AH.size + 1]


def check(key: bytes, whole: bytes, ip: IpFacts, last: int) -> tuple[bytes, int]:
    """The message of a packet that has `facts`, and its sequence, which is above `last`.

    Raises: PacketError.
    """
    start = (whole[0] & 0x0F) * 4
    header, message = whole[:start], whole[start + _AH.size :]
    kind, words, zero, spi, sequence, icv = _AH.unpack_from(whole, start)
    blank = _AH.pack(kind, words, zero, spi, sequence, _BLANK)
    expected = _icv(key, header, blank, message, is_unicast=_unicast(ip.destination))
    if not hmac.compare_digest(icv, expected):
        raise PacketError(DiscardReason.AUTHENTICATION_FAILURE, "its header is not that of our key")
    if spi != ip.source.packed:
        raise PacketError(DiscardReason.AUTHENTICATION_FAILURE, f"SPI {spi.hex()} is no sender's")
    if sequence <= last:
        detail = f"sequence {sequence} was heard before, the last is {last}"
        raise PacketError(DiscardReason.AUTHENTICATION_FAILURE, detail)
    return message, sequence


def _unicast(destination: Address) -> bool:
    return not destination.is_multicast


def _icv(key: bytes, header: bytes, blank: bytes, message: bytes, *, is_unicast: bool) -> bytes:
    ttl = 0 if is_unicast else header[8]
    fixed = header[:1] + b"\0" + header[2:6] + b"\0\0" + bytes((ttl, header[9], 0, 0)) + header[12:]
    return hmac.digest(key, fixed + blank + message, "md5")[:12]
