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
from operator import itemgetter

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
from .genetlink import (
    ATTRIBUTE,
    attribute,
    attributes,
    each_attribute,
    nest,
    text,
    to_number,
    u16,
    u32,
)

__all__ = [
    "ADDRESS_FAMILY",
    "DestinationReader",
    "destination_in",
    "destination_name",
    "full_destination",
    "full_service",
    "key_in",
    "nested",
    "parse_service",
    "service_name",
]

_SERVICE, _DESTINATION = 1, 2  # IPVS_CMD_ATTR_*

_SVC_AF, _SVC_PROTOCOL, _SVC_ADDR, _SVC_PORT, _SVC_FWMARK = 1, 2, 3, 4, 5
_SVC_SCHED_NAME, _SVC_FLAGS, _SVC_TIMEOUT, _SVC_NETMASK, _SVC_PE_NAME = 6, 7, 8, 9, 11
_DEST_ADDR, _DEST_PORT, _DEST_FWD_METHOD, _DEST_WEIGHT = 1, 2, 3, 4
_DEST_U_THRESH, _DEST_L_THRESH, _DEST_ADDR_FAMILY = 5, 6, 11
_DEST_TUN_TYPE, _DEST_TUN_PORT, _DEST_TUN_FLAGS = 13, 14, 15

_IN_SETTINGS = (
    *(_DEST_FWD_METHOD, _DEST_WEIGHT, _DEST_U_THRESH, _DEST_L_THRESH),
    *(_DEST_TUN_TYPE, _DEST_TUN_PORT, _DEST_TUN_FLAGS),  # not before Linux 5.3
)
_WANTED = (_DEST_ADDR, _DEST_PORT, _DEST_ADDR_FAMILY, *_IN_SETTINGS)

_AF_INET, _AF_INET6 = int(socket.AF_INET), int(socket.AF_INET6)
ADDRESS_FAMILY = {Family.IPV4: _AF_INET, Family.IPV6: _AF_INET6}
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
_U8 = struct.Struct("=HHB3x")


@lru_cache(maxsize=256)
def service_name(key: ServiceKey) -> bytes:
    """IPVS_CMD_ATTR_SERVICE with what names a service."""
    return nest(_SERVICE, _name(key))


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
    return nest(_SERVICE, body)


def destination_name(destination: Destination) -> bytes:
    """IPVS_CMD_ATTR_DEST with what names a destination of a service."""
    return nest(_DESTINATION, _destination(destination))


def full_destination(destination: Destination, settings: DestinationSettings) -> bytes:
    """IPVS_CMD_ATTR_DEST with everything."""
    return nest(_DESTINATION, _destination(destination) + _destination_settings(settings))


def parse_service(data: bytes, start: int, end: int) -> tuple[ServiceKey | None, ServiceSettings]:
    """The service in the attributes of one message of a dump; None: of no kind known here."""
    found = nested(data, start, end)
    engine = found.get(_SVC_PE_NAME)
    return key_in(found), ServiceSettings(
        scheduler=text(found[_SVC_SCHED_NAME]),
        flags=ServiceFlag(_FLAGS.unpack(found[_SVC_FLAGS])[0] & _KNOWN_FLAGS),
        persistence_timeout=to_number(found[_SVC_TIMEOUT]),
        granularity=_granularity(found[_SVC_NETMASK], to_number(found[_SVC_AF])),
        persistence_engine=text(engine) if engine else None,
    )


def key_in(found: dict[int, bytes]) -> ServiceKey | None:
    """What names a service, from its attributes; None: of no kind known here."""
    family = _FAMILIES.get(to_number(found[_SVC_AF]))
    if family is None:
        return None
    if _SVC_FWMARK in found:
        return FirewallMark(to_number(found[_SVC_FWMARK]), family)
    try:
        protocol = Protocol(to_number(found[_SVC_PROTOCOL]))
    except ValueError:
        return None
    address = _address(found[_SVC_ADDR], ADDRESS_FAMILY[family])
    return ServiceAddress(protocol, address, int.from_bytes(found[_SVC_PORT], "big"))


def destination_in(found: dict[int, bytes], family: int) -> Destination:
    """What names a destination, from its attributes. `family`: its service's AF_*."""
    own = found.get(_DEST_ADDR_FAMILY) or _U16.pack(family)
    return _named(found[_DEST_ADDR], own, found[_DEST_PORT])


def nested(data: bytes, start: int, end: int) -> dict[int, bytes]:
    """The attributes inside the first one from `start`."""
    length = ATTRIBUTE.unpack_from(data, start)[0]
    return attributes(data, start + 4, min(end, start + length))


class DestinationReader:
    """Reads the destinations of services of one family, one message of a dump a call.

    A kernel lays out all of them alike: the first is searched, the others are unpacked in one step as
    long as the headers of their attributes are the same. That halves the time.
    `family` is the services' AF_*, for kernels before 3.18, where destinations have no own.
    """

    __slots__ = ("_address", "_family", "_headers", "_layout", "_own_family", "_port", "_settings")

    def __init__(self, family: int) -> None:
        self._family = _U16.pack(family)
        self._headers: tuple[bytes, ...] = ()
        self._layout = struct.Struct("")

    def __call__(
        self, data: bytes, start: int, end: int
    ) -> tuple[Destination, DestinationSettings]:
        """The destination in the attributes from `start` to `end`."""
        fields = self._unpack(data, start, end)
        family = self._family if self._own_family is None else fields[self._own_family]
        destination = _named(fields[self._address], family, fields[self._port])
        return destination, _settings(*self._settings(fields))

    def _unpack(self, data: bytes, start: int, end: int) -> tuple[bytes, ...]:
        """Header, value, header, value ..."""
        if self._headers and start + self._layout.size <= end:
            fields: tuple[bytes, ...] = self._layout.unpack_from(data, start)
            if fields[::2] == self._headers:
                return fields
        self._learn(data, start, end)
        return self._layout.unpack_from(data, start)

    def _learn(self, data: bytes, start: int, end: int) -> None:
        end = min(end, start + ATTRIBUTE.unpack_from(data, start)[0])
        headers: list[bytes] = []
        form = ["=4x"]
        places: dict[int, int] = {}
        for kind, length, position in each_attribute(data, start + 4, end):
            places[kind] = 2 * len(headers) + 1
            headers.append(data[position : position + 4])
            form.append(f"4s{length - 4}s{-length % 4}x")
        count = max(places[kind] for kind in _WANTED if kind in places) // 2 + 1
        self._headers = tuple(headers[:count])
        self._layout = struct.Struct("".join(form[: count + 1]))
        self._address, self._port = places[_DEST_ADDR], places[_DEST_PORT]
        self._own_family = places.get(_DEST_ADDR_FAMILY)
        self._settings = itemgetter(*(places[kind] for kind in _IN_SETTINGS if kind in places))


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


def _granularity(netmask: bytes, family: int) -> int | None:
    if family == _AF_INET6:
        length = to_number(netmask)
        return None if length >= 128 else length
    length = to_number(netmask).bit_count()
    return None if length == 32 else length


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
    return (
        u32(_DEST_FWD_METHOD, method.forwarding)
        + u32(_DEST_WEIGHT, settings.weight)
        + _U8.pack(5, _DEST_TUN_TYPE, method.tunnel_type)
        + _PORT.pack(6, _DEST_TUN_PORT, method.tunnel_port.to_bytes(2, "big"))
        + u16(_DEST_TUN_FLAGS, method.tunnel_checksum)
        + u32(_DEST_U_THRESH, settings.upper_threshold)
        + u32(_DEST_L_THRESH, settings.lower_threshold)
    )


@lru_cache(maxsize=1024)
def _settings(
    forwarding: bytes,
    weight: bytes,
    upper: bytes,
    lower: bytes,
    tunnel_type: bytes = b"\0",
    tunnel_port: bytes = b"\0\0",
    tunnel_flags: bytes = b"\0\0",
) -> DestinationSettings:
    """From the attributes of `_IN_SETTINGS`, in that order.

    Cached: the destinations of a table share few settings, and then share the objects too.
    """
    return DestinationSettings(
        weight=to_number(weight),
        method=_method(
            to_number(forwarding) & _FORWARDING_MASK,
            tunnel_type[0],
            int.from_bytes(tunnel_port, "big"),
            to_number(tunnel_flags),
        ),
        upper_threshold=to_number(upper),
        lower_threshold=to_number(lower),
    )


@lru_cache(maxsize=4096)
def _named(address: bytes, family: bytes, port: bytes) -> Destination:
    """Cached: an agent reads the same destinations over and over."""
    return Destination(_address(address, to_number(family)), int.from_bytes(port, "big"))


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
    if family == _AF_INET6:
        return IPv6Address(packed)
    return IPv4Address(packed[:4])
