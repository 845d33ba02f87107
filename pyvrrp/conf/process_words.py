"""What the words of a process say: title, priority, CPUs, limit. Rows of `global_defs`."""

from __future__ import annotations

from .blocks import Statement
from .context import Context, shown
from .diagnostics import ProblemClass
from .schema import Keyword
from .shapes import Int, integer
from .values import Values

__all__ = ["cpu_affinity", "process_name", "realtime_priority", "rlimit"]

_GENERAL = ProblemClass.GENERAL


def process_name(name: str, field: str = "") -> Keyword:
    """The title, of 15 characters at most."""

    def read(context: Context, statement: Statement, values: Values) -> None:
        title = context.word(statement)
        if title is None:
            return
        if len(title) > 15:
            message = f"{name} {shown(title)} is longer than 15 characters; cut off"
            context.problem("too-long", statement, 1, message)
        values.put(field or name, title[:15], statement)

    return Keyword(name, read)


def realtime_priority(name: str, field: str = "") -> Keyword:
    """1..99; what is outside becomes the nearest."""

    def read(context: Context, statement: Statement, values: Values) -> None:
        if context.word(statement, 1, _GENERAL) is None:
            return
        number = integer(context, statement, 1, -(2**31), 2**31 - 1)
        if number is None:
            return
        nearest = min(max(number, 1), 99)
        if nearest != number:
            message = f"{name} {number} is not in 1..99; {nearest} is used"
            context.problem("value-out-of-range", statement, 1, message)
        values.put(field or name, nearest, statement)

    return Keyword(name, read)


def cpu_affinity(name: str, field: str = "") -> Keyword:
    """Numbers of CPUs."""

    def read(context: Context, statement: Statement, values: Values) -> None:
        if context.word(statement, 1, _GENERAL) is None:
            return
        cpus = [
            integer(context, statement, index, 0, 8191, "CPU")
            for index in range(1, len(statement.words))
        ]
        whole = tuple(cpu for cpu in cpus if cpu is not None)
        if len(whole) == len(cpus):
            values.put(field or name, whole, statement)

    return Keyword(name, read)


def rlimit(name: str, field: str = "") -> Keyword:
    """Microseconds; the spelling with one t is an old one."""
    shape = Int(1)
    new = name.removesuffix("_rtime") + "_rttime" if name.endswith("_rtime") else name

    def read(context: Context, statement: Statement, values: Values) -> None:
        if name != new:
            hint = f"{name} is an old spelling of {new}"
            context.remark("deprecated", statement, 0, hint)
        limit = shape.read(context, statement)
        if isinstance(limit, int):
            # Half of it is the soft limit, which must not be 0.
            values.put(field or new, max(2, limit), statement)

    return Keyword(name, read)
