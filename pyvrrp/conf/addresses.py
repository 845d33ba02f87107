"""Addresses as keepalived reads them: strict numbers and dots, the family by the colon."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

from .blocks import Statement
from .config import Address
from .context import Context, shown
from .values import Values

__all__ = ["is_of_family", "parse_address", "read_address"]


def parse_address(text: str) -> Address | None:
    """An IPv4 or IPv6 address without zone, None when it is none (inet_pton's rules)."""
    if ":" not in text:
        return _ipv4(text)
    try:
        return None if "%" in text else IPv6Address(text)
    except ValueError:
        return None


def _ipv4(text: str) -> IPv4Address | None:
    """As `IPv4Address(text)` has it, in a quarter of its time: files have tens of thousands."""
    try:
        a, b, c, d = text.split(".")
        return IPv4Address(_OCTETS[a] << 24 | _OCTETS[b] << 16 | _OCTETS[c] << 8 | _OCTETS[d])
    except (KeyError, ValueError):
        return None


_OCTETS = {str(number): number for number in range(256)}


def read_address(context: Context, statement: Statement, index: int = 1) -> Address | None:
    """Word `index` as an address; a mask or range behind it is cut off, as keepalived does.

    None after a report.
    """
    word = context.word(statement, index)
    if word is None:
        return None
    text = word.partition("-")[0] if "-" in word else word.partition("/")[0]
    address = parse_address(text)
    if address is None:
        message = f"{shown(word)} is not an IPv4 or IPv6 address; ignored"
        context.problem("bad-address", statement, index, message)
    return address


def is_of_family(
    context: Context,
    statement: Statement,
    index: int,
    values: Values,
    address: Address,
    *,
    hint: str | None = None,
) -> bool:
    """Whether an address is of the instance's family, which the first one decides; reported if not."""
    if "family" not in values.set:
        values.put("family", address.version, statement)
    family = values.get("family", address.version)
    if family == address.version:
        return True
    name = f"{statement.words[0]} " if index else ""
    message = f"{name}{address} is IPv{address.version}, the instance is IPv{family}; ignored"
    first = values.at.get("family")
    remark = None if first is None else f"IPv{family} follows from {first.span()}"
    context.problem("other-family", statement, index, message, hint=hint, remark=remark)
    return False
