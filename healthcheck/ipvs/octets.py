"""Services and destinations <-> netlink attributes.

Reading takes whatever another program may have put into the table. What has no name here (a
service of another protocol) is None; a forwarding method without one reads as BYPASS, which nobody wants,
so that it differs from everything wanted.

Source: include/uapi/linux/ip_vs.h; net/netfilter/ipvs/ip_vs_ctl.c for the kinds of the attributes.
"""

from __future__ import annotations

import socket
import struct
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address

from ..core.table import (
    Address,
    Destination,
    DestinationSettings,
    Family,
    FirewallMark,
    Forwarding,
    Method,
    Protocol,
    ServiceAddress,
    ServiceFlag,
    ServiceKey,
    ServiceSettings,
    TunnelChecksum,
    TunnelType,
)
from .genetlink import ATTRIBUTE, attribute, attributes, u16, u32

__all__ = [
    "ADDRESS_FAMILY",
    "DESTINATION",
    "SERVICE",
    "destination_name",
    "full_destination",
    "full_service",
    "parse_destination",
    "parse_key",
    "parse_service",
    "service_name",
]

SERVICE, DESTINATION = 1, 2  # IPVS_CMD_ATTR_*

_SVC_AF, _SVC_PROTOCOL, _SVC_ADDR, _SVC_PORT, _SVC_FWMARK = 1, 2, 3, 4, 5
_SVC_SCHED_NAME, _SVC_FLAGS, _SVC_TIMEOUT, _SVC_NETMASK, _SVC_PE_NAME = 6, 7, 8, 9, 11
_DEST_ADDR, _DEST_PORT, _DEST_FWD_METHOD, _DEST_WEIGHT = 1, 2, 3, 4
_DEST_U_THRESH, _DEST_L_THRESH, _DEST_ADDR_FAMILY = 5, 6, 11
_DEST_TUN_TYPE, _DEST_TUN_PORT, _DEST_TUN_FLAGS = 13, 14, 15

ADDRESS_FAMILY = {Family.IPV4: int(socket.AF_INET), Family.IPV6: int(socket.AF_INET6)}
_FAMILIES = {number: family for family, number in ADDRESS_FAMILY.items()}
_ALL = 0xFFFFFFFF
_FORWARDING_MASK = 0x7
_KNOWN_FLAGS = sum(ServiceFlag)
_UNKNOWN = Method(Forwarding.BYPASS)

_U16 = struct.Struct("=H")
_U32 = struct.Struct("=I")
_FLAGS = struct.Struct("=II")  # struct ip_vs_flags: flags, and which of them are meant
_PORT = struct.Struct("=HH2sxx")
_ADDRESS = struct.Struct("=HH16s")
_TUNNEL = struct.Struct("=HHB3x HH2sxx HHHxx")


@lru_cache(maxsize=256)
def service_name(key: ServiceKey) -> bytes:
    """IPVS_CMD_ATTR_SERVICE with what names a service."""
    return attribute(SERVICE, _name(key))


@lru_cache(maxsize=256)
def full_service(key: ServiceKey, settings: ServiceSettings) -> bytes:
    """IPVS_CMD_ATTR_SERVICE with everything; every flag is set or cleared."""
    body = _name(key)
    body += attribute(_SVC_SCHED_NAME, settings.scheduler.encode() + b"\0")
    if settings.persistence_engine is not None:
        body += attribute(_SVC_PE_NAME, settings.persistence_engine.encode() + b"\0")
    body += attribute(_SVC_FLAGS, _FLAGS.pack(settings.flags, _ALL))
    body += u32(_SVC_TIMEOUT, settings.persistence_timeout)
    body += attribute(_SVC_NETMASK, _netmask(settings.granularity, key.family))
    return attribute(SERVICE, body)


def destination_name(destination: Destination) -> bytes:
    """IPVS_CMD_ATTR_DEST with what names a destination of a service."""
    return attribute(DESTINATION, _destination(destination))


def full_destination(destination: Destination, settings: DestinationSettings) -> bytes:
    """IPVS_CMD_ATTR_DEST with everything."""
    return attribute(DESTINATION, _destination(destination) + _destination_settings(settings))


def parse_service(data: bytes, start: int, end: int) -> tuple[ServiceKey | None, ServiceSettings]:
    """The service in the attributes of one message of a dump; None: of no kind known here."""
    found = _nested(data, start, end)
    family = _FAMILIES.get(_U16.unpack(found[_SVC_AF])[0])
    flags = ServiceFlag(_U32.unpack_from(found[_SVC_FLAGS])[0] & _KNOWN_FLAGS)
    engine = found.get(_SVC_PE_NAME)
    settings = ServiceSettings(
        scheduler=_text(found[_SVC_SCHED_NAME]),
        flags=flags,
        persistence_timeout=_U32.unpack(found[_SVC_TIMEOUT])[0],
        granularity=_granularity(found[_SVC_NETMASK], family),
        persistence_engine=_text(engine) if engine else None,
    )
    return _key(found, family), settings


def parse_key(found: dict[int, bytes]) -> ServiceKey | None:
    """What names a service, from its attributes."""
    return _key(found, _FAMILIES.get(_U16.unpack(found[_SVC_AF])[0]))


def parse_destination(
    data: bytes, start: int, end: int, family: int
) -> tuple[Destination, DestinationSettings]:
    """The destination in the attributes of one message of a dump.

    `family` is the service's AF_*, for kernels before 3.18, which had no other.
    """
    found = _nested(data, start, end)
    raw = found.get(_DEST_ADDR_FAMILY)
    if raw is not None:
        family = _U16.unpack(raw)[0]
    port = int.from_bytes(found[_DEST_PORT], "big")
    destination = Destination(_address(found[_DEST_ADDR], family), port)
    return destination, _settings(
        found[_DEST_FWD_METHOD],
        found[_DEST_WEIGHT],
        found[_DEST_U_THRESH],
        found[_DEST_L_THRESH],
        found.get(_DEST_TUN_TYPE, b"\0"),
        found.get(_DEST_TUN_PORT, b"\0\0"),
        found.get(_DEST_TUN_FLAGS, b"\0\0"),
    )


def _name(key: ServiceKey) -> bytes:
    family = u16(_SVC_AF, ADDRESS_FAMILY[key.family])
    if isinstance(key, FirewallMark):
        return family + u32(_SVC_FWMARK, key.mark)
    return (
        family
        + u16(_SVC_PROTOCOL, key.protocol)
        + _ADDRESS.pack(20, _SVC_ADDR, key.address.packed)
        + _PORT.pack(6, _SVC_PORT, key.port.to_bytes(2, "big"))
    )


def _netmask(granularity: int | None, family: Family) -> bytes:
    """IPv4: a mask in network order. IPv6: a prefix length in the machine's."""
    if family is Family.IPV6:
        return _U32.pack(128 if granularity is None else granularity)
    length = 32 if granularity is None else granularity
    return (_ALL << 32 - length & _ALL).to_bytes(4, "big")


def _granularity(netmask: bytes, family: Family | None) -> int | None:
    if family is Family.IPV6:
        length = int(_U32.unpack(netmask)[0])
        return None if length >= 128 else length
    length = int.from_bytes(netmask, "big").bit_count()
    return None if length == 32 else length


def _key(found: dict[int, bytes], family: Family | None) -> ServiceKey | None:
    if family is None:
        return None
    if _SVC_FWMARK in found:
        return FirewallMark(_U32.unpack(found[_SVC_FWMARK])[0], family)
    try:
        protocol = Protocol(_U16.unpack(found[_SVC_PROTOCOL])[0])
    except ValueError:
        return None
    address = _address(found[_SVC_ADDR], ADDRESS_FAMILY[family])
    return ServiceAddress(protocol, address, int.from_bytes(found[_SVC_PORT], "big"))


def _destination(destination: Destination) -> bytes:
    address = destination.address
    return (
        u16(_DEST_ADDR_FAMILY, ADDRESS_FAMILY[Family(address.version)])
        + _ADDRESS.pack(20, _DEST_ADDR, address.packed)
        + _PORT.pack(6, _DEST_PORT, destination.port.to_bytes(2, "big"))
    )


@lru_cache(maxsize=256)
def _destination_settings(settings: DestinationSettings) -> bytes:
    method = settings.method
    body = (
        u32(_DEST_FWD_METHOD, method.forwarding)
        + u32(_DEST_WEIGHT, settings.weight)
        + u32(_DEST_U_THRESH, settings.upper_threshold)
        + u32(_DEST_L_THRESH, settings.lower_threshold)
    )
    if method.forwarding is Forwarding.TUNNELLING:
        port = method.tunnel_port.to_bytes(2, "big")
        tunnel = (5, _DEST_TUN_TYPE, method.tunnel_type, 6, _DEST_TUN_PORT, port)
        body += _TUNNEL.pack(*tunnel, 6, _DEST_TUN_FLAGS, method.tunnel_checksum)
    return body


@lru_cache(maxsize=1024)
def _settings(
    forwarding: bytes,
    weight: bytes,
    upper: bytes,
    lower: bytes,
    tunnel_type: bytes,
    tunnel_port: bytes,
    tunnel_flags: bytes,
) -> DestinationSettings:
    """Cached: the destinations of a table share few settings, and then share the objects too."""
    return DestinationSettings(
        weight=_U32.unpack(weight)[0],
        method=_method(
            _U32.unpack(forwarding)[0] & _FORWARDING_MASK,
            tunnel_type[0],
            int.from_bytes(tunnel_port, "big"),
            _U16.unpack(tunnel_flags)[0],
        ),
        upper_threshold=_U32.unpack(upper)[0],
        lower_threshold=_U32.unpack(lower)[0],
    )


def _method(forwarding: int, tunnel_type: int, port: int, flags: int) -> Method:
    try:
        if forwarding != Forwarding.TUNNELLING:
            return Method(Forwarding(forwarding))
        return Method(
            Forwarding.TUNNELLING, TunnelType(tunnel_type), port, TunnelChecksum(flags & 3)
        )
    except ValueError:
        return _UNKNOWN


def _address(packed: bytes, family: int) -> Address:
    if family == socket.AF_INET6:
        return IPv6Address(packed)
    return IPv4Address(packed[:4])


def _nested(data: bytes, start: int, end: int) -> dict[int, bytes]:
    """The attributes inside the first one."""
    length = ATTRIBUTE.unpack_from(data, start)[0]
    return attributes(data, start + 4, min(end, start + length))


def _text(value: bytes) -> str:
    return value.rstrip(b"\0").decode(errors="surrogateescape")
