"""UDP sockets of BFD: one receiver for each port and family, one sender for each session.

Source: RFC 5881 §4, RFC 5883 §5; ip(7), ipv6(7), RFC 3542 §6.
"""

from __future__ import annotations

import errno
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from random import Random
from typing import TypeAlias

from ..errors import PyvrrpError
from .settings import Address, BfdSettings

__all__ = ["MULTIHOP_PORT", "PORT", "Arrival", "BfdSocketError", "Datagram", "Receiver", "Sender"]

PORT, MULTIHOP_PORT = 3784, 4784

_SOURCE_PORTS = range(49152, 65536)
_TRIES = 64
_LARGEST = 512
_RECEIVE_BUFFER = 1 << 20
_SO_RCVBUFFORCE = 33
_IP_RECVTTL, _IP_TTL, _IP_PKTINFO = 12, 2, 8  # in socket from Python 3.12 and 3.14 on
_IPV6_HOPLIMIT = 52
_INTERNETWORK_CONTROL = 0xC0  # DSCP CS6, as routing protocols have it (RFC 4594 §3.1)
_ANCILLARY_SPACE = socket.CMSG_SPACE(20) + socket.CMSG_SPACE(4)
_INT = struct.Struct("=i")
_IN_PKTINFO = struct.Struct("=i4s4s")
_IN6_PKTINFO = struct.Struct("=16si")

Datagram: TypeAlias = "tuple[bytes, tuple[tuple[int, int, bytes], ...], tuple[str | int, ...]]"
"""Payload, control messages, sender: two that are equal say the same in the same way."""


class BfdSocketError(PyvrrpError):
    """A socket that could not be opened or bound; `operation` says what was tried."""

    def __init__(self, operation: str, error: OSError) -> None:
        self.operation = operation
        self.errno = error.errno
        super().__init__(f"{operation}: {error.strerror or error}")


@dataclass(frozen=True, slots=True)
class Arrival:
    """What is known of a packet besides its octets."""

    source: Address
    destination: Address | None
    ttl: int | None
    interface: int
    """Index of the interface, 0 when it is not known."""


class Receiver:
    """Hears what arrives on a port in one family. Raises: BfdSocketError."""

    def __init__(self, version: int, port: int) -> None:
        self.version = version
        self.port = port
        kind = socket.AF_INET if version == 4 else socket.AF_INET6
        where = f"listen on UDP port {port}, IPv{version}"
        try:
            self._socket = socket.socket(kind, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        except OSError as error:
            raise BfdSocketError(where, error) from error
        try:
            self._set_options()
            self._socket.bind(("" if version == 4 else "::", port))
        except OSError as error:
            self._socket.close()
            raise BfdSocketError(where, error) from error

    def _set_options(self) -> None:
        if self.version == 4:
            self._socket.setsockopt(socket.IPPROTO_IP, _IP_RECVTTL, 1)
            self._socket.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
        else:
            for option in (
                socket.IPV6_V6ONLY,
                socket.IPV6_RECVHOPLIMIT,
                socket.IPV6_RECVPKTINFO,
            ):
                self._socket.setsockopt(socket.IPPROTO_IPV6, option, 1)
        with suppress(OSError):  # only with CAP_NET_ADMIN
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _RECEIVE_BUFFER)

    def fileno(self) -> int:
        """The descriptor to wait on."""
        return self._socket.fileno()

    def close(self) -> None:
        """Hear nothing more."""
        self._socket.close()

    def read(self) -> Datagram | None:
        """One datagram; None when none waits."""
        try:
            octets, ancillary, _, address = self._socket.recvmsg(_LARGEST, _ANCILLARY_SPACE)
        except OSError:  # none waits, or an error of the path, which is no datagram
            return None
        return octets, tuple(ancillary), address

    def arrival(self, datagram: Datagram) -> Arrival:
        """What the IP header said of it."""
        _, ancillary, address = datagram
        if self.version == 4:
            return _ipv4_arrival(ancillary, str(address[0]))
        return _ipv6_arrival(ancillary, str(address[0]), int(address[3]))


def _ipv4_arrival(ancillary: tuple[tuple[int, int, bytes], ...], host: str) -> Arrival:
    ttl, destination, interface = None, None, 0
    for level, kind, data in ancillary:
        if (level, kind) == (socket.IPPROTO_IP, _IP_TTL):
            ttl = _INT.unpack_from(data)[0]
        elif (level, kind) == (socket.IPPROTO_IP, _IP_PKTINFO):
            interface, _, octets = _IN_PKTINFO.unpack_from(data)
            destination = IPv4Address(octets)
    return Arrival(IPv4Address(host), destination, ttl, interface)


def _ipv6_arrival(ancillary: tuple[tuple[int, int, bytes], ...], host: str, scope: int) -> Arrival:
    ttl, destination, interface = None, None, scope
    for level, kind, data in ancillary:
        if (level, kind) == (socket.IPPROTO_IPV6, _IPV6_HOPLIMIT):
            ttl = _INT.unpack_from(data)[0]
        elif (level, kind) == (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO):
            octets, interface = _IN6_PKTINFO.unpack_from(data)
            destination = IPv6Address(octets)
    return Arrival(IPv6Address(host.partition("%")[0]), destination, ttl, interface)


class Sender:
    """Sends one session's packets, always from the same port.

    It is one of those that RFC 5881 §4 names (quirk: bfd-port).
    The socket is opened when it is needed, and anew after a source address that was missing came.
    """

    def __init__(self, settings: BfdSettings, random: Random) -> None:
        self._settings = settings
        self._random = random
        self._socket: socket.socket | None = None
        self._target: tuple[str | int, ...] = ()

    def send(self, octets: bytes) -> None:
        """Send one packet. Raises: OSError."""
        if self._socket is None:
            self._socket = self._open()
        try:
            self._socket.sendto(octets, self._target)
        except OSError as error:
            if error.errno in (errno.EINVAL, errno.EADDRNOTAVAIL, errno.ENODEV):
                self.close()  # its source address or its interface may be another one now
            raise

    def close(self) -> None:
        """Give the port back."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _open(self) -> socket.socket:
        settings = self._settings
        port = MULTIHOP_PORT if settings.is_multihop else PORT
        is_ipv4 = settings.neighbor.version == 4
        self._target = _socket_address(settings.neighbor, port)
        opened = socket.socket(
            socket.AF_INET if is_ipv4 else socket.AF_INET6, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK
        )
        try:
            if is_ipv4:
                opened.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, settings.ttl)
                opened.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, _INTERNETWORK_CONTROL)
            else:
                opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, settings.ttl)
                opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, _INTERNETWORK_CONTROL)
            self._bind(opened)
        except OSError:
            opened.close()
            raise
        return opened

    def _bind(self, opened: socket.socket) -> None:
        """To a port that nobody has, beginning anywhere. Raises: OSError."""
        any_address: Address = (
            IPv4Address(0) if self._settings.neighbor.version == 4 else IPv6Address(0)
        )
        source = self._settings.source or any_address
        scope = getattr(self._settings.neighbor, "scope_id", None)
        if scope is not None and source.is_link_local:
            source = IPv6Address(f"{IPv6Address(source.packed)}%{scope}")
        for port in self._random.sample(_SOURCE_PORTS, _TRIES):
            try:
                opened.bind(_socket_address(source, port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
            else:
                return
        raise OSError(errno.EADDRINUSE, "no source port is free")


def _socket_address(address: Address, port: int) -> tuple[str | int, ...]:
    """Raises: OSError when the interface of a scope is not there."""
    if isinstance(address, IPv4Address):
        return str(address), port
    scope = address.scope_id
    index = 0 if scope is None else socket.if_nametoindex(scope)
    return str(IPv6Address(address.packed)), port, 0, index
