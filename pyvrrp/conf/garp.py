"""`garp_extra_if` and `vrrp_garp_extra_if`: announcements on interfaces that only carry addresses."""

from __future__ import annotations

from .blocks import Statement
from .context import Context
from .schema import Keyword
from .shapes import integer
from .values import Values

__all__ = ["extra_if"]

_MAX_SECONDS = 86400


def extra_if(name: str, low: int) -> Keyword:
    """`NAME [all] SECONDS`, words in any order; `low` is the least number of seconds."""

    def read(context: Context, statement: Statement, values: Values) -> None:
        seconds = None
        for index, word in enumerate(statement.words[1:], 1):
            if word == "all":
                values.put("garp/extra_if_all", True, statement)
                continue
            seconds = integer(context, statement, index, low, _MAX_SECONDS)
            if seconds is None:
                return
        if seconds is None:
            context.problem("missing-value", statement, 0, f"{name} needs a number of seconds")
        else:
            values.put("garp/extra_if", float(seconds), statement)

    return Keyword(name, read)
