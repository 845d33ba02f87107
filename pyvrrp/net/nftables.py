"""nftables, hand-packed: a batch of messages of which the kernel carries out all or nothing.

pyroute2 has these messages too, and every one of its calls is a batch of its own; the rules of a
takeover have to be in force at one moment, and before the addresses are. Nothing here waits: the
kernel has carried out a batch, and answered, before `send` returns.

An `owned_table` belongs to the socket it was made on (Linux 5.12): nobody else can change it,
`flush ruleset` leaves it alone, and the kernel removes it when the process ends, however it does
(quirk: filter-owner).

Source: include/uapi/linux/netfilter/{nfnetlink,nf_tables}.h, net/netfilter/nfnetlink.c.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import NamedTuple, TypeAlias

from .rtnetlink import NetlinkError, attribute, split_messages

__all__ = [
    "TYPE_IFINDEX",
    "TYPE_IFNAME",
    "TYPE_IPV4",
    "TYPE_IPV6",
    "TYPE_MARK",
    "TYPE_PORT",
    "Batch",
    "Hook",
    "KeyType",
    "Message",
    "NftSocket",
    "Protocol",
    "Verdict",
    "between",
    "chain",
    "counter",
    "deleted_elements",
    "deleted_table",
    "elements",
    "equal",
    "found_in",
    "mapped",
    "meta",
    "named_set",
    "network_header",
    "owned_table",
    "rule",
    "set_mark",
    "table",
    "transport_header",
    "verdict",
]


class Message(NamedTuple):
    """One request: its number within nftables, NLM_F_* flags, family and attributes."""

    kind: int
    flags: int
    family: int
    body: bytes


Batch: TypeAlias = Sequence[Message]


class Protocol(IntEnum):
    """NFPROTO_*: the family of a table."""

    IPV4 = 2
    IPV6 = 10


class Hook(IntEnum):
    """NF_INET_*: where a chain stands."""

    INPUT = 1
    OUTPUT = 3


class Verdict(IntEnum):
    """NF_*: what becomes of the packet."""

    DROP = 0
    ACCEPT = 1


class KeyType(NamedTuple):
    """A type as nft numbers it, for whoever lists the set, and its size in octets."""

    number: int
    size: int

    def followed_by(self, second: KeyType) -> KeyType:
        """Both together, each padded to 4 octets."""
        return KeyType(self.number << 6 | second.number, self.size + (second.size + 3) // 4 * 4)


TYPE_IPV4, TYPE_IPV6, TYPE_PORT = KeyType(7, 4), KeyType(8, 16), KeyType(13, 2)
TYPE_MARK, TYPE_IFINDEX, TYPE_IFNAME = KeyType(19, 4), KeyType(20, 4), KeyType(41, 16)

_NETLINK_NETFILTER = 12
_SUBSYSTEM = 10
_BATCH_BEGIN, _BATCH_END = 0x10, 0x11
_NEW_TABLE, _DELETE_TABLE, _NEW_CHAIN, _NEW_RULE, _NEW_SET = 0, 2, 3, 6, 9
_NEW_ELEMENTS, _DELETE_ELEMENTS = 12, 14
_NLMSG_ERROR, _REQUEST, _ACK, _CREATE, _APPEND = 2, 0x1, 0x4, 0x400, 0x800
_NESTED = 0x8000
_TABLE_OWNER, _SET_MAP = 0x2, 0x8
_LIST_ELEMENT, _DATA_VALUE, _DATA_VERDICT = 1, 1, 2
_HEADER = struct.Struct("=IHHII")
_GENERIC = struct.Struct("!BBH")
_MAX_ELEMENTS = 512
_HOST_ORDER = struct.pack("=BBIBBI", 0, 4, 2, 1, 4, 1)
"""For nft, which lists maps: keys are in network order, values in the host's (libnftnl, udata.h)."""


def _number(kind: int, value: int) -> bytes:
    return attribute(kind, value.to_bytes(4, "big", signed=value < 0))


def _text(kind: int, text: str) -> bytes:
    return attribute(kind, text.encode() + b"\0")


def _nested(kind: int, *parts: bytes) -> bytes:
    return attribute(kind | _NESTED, b"".join(parts))


# Messages.


def table(family: Protocol, name: str) -> Message:
    """The table is to be there, anybody's."""
    return Message(_NEW_TABLE, _CREATE, family, _text(1, name))


def owned_table(family: Protocol, name: str) -> Message:
    """A table of the socket the batch is sent on; there must be none of that name."""
    return Message(_NEW_TABLE, _CREATE, family, _text(1, name) + _number(2, _TABLE_OWNER))


def deleted_table(family: Protocol, name: str) -> Message:
    """The table is to be gone with all that is in it."""
    return Message(_DELETE_TABLE, 0, family, _text(1, name))


def chain(family: Protocol, where: str, name: str, hook: Hook, priority: int) -> Message:
    """A filter chain in table `where`; what no rule decides on passes."""
    hooked = _nested(4, _number(1, hook), _number(2, priority))
    policy = _number(5, Verdict.ACCEPT)
    body = _text(1, where) + _text(3, name) + hooked + policy + _text(7, "filter")
    return Message(_NEW_CHAIN, _CREATE, family, body)


def named_set(
    family: Protocol, where: str, name: str, key: KeyType, data: KeyType | None = None
) -> Message:
    """A set, or with `data` a map."""
    body = _text(1, where) + _text(2, name) + _number(3, 0 if data is None else _SET_MAP)
    body += _number(4, key.number) + _number(5, key.size)
    if data is not None:
        body += _number(6, data.number) + _number(7, data.size) + attribute(13, _HOST_ORDER)
    return Message(_NEW_SET, _CREATE, family, body + _number(10, 1))


def elements(
    family: Protocol, where: str, name: str, keys: Iterable[bytes | tuple[bytes, bytes]]
) -> Iterable[Message]:
    """Keys to put into a set, or pairs of key and value to put into a map."""
    return _elements(_NEW_ELEMENTS, _CREATE, family, where, name, keys)


def deleted_elements(
    family: Protocol, where: str, name: str, keys: Iterable[bytes]
) -> Iterable[Message]:
    """Keys to take out; one that is not there spoils the batch."""
    return _elements(_DELETE_ELEMENTS, 0, family, where, name, keys)


def _elements(
    kind: int,
    flags: int,
    family: Protocol,
    where: str,
    name: str,
    keys: Iterable[bytes | tuple[bytes, bytes]],
) -> Iterable[Message]:
    all_of_them = [_element(key) for key in keys]
    for start in range(0, len(all_of_them), _MAX_ELEMENTS):
        some = _nested(3, *all_of_them[start : start + _MAX_ELEMENTS])
        yield Message(kind, flags, family, _text(1, where) + _text(2, name) + some)


def _element(key: bytes | tuple[bytes, bytes]) -> bytes:
    if isinstance(key, bytes):
        return _nested(_LIST_ELEMENT, _nested(1, attribute(_DATA_VALUE, key)))
    key, value = key
    pair = _nested(1, attribute(_DATA_VALUE, key)), _nested(2, attribute(_DATA_VALUE, value))
    return _nested(_LIST_ELEMENT, *pair)


def rule(family: Protocol, where: str, name: str, *expressions: bytes) -> Message:
    """A rule at the end of chain `name`: each expression has to hold for the next one to count."""
    body = _text(1, where) + _text(2, name) + _nested(4, *expressions)
    return Message(_NEW_RULE, _CREATE | _APPEND, family, body)


# Expressions. Registers have 16 octets, and a key of two parts lies in two of them or, when the
# first is short, in the words of one: `register` 1..4 or 8.. (NFT_REG32_00).


def _expression(name: str, *attributes: bytes) -> bytes:
    return _nested(_LIST_ELEMENT, _text(1, name), _nested(2, *attributes))


def _payload(base: int, offset: int, size: int, register: int) -> bytes:
    numbers = ((1, register), (2, base), (3, offset), (4, size))
    return _expression("payload", *(_number(kind, value) for kind, value in numbers))


def network_header(offset: int, size: int, register: int = 1) -> bytes:
    """Load octets of the IP header."""
    return _payload(1, offset, size, register)


def transport_header(offset: int, size: int, register: int = 1) -> bytes:
    """Load octets of what follows the IP header."""
    return _payload(2, offset, size, register)


def meta(key: int, register: int = 1) -> bytes:
    """Load a fact about the packet: NFT_META_*."""
    return _expression("meta", _number(1, register), _number(2, key))


def set_mark(register: int = 1) -> bytes:
    """The packet's firewall mark is what is in the register."""
    return _expression("meta", _number(2, 3), _number(3, register))


def equal(value: bytes) -> bytes:
    """Go on when this is in register 1."""
    data = _nested(3, attribute(_DATA_VALUE, value))
    return _expression("cmp", _number(1, 1), _number(2, 0), data)


def between(first: bytes, last: bytes) -> bytes:
    """Go on when what is in register 1 is one of these or between them."""
    ends = (_nested(3, attribute(_DATA_VALUE, first)), _nested(4, attribute(_DATA_VALUE, last)))
    return _expression("range", _number(1, 1), _number(2, 0), *ends)


def found_in(name: str, register: int = 1) -> bytes:
    """Go on when the key from that register on is in a set of the table."""
    return _expression("lookup", _text(1, name), _number(2, register))


def mapped(name: str, register: int = 1) -> bytes:
    """Go on when the key from that register on is in a map; its value is in register 1 then."""
    return _expression("lookup", _text(1, name), _number(2, register), _number(3, 1))


def counter() -> bytes:
    """Count what came this far."""
    return _expression("counter")


def verdict(what: Verdict) -> bytes:
    """End of the rule."""
    code = _nested(_DATA_VERDICT, _number(1, what))
    return _expression("immediate", _number(1, 0), _nested(2, code))


class NftSocket:
    """Sends batches, in the network namespace of its maker; owner of the tables made through it.

    Raises: NetlinkError when nftables cannot be reached.
    """

    def __init__(self) -> None:
        try:
            self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER)
            self._socket.bind((0, 0))
        except OSError as error:
            raise NetlinkError("open a netfilter netlink socket", error) from error
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)

    def close(self) -> None:
        """The kernel removes the tables of this socket before this returns."""
        self._socket.close()

    def commit(self, operation: str, batch: Batch) -> None:
        """Carry out all of a batch. Raises: NetlinkError, and nothing of it happened."""
        if not batch:
            return
        try:
            self._socket.send(_packed(batch))
            answers = self._answers()
        except OSError as error:
            raise NetlinkError(operation, error) from error
        codes = [struct.unpack_from("=i", payload)[0] for payload in answers]
        for code in [-code for code in codes if code] or ([] if codes else [errno.EIO]):
            raise NetlinkError(operation, OSError(code, os.strerror(code)))

    def _answers(self) -> list[bytes]:
        """What the kernel had to say: refusals, and a confirmation of the last message."""
        found: list[bytes] = []
        while True:
            try:
                data = self._socket.recv(1 << 16)
            except BlockingIOError:
                return found
            found += [body for kind, _, _, body in split_messages(data) if kind == _NLMSG_ERROR]


def _packed(batch: Batch) -> bytes:
    edge = _GENERIC.pack(socket.AF_UNSPEC, 0, _SUBSYSTEM)
    parts = [_request(_BATCH_BEGIN, 0, 0, edge)]
    for number, (kind, flags, family, attributes) in enumerate(batch, 1):
        is_last = number == len(batch)
        body = _GENERIC.pack(family, 0, 0) + attributes
        parts.append(
            _request(_SUBSYSTEM << 8 | kind, flags | (_ACK if is_last else 0), number, body)
        )
    parts.append(_request(_BATCH_END, 0, len(batch) + 1, edge))
    return b"".join(parts)


def _request(kind: int, flags: int, sequence: int, body: bytes) -> bytes:
    size = _HEADER.size + len(body)
    return _HEADER.pack(size, kind, flags | _REQUEST, sequence, 0) + body + bytes(-size % 4)
