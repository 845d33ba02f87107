"""The blocks of keepalived.conf that are about IPVS, from statements to `LvsConfig`.

    lvs_endpoints            `IP [PORT]`
    lvs_groups               virtual_server_group
    lvs_timing               what all checks share, and what they inherit
    lvs_web, lvs_checks      the checks
    lvs_methods              scheduler, forwarding, persistence
    lvs_servers              real_server, sorry_server
    lvs_services             virtual_server
    lvs_keys, lvs_completion what only shows when all of it is read
    lvs_config               the result

Groups and SSL may stand behind the services that use them, so services are finished last.
Loading this module loads `healthcheck.core`; `load` does so only for a file that has such blocks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from healthcheck.core.model import TlsMaterial
from healthcheck.core.table import ServiceKey

from .blocks import Statement
from .config import GlobalDefs
from .context import Context, shown
from .diagnostics import ProblemClass
from .known import Block
from .lvs_checks import CHECKS
from .lvs_completion import finish_service
from .lvs_config import GroupMark, GroupRange, LvsConfig, LvsGroup, LvsService
from .lvs_endpoints import Endpoint, read_endpoint
from .lvs_groups import Group, read_group
from .lvs_keys import GroupUse, Identity, ServiceMark
from .lvs_servers import REAL_SERVER
from .lvs_services import VIRTUAL_SERVER
from .schema import Keyword, Table, read_block, table, value
from .shapes import Word, integer
from .values import Values, make

__all__ = ["KEYWORDS", "SSL", "LvsReading"]

_GENERAL = ProblemClass.GENERAL
_MAX_KEYS = 2**18
"""Kernel services that groups may make in all; a group of the greatest size may be used 4 times."""

SSL = table(
    "SSL",
    (
        value("password", Word(missing=_GENERAL)),
        value("ca", Word(missing=_GENERAL)),
        value("certificate", Word(missing=_GENERAL)),
        value("key", Word(missing=_GENERAL)),
    ),
)


_TABLES: tuple[Table, ...] = (
    *(VIRTUAL_SERVER, REAL_SERVER, SSL),
    *(kind.table for kind in CHECKS.values()),
)

KEYWORDS: Mapping[str, frozenset[str]] = {known.name: frozenset(known.rows) for known in _TABLES}
"""Name of a block to the keywords it may hold, for hints."""


class LvsReading:
    """The IPVS blocks of one configuration, gathered while its statements are read."""

    def __init__(self, context: Context, defs: GlobalDefs) -> None:
        self._context = context
        self._defs = defs
        self._tls = TlsMaterial()
        self._has_tls = False
        self._groups: dict[str, Group] = {}
        self._services: list[tuple[Endpoint | ServiceMark | str, Values]] = []
        self.rows: Mapping[str, Keyword] = {
            "SSL": Keyword("SSL", self._ssl, Block.TABLE),
            "virtual_server": Keyword("virtual_server", self._service, Block.TABLE),
            "virtual_server_group": Keyword("virtual_server_group", self._group, Block.ENTRIES),
        }

    def _ssl(self, context: Context, statement: Statement, _: Values) -> None:
        if self._has_tls:
            message = "SSL was given already; this one replaces it"
            context.problem("given-twice", statement, 0, message)
        values = Values(statement)
        read_block(context, statement.block or (), SSL, values)
        self._tls = make(TlsMaterial, values.set)
        self._has_tls = True

    def _group(self, context: Context, statement: Statement, _: Values) -> None:
        group = read_group(context, statement)
        if group is None:
            return
        first = self._groups.setdefault(group.name, group)
        if first is not group:
            message = f"virtual_server_group {shown(group.name)} is defined already; it is ignored"
            remark = f"the first stands at {first.statement.span(1)}"
            lenient = ProblemClass.NONE
            context.problem(
                "duplicate-name", statement, 1, message, problem_class=lenient, remark=remark
            )

    def _service(self, context: Context, statement: Statement, _: Values) -> None:
        """What is in the block is not looked at when it belongs to nothing."""
        identity = _identity(context, statement)
        if identity is None:
            return
        values = Values(statement)
        if isinstance(identity, Endpoint):
            values.set["family"] = identity.address.version
        read_block(context, statement.block or (), VIRTUAL_SERVER, values)
        self._services.append((identity, values))

    def finish(self) -> LvsConfig:
        """The services in the order written, each checked as a whole."""
        return LvsConfig(
            tuple(self._finished()),
            tuple(_as_configured(group) for group in self._groups.values()),
            self._tls if self._has_tls else None,
        )

    def _finished(self) -> Iterator[LvsService]:
        uses: Counter[str] = Counter()
        room = _MAX_KEYS
        taken: dict[ServiceKey, str] = {}
        for written, values in self._services:
            identity: Identity
            if isinstance(written, str):
                group = self._groups.get(written)
                if group is None:
                    self._unknown_group(written, values.owner)
                    continue
                room -= group.size
                if room < 0:
                    self._too_many(values.owner)
                    continue
                identity = GroupUse(group, uses[written])
            else:
                identity = written
            service = finish_service(self._context, values, identity, self._defs, self._tls, taken)
            if service is not None:
                if isinstance(written, str):
                    uses[written] += 1
                yield service

    def _too_many(self, statement: Statement) -> None:
        message = f"groups make more than {_MAX_KEYS} services in all; this one is dropped"
        hint = "a firewall mark makes one service of any number of addresses"
        lenient = ProblemClass.NONE
        self._context.problem(
            "too-many-addresses", statement, 2, message, problem_class=lenient, hint=hint
        )

    def _unknown_group(self, name: str, statement: Statement) -> None:
        message = f"there is no virtual_server_group {shown(name)}; the service is dropped"
        self._context.problem(
            "unknown-group",
            statement,
            2,
            message,
            problem_class=ProblemClass.NONE,
            hint=self._context.similar(name, self._groups),
        )


def _as_configured(group: Group) -> LvsGroup:
    return LvsGroup(
        group.name,
        tuple(GroupRange(entry.first, entry.last, entry.port) for entry in group.ranges),
        tuple(GroupMark(entry.mark, entry.family) for entry in group.marks),
    )


def _identity(context: Context, statement: Statement) -> Endpoint | ServiceMark | str | None:
    """What the service is: a place, a mark, or the name of a group; None after a report."""
    word = context.word(statement)
    if word == "group":
        name = context.word(statement, 2)
        return None if name is None else str(name)
    if word == "fwmark":
        mark = integer(context, statement, 2, 1, 2**32 - 1, "fwmark")
        return None if mark is None else ServiceMark(mark)
    return read_endpoint(context, statement)
