"""`use_vmac [[name] IFNAME] [MAC] [netlink_notify_msg] [group G]`."""

from __future__ import annotations

import re

from .blocks import Statement
from .context import Context, shown
from .lexer import octets
from .schema import Keyword
from .values import Values

__all__ = ["USE_VMAC", "link_group", "new_link_name"]

_MAX_NAME = 15
_MAC = re.compile(r"[0-9A-Fa-f]{1,2}(?::[0-9A-Fa-f]{1,2}){4,5}:?")
_VRRP_MAC = (bytes.fromhex("00005e0001"), bytes.fromhex("00005e0002"))


def new_link_name(context: Context, statement: Statement, index: int) -> str | None:
    """A word the kernel takes for the name of a new link (net/core/dev.c, dev_valid_name); None
    after a report."""
    name = statement.words[index]
    if (
        0 < len(octets(name)) <= _MAX_NAME
        and name not in (".", "..")
        and not any(c in "/:" or c.isspace() for c in name)
    ):
        return str(name)
    message = f"{shown(name)} cannot be the name of an interface; ignored"
    context.problem("bad-name", statement, index, message)
    return None


def link_group(context: Context, statement: Statement, index: int) -> int | None:
    """An interface group, by its number or its name in iproute2's file; None after a report."""
    from .iproute_names import GROUP  # few files name one

    word = statement.words[index]
    number = context.routing.names.number(GROUP, word)
    if number is None:
        message = f"{shown(word)} is no interface group; ignored"
        context.problem("unknown-value", statement, index, message)
    return number


def _mac(context: Context, statement: Statement, index: int) -> bytes | None:
    """Six octets, or five for the VRID to follow; None after a report."""
    word = statement.words[index]
    if not _MAC.fullmatch(word):
        why = "is not five or six octets"
    else:
        mac = bytes(int(part, 16) for part in word.rstrip(":").split(":"))
        if len(mac) == 6 and word.endswith(":"):
            why = "is not five or six octets"
        elif mac[0] & 1:
            why = "is multicast"
        elif mac[:5] in _VRRP_MAC:
            why = "is one of VRRP's own, which are used without being named"
        else:
            return mac
    context.problem("bad-mac", statement, index, f"MAC address {shown(word)} {why}; ignored")
    return None


def _name(context: Context, statement: Statement, values: Values, index: int) -> None:
    if "vmac/name" in values.set:
        word = shown(statement.words[index])
        message = f"the interface has a name already; {word} is ignored"
        context.problem("given-twice", statement, index, message)
        return
    name = new_link_name(context, statement, index)
    if name is not None:
        values.put("vmac/name", name, statement)
        values.set["vmac/name-index"] = index


def _use_vmac(context: Context, statement: Statement, values: Values) -> None:
    values.put("vmac/wanted", True, statement)
    index = 1
    while index < len(statement.words):
        word = statement.words[index]
        if ":" in word:
            if context.once(statement, values, "vmac/mac"):
                mac = _mac(context, statement, index)
                if mac is not None:
                    values.put("vmac/mac", mac, statement)
        elif word == "netlink_notify_msg":
            values.put("vmac/netlink_notify_msg", True, statement)
        elif word in ("group", "name"):
            index += 1
            following = context.word(statement, index)
            if following is not None and word == "name":
                _name(context, statement, values, index)
            elif (
                following is not None
                and (group := link_group(context, statement, index)) is not None
            ):
                values.put("vmac/group", group, statement)
        else:
            _name(context, statement, values, index)
        index += 1


USE_VMAC = Keyword("use_vmac", _use_vmac)
