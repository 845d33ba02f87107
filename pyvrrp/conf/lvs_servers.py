"""`real_server { ... }` and the sorry server: keywords, and the finished objects."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from healthcheck.core.model import HttpCheck, RealServer, SorryServer
from healthcheck.core.table import Destination, Forwarding, Method, Protocol

from .blocks import Statement
from .config import Script
from .context import Context, Moment
from .diagnostics import ProblemClass
from .known import Block
from .lvs_bfd import BFD_CHECK_ROW, followed
from .lvs_checks import CHECKS, checks_of
from .lvs_config import CheckDefaults, LvsServer
from .lvs_endpoints import Endpoint, read_endpoint
from .lvs_methods import METHOD_FIELD, method
from .lvs_timing import CONNECT_TIMEOUT, DELAY_LOOP, PAUSE, Checked, Defaults
from .lvs_web import web_words
from .schema import Keyword, read_again, read_values, table, value
from .scripts import ScriptWords
from .shapes import Bool, Int, Word
from .values import Values

__all__ = [
    "REAL_SERVER",
    "SHARED_ROWS",
    "SNMP_NAME",
    "SORRY_ROWS",
    "ServerBlock",
    "Surroundings",
    "build_server",
    "build_sorry_server",
    "read_real_server",
]

_MAX_WEIGHT = 2**31 - 1
_SCRIPT = ScriptWords()


def _snmp_name(context: Context, statement: Statement, values: Values) -> None:
    if len(statement.words) == 2:
        values.put("snmp_name", str(statement.words[1]), statement)
    else:
        index = min(2, len(statement.words) - 1)
        context.problem("bad-name", statement, index, "snmp_name is one word; ignored")


SNMP_NAME = Keyword("snmp_name", _snmp_name, acted_on=False)

SHARED_ROWS = (
    value("connect_timeout", CONNECT_TIMEOUT),
    value("delay_before_retry", PAUSE),
    value("delay_loop", DELAY_LOOP),
    value("retry", Int(1)),
    value("warmup", PAUSE),
    value("smtp_alert", Bool()),
    value("virtualhost", Word(missing=ProblemClass.GENERAL)),
)
"""Rows that `virtual_server` and `real_server` have in common."""


def _check(name: str) -> Keyword:
    kind = CHECKS[name]

    def read(context: Context, statement: Statement, values: Values) -> None:
        check = read_values(context, statement, kind.table)
        values.extend("checks", checks_of(check), statement)

    return Keyword(name, read, Block.TABLE)


REAL_SERVER = table(
    "real_server",
    (
        value("weight", Int(0, _MAX_WEIGHT)),
        method("lvs_method"),
        value("uthreshold", Int(0)),
        value("lthreshold", Int(0)),
        value("inhibit_on_failure", Bool()),
        value("alpha", Bool()),
        value("notify_up", _SCRIPT, once=True),
        value("notify_down", _SCRIPT, once=True),
        *SHARED_ROWS,
        *map(_check, CHECKS),
        BFD_CHECK_ROW,
        SNMP_NAME,
    ),
)


class ServerBlock(NamedTuple):
    """A `real_server` block that has been read."""

    endpoint: Endpoint
    values: Values
    read_at: Moment


def read_real_server(context: Context, statement: Statement, values: Values) -> None:
    """One block; what is in it is not looked at when its address is of no use."""
    endpoint = read_endpoint(context, statement)
    if endpoint is None:
        return
    server = read_values(context, statement, REAL_SERVER)
    values.extend("servers", (ServerBlock(endpoint, server, context.moment()),), statement)


def _sorry_server(context: Context, statement: Statement, values: Values) -> None:
    endpoint = read_endpoint(context, statement)
    if endpoint is None:
        return
    values.set.pop("sorry/inhibit", None)
    values.set.pop("sorry/method", None)
    values.put("sorry", endpoint, statement)


def _behind_sorry_server(row: Keyword) -> Keyword:
    def read(context: Context, statement: Statement, values: Values) -> None:
        if "sorry" in values.set:
            row.read(context, statement, values)
            return
        message = f"{row.name} counts only behind sorry_server; ignored"
        context.problem("no-sorry-server", statement, 0, message)

    return Keyword(row.name, read)


def _sorry_inhibit(context: Context, statement: Statement, values: Values) -> None:
    values.put("sorry/inhibit", True, statement)


SORRY_ROWS = (
    Keyword("sorry_server", _sorry_server),
    _behind_sorry_server(Keyword("sorry_server_inhibit", _sorry_inhibit)),
    _behind_sorry_server(method("sorry_server_lvs_method", "sorry/method")),
)


class Surroundings(NamedTuple):
    """What a server must know of its service and of the rest of the file.

    `port` is the service's, 0 when it has several or none; `ports` are all that it has. `weight`,
    `inhibit` and `is_mailed` are for servers that do not say it themselves.
    """

    protocol: Protocol | None
    method: Method
    is_group: bool
    port: int
    ports: frozenset[int]
    weight: int
    inhibit: bool
    is_mailed: bool
    defaults: Defaults


def build_server(
    context: Context, block: ServerBlock, around: Surroundings
) -> tuple[RealServer, LvsServer]:
    """The finished server with its checks, and what it leaves to the daemon."""
    endpoint, server, then = block
    built = context.attempt(lambda: _built(context, endpoint, server, around))
    if built is not None:
        return built
    placed = read_again(context, server.owner, REAL_SERVER, then)
    return _built(context, endpoint, placed, around)


def _built(
    context: Context, endpoint: Endpoint, server: Values, around: Surroundings
) -> tuple[RealServer, LvsServer]:
    said = server.get
    forwarding = said(METHOD_FIELD, around.method)
    address = _destination(context, server, "", endpoint, forwarding, around)
    checked = Checked(
        address.address,
        address.port or endpoint.port,
        around.protocol,
        around.defaults.overridden(server),
    )
    checks = server.items("checks", Values)
    built = [CHECKS[c.owner.words[0]].build(context, c, checked) for c in checks]
    web = [c for c, check in zip(checks, built, strict=True) if isinstance(check, HttpCheck)]
    sessions = followed(server, alpha=checked.defaults.said.alpha)
    upper, lower = _thresholds(context, server)
    real = RealServer(
        address,
        said("weight", around.weight),
        forwarding,
        said("inhibit_on_failure", around.inhibit),
        upper,
        lower,
        (*(check for check in built if check is not None), *sessions),
    )
    beside = _beside(server, checks, web, around.is_mailed, checked.defaults.said)
    return real, beside


def _beside(
    server: Values,
    checks: Iterable[Values],
    web: Iterable[Values],
    is_mailed: bool,
    defaults: CheckDefaults,
) -> LvsServer:
    said = server.get
    is_mailed = said("smtp_alert", is_mailed)
    scripts = said("notify_up", None), said("notify_down", None)
    programs = tuple(s for c in checks if isinstance(s := c.set.get("script"), Script))
    words = tuple(map(web_words, web))
    snmp_name = said("snmp_name", None)
    if not (any(scripts) or programs or words or snmp_name):
        return _nothing_beside(is_mailed, defaults)
    return LvsServer(*scripts, is_mailed, programs, words, defaults, snmp_name)


@lru_cache(maxsize=64)
def _nothing_beside(is_mailed: bool, defaults: CheckDefaults) -> LvsServer:
    """Most servers of a file are so, and share it."""
    return LvsServer(smtp_alert=is_mailed, defaults=defaults)


def _destination(
    context: Context,
    values: Values,
    field: str,
    endpoint: Endpoint,
    forwarding: Method,
    around: Surroundings,
) -> Destination:
    """Where the kernel sends packets: DR and TUN leave the port as it came.

    `field` of `values` is where the endpoint stands, "": behind the keyword of the block.
    """
    address, port = endpoint
    if forwarding.forwarding is Forwarding.MASQUERADING or not port:
        return Destination(address, port or around.port)
    if around.ports != {port}:
        own = " or ".join(map(str, sorted(around.ports - {0})[:3])) or "that of each packet"
        message = f"port {port} is ignored: DR and TUN keep the service's port, {own}"
        context.problem("other-port", values.where(field), 2, message)
    # In a group each entry's port counts; there the written one only tells servers apart.
    return Destination(address, port if around.is_group else around.port)


def _thresholds(context: Context, server: Values) -> tuple[int, int]:
    upper, lower = server.get("uthreshold", 0), server.get("lthreshold", 0)
    if lower <= upper:
        return upper, lower
    message = (
        f"lthreshold {lower} is above uthreshold {upper}; the kernel refuses that, it is ignored"
    )
    where = server.where("lthreshold")
    context.problem("value-out-of-range", where, 1, message, problem_class=ProblemClass.NONE)
    return upper, 0


def build_sorry_server(
    context: Context, values: Values, around: Surroundings
) -> SorryServer | None:
    """The sorry server, when the service has one."""
    endpoint: Endpoint | None = values.get("sorry", None)
    if endpoint is None:
        return None
    forwarding = values.get("sorry/method", around.method)
    address = _destination(context, values, "sorry", endpoint, forwarding, around)
    return SorryServer(address, forwarding, values.get("sorry/inhibit", False))
