"""`garp_group`, `interface_up_down_delays` and `linkbeat_interfaces`; few configurations have one.

What they found goes into the root's `Values`: a list of groups, and by name what interfaces have.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from .blocks import Statement
from .context import Context, shown
from .diagnostics import ProblemClass
from .known import Block
from .link_config import GarpGroup, InterfaceDelay, LinkbeatInterface
from .schema import Keyword, read_block, table
from .shapes import Seconds, read_seconds
from .values import Values

__all__ = ["GARP_GROUP", "read_garp_group", "read_linkbeat_interfaces", "read_up_down_delays"]

_MAX_DELAY = 255.0
_METHODS: dict[str, Literal["MII", "ETHTOOL", "IOCTL"]] = {
    "MII": "MII",
    "ETHTOOL": "ETHTOOL",
    "IOCTL": "IOCTL",
}


def _interval(name: str) -> Keyword:
    shape = Seconds(0, 4294.967295)

    def read(context: Context, statement: Statement, values: Values) -> None:
        interval = shape.read(context, statement)
        if not isinstance(interval, float):
            return
        if interval >= 1:
            message = f"{name} of {interval:g} seconds is very long"
            context.remark("unusual-value", statement, 1, message)
        values.put(name, interval, statement)

    return Keyword(name, read)


def _add(context: Context, entry: Statement, indexes: Iterable[int], values: Values) -> None:
    """Interfaces that exist and are in no group yet."""
    for index in indexes:
        name = str(entry.words[index])
        if not context.has_interface(name):
            message = f"interface {shown(name)} does not exist; it is in no garp_group"
            context.problem("unknown-interface", entry, index, message, is_fatal=True)
        elif name in context.garp_interfaces:
            message = f"{shown(name)} is in a garp_group already; this one does not count"
            context.problem("duplicate-member", entry, index, message)
        else:
            context.garp_interfaces.add(name)
            values.extend("interfaces", (name,), entry)


def _interface(context: Context, statement: Statement, values: Values) -> None:
    if context.word(statement) is not None:
        _add(context, statement, (1,), values)


def _interfaces(context: Context, statement: Statement, values: Values) -> None:
    """Every word is a name."""
    entries = tuple(statement.block or ())
    if not entries:
        context.problem("empty-block", statement, 0, "interfaces names none")
    for entry in entries:
        _add(context, entry, range(len(entry.words)), values)


GARP_GROUP = table(
    "garp_group",
    (
        _interval("garp_interval"),
        _interval("gna_interval"),
        Keyword("interface", _interface),
        Keyword("interfaces", _interfaces, Block.ENTRIES),
    ),
)


def read_garp_group(context: Context, statement: Statement, root: Values) -> None:
    """One group; dropped when it limits nothing."""
    values = Values(statement)
    read_block(context, statement.block or (), GARP_GROUP, values)
    arp: float | None = values.get("garp_interval", None)
    na: float | None = values.get("gna_interval", None)
    members = values.items("interfaces", str)
    if arp is None and na is None:
        message = "garp_group has neither garp_interval nor gna_interval; it is dropped"
        context.problem("empty-group", statement, 0, message)
        context.garp_interfaces.difference_update(members)
        return
    group = GarpGroup(tuple(members), arp, na, statement.span())
    root.extend("garp_groups", (group,), statement)


def _is_there(context: Context, entry: Statement) -> bool:
    name = entry.words[0]
    if context.has_interface(name):
        return True
    message = f"interface {shown(name)} does not exist; ignored"
    fatal = ProblemClass.FATAL
    context.problem("unknown-interface", entry, 0, message, problem_class=fatal)
    return False


def read_up_down_delays(context: Context, statement: Statement, root: Values) -> None:
    """`IFNAME DOWN [UP]`; of two entries for an interface the last counts."""
    found: dict[str, InterfaceDelay] = root.get("interface_delays", {})
    for entry in statement.block or ():
        if not _is_there(context, entry):
            continue
        delays = [
            read_seconds(context, entry, index, 0, _MAX_DELAY, "delay")
            for index in range(1, min(3, len(entry.words)))
        ]
        name = str(entry.words[0])
        if not delays:
            context.remark("missing-value", entry, 0, f"{shown(name)} has no delays; ignored")
            continue
        if len(entry.words) > 3:
            context.remark("extra-words", entry, 3, "only DOWN and UP are expected")
        if None not in delays:
            down, up = (*delays, 0.0)[:2]
            found[name] = InterfaceDelay(name, down or 0.0, up or 0.0, entry.span())
    root.put("interface_delays", found, statement)


def read_linkbeat_interfaces(context: Context, statement: Statement, root: Values) -> None:
    """`IFNAME [METHOD]`; with a method that is none the interface is polled all the same."""
    found: dict[str, LinkbeatInterface] = root.get("linkbeat_interfaces", {})
    for entry in statement.block or ():
        if not _is_there(context, entry):
            continue
        method = _METHODS.get(entry.words[1]) if len(entry.words) > 1 else None
        if len(entry.words) > 2 or (len(entry.words) > 1 and method is None):
            message = f"behind an interface stands {', '.join(_METHODS)} or nothing"
            context.problem("extra-words", entry, 1, message)
        name = str(entry.words[0])
        found[name] = LinkbeatInterface(name, method, entry.span())
    root.put("linkbeat_interfaces", found, statement)
