"""Generic netlink to one family, hand-packed: requests, dumps, and many changes in one system call.

The kernel carries out every message of one `sendmsg` before the call returns. Refusals are always
answered, successes only when asked for; so a batch asks at its last message only.

Source: netlink(7), include/uapi/linux/{netlink,genetlink}.h.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Protocol, TypeVar

from .errors import IpvsError, IpvsMissing

__all__ = [
    "ATTRIBUTE",
    "Channel",
    "KernelSocket",
    "Request",
    "attribute",
    "attributes",
    "each_attribute",
    "nest",
    "open_socket",
    "text",
    "to_number",
    "u16",
    "u32",
]

Parsed = TypeVar("Parsed")
Request = tuple[int, bytes]
"""A command of the family, and its attributes packed."""

_GENL_ID_CTRL = 0x10
_CTRL_CMD_GETFAMILY = 3
_CTRL_ATTR_FAMILY_ID, _CTRL_ATTR_FAMILY_NAME = 1, 2
_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_NLM_F_REQUEST, _NLM_F_ACK, _NLM_F_DUMP = 0x1, 0x4, 0x300
_NLM_F_DUMP_INTR = 0x10
_SOL_NETLINK, _NETLINK_CAP_ACK, _NETLINK_GENERIC = 270, 10, 16
_SO_RCVBUFFORCE = 33
_RECEIVE_BUFFER = 1 << 20  # B; a batch in which everything is refused takes some 200 kB
_DATAGRAM = 1 << 16  # B; the kernel fills 32 KiB of it
_NO_REASONS: Mapping[int, str] = {}
_DUMPS = 10  # tries until a table that keeps changing is given up
_LAST_SEQUENCE = 0xFFFFFFFF
_NESTED = 0x8000
_KIND_MASK = 0x3FFF  # the two highest bits are flags

_HEADER = struct.Struct("=IHHIIBBxx")  # nlmsghdr and genlmsghdr
_ANSWER = struct.Struct("=IHHII")  # nlmsghdr alone
_ERROR = struct.Struct("=i")
ATTRIBUTE = struct.Struct("=HH")
"""Length with these four octets, type."""
_U16 = struct.Struct("=HHHxx")
_U32 = struct.Struct("=HHI")


class KernelSocket(Protocol):
    """What a `Channel` needs of its socket; an OSError with EAGAIN is a wait that took too long."""

    def send(self, data: bytes, /) -> int:
        """Give messages to the kernel, which carries them out at once."""

    def recv(self, size: int, /) -> bytes:
        """One datagram of answers."""

    def close(self) -> None:
        """Close it; harmless when closed already."""


def open_socket(timeout: float) -> KernelSocket:
    """A generic netlink socket in this thread's network namespace. Raises: IpvsError.

    `timeout` (s) bounds each wait for an answer.
    """
    try:
        kernel = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_GENERIC)
        kernel.bind((0, 0))
        # By the kernel, not by settimeout(), which costs a further system call for each answer.
        limit = struct.pack("@ll", int(timeout), int(timeout % 1 * 1e6))
        kernel.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        kernel.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        with suppress(PermissionError):  # beyond net.core.rmem_max
            kernel.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _RECEIVE_BUFFER)
        with suppress(OSError):  # a refusal repeats no more than a header, from Linux 4.3 on
            kernel.setsockopt(_SOL_NETLINK, _NETLINK_CAP_ACK, 1)
    except OSError as error:
        raise IpvsError("open a generic netlink socket", *_why(error)) from error
    return kernel


class Channel:
    """Requests to the generic netlink family `family`.

    Raises: IpvsMissing when the kernel has no such family; IpvsError from every method, naming what
    was asked. After an error the channel can be used on: late answers are told by their numbers.
    """

    def __init__(self, kernel: KernelSocket, family: str) -> None:
        self._kernel = kernel
        self._sequence = 0
        self._name = family
        self._family = self._resolve()

    def close(self) -> None:
        """Close the socket; harmless when closed already."""
        self._kernel.close()

    def request(
        self,
        what: str,
        command: int,
        body: bytes = b"",
        reasons: Mapping[int, str] = _NO_REASONS,
        *,
        followed_by: Sequence[Request] = (),
    ) -> None:
        """One change; returns when it is done. `reasons` explain the error numbers it may have.

        `followed_by` are requests without effect, whose answer stands for one that may not come.
        """
        refused = self.batch(what, ((command, body), *followed_by))
        if 0 in refused:
            code = refused[0]
            why = reasons.get(code) or _why(OSError(code, os.strerror(code)))[0]
            raise IpvsError(what, why, code)

    def batch(self, what: str, requests: Sequence[Request]) -> dict[int, int]:
        """Changes in order, in one system call; the error numbers of those refused, by position."""
        first = self._number(len(requests))
        last = self._sequence
        messages = [
            _pack(self._family, command, body, first + i, _NLM_F_REQUEST)
            for i, (command, body) in enumerate(requests[:-1])
        ]
        messages.append(_pack(self._family, *requests[-1], last, _NLM_F_REQUEST | _NLM_F_ACK))
        try:
            self._kernel.send(b"".join(messages))
            return self._refusals(first, last)
        except OSError as error:
            raise IpvsError(what, *_why(error)) from error

    def ask(self, what: str, command: int, body: bytes = b"") -> bytes:
        """One question; the attributes of its answer."""
        try:
            return self._ask(self._family, command, body)
        except OSError as error:
            raise IpvsError(what, *_why(error)) from error

    def dump(
        self,
        what: str,
        request: Request,
        parse: Callable[[bytes, int, int], Parsed],
    ) -> list[Parsed]:
        """What `parse` makes of each message of a dump.

        It gets a datagram, and where in it one message's attributes begin and end; so a table is
        never held twice. A dump that the kernel says was disturbed is repeated. When the family is gone,
        it is looked for again: its module was unloaded, and maybe loaded again under another number.
        """
        for _ in range(_DUMPS):
            found: list[Parsed] = []
            try:
                if self._dump_once(request, parse, found):
                    return found
            except OSError as error:
                if error.errno != errno.ENOENT:
                    raise IpvsError(what, *_why(error)) from error
                self._family = self._resolve()
        raise IpvsError(what, f"disturbed {_DUMPS} times; try again", errno.EAGAIN)

    def _resolve(self) -> int:
        name = attribute(_CTRL_ATTR_FAMILY_NAME, self._name.encode() + b"\0")
        try:
            answer = self._ask(_GENL_ID_CTRL, _CTRL_CMD_GETFAMILY, name)
        except OSError as error:
            if error.errno == errno.ENOENT:
                raise IpvsMissing from error
            what = f"look for the netlink family {self._name}"
            raise IpvsError(what, *_why(error)) from error
        return to_number(attributes(answer, 0, len(answer))[_CTRL_ATTR_FAMILY_ID])

    def _number(self, count: int = 1) -> int:
        """The first of so many new sequence numbers; `_sequence` is the last. They start over."""
        if self._sequence > _LAST_SEQUENCE - count:
            self._sequence = 0
        self._sequence += count
        return self._sequence - count + 1

    def _ask(self, family: int, command: int, body: bytes) -> bytes:
        self._number()
        self._kernel.send(_pack(family, command, body, self._sequence, _NLM_F_REQUEST))
        while True:
            data = self._kernel.recv(_DATAGRAM)
            for kind, _, sequence, start, end in _split(data):
                if sequence != self._sequence:
                    continue
                if kind == _NLMSG_ERROR:
                    _raise(data, start)
                else:
                    return data[start + 4 : end]

    def _refusals(self, first: int, last: int) -> dict[int, int]:
        """The kernel answers in order: the answer to the last request ends the batch."""
        refused: dict[int, int] = {}
        while True:
            data = self._kernel.recv(_DATAGRAM)
            for kind, _, sequence, start, _ in _split(data):
                if kind != _NLMSG_ERROR or not first <= sequence <= last:
                    continue
                code = -_ERROR.unpack_from(data, start)[0]
                if code:
                    refused[sequence - first] = code
                if sequence == last:
                    return refused

    def _dump_once(
        self, request: Request, parse: Callable[[bytes, int, int], Parsed], found: list[Parsed]
    ) -> bool:
        """One dump into `found`; False when it is not to be trusted."""
        self._number()
        flags = _NLM_F_REQUEST | _NLM_F_DUMP
        self._kernel.send(_pack(self._family, *request, self._sequence, flags))
        is_whole = True
        while True:
            try:
                data = self._kernel.recv(_DATAGRAM)
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                is_whole = False  # read on to its end: only then does the kernel begin another
                continue
            for kind, flags, sequence, start, end in _split(data):
                if sequence != self._sequence:
                    continue
                if flags & _NLM_F_DUMP_INTR:
                    is_whole = False
                if kind in (_NLMSG_DONE, _NLMSG_ERROR):
                    _raise(data, start)
                    return is_whole
                found.append(parse(data, start + 4, end))


def attribute(kind: int, value: bytes) -> bytes:
    """One attribute, padded."""
    length = ATTRIBUTE.size + len(value)
    return ATTRIBUTE.pack(length, kind) + value + bytes(-length % 4)


def nest(kind: int, value: bytes) -> bytes:
    """One attribute that holds attributes."""
    return attribute(kind | _NESTED, value)


def u16(kind: int, value: int) -> bytes:
    """One attribute of 16 bits in the machine's order."""
    return _U16.pack(6, kind, value)


def u32(kind: int, value: int) -> bytes:
    """One attribute of 32 bits in the machine's order."""
    return _U32.pack(8, kind, value)


def each_attribute(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """(type, length with its header of 4 octets, position) of each between two positions.

    What is cut off is left out.
    """
    while start + 4 <= end:
        length, kind = ATTRIBUTE.unpack_from(data, start)
        if length < 4 or start + length > end:
            return
        yield kind & _KIND_MASK, length, start
        start += (length + 3) & ~3


def attributes(data: bytes, start: int, end: int) -> dict[int, bytes]:
    """The attributes between two positions, by type."""
    return {
        kind: data[position + 4 : position + length]
        for kind, length, position in each_attribute(data, start, end)
    }


def to_number(value: bytes) -> int:
    """An unsigned number in the machine's order, of any width."""
    return int.from_bytes(value, sys.byteorder)


def text(value: bytes) -> str:
    """A string, which the kernel ends with a zero octet."""
    return value.rstrip(b"\0").decode(errors="surrogateescape")


def _pack(family: int, command: int, body: bytes, sequence: int, flags: int) -> bytes:
    return _HEADER.pack(_HEADER.size + len(body), family, flags, sequence, 0, command, 1) + body


def _split(data: bytes) -> Iterator[tuple[int, int, int, int, int]]:
    """(type, flags, sequence number, start and end of what follows nlmsghdr) of each message."""
    offset, size = 0, len(data)
    while offset + 16 <= size:
        length, kind, flags, sequence, _ = _ANSWER.unpack_from(data, offset)
        if length < 16:
            return
        yield kind, flags, sequence, offset + 16, offset + length
        offset += (length + 3) & ~3


def _raise(data: bytes, start: int) -> None:
    code = -_ERROR.unpack_from(data, start)[0]
    if code:
        raise OSError(code, os.strerror(code))


def _why(error: OSError) -> tuple[str, int | None]:
    if error.errno == errno.EAGAIN:
        return "the kernel did not answer in time", error.errno
    if error.errno == errno.EPERM:
        return "not permitted; it takes CAP_NET_ADMIN", error.errno
    if error.errno == errno.ENOBUFS:
        return "answers were lost; read the table again", error.errno
    return error.strerror or str(error), error.errno
