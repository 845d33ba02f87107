"""`track_file`, `vrrp_track_file` and `vrrp_track_process` blocks; few configurations have one."""

from __future__ import annotations

import re

from .blocks import Statement
from .context import Context, shown
from .diagnostics import ProblemClass
from .schema import Keyword, read_block, table, value
from .shapes import SKIP, Flag, Int, Seconds, Word, integer
from .tracking_config import TrackFile, TrackProcess
from .values import Values, make

__all__ = ["TRACK_FILE", "TRACK_PROCESS", "read_track_file", "read_track_process"]

_GENERAL = ProblemClass.GENERAL
_LIMIT = 254
_MAX_DELAY = 3600.0
_NUMBER = re.compile(r"[ \t]*[-\d]")


def _weight(default: int) -> Keyword:
    """`weight W [reverse]`; keepalived takes a second one only while the first is the default."""

    def read(context: Context, statement: Statement, values: Values) -> None:
        if context.word(statement, 1, _GENERAL) is None:
            return
        if values.get("weight", default) != default:
            context.once(statement, values, "weight")
            return
        weight = integer(context, statement, 1, -_LIMIT, _LIMIT)
        values.put("weight", default if weight is None else weight, statement)
        if statement.words[2:3] == ["reverse"]:
            values.put("reverse", True, statement)
        elif len(statement.words) > 2:
            message = f"{shown(statement.words[2])} behind a weight is not reverse; ignored"
            context.problem("unknown-option", statement, 2, message)

    return Keyword("weight", read)


def _init_file(context: Context, statement: Statement, values: Values) -> None:
    """`init_file [VALUE] [overwrite]`: the number need not be one that makes sense."""
    number = 0
    overwrite = False
    for index, word in enumerate(statement.words[1:], 1):
        if _NUMBER.match(word):
            found = integer(context, statement, index, -(2**31), 2**31 - 1)
            number = found or 0
            if abs(number) > _LIMIT:
                message = f"init_file {number} is not in -{_LIMIT}..{_LIMIT}"
                context.problem("value-out-of-range", statement, index, message)
        elif word == "overwrite":
            overwrite = True
        else:
            message = f"{shown(word)} is neither a number nor overwrite; ignored"
            context.problem("unknown-option", statement, index, message)
    values.put("init_file", number, statement)
    values.put("overwrite", overwrite, statement)


TRACK_FILE = table(
    "track_file",
    (
        value("file", Word(missing=_GENERAL), once=True),
        _weight(1),
        Keyword("init_file", _init_file),
    ),
)


def read_track_file(context: Context, statement: Statement, _: Values) -> None:
    """A block under either spelling; of two with one name the first counts."""
    name = context.word(statement)
    if name is None:
        return
    if statement.words[0] == "vrrp_track_file":
        message = "vrrp_track_file is an old spelling of track_file"
        context.remark("deprecated", statement, 0, message)
    context.arrived("track_file", name)
    values = Values(statement)
    read_block(context, statement.block or (), TRACK_FILE, values)
    if "file" not in values.set:
        message = f"track_file {shown(name)} names no file; it is dropped"
        context.problem("no-file", statement, 1, message)
    elif _is_new(context, statement, name in context.track_files):
        fields = {**values.set, "name": str(name), "span": statement.span(1)}
        context.track_files[str(name)] = make(TrackFile, fields)


def _is_new(context: Context, statement: Statement, is_known: bool) -> bool:
    if is_known:
        message = f"{shown(statement.words[1])} is defined already; the first counts"
        context.remark("duplicate-name", statement, 1, message)
    return not is_known


def _process(context: Context, statement: Statement, values: Values) -> None:
    command = context.word(statement)
    if command is None or not context.once(statement, values, "process"):
        return
    values.put("process", str(command), statement)
    if len(statement.words) > 2:
        values.put("arguments", tuple(map(str, statement.words[2:])), statement)
        values.set.setdefault("param_match", "exact")
        values.put("full_command", True, statement)


def _param_match(context: Context, statement: Statement, values: Values) -> None:
    how = statement.words[1] if len(statement.words) > 1 else "exact"
    if how not in ("initial", "partial") and len(statement.words) > 1:
        message = f"param_match {shown(how)} is neither initial nor partial; ignored"
        hint = "without a word the arguments must match exactly"
        context.problem("unknown-value", statement, 1, message, hint=hint)
        return
    values.put("param_match", str(how), statement)
    values.put("full_command", True, statement)


def _quorum(context: Context, statement: Statement, values: Values) -> None:
    quorum = Int(1, 65535).read(context, statement)
    most: int | None = values.get("quorum_max", None)
    if not isinstance(quorum, int):
        return
    if most is not None and quorum > most:
        message = f"quorum {quorum} is more than quorum_max {most}; ignored"
        context.problem("value-out-of-range", statement, 1, message)
        return
    values.put("quorum", quorum, statement)


def _quorum_max(context: Context, statement: Statement, values: Values) -> None:
    """0 stands for "must not run"; then there is no least number either."""
    most = Int(0, 65535).read(context, statement)
    if not isinstance(most, int):
        return
    quorum = values.get("quorum", 1)
    if most < quorum and (most or quorum > 1):
        message = f"quorum_max {most} is less than quorum {quorum}; ignored"
        context.problem("value-out-of-range", statement, 1, message)
        return
    values.put("quorum_max", most, statement)
    values.set["quorum"] = max(quorum, 1) if most else 0


def _delay(name: str, *fields: str) -> Keyword:
    shape = Seconds(0.000001, _MAX_DELAY)

    def read(context: Context, statement: Statement, values: Values) -> None:
        seconds = shape.read(context, statement)
        if seconds is not SKIP:
            for field in fields:
                values.put(field, seconds, statement)

    return Keyword(name, read)


TRACK_PROCESS = table(
    "vrrp_track_process",
    (
        Keyword("process", _process),
        Keyword("param_match", _param_match),
        _weight(0),
        Keyword("quorum", _quorum),
        Keyword("quorum_max", _quorum_max),
        _delay("fork_delay", "fork_delay"),
        _delay("terminate_delay", "terminate_delay"),
        _delay("delay", "fork_delay", "terminate_delay"),
        value("full_command", Flag()),
    ),
)


def read_track_process(context: Context, statement: Statement, _: Values) -> None:
    """One block; of two with one name the first counts."""
    name = context.word(statement)
    if name is None:
        return
    context.arrived("vrrp_track_process", name)
    values = Values(statement)
    read_block(context, statement.block or (), TRACK_PROCESS, values)
    if "process" not in values.set:
        message = f"vrrp_track_process {shown(name)} names no process; it is dropped"
        context.problem("no-process", statement, 1, message)
    elif _is_new(context, statement, name in context.track_processes):
        fields = {**values.set, "name": str(name), "span": statement.span(1)}
        context.track_processes[str(name)] = make(TrackProcess, fields)
