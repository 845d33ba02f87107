"""`use_ipvlan [[name] IFNAME] [ADDRESS] [bridge|private|vepa] [group G]`; loaded on use."""

from __future__ import annotations

from ipaddress import ip_interface

from .addresses import parse_address
from .blocks import Statement
from .context import Context, shown
from .draft import Draft
from .link_config import Ipvlan
from .values import Values
from .vmac import link_group, new_link_name

__all__ = ["read_use_ipvlan", "settle_ipvlan"]

_MODES = ("bridge", "private", "vepa")


def read_use_ipvlan(context: Context, statement: Statement, values: Values) -> None:
    """Words in any order; of a second line nothing counts."""
    if not context.once(statement, values, "ipvlan/wanted"):
        return
    values.put("ipvlan/wanted", True, statement)
    index = 1
    while index < len(statement.words):
        word = statement.words[index]
        if word in _MODES:
            if _is_free(context, statement, values, index, "mode"):
                values.put("ipvlan/mode", str(word), statement)
        elif word in ("group", "name"):
            index += 1
            following = context.word(statement, index)
            if following is not None and word == "name":
                _name(context, statement, values, index)
            elif (
                following is not None
                and (group := link_group(context, statement, index)) is not None
            ):
                values.put("ipvlan/group", group, statement)
        elif parse_address(word.partition("/")[0]) is not None:
            _address(context, statement, values, index)
        else:
            _name(context, statement, values, index)
        index += 1


def _is_free(context: Context, statement: Statement, values: Values, index: int, what: str) -> bool:
    if f"ipvlan/{what}" not in values.set:
        return True
    message = f"there is a {what} already; {shown(statement.words[index])} is ignored"
    context.problem("given-twice", statement, index, message)
    return False


def _name(context: Context, statement: Statement, values: Values, index: int) -> None:
    if not _is_free(context, statement, values, index, "name"):
        return
    name = new_link_name(context, statement, index)
    if name is not None:
        values.put("ipvlan/name", name, statement)


def _address(context: Context, statement: Statement, values: Values, index: int) -> None:
    """The instance's source too, unless it has one."""
    word = statement.words[index]
    if not _is_free(context, statement, values, index, "address"):
        return
    try:
        address = ip_interface(word)
    except ValueError:
        message = f"{shown(word)} is not an address with its prefix length; ignored"
        context.problem("bad-address", statement, index, message)
        return
    family = values.set.setdefault("family", address.version)
    if family != address.version:
        message = f"{address} is IPv{address.version}, the instance is IPv{family}; ignored"
        context.problem("other-family", statement, index, message)
        return
    values.put("ipvlan/address", address, statement)
    if "source/address" not in values.set:
        values.put("source/address", address.ip, statement)


def settle_ipvlan(instance: Draft) -> Ipvlan:
    """The finished link, and what does not go with it."""
    values = instance.values
    if instance.is_set("promote_secondaries"):
        message = "promote_secondaries is set for every ipvlan interface; ignored"
        instance.complain("promote-with-vmac", "promote_secondaries", message)
        instance.clear("promote_secondaries")
    if instance.family == 4 and "ipvlan/address" not in values.set:
        message = "use_ipvlan of an IPv4 instance needs an address; it stays in FAULT"
        instance.complain("missing-source", "ipvlan/wanted", message)
    return Ipvlan(
        values.get("ipvlan/name", None),
        values.get("ipvlan/address", None),
        values.get("ipvlan/mode", "bridge"),
        values.get("ipvlan/group", None),
    )
