"""`virtual_server_group NAME { ... }`: many addresses, ranges and marks for one service.

Every range is what it says, up to a bound that a kernel table can still bear (quirk:
range-without-end).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from healthcheck.core.table import Address, Family

from .addresses import parse_address, read_address
from .blocks import Statement
from .context import Context, shown
from .diagnostics import ProblemClass
from .lvs_endpoints import read_port
from .shapes import integer

__all__ = ["AddressRange", "Group", "Mark", "read_group"]

_MAX_ADDRESSES = 65536
_FAMILIES = {"inet": Family.IPV4, "inet6": Family.IPV6}
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
_HEXTET = re.compile(r"[0-9a-fA-F]{1,8}", re.ASCII)


class AddressRange(NamedTuple):
    """Neighbouring addresses, all with one port (0: every port)."""

    first: Address
    length: int
    port: int
    statement: Statement

    @property
    def last(self) -> Address:
        """Where it ends, inclusive."""
        return type(self.first)(int(self.first) + self.length - 1)

    def addresses(self) -> Iterator[Address]:
        """Each address of the range."""
        start, kind = int(self.first), type(self.first)
        return (kind(number) for number in range(start, start + self.length))


class Mark(NamedTuple):
    """A firewall mark; `family` None: that of the servers."""

    mark: int
    family: Family | None
    statement: Statement


@dataclass(slots=True)
class Group:
    """The entries of one block, in the order written."""

    name: str
    statement: Statement
    ranges: list[AddressRange] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)

    @property
    def size(self) -> int:
        """How many services the group makes."""
        return len(self.marks) + sum(entry.length for entry in self.ranges)


def read_group(context: Context, statement: Statement) -> Group | None:
    """The block as a group; None when nothing of it is of use, which is reported."""
    name = context.word(statement)
    if name is None:
        return None
    group = Group(str(name), statement)
    for entry in statement.block or ():
        if entry.words[0] == "fwmark":
            _mark(context, entry, group)
        else:
            _range(context, entry, group)
    if not group.size:
        message = f"virtual_server_group {shown(name)} has no entries; it is dropped"
        context.problem("empty-group", statement, 1, message)
        return None
    families = {e.first.version for e in group.ranges} | {m.family for m in group.marks if m.family}
    if len(families) > 1 and any(mark.family is None for mark in group.marks):
        message = f"virtual_server_group {shown(name)} has both families and a mark without one"
        hint = "write inet or inet6 behind the mark"
        context.problem("other-family", statement, 1, f"{message}; it is dropped", hint=hint)
        return None
    return group


def _mark(context: Context, entry: Statement, group: Group) -> None:
    mark = integer(context, entry, 1, 1, 2**32 - 1, "fwmark")
    if mark is None:
        return
    family = None
    if len(entry.words) > 2:
        family = _FAMILIES.get(entry.words[2])
        if family is None:
            message = f"family {shown(entry.words[2])} is not inet or inet6; the entry is dropped"
            context.problem("unknown-value", entry, 2, message)
            return
    group.marks.append(Mark(mark, family, entry))


def _range(context: Context, entry: Statement, group: Group) -> None:
    first = read_address(context, entry, 0)
    if first is None:
        return
    port = read_port(context, entry, 1)
    if port is None:
        return
    last = _last(context, entry, first)
    if last is None:
        return
    count = int(last) - int(first) + 1
    if group.size + count > _MAX_ADDRESSES:
        message = f"{count} addresses: a group has at most {_MAX_ADDRESSES}; the entry is dropped"
        hint = "a firewall mark makes one service of any number of addresses"
        lenient = ProblemClass.NONE
        context.problem("too-many-addresses", entry, 0, message, problem_class=lenient, hint=hint)
        return
    group.ranges.append(AddressRange(first, count, port, entry))


def _last(context: Context, entry: Statement, first: Address) -> Address | None:
    """Where the range ends; None after a report."""
    word = entry.words[0]
    if "/" in word:
        return _end_of_prefix(context, entry, first, word.partition("/")[2])
    _, dash, end = word.partition("-")
    if not dash:
        return first
    if ("." if first.version == 4 else ":") in end:
        last = parse_address(end)
        least = int(first)
    else:
        last = _end_in_last_part(first, end)
        least = int(first) + 1
    if last is None or last.version != first.version:
        message = f"{shown(end)} is not where a range of IPv{first.version} ends"
    elif int(last) < least:
        message = f"range {shown(word)} ends before it starts"
    else:
        return last
    context.problem("bad-range", entry, 0, f"{message}; the entry is dropped")
    return None


def _end_in_last_part(first: Address, end: str) -> Address | None:
    """The last octet in decimal, or the last hextet in hexadecimal."""
    is_ipv4 = first.version == 4
    if not (_NUMBER if is_ipv4 else _HEXTET).fullmatch(end):
        return None
    number, most = int(end, 10 if is_ipv4 else 16), 0xFF if is_ipv4 else 0xFFFF
    return type(first)(int(first) & ~most | number) if number <= most else None


def _end_of_prefix(
    context: Context, entry: Statement, first: Address, length: str
) -> Address | None:
    bits = first.max_prefixlen
    if not _NUMBER.fullmatch(length) or not 1 <= int(length) <= bits:
        message = f"prefix length {shown(length)} is not in 1..{bits}; the entry is dropped"
        context.problem("bad-range", entry, 0, message)
        return None
    hosts = (1 << (bits - int(length))) - 1
    if int(first) & hosts:
        message = f"{first} is not the first address of /{length}; the entry is dropped"
        context.problem("bad-range", entry, 0, message)
        return None
    return type(first)(int(first) | hosts)
