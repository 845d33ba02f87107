"""`virtual_server { ... }`: its keywords; `lvs_completion` looks at the whole."""

from __future__ import annotations

from healthcheck.core.table import Protocol

from .blocks import Statement
from .context import Context, shown
from .known import Block
from .lvs_methods import SETTINGS_ROWS
from .lvs_servers import SHARED_ROWS, SNMP_NAME, SORRY_ROWS, read_real_server
from .schema import Keyword, table, value
from .scripts import ScriptWords
from .shapes import Flag, Int
from .values import Values

__all__ = ["VIRTUAL_SERVER"]

_MAX_WEIGHT = 2**31 - 1
_FAMILIES = {"inet": 4, "inet6": 6}
_PROTOCOLS = {protocol.name: protocol for protocol in Protocol}
_SCRIPT = ScriptWords()


def _protocol(context: Context, statement: Statement, values: Values) -> None:
    word = context.word(statement)
    if word is None:
        return
    protocol = _PROTOCOLS.get(word.upper())
    if protocol is None:
        message = f"protocol {shown(word)} is not TCP, UDP or SCTP; ignored"
        context.problem("unknown-value", statement, 1, message)
        return
    values.put("protocol", protocol, statement)


def _ip_family(context: Context, statement: Statement, values: Values) -> None:
    word = context.word(statement)
    if word is None:
        return
    family = _FAMILIES.get(word)
    if family is None:
        message = f"ip_family {shown(word)} is not inet or inet6; ignored"
        context.problem("unknown-value", statement, 1, message)
    elif values.get("family", family) != family:
        message = f"ip_family {word} conflicts with the service, which is IPv{values.set['family']}"
        context.problem("other-family", statement, 1, f"{message}; ignored")
    else:
        values.put("family", family, statement)


def _quorum(context: Context, statement: Statement, values: Values) -> None:
    quorum = Int(1).read(context, statement)
    values.put("quorum", quorum if isinstance(quorum, int) else 1, statement)


VIRTUAL_SERVER = table(
    "virtual_server",
    (
        Keyword("protocol", _protocol),
        Keyword("ip_family", _ip_family),
        *SETTINGS_ROWS,
        *SHARED_ROWS,
        value("alpha", Flag()),
        value("omega", Flag()),
        value("ha_suspend", Flag()),
        value("inhibit_on_failure", Flag()),
        value("quorum_up", _SCRIPT, once=True),
        value("quorum_down", _SCRIPT, once=True),
        Keyword("quorum", _quorum),
        value("hysteresis", Int(0)),
        value("weight", Int(1, _MAX_WEIGHT)),
        *SORRY_ROWS,
        Keyword("real_server", read_real_server, Block.TABLE),
        SNMP_NAME,
    ),
)
