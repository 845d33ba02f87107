"""VRRP Advertisement <-> bytes, versions 2 and 3, over IPv4 and IPv6.

    octet   version 2 (RFC 3768 §5.3)        version 3 (RFC 9568 §5.2)
    0       version << 4 | type              same
    1       VRID                             same
    2       priority                         same
    3       address count n                  same
    4       authentication type              reserved (4 bits) | interval bits 11..8
    5       interval, seconds                interval bits 7..0, centiseconds
    6-7     checksum                         same
    8-      n * 4 octets                     n * 4 (IPv4) or n * 16 (IPv6)
    end     8 octets authentication data     nothing

The checks that need only the bytes stand in `decode`; those that need the receiver's settings
stand in `receive`. Together they are RFC 9568 §7.1.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address, IPv6Address

from ..errors import PyvrrpError
from .intervals import centiseconds, from_centiseconds
from .model import (
    PROTOCOL,
    Address,
    ChecksumForm,
    Family,
    Version,
    VirtualRouterConfig,
    vrrp_group,
)

__all__ = [
    "Advertisement",
    "DiscardReason",
    "IpFacts",
    "PacketError",
    "decode",
    "encode",
    "internet_checksum",
    "message_size",
    "with_checksum",
]

_HEADER = struct.Struct("!BBBBBBH")
_ADVERTISEMENT_TYPE = 1
_AUTHENTICATION_SIZE = 8
_VERSIONS = {int(version): version for version in Version}


class DiscardReason(Enum):
    """Why a message was thrown away; the value is the counter's label.

    The first eight are RFC 8347's counters, the next three RFC 2787's, the rest are ours.
    """

    TTL = "ip-ttl-errors"
    VERSION = "version-errors"
    CHECKSUM = "checksum-errors"
    VRID = "vrid-errors"
    TYPE = "invalid-type-pkts-rcvd"
    LENGTH = "packet-length-errors"
    INTERVAL = "interval-errors"
    ADDRESS_LIST = "address-list-errors"
    AUTHENTICATION_TYPE = "invalid-auth-type"
    AUTHENTICATION_MISMATCH = "auth-type-mismatch"
    AUTHENTICATION_FAILURE = "auth-failures"
    NO_ADDRESS = "address-count-zero"
    INTERVAL_ZERO = "interval-zero"
    FIRST_NOT_LINK_LOCAL = "first-address-not-link-local"
    OWNER = "advertisement-to-owner"
    LOOPED = "own-advertisement"
    DESTINATION = "wrong-destination"
    SOURCE = "unknown-peer"
    SIGNATURE_MISSING = "signature-missing"
    SIGNATURE_MALFORMED = "signature-malformed"
    SIGNATURE_UNKNOWN_KEY = "signature-unknown-key"
    SIGNATURE_INVALID = "signature-invalid"
    SIGNATURE_STALE = "signature-stale"
    SIGNATURE_REPLAYED = "signature-replayed"


class PacketError(PyvrrpError):
    """A message that must be discarded, with the first check that failed."""

    def __init__(self, reason: DiscardReason, detail: str) -> None:
        super().__init__(f"{reason.value}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class IpFacts:
    """What the IP header said about a message: addresses, and TTL or hop limit (None: unknown)."""

    source: Address
    destination: Address
    ttl: int | None


@dataclass(frozen=True, slots=True)
class Advertisement:
    """A decoded message. `max_advertise_interval` is in seconds."""

    version: Version
    vrid: int
    priority: int
    max_advertise_interval: float
    addresses: tuple[Address, ...]
    source: Address
    checksum_form: ChecksumForm | None = None
    """Which form matched, for version 3 over IPv4; None where only one exists."""
    authentication_type: int = 0
    authentication_data: bytes = b""


def internet_checksum(data: bytes) -> int:
    """One's complement of the one's-complement sum of 16-bit words (RFC 1071).

    `data` may have an odd length. 2**16 leaves remainder 1 modulo 0xffff, so the whole message
    read as one big number has the same remainder as the folded sum of its words.
    """
    total = int.from_bytes(data + b"\0" if len(data) & 1 else data, "big")
    folded = total % 0xFFFF
    return 0 if total and not folded else 0xFFFF - folded


def _pseudo_header(source: Address, destination: Address, length: int) -> bytes:
    """The upper-layer pseudo-header (RFC 9568 §5.2.8, RFC 5798 §5.2.8)."""
    addresses = source.packed + destination.packed
    if source.version == 4:
        return addresses + struct.pack("!BBH", 0, PROTOCOL, length)
    return addresses + struct.pack("!IxxxB", length, PROTOCOL)


def encode(cfg: VirtualRouterConfig, priority: int, destination: Address) -> bytes:
    """The message `cfg` sends to `destination`, checksum included.

    `priority` is 0 for a resignation, else the effective priority. The destination matters for
    the pseudo-header only; each unicast peer gets its own checksum.
    """
    addresses = b"".join(a.packed for a in cfg.addresses)
    if cfg.version is Version.V2:
        authentication = cfg.authentication_type
        high, low = authentication, int(cfg.advertisement_interval)
        body = addresses + (cfg.password or bytes(_AUTHENTICATION_SIZE))
    else:
        high, low = divmod(centiseconds(cfg.advertisement_interval), 256)
        body = addresses
    first = cfg.version << 4 | _ADVERTISEMENT_TYPE
    fields = (first, cfg.vrid, priority, len(cfg.addresses), high, low)
    message = _HEADER.pack(*fields, 0) + body
    covered = message
    if cfg.family is Family.IPV4 and cfg.checksum is ChecksumForm.OLD_UNICAST:
        destination = cfg.destination_group
    if cfg.family is Family.IPV6 or (
        cfg.version is Version.V3 and cfg.checksum is not ChecksumForm.MESSAGE_ONLY
    ):
        covered = _pseudo_header(cfg.source, destination, len(message)) + message
    return _HEADER.pack(*fields, internet_checksum(covered)) + body


def with_checksum(message: bytes, source: Address, destination: Address) -> bytes:
    """A message over IPv6, with whatever follows it there, and its checksum set right."""
    blank = message[:6] + b"\0\0" + message[8:]
    total = internet_checksum(_pseudo_header(source, destination, len(message)) + blank)
    return message[:6] + total.to_bytes(2, "big") + message[8:]


def message_size(message: bytes, family: Family) -> int:
    """Octets that a message has by its version and its address count, itself at least 4 long."""
    trailer = _AUTHENTICATION_SIZE if message[0] >> 4 == Version.V2 else 0
    return _HEADER.size + message[3] * family.address_size + trailer


def decode(message: bytes, ip: IpFacts, behind: bytes = b"") -> Advertisement:
    """Decode one VRRP message: the IP payload, its header stripped into `ip`.

    `behind` is what followed it: over IPv6 the checksum covers that too, as kernels compute it.

    Checks, in this order: length of the header, version, type, length against the address count,
    checksum. Units: the wire's interval is centiseconds or seconds, the result's is seconds.
    Raises: PacketError, with the first check of RFC 9568 §7.1 that failed, and nothing else.
    Source: RFC 9568 §5.2, §7.1; RFC 3768 §5.3, §7.1.
    """
    if len(message) < _HEADER.size:
        raise PacketError(DiscardReason.LENGTH, f"{len(message)} octets, less than a header")
    first, vrid, priority, count, high, low, _ = _HEADER.unpack_from(message)
    version = _VERSIONS.get(first >> 4)
    if version is None:
        raise PacketError(DiscardReason.VERSION, f"version {first >> 4}")
    family = Family.IPV4 if ip.source.version == 4 else Family.IPV6
    if version is Version.V2 and family is Family.IPV6:
        raise PacketError(DiscardReason.VERSION, "version 2 over IPv6")
    if first & 0x0F != _ADVERTISEMENT_TYPE:
        raise PacketError(DiscardReason.TYPE, f"type {first & 0x0F}")
    expected = message_size(message, family)
    if len(message) != expected:
        detail = f"{len(message)} octets, {expected} expected for {count} addresses"
        raise PacketError(DiscardReason.LENGTH, detail)
    form = _matching_checksum(message, version, family, ip, behind)
    end = _HEADER.size + count * family.address_size
    is_v2 = version is Version.V2
    return Advertisement(
        version=version,
        vrid=vrid,
        priority=priority,
        max_advertise_interval=float(low) if is_v2 else from_centiseconds((high & 0x0F) << 8 | low),
        addresses=_addresses(message[_HEADER.size : end], family),
        source=ip.source,
        checksum_form=form,
        authentication_type=high if is_v2 else 0,
        authentication_data=message[end:],
    )


def _matching_checksum(
    message: bytes, version: Version, family: Family, ip: IpFacts, behind: bytes
) -> ChecksumForm | None:
    """Verify the checksum; say which of the two version 3 IPv4 forms it has."""
    if version is Version.V2:
        sums: tuple[tuple[ChecksumForm | None, bytes], ...] = ((None, b""),)
    else:
        if family is Family.IPV6:
            message += behind
        pseudo = _pseudo_header(ip.source, ip.destination, len(message))
        if family is Family.IPV6:
            sums = ((None, pseudo),)
        else:
            sums = ((ChecksumForm.PSEUDO_HEADER, pseudo), (ChecksumForm.MESSAGE_ONLY, b""))
            if not ip.destination.is_multicast:
                to_group = _pseudo_header(ip.source, vrrp_group(family), len(message))
                sums = (*sums, (ChecksumForm.OLD_UNICAST, to_group))
    for form, prefix in sums:
        if internet_checksum(prefix + message) == 0:
            return form
    raise PacketError(DiscardReason.CHECKSUM, f"0x{message[6:8].hex()} matches no form")


def _addresses(packed: bytes, family: Family) -> tuple[Address, ...]:
    """Split an address list. Not cached: what strangers send must not stay in memory."""
    if family is Family.IPV4:
        return tuple(IPv4Address(packed[i : i + 4]) for i in range(0, len(packed), 4))
    return tuple(IPv6Address(packed[i : i + 16]) for i in range(0, len(packed), 16))
