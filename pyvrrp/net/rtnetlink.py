"""rtnetlink, hand-packed: links, addresses, and many changes in one system call.

pyroute2 would do, at 14 MB more memory and some 100 ms of import; and a takeover of a thousand
Virtual Routers has to change a thousand addresses at once. The kernel carries out every message of
one `sendmsg` before the call returns, so a batch costs little more than the work itself.

Source: rtnetlink(7), include/uapi/linux/{netlink,rtnetlink,if_link,if_addr}.h.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Interface, IPv6Interface, ip_interface
from typing import Protocol, TypeAlias

from ..errors import PyvrrpError
from ..settings import SocketBuffer
from .receive_buffer import enlarge

__all__ = [
    "Change",
    "InterfaceAddress",
    "Link",
    "NetlinkError",
    "Operation",
    "Refusal",
    "RouteSocket",
    "attribute",
    "attributes",
    "parse_address",
    "parse_link",
    "split_messages",
]

Interface: TypeAlias = IPv4Interface | IPv6Interface

RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK = 16, 17, 18
RTM_NEWADDR, RTM_DELADDR, RTM_GETADDR = 20, 21, 22
_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_NLM_F_REQUEST, _NLM_F_ACK, _NLM_F_DUMP = 0x1, 0x4, 0x300
_NLM_F_DUMP_INTR = 0x10
_IFLA_ADDRESS, _IFLA_BROADCAST, _IFLA_IFNAME, _IFLA_MTU = 1, 2, 3, 4
_IFLA_LINK, _IFLA_MASTER, _IFLA_LINKINFO, _IFLA_GROUP = 5, 10, 18, 27
_IFLA_INFO_KIND, _IFLA_INFO_DATA, _IFLA_VRF_TABLE = 1, 2, 1
_IFA_ADDRESS, _IFA_LOCAL, _IFA_FLAGS, _IFA_PROTO = 1, 2, 8, 11
_PROTOCOL_KEEPALIVED = 18
_IFA_F_SECONDARY, _IFA_F_DADFAILED = 0x01, 0x08
_IFA_F_DEPRECATED, _IFA_F_TENTATIVE = 0x20, 0x40
_IFF_UP, _IFF_LOOPBACK, _IFF_RUNNING = 0x1, 0x8, 0x40
_BATCH = 128
_TIMEOUT = 5.0

_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
_IFINFO = struct.Struct("=BxHiII")
_IFADDR = struct.Struct("=BBBBI")


class NetlinkError(PyvrrpError):
    """The kernel refused, or did not answer; `operation` says what was asked."""

    def __init__(self, operation: str, error: OSError) -> None:
        super().__init__(f"{operation}: {error.strerror or error}")
        self.operation = operation
        self.errno = error.errno


@dataclass(frozen=True, slots=True)
class Link:
    """One network interface. `running` is the carrier's (operational) state.

    `flags` are the kernel's IFF_*, `hardware` is its ARPHRD_*: for whoever shows them.
    """

    index: int
    name: str
    up: bool
    running: bool
    loopback: bool
    mac: bytes
    mtu: int
    kind: str | None = None
    parent_index: int | None = None
    table: int | None = None
    """The routing table of a VRF."""
    flags: int = field(default=0, compare=False)
    hardware: int = field(default=0, compare=False)
    broadcast: bytes = field(default=b"", compare=False)
    group: int = field(default=0, compare=False)
    master_index: int | None = field(default=None, compare=False)

    @property
    def is_usable(self) -> bool:
        """Whether frames can go through it."""
        return self.up and self.running


@dataclass(frozen=True, slots=True)
class InterfaceAddress:
    """One address of an interface, and whether it can be a source."""

    index: int
    interface: Interface
    secondary: bool = False
    usable: bool = True
    """False while tentative, and for failed or deprecated addresses."""
    ours: bool = False
    """True when it was put there by this program or keepalived; Linux before 5.18 cannot tell."""


class Operation(Protocol):
    """A change, ready for the kernel: a message of type `kind` with NLM_F_* `flags`.

    `harmless` are the error numbers that mean that everything is as it was asked for already.
    """

    @property
    def kind(self) -> int: ...
    @property
    def flags(self) -> int: ...
    @property
    def payload(self) -> bytes: ...
    @property
    def harmless(self) -> frozenset[int]: ...


@dataclass(frozen=True, slots=True)
class Change:
    """An operation that needs no more than a text."""

    text: str
    kind: int
    flags: int
    payload: bytes = field(repr=False)
    harmless: frozenset[int] = frozenset()

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Refusal:
    """An operation that the kernel refused."""

    operation: Operation
    errno: int

    def __str__(self) -> str:
        return f"{self.operation}: {os.strerror(self.errno)}"


class RouteSocket:
    """A request socket to the kernel's routing tables, in the network namespace of its maker.

    Raises: NetlinkError from every method, naming the operation.
    """

    def __init__(self) -> None:
        try:
            self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        except OSError as error:
            raise NetlinkError("open a routing netlink socket", error) from error
        self._socket.bind((0, 0))
        self._socket.settimeout(_TIMEOUT)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._sequence = 0

    @property
    def port(self) -> int:
        """The netlink port, which notifications of what is done here bear."""
        return int(self._socket.getsockname()[0])

    def enlarge(self, buffer: SocketBuffer) -> None:
        """Have the kernel keep more of what was not read yet."""
        enlarge(self._socket, buffer)

    def close(self) -> None:
        """Close the socket; harmless when closed already."""
        self._socket.close()

    def links(self) -> tuple[Link, ...]:
        """Every interface of the namespace."""
        body = _IFINFO.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
        return tuple(parse_link(m) for m in self._dump("list links", RTM_GETLINK, body))

    def addresses(self) -> tuple[InterfaceAddress, ...]:
        """Every IPv4 and IPv6 address of the namespace."""
        body = _IFADDR.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
        return tuple(parse_address(m) for m in self._dump("list addresses", RTM_GETADDR, body))

    def apply(self, operations: Sequence[Operation]) -> tuple[Refusal, ...]:
        """Carry out changes in order and report the ones refused.

        Adding what is there and removing what is not are successes. When this returns, the kernel
        answers for the added addresses.
        """
        refusals: list[Refusal] = []
        for start in range(0, len(operations), _BATCH):
            batch = operations[start : start + _BATCH]
            for number, code in self._send(batch).items():
                if code not in batch[number].harmless:
                    refusals.append(Refusal(batch[number], code))
        return tuple(refusals)

    def set_up(self, index: int, *, up: bool) -> None:
        """Set a link up or down, and wait until it is."""
        body = _IFINFO.pack(socket.AF_UNSPEC, 0, index, _IFF_UP if up else 0, _IFF_UP)
        self._sequence += 1
        flags = _NLM_F_REQUEST | _NLM_F_ACK
        try:
            self._socket.send(_request(RTM_NEWLINK, flags, self._sequence, body))
            for code in self._refusals(self._sequence, self._sequence).values():
                raise OSError(code, os.strerror(code))
        except OSError as error:
            raise NetlinkError(f"set link {index} {'up' if up else 'down'}", error) from error

    def _send(self, operations: Sequence[Operation]) -> dict[int, int]:
        """Send requests at once; error numbers of the refused by place."""
        first, last = self._sequence + 1, self._sequence + len(operations)
        self._sequence = last
        messages = [
            _request(op.kind, op.flags | _NLM_F_REQUEST | _ack(number == last), number, op.payload)
            for number, op in enumerate(operations, first)
        ]
        try:
            self._socket.send(b"".join(messages))
            refused = self._refusals(first, last)
        except OSError as error:
            raise NetlinkError("change addresses and routes", error) from error
        return {number - first: code for number, code in refused.items()}

    def _refusals(self, first: int, last: int) -> dict[int, int]:
        """Error numbers of the requests refused, by sequence number, in the order sent.

        The kernel answers in order, refusals always and successes when asked to: the answer to
        the last request ends the batch.
        """
        refused: dict[int, int] = {}
        while True:
            for kind, _, sequence, payload in split_messages(self._socket.recv(1 << 16)):
                if kind != _NLMSG_ERROR or not first <= sequence <= last:
                    continue
                code = -struct.unpack_from("=i", payload)[0]
                if code:
                    refused[sequence] = code
                if sequence == last:
                    return refused

    def _dump(self, operation: str, kind: int, body: bytes) -> list[bytes]:
        try:
            for _ in range(10):
                payloads = self._dump_once(kind, body)
                if payloads is not None:
                    return payloads
            raise OSError(errno.EAGAIN, "the table kept changing")
        except OSError as error:
            raise NetlinkError(operation, error) from error

    def _dump_once(self, kind: int, body: bytes) -> list[bytes] | None:
        """One dump; None when the table changed while it was read."""
        self._sequence += 1
        flags = _NLM_F_REQUEST | _NLM_F_DUMP
        self._socket.send(_request(kind, flags, self._sequence, body))
        payloads: list[bytes] = []
        consistent = True
        while True:
            for answer, flags, sequence, payload in split_messages(self._socket.recv(1 << 16)):
                if sequence != self._sequence:
                    continue
                consistent &= not flags & _NLM_F_DUMP_INTR
                if answer == _NLMSG_DONE:
                    return payloads if consistent else None
                if answer == _NLMSG_ERROR:
                    code = -struct.unpack_from("=i", payload)[0]
                    raise OSError(code, os.strerror(code))
                payloads.append(payload)


def split_messages(data: bytes) -> Iterator[tuple[int, int, int, bytes]]:
    """(type, flags, sequence number, payload) of each message in one datagram."""
    offset = 0
    while offset + _HEADER.size <= len(data):
        length, kind, flags, sequence, _ = _HEADER.unpack_from(data, offset)
        if length < _HEADER.size:
            return
        yield kind, flags, sequence, data[offset + _HEADER.size : offset + length]
        offset += (length + 3) & ~3


def parse_link(payload: bytes) -> Link:
    """An RTM_NEWLINK or RTM_DELLINK payload."""
    _, hardware, index, flags, _ = _IFINFO.unpack_from(payload)
    found = attributes(payload, _IFINFO.size)
    info = attributes(found.get(_IFLA_LINKINFO, b""), 0)
    kind = _text(info.get(_IFLA_INFO_KIND, b"")) or None
    vrf = attributes(info.get(_IFLA_INFO_DATA, b""), 0) if kind == "vrf" else {}
    parent, master = found.get(_IFLA_LINK), found.get(_IFLA_MASTER)
    return Link(
        index=index,
        name=_text(found.get(_IFLA_IFNAME, b"")),
        up=bool(flags & _IFF_UP),
        running=bool(flags & _IFF_RUNNING),
        loopback=bool(flags & _IFF_LOOPBACK),
        mac=found.get(_IFLA_ADDRESS, b""),
        mtu=int.from_bytes(found.get(_IFLA_MTU, b""), "little"),
        kind=kind,
        parent_index=int.from_bytes(parent, "little") if parent else None,
        table=int.from_bytes(vrf.get(_IFLA_VRF_TABLE, b""), "little") or None,
        flags=flags,
        hardware=hardware,
        broadcast=found.get(_IFLA_BROADCAST, b""),
        group=int.from_bytes(found.get(_IFLA_GROUP, b""), "little"),
        master_index=int.from_bytes(master, "little") if master else None,
    )


def parse_address(payload: bytes) -> InterfaceAddress:
    """An RTM_NEWADDR or RTM_DELADDR payload."""
    _, prefix, flags, _, index = _IFADDR.unpack_from(payload)
    found = attributes(payload, _IFADDR.size)
    if _IFA_FLAGS in found:
        flags = int.from_bytes(found[_IFA_FLAGS], "little")
    # IFA_ADDRESS is the peer's on a point-to-point link; IFA_LOCAL, where present, is ours.
    packed = found.get(_IFA_LOCAL) or found[_IFA_ADDRESS]
    unusable = _IFA_F_TENTATIVE | _IFA_F_DADFAILED | _IFA_F_DEPRECATED
    return InterfaceAddress(
        index=index,
        interface=ip_interface((packed, prefix)),
        secondary=bool(flags & _IFA_F_SECONDARY) and len(packed) == 4,
        usable=not flags & unusable,
        ours=found.get(_IFA_PROTO) == bytes((_PROTOCOL_KEEPALIVED,)),
    )


def attributes(data: bytes, offset: int) -> dict[int, bytes]:
    """The attributes behind a header of `offset` octets, by number; of equal ones the last."""
    found: dict[int, bytes] = {}
    while offset + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, offset)
        if length < _ATTRIBUTE.size:
            break
        found[kind & 0x3FFF] = data[offset + _ATTRIBUTE.size : offset + length]
        offset += (length + 3) & ~3
    return found


def _text(value: bytes) -> str:
    return value.rstrip(b"\0").decode(errors="surrogateescape")


def _request(kind: int, flags: int, sequence: int, body: bytes) -> bytes:
    return _HEADER.pack(_HEADER.size + len(body), kind, flags, sequence, 0) + body


def attribute(kind: int, value: bytes) -> bytes:
    """One attribute, padded to four octets."""
    length = _ATTRIBUTE.size + len(value)
    return _ATTRIBUTE.pack(length, kind) + value + bytes(-length % 4)


def _ack(wanted: bool) -> int:
    return _NLM_F_ACK if wanted else 0
