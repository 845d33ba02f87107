"""What the kernel calls a route, rule or address when it tells of it, made from its own messages.

One key is made from what we ask for and from what the kernel says later, so a notification finds
the entry that it is about. A route is known by family, table, destination, source, type of service
and metric; a rule by everything it says; an address by its interface.
"""

from __future__ import annotations

import socket
import struct
from typing import TypeAlias

from ..core.model import Address
from .rtnetlink import attributes

__all__ = ["Key", "address_key", "route_key", "route_protocol", "rule_key"]

Key: TypeAlias = tuple[object, ...]
"""Equal for the same entry of the kernel."""

_RTMSG = struct.Struct("=BBBBBBBBI")
_FIB_RULE = struct.Struct("=BBBBBxxBI")
_RTA_DST, _RTA_SRC, _RTA_PRIORITY, _RTA_TABLE = 1, 2, 6, 15
_IPV6_METRIC = 1024
"""What the kernel gives an IPv6 route without one."""

_FRA_FWMARK, _FRA_SUPPRESS_PREFIXLEN = 10, 14
_FRA_TABLE, _FRA_FWMASK, _FRA_PROTOCOL = 15, 16, 21
_RULE_SELECTORS = frozenset((1, 2, 3, 4, 6, 10, 11, 12, 13, 14, 16, 17, 19, 20, 22, 23, 24))
"""FRA_* that say what a rule does; not those that only describe the message or the table."""
_FIB_RULE_INVERT = 2
_ALL_ONES = b"\xff\xff\xff\xff"
_NOTHING = {(_FRA_FWMARK, bytes(4)), (_FRA_FWMASK, _ALL_ONES), (_FRA_SUPPRESS_PREFIXLEN, _ALL_ONES)}
"""Said or not, it is the same."""


def address_key(index: int, address: Address) -> Key:
    """An address on the interface with this index."""
    return index, address


def route_key(payload: bytes) -> Key:
    """An RTM_NEWROUTE or RTM_DELROUTE payload."""
    family, length, source_length, tos, table, *_ = _RTMSG.unpack_from(payload)
    found = attributes(payload, _RTMSG.size)
    metric = _number(found.get(_RTA_PRIORITY, b""))
    if family == socket.AF_INET6:
        metric = metric or _IPV6_METRIC
    return (
        "route",
        family,
        _number(found[_RTA_TABLE]) if _RTA_TABLE in found else table,
        (found.get(_RTA_DST, b""), length),
        (found.get(_RTA_SRC, b""), source_length),
        tos,
        metric,
    )


def route_protocol(payload: bytes) -> int:
    """The protocol of such a payload: RTPROT_*."""
    return int(_RTMSG.unpack_from(payload)[5])


def rule_key(payload: bytes) -> Key:
    """An RTM_NEWRULE or RTM_DELRULE payload."""
    family, length, source_length, tos, table, action, flags = _FIB_RULE.unpack_from(payload)
    found = attributes(payload, _FIB_RULE.size)
    selectors = {pair for pair in found.items() if pair[0] in _RULE_SELECTORS} - _NOTHING
    return (
        "rule",
        family,
        (length, source_length, tos, action, flags & _FIB_RULE_INVERT),
        _number(found[_FRA_TABLE]) if _FRA_TABLE in found else table,
        _number(found.get(_FRA_PROTOCOL, b"")),
        frozenset(selectors),
    )


def _number(value: bytes) -> int:
    return int.from_bytes(value, "little")
