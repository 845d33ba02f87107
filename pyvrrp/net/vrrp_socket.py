"""Raw sockets for Advertisements: one receiver per interface and family, senders beside it.

A *datagram* here is canonical: one octet of TTL or hop limit, the source address, the destination
address, the VRRP message. The parts of an IP header that change from packet to packet are left out,
so two Advertisements that say the same are equal octet by octet, and a receiver can recognise the
one it heard a moment ago without taking it apart again.

Source: raw(7), ip(7), ipv6(7), RFC 3542 §6; include/uapi/linux/filter.h.
"""

from __future__ import annotations

import contextlib
import errno
import socket
import struct
import sys
from array import array
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address

from ..core.model import PROTOCOL, Address, Family
from ..core.packet import IpFacts
from ..errors import PyvrrpError
from .advertisement_frame import ipv4_header

__all__ = ["GroupSender", "PeerSender", "Receiver", "SocketError", "split_datagram"]

_IP_FREEBIND, _IP_MULTICAST_ALL = 15, 49
_IPV6_FREEBIND, _IPV6_MULTICAST_ALL = 78, 29
_SO_ATTACH_FILTER, _SO_DETACH_FILTER, _SO_RCVBUFFORCE = 26, 27, 33
_DROP_ALL = array("B", struct.pack("=HBBI", 0x06, 0, 0, 0))  # BPF_RET | BPF_K, keep 0 octets
_INTERNETWORK_CONTROL = 0xC0  # DSCP CS6, as routing protocols have it (RFC 4594 §3.1)
_USUAL = 448  # octets with the IPv4 header, for 100 addresses; larger buffers cost more to allocate
_LARGEST = 2048  # 255 IPv4 addresses make 1,060, an IPv6 message stays below an MTU
_KNOWN_HOSTS = 1024
_LOW_OCTET = slice(0, 1) if sys.byteorder == "little" else slice(3, 4)

_ANCILLARY_SPACE = socket.CMSG_SPACE(20) + socket.CMSG_SPACE(4)


class SocketError(PyvrrpError):
    """A socket that could not be opened, joined or bound; `operation` says what was tried."""

    def __init__(self, operation: str, error: OSError) -> None:
        self.operation = operation
        self.errno = error.errno
        self.is_permission = error.errno in (errno.EPERM, errno.EACCES)
        hint = " (CAP_NET_RAW is missing)" if self.is_permission else ""
        super().__init__(f"{operation}: {error.strerror or error}{hint}")


def split_datagram(family: Family, datagram: bytes) -> tuple[bytes, IpFacts]:
    """Take a canonical datagram apart: the VRRP message, and what the IP header said of it."""
    size = family.address_size
    source, destination = datagram[1 : 1 + size], datagram[1 + size : 1 + 2 * size]
    make: type[IPv4Address] | type[IPv6Address] = (
        IPv4Address if family is Family.IPV4 else IPv6Address
    )
    return datagram[1 + 2 * size :], IpFacts(make(source), make(destination), datagram[0])


def _raw_socket(family: Family, interface: str, protocol: int = PROTOCOL) -> socket.socket:
    """A deaf raw socket: whatever arrives before it is bound to the interface is not for it.

    Without an interface it is bound to none.
    """
    kind = socket.AF_INET if family is Family.IPV4 else socket.AF_INET6
    try:
        sock = socket.socket(kind, socket.SOCK_RAW | socket.SOCK_NONBLOCK, protocol)
    except OSError as error:
        raise SocketError("open a raw VRRP socket", error) from error
    try:
        program = struct.pack("HP", 1, _DROP_ALL.buffer_info()[0])
        sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode() + b"\0")
    except OSError as error:
        sock.close()
        raise SocketError(f"bind a VRRP socket to {interface}", error) from error
    return sock


class Receiver:
    """Hears every VRRP message that arrives on one interface, in one family.

    The interface is given by name and index; a re-created one needs a new receiver. With another
    `protocol`, over IPv4 only, what it reads are whole packets.
    Raises: SocketError when it cannot be opened.
    """

    def __init__(
        self, family: Family, interface: str, index: int, buffer: int, protocol: int = PROTOCOL
    ) -> None:
        """`buffer`: octets of messages the kernel may keep while we are busy elsewhere."""
        self.family = family
        self._index = index
        self._size = _USUAL
        self._hosts: dict[str, bytes] = {}
        self._groups: set[Address] = set()
        self._socket = _raw_socket(family, interface, protocol)
        try:
            if family is Family.IPV4:
                self._socket.setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)
            else:
                self._open_ipv6()
            self.grow_buffer(buffer)
            while self._read_some(1):
                pass  # came before the filter was in place, perhaps from another interface
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_DETACH_FILTER, 0)
        except OSError as error:
            self._socket.close()
            raise SocketError(f"listen for VRRP on {interface}", error) from error
        self.read = self._read_ipv4 if family is Family.IPV4 else self._read_ipv6
        if protocol != PROTOCOL:
            self.read = self._read_packets

    def _open_ipv6(self) -> None:
        for option in (socket.IPV6_RECVHOPLIMIT, socket.IPV6_RECVPKTINFO):
            self._socket.setsockopt(socket.IPPROTO_IPV6, option, 1)
        self._socket.setsockopt(socket.IPPROTO_IPV6, _IPV6_MULTICAST_ALL, 0)

    def grow_buffer(self, octets: int) -> None:
        """Never smaller than it is; beyond the system's limit only with CAP_NET_ADMIN."""
        if self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) >= 2 * octets:
            return
        with contextlib.suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, octets)

    def _read_some(self, limit: int) -> list[bytes]:
        return (self._read_ipv4 if self.family is Family.IPV4 else self._read_ipv6)(limit)

    def fileno(self) -> int:
        """The descriptor to wait on for reading."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close the socket; the kernel leaves the groups."""
        self._socket.close()

    def join(self, group: Address) -> None:
        """Become a member of a group on this interface. Raises: SocketError."""
        if group in self._groups:
            return
        try:
            self._change_membership(group, joining=True)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise SocketError(f"join {group}", error) from error
        self._groups.add(group)

    def leave(self, group: Address) -> None:
        """Give a membership up."""
        if group in self._groups:
            self._groups.discard(group)
            with contextlib.suppress(OSError):  # the interface is gone, and the membership with it
                self._change_membership(group, joining=False)

    def _change_membership(self, group: Address, *, joining: bool) -> None:
        if self.family is Family.IPV4:
            option = socket.IP_ADD_MEMBERSHIP if joining else socket.IP_DROP_MEMBERSHIP
            request = struct.pack("4s4si", group.packed, bytes(4), self._index)
            self._socket.setsockopt(socket.IPPROTO_IP, option, request)
        else:
            option = socket.IPV6_JOIN_GROUP if joining else socket.IPV6_LEAVE_GROUP
            request = struct.pack("16sI", group.packed, self._index)
            self._socket.setsockopt(socket.IPPROTO_IPV6, option, request)

    def _read_ipv4(self, limit: int) -> list[bytes]:
        """At most `limit` waiting datagrams; an empty list when there is none."""
        receive, size = self._socket.recv, self._size
        found = []
        try:
            for _ in range(limit):
                packet = receive(size)
                if len(packet) == size < _LARGEST:
                    self._size = size = _LARGEST  # perhaps cut short; the next one will not be
                    continue
                if packet[0] != 0x45:  # options: the message starts later
                    packet = packet[:20] + packet[(packet[0] & 0x0F) * 4 :]
                found.append(packet[8:9] + packet[12:])
        except BlockingIOError:
            pass
        return found

    def _read_packets(self, limit: int) -> list[bytes]:
        """The same with the header as it came."""
        found = []
        with contextlib.suppress(BlockingIOError):
            for _ in range(limit):
                found.append(self._socket.recv(_LARGEST))
        return found

    def _read_ipv6(self, limit: int) -> list[bytes]:
        """The same; the kernel strips the header here and tells its fields beside the message."""
        receive = self._socket.recvmsg
        found = []
        try:
            for _ in range(limit):
                message, ancillary, _, sender = receive(_LARGEST, _ANCILLARY_SPACE)
                hop_limit, destination = b"\0", bytes(16)  # not told: refused by every check
                for _, kind, value in ancillary:
                    if kind == socket.IPV6_HOPLIMIT:
                        hop_limit = value[_LOW_OCTET]  # a native int below 256
                    elif kind == socket.IPV6_PKTINFO:
                        destination = value[:16]
                found.append(hop_limit + self._packed(sender[0]) + destination + message)
        except BlockingIOError:
            pass
        return found

    def _packed(self, host: str) -> bytes:
        packed = self._hosts.get(host)
        if packed is None:
            if len(self._hosts) >= _KNOWN_HOSTS:
                self._hosts.clear()
            packed = socket.inet_pton(socket.AF_INET6, host.partition("%")[0])
            self._hosts[host] = packed
        return packed


def _sending_socket(family: Family, interface: str, source: Address, ttl: int) -> socket.socket:
    sock = _raw_socket(family, interface)
    try:
        if family is Family.IPV4:
            _prepare_ipv4(sock, ttl)
            sock.bind((str(source), 0))
        else:
            _prepare_ipv6(sock, ttl)
            scope = socket.if_nametoindex(interface) if interface else 0
            sock.bind((str(source), 0, 0, scope))
    except OSError as error:
        sock.close()
        raise SocketError(f"send VRRP on {interface} from {source}", error) from error
    return sock


def _prepare_ipv4(sock: socket.socket, ttl: int) -> None:
    level = socket.IPPROTO_IP
    sock.setsockopt(level, _IP_FREEBIND, 1)
    sock.setsockopt(level, socket.IP_TTL, ttl)
    sock.setsockopt(level, socket.IP_MULTICAST_TTL, ttl)
    sock.setsockopt(level, socket.IP_MULTICAST_LOOP, 0)
    sock.setsockopt(level, socket.IP_TOS, _INTERNETWORK_CONTROL)


def _prepare_ipv6(sock: socket.socket, ttl: int) -> None:
    level = socket.IPPROTO_IPV6
    sock.setsockopt(level, _IPV6_FREEBIND, 1)
    sock.setsockopt(level, socket.IPV6_UNICAST_HOPS, ttl)
    sock.setsockopt(level, socket.IPV6_MULTICAST_HOPS, ttl)
    sock.setsockopt(level, socket.IPV6_MULTICAST_LOOP, 0)
    sock.setsockopt(level, socket.IPV6_TCLASS, _INTERNETWORK_CONTROL)


class GroupSender:
    """Sends to a multicast group, from one source address, out of one interface.

    Over IPv4 the header is ours (`wrap`): the kernel then spares itself about a tenth of the work.
    """

    def __init__(
        self, family: Family, interface: str, index: int, source: Address, group: Address
    ) -> None:
        self._route = (source, group)
        self._socket = _sending_socket(family, interface, source, 255)
        try:
            if family is Family.IPV4:
                self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_HDRINCL, 1)
                request = struct.pack("4s4si", bytes(4), source.packed, index)
                self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, request)
                self._socket.connect((str(group), 0))
            else:
                self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
                self._socket.connect((str(group), 0, 0, index))
        except OSError as error:
            self._socket.close()
            raise SocketError(f"send VRRP to {group} on {interface}", error) from error
        self.send = self._socket.send
        """Send one message that went through `wrap`; raises OSError."""

    def wrap(self, message: bytes) -> bytes:
        """What to hand to `send` for a VRRP message."""
        source, group = self._route
        if source.version == 4:
            return ipv4_header(source, group, len(message)) + message
        return message

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


class PeerSender:
    """Sends to unicast peers, from one source address."""

    def __init__(self, family: Family, interface: str, source: Address, ttl: int) -> None:
        self._socket = _sending_socket(family, interface, source, ttl)
        self._index = socket.if_nametoindex(interface) if interface else 0

    def to(self, peer: Address) -> Callable[[bytes], int]:
        """A function that sends one message to this peer; it raises OSError."""
        send = self._socket.sendto
        if isinstance(peer, IPv4Address):
            ipv4_peer = (str(peer), 0)
            return lambda message: send(message, ipv4_peer)
        ipv6_peer = (str(peer), 0, 0, self._index if peer.is_link_local else 0)
        return lambda message: send(message, ipv6_peer)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
