"""`lvs_timeouts`, `lvs_sync_daemon` and `lvs_flush_on_stop`: what IPVS adds to `global_defs`."""

from __future__ import annotations

from collections.abc import Iterator

from .addresses import read_address
from .blocks import Statement
from .config import LvsSyncDaemon, LvsTimeouts
from .context import Context, shown
from .diagnostics import ProblemClass
from .schema import Keyword
from .shapes import integer
from .values import Values, make

__all__ = ["LVS_FLUSH_ON_STOP", "LVS_SYNC_DAEMON", "LVS_TIMEOUTS"]

_GENERAL = ProblemClass.GENERAL
_MAX_NAME = 15
_MAX_TIMEOUT = 31 * 86400

_SYNC_NUMBERS = {
    "id": (0, 255),
    "maxlen": (1, 65507),
    "port": (1, 65535),
    "ttl": (1, 255),
}


def _flush_on_stop(context: Context, statement: Statement, values: Values) -> None:
    if len(statement.words) < 2:
        values.put("lvs_flush_on_stop", "all", statement)
    elif statement.words[1] == "VS":
        values.put("lvs_flush_on_stop", "services", statement)
    else:
        message = f"{statement.words[0]} {shown(statement.words[1])} is not VS; ignored"
        hint = "VS removes our own services, no word empties the whole table"
        context.problem("unknown-value", statement, 1, message, hint=hint)


def _timeouts(context: Context, statement: Statement, values: Values) -> None:
    if len(statement.words) < 3:
        message = "lvs_timeouts needs a name and a number of seconds"
        context.problem("missing-parameter", statement, 0, message)
        return
    known = ("tcp", "tcpfin", "udp")
    found = {
        name: number
        for index, name in _options(context, statement, 1, known)
        if (number := integer(context, statement, index + 1, 0, _MAX_TIMEOUT, name)) is not None
    }
    before = values.get("lvs_timeouts", LvsTimeouts())
    fields = {name: found.get(name, getattr(before, name)) for name in known}
    values.put("lvs_timeouts", make(LvsTimeouts, fields), statement)


def _options(
    context: Context, statement: Statement, start: int, known: tuple[str, ...]
) -> Iterator[tuple[int, str]]:
    """Where the known names stand that have a word behind them; the rest is reported."""
    index = start
    while index < len(statement.words):
        name = statement.words[index]
        if name not in known:
            hint = context.similar(name, known)
            message = f"unknown option {shown(name)} of {statement.words[0]}"
            context.problem("unknown-option", statement, index, message, hint=hint)
            index += 1
        elif index + 1 == len(statement.words):
            context.problem("missing-value", statement, index, f"{name} needs a value; ignored")
            index += 1
        else:
            yield index, str(name)
            index += 2


def _sync_daemon(context: Context, statement: Statement, values: Values) -> None:
    if not context.once(statement, values, "lvs_sync_daemon"):
        return
    interface = context.word(statement, 1, _GENERAL)
    if interface is None:
        return
    if len(interface) > _MAX_NAME:
        message = f"interface name {shown(interface)} is longer than {_MAX_NAME} characters"
        context.problem("too-long", statement, 1, f"{message}; lvs_sync_daemon is ignored")
        return
    found: dict[str, object] = {"interface": str(interface)}
    start = _old_form(context, statement, found)
    for index, name in _options(context, statement, start, (*_SYNC_NUMBERS, "inst", "group")):
        if name == "inst":
            found.setdefault("instance", str(statement.words[index + 1]))
        elif name == "group":
            _group(context, statement, index + 1, found)
        else:
            low, high = _SYNC_NUMBERS[name]
            number = integer(context, statement, index + 1, low, high, name)
            if number is not None:
                found[name] = number
    values.put("lvs_sync_daemon", make(LvsSyncDaemon, found), statement)


def _old_form(context: Context, statement: Statement, found: dict[str, object]) -> int:
    """`IFNAME INSTANCE [ID]`, the form without names; the index behind it."""
    words = statement.words
    if len(words) < 3 or words[2] in (*_SYNC_NUMBERS, "inst", "group"):
        return 2
    found["instance"] = str(words[2])
    if len(words) < 4 or words[3] in (*_SYNC_NUMBERS, "inst", "group"):
        return 3
    number = integer(context, statement, 3, 0, 255, "id")
    if number is not None:
        found["id"] = number
        context.problem("deprecated", statement, 3, "write id before the number of the sync daemon")
    return 4


def _group(context: Context, statement: Statement, index: int, found: dict[str, object]) -> None:
    address = read_address(context, statement, index)
    if address is None:
        return
    if not address.is_multicast:
        message = f"group {address} is not multicast; ignored"
        context.problem("not-multicast", statement, index, message)
        return
    found["group"] = address


LVS_FLUSH_ON_STOP = (
    Keyword("lvs_flush_on_stop", _flush_on_stop),
    Keyword("lvs_flush_onstop", _flush_on_stop),
)
LVS_TIMEOUTS = Keyword("lvs_timeouts", _timeouts)
LVS_SYNC_DAEMON = Keyword("lvs_sync_daemon", _sync_daemon)
