"""Links and addresses of a namespace, read from the kernel in some 0.1 ms; and their changes.

Polling "who has the address" by ip(8) costs 3 ms a look, which on two cores disturbs what the lab
wants to measure.

Source: rtnetlink(7), include/uapi/linux/{netlink,rtnetlink,if_link,if_addr}.h.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Interface, IPv6Interface, ip_interface
from typing import TypeAlias

from . import namespaces
from .errors import LabError

__all__ = [
    "Address",
    "AddressChange",
    "Interface",
    "LinkState",
    "open_monitor",
    "parse_changes",
    "read_addresses",
    "read_links",
]

Interface: TypeAlias = IPv4Interface | IPv6Interface

_RTM_NEWLINK, _RTM_GETLINK = 16, 18
_RTM_NEWADDR, _RTM_DELADDR, _RTM_GETADDR = 20, 21, 22
_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_REQUEST_DUMP = 0x301
_IFLA_ADDRESS, _IFLA_IFNAME, _IFLA_MTU, _IFLA_OPERSTATE = 1, 3, 4, 16
_OPERSTATE_UP = b"\6"
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_IFA_F_TENTATIVE = 0x40
_IFF_UP, _IFF_LOWER_UP = 0x1, 0x10000
_GROUPS = 0x10 | 0x100  # RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR

_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
_IFINFO = struct.Struct("=BxHiII")
_IFADDR = struct.Struct("=BBBBI")


@dataclass(frozen=True, slots=True)
class LinkState:
    """One network interface as the kernel sees it."""

    index: int
    name: str
    is_up: bool
    """Administratively: `ip link set up`."""
    has_carrier: bool
    """Up, and so is the other end of the cable."""
    is_operational: bool
    """The kernel has acted on the carrier (a moment later): routes are valid, a bridge forwards."""
    mac: str
    mtu: int


@dataclass(frozen=True, slots=True)
class Address:
    """One address, with its prefix length, on the interface number `index`."""

    index: int
    interface: Interface
    is_tentative: bool = field(default=False, compare=False)
    """An IPv6 address that the kernel does not answer for yet."""


@dataclass(frozen=True, slots=True)
class AddressChange:
    """An address appeared, or went away."""

    address: Address
    added: bool


def read_links(namespace: str) -> list[LinkState]:
    """The interfaces of the namespace, in the kernel's order. Raises: LabError."""
    bodies = _dump(namespace, _RTM_GETLINK, _IFINFO.pack(0, 0, 0, 0, 0))
    return [_parse_link(body) for kind, body in bodies if kind == _RTM_NEWLINK]


def read_addresses(namespace: str) -> list[Address]:
    """The addresses of the namespace, loopback's too, in the kernel's order. Raises: LabError."""
    bodies = _dump(namespace, _RTM_GETADDR, _IFADDR.pack(0, 0, 0, 0, 0))
    return [_parse_address(body) for kind, body in bodies if kind == _RTM_NEWADDR]


def open_monitor(namespace: str) -> socket.socket:
    """A socket that tells the namespace's address changes; each datagram is for `parse_changes`."""
    with namespaces.entered(namespace):
        monitor = _open()
    monitor.bind((0, _GROUPS))
    return monitor


def parse_changes(datagram: bytes) -> list[AddressChange]:
    """The address changes in one datagram of a monitor, in order."""
    kinds = {_RTM_NEWADDR: True, _RTM_DELADDR: False}
    return [
        AddressChange(_parse_address(body), kinds[kind])
        for kind, body in _messages(datagram)
        if kind in kinds
    ]


def _open() -> socket.socket:
    return socket.socket(
        socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE
    )


def _dump(namespace: str, kind: int, body: bytes) -> Iterator[tuple[int, bytes]]:
    with namespaces.entered(namespace):
        request = _open()
    with request:
        request.settimeout(5.0)
        request.send(_HEADER.pack(_HEADER.size + len(body), kind, _REQUEST_DUMP, 1, 0) + body)
        while True:
            for answer, content in _messages(request.recv(1 << 18)):
                if answer == _NLMSG_DONE:
                    return
                if answer == _NLMSG_ERROR:
                    raise LabError(f"{namespace}: the kernel refused a netlink dump of type {kind}")
                yield answer, content


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    offset = 0
    while offset + _HEADER.size <= len(data):
        length, kind, _, _, _ = _HEADER.unpack_from(data, offset)
        yield kind, data[offset + _HEADER.size : offset + length]
        offset += (length + 3) & ~3


def _attributes(data: bytes) -> dict[int, bytes]:
    found = {}
    offset = 0
    while offset + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, offset)
        found[kind] = data[offset + _ATTRIBUTE.size : offset + length]
        offset += max((length + 3) & ~3, _ATTRIBUTE.size)
    return found


def _parse_link(body: bytes) -> LinkState:
    _, _, index, flags, _ = _IFINFO.unpack_from(body)
    found = _attributes(body[_IFINFO.size :])
    return LinkState(
        index=index,
        name=found[_IFLA_IFNAME].rstrip(b"\0").decode(),
        is_up=bool(flags & _IFF_UP),
        has_carrier=bool(flags & _IFF_LOWER_UP),
        is_operational=found[_IFLA_OPERSTATE] == _OPERSTATE_UP,
        mac=found.get(_IFLA_ADDRESS, b"").hex(":"),
        mtu=int.from_bytes(found[_IFLA_MTU], "little"),
    )


def _parse_address(body: bytes) -> Address:
    """IFA_LOCAL is the address itself; IFA_ADDRESS is the peer's on point-to-point links."""
    _, prefix, flags, _, index = _IFADDR.unpack_from(body)
    found = _attributes(body[_IFADDR.size :])
    raw = found.get(_IFA_LOCAL, found.get(_IFA_ADDRESS, b""))
    return Address(index, ip_interface((raw, prefix)), bool(flags & _IFA_F_TENTATIVE))
