"""Virtual addresses as rtnetlink messages, made in advance: a takeover of many has no time for it.

Source: rtnetlink(7), include/uapi/linux/{rtnetlink,if_addr}.h.
"""

from __future__ import annotations

import errno
import socket
import struct
from dataclasses import dataclass, field
from typing import ClassVar

from .identity import Key, address_key
from .rtnetlink import RTM_DELADDR, RTM_NEWADDR, Interface, attribute

__all__ = ["AddAddress", "RemoveAddress"]

_NLM_F_EXCL_CREATE = 0x600
_IFA_ADDRESS, _IFA_LOCAL, _IFA_LABEL, _IFA_BROADCAST = 1, 2, 3, 4
_IFA_CACHEINFO, _IFA_FLAGS, _IFA_PROTO = 6, 8, 11
_IFA_F_NODAD, _IFA_F_NOPREFIXROUTE = 0x02, 0x200
_PROTOCOL_KEEPALIVED = 18
"""RTPROT_KEEPALIVED: tells our addresses from everybody else's (Linux 5.18)."""
_FOREVER = 0xFFFFFFFF
_IFADDR = struct.Struct("=BBBBI")


@dataclass(frozen=True, slots=True)
class AddAddress:
    """Put an address on interface `index`. Lifetimes are seconds, None is for ever.

    `extra_flags` are further IFA_F_* of the kernel. `is_watched`: it matters when somebody else
    takes it away.
    """

    index: int
    address: Interface
    scope: int = 0
    label: str | None = None
    broadcast: bytes | None = None
    peer: Interface | None = None
    nodad: bool = True
    noprefixroute: bool = False
    preferred_lft: int | None = None
    extra_flags: int = 0
    is_watched: bool = True
    payload: bytes = field(init=False, repr=False, compare=False)

    kind: ClassVar[int] = RTM_NEWADDR
    flags: ClassVar[int] = _NLM_F_EXCL_CREATE
    harmless: ClassVar[frozenset[int]] = frozenset((errno.EEXIST,))

    def __post_init__(self) -> None:
        payload = _payload(self.index, self.address, self.peer, self.scope) + _options(self)
        object.__setattr__(self, "payload", payload)

    @property
    def add(self) -> AddAddress:
        """Itself: it is what puts it there."""
        return self

    @property
    def reverse(self) -> RemoveAddress:
        """What takes it away again."""
        return RemoveAddress(self.index, self.address, self.peer)

    @property
    def key(self) -> Key:
        """What the kernel tells of it by."""
        return address_key(self.index, self.address.ip)

    def __str__(self) -> str:
        return f"add {self.address} on interface {self.index}"


@dataclass(frozen=True, slots=True)
class RemoveAddress:
    """Take an address off interface `index`; `peer` as it was added."""

    index: int
    address: Interface
    peer: Interface | None = None

    kind: ClassVar[int] = RTM_DELADDR
    flags: ClassVar[int] = 0
    harmless: ClassVar[frozenset[int]] = frozenset((errno.EADDRNOTAVAIL, errno.ENODEV))

    @property
    def payload(self) -> bytes:
        """The message to the kernel."""
        return _payload(self.index, self.address, self.peer, 0)

    def __str__(self) -> str:
        return f"remove {self.address} on interface {self.index}"


def _payload(index: int, address: Interface, peer: Interface | None, scope: int) -> bytes:
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    prefix = (peer or address).network.prefixlen
    head = _IFADDR.pack(family, prefix, 0, scope, index)
    other = (peer or address).packed
    return head + attribute(_IFA_LOCAL, address.packed) + attribute(_IFA_ADDRESS, other)


def _options(operation: AddAddress) -> bytes:
    body = attribute(_IFA_PROTO, bytes((_PROTOCOL_KEEPALIVED,)))
    if operation.label is not None:
        body += attribute(_IFA_LABEL, operation.label.encode() + b"\0")
    if operation.broadcast is not None:
        body += attribute(_IFA_BROADCAST, operation.broadcast)
    flags = operation.extra_flags | (_IFA_F_NOPREFIXROUTE if operation.noprefixroute else 0)
    if operation.nodad and operation.address.version == 6:
        flags |= _IFA_F_NODAD
    if flags:
        body += attribute(_IFA_FLAGS, struct.pack("=I", flags))
    if operation.preferred_lft is not None:
        cache = struct.pack("=IIII", operation.preferred_lft, _FOREVER, 0, 0)
        body += attribute(_IFA_CACHEINFO, cache)
    return body
