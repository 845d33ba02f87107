"""`BFD_CHECK { ... }`: a real server that follows a BFD session."""

from __future__ import annotations

from collections.abc import Iterator

from healthcheck.core.model import FollowedCheck

from .blocks import Statement
from .context import Context, shown
from .known import Block
from .schema import Keyword, read_block, table, value
from .shapes import Bool
from .values import Values

__all__ = ["BFD_CHECK", "BFD_CHECK_ROW", "followed"]


def _session(context: Context, statement: Statement, values: Values) -> None:
    """keepalived drops the check for a name it cannot use."""
    if len(statement.words) != 2:
        index = min(2, len(statement.words) - 1)
        context.problem("bad-name", statement, index, "name of a BFD_CHECK is one word; ignored")
        return
    name = statement.words[1]
    found = context.bfd_instances.get(name)
    if found is None or not found.checker:
        why = "is only for VRRP" if found else "is not defined yet"
        hint = None if found else context.similar(name, context.bfd_instances)
        message = f"bfd_instance {shown(name)} {why}; ignored"
        context.problem("unknown-bfd-instance", statement, 1, message, hint=hint)
    elif context.once(statement, values, "name"):
        values.put("name", str(name), statement)


BFD_CHECK = table("BFD_CHECK", (Keyword("name", _session), value("alpha", Bool())))


def _bfd_check(context: Context, statement: Statement, server: Values) -> None:
    """One check of a real server; dropped without a session, or when that is checked already."""
    check = Values(statement)
    read_block(context, statement.block or (), BFD_CHECK, check)
    name: str | None = check.get("name", None)
    if name is None:
        context.problem("no-bfd", statement, 0, "BFD_CHECK names no session; the check is dropped")
    elif any(other.get("name", "") == name for other in server.items("bfd", Values)):
        message = f"{shown(name)} is checked already; this check is dropped"
        context.problem("duplicate-check", check.where("name"), 1, message)
    else:
        server.extend("bfd", (check,), statement)


def followed(server: Values, *, alpha: bool) -> Iterator[FollowedCheck]:
    """The sessions that a server follows; `alpha` is for those that do not say it."""
    for check in server.items("bfd", Values):
        yield FollowedCheck(check.get("name", ""), check.get("alpha", alpha))


BFD_CHECK_ROW = Keyword("BFD_CHECK", _bfd_check, Block.TABLE)
