"""How a keyword table is written, and the reader that follows one.

A table row names a keyword, whether a block follows it, and the reader that turns its words into
a value. `read_block` walks the statements of a block along a table into `Values`; what is wrong
becomes a diagnostic and the field keeps its default, which is keepalived's leniency.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from .blocks import PlainBlock, Statement
from .context import Context, Moment
from .diagnostics import ProblemClass
from .known import Block
from .shapes import SKIP, Shape
from .values import Values

__all__ = [
    "Keyword",
    "Reader",
    "Table",
    "later",
    "old",
    "read_again",
    "read_block",
    "read_values",
    "table",
    "value",
]

Reader = Callable[[Context, Statement, Values], None]


class Keyword(NamedTuple):
    """One row of a table. Without `acted_on` its words are read, and nothing comes of them yet.

    For the page of keywords: the `field` that a row sets (empty: the one of its name), the `shape`
    of its words where one shape is all, and why a word is `refused`.
    """

    name: str
    read: Reader
    block: Block = Block.NONE
    acted_on: bool = True
    field: str = ""
    shape: Shape | None = None
    refused: str = ""


class Table(NamedTuple):
    """The keywords of one block."""

    name: str
    rows: Mapping[str, Keyword]


def value(
    name: str,
    shape: Shape,
    field: str = "",
    *,
    once: bool = False,
    block: Block = Block.NONE,
    acted_on: bool = True,
) -> Keyword:
    """A row that sets one field, the keyword's own name unless told; `once`: the first stays."""
    target = field or name

    def read(context: Context, statement: Statement, values: Values) -> None:
        if once and not context.once(statement, values, target):
            return
        result = shape.read(context, statement)
        if result is not SKIP:
            values.put(target, result, statement)

    return Keyword(name, read, block, acted_on, target, shape)


def later(*rows: Keyword) -> tuple[Keyword, ...]:
    """The rows, which nothing acts on yet."""
    return tuple(row._replace(acted_on=False) for row in rows)


def old(
    name: str,
    instead: str,
    problem_class: ProblemClass = ProblemClass.GENERAL,
    *,
    has_value: bool = False,
) -> Keyword:
    """A keyword keepalived itself complains about; `instead` says what to write."""

    def read(context: Context, statement: Statement, values: Values) -> None:
        if has_value and context.word(statement) is None:
            return
        message = f"{name} is an old keyword"
        context.problem(
            "deprecated", statement, 0, message, problem_class=problem_class, hint=instead
        )

    return Keyword(name, read, refused=instead)


def table(name: str, rows: Iterable[Keyword]) -> Table:
    """A table of the rows."""
    return Table(name, {row.name: row for row in rows})


def read_block(
    context: Context, statements: Iterable[Statement], known: Table, values: Values
) -> None:
    """Read the statements of one block into `values`, in the order they stand."""
    rows = known.rows
    for statement in statements:
        row = rows.get(statement.words[0])
        if row is None:
            where = f"in {known.name}" if known.name else "at the top level"
            context.unknown(statement, rows, where)
        elif _has_right_block(context, statement, row.block):
            row.read(context, statement, values)
            if not row.acted_on:
                context.used(statement)


def read_values(context: Context, statement: Statement, known: Table) -> Values:
    """What the block of a statement says, by itself.

    Blocks with the same text say the same, if nothing in them has to be pointed at: a plain block
    is read without a place, once, and the others share what it said. One that needs its place,
    because it is complained about or because its place is part of what it says, is read by itself.
    The `at` of what is shared has no place either: who complains of it later does so in an
    `attempt`, and otherwise takes what `read_again` says. Nobody changes what is shared.
    """
    block = statement.block
    if isinstance(block, PlainBlock) and context.readings is not None:
        key = id(known.rows), block.text  # tables live as long as the program
        if key not in context.readings:
            context.readings[key] = _read_placeless(context, statement, block, known)
        said = context.readings[key]
        if said is not None:
            # Thousands of blocks take less memory than their statements, which few will ask for.
            return Values.shared(said, block if statement.has_place else statement)
    values = Values(statement)
    read_block(context, block or (), known, values)
    return values


def _read_placeless(
    context: Context, owner: Statement, block: PlainBlock, known: Table
) -> Values | None:
    values = Values(owner)

    def read() -> Values:
        read_block(context, block.placeless(), known, values)
        return values

    return context.attempt(read)


def read_again(context: Context, statement: Statement, known: Table, then: Moment) -> Values:
    """What `read_values` said then, with the place of everything; its problems were told."""
    return read_values(context.silent(then), statement, known)


def _has_right_block(context: Context, statement: Statement, block: Block) -> bool:
    """False when a block is missing; one too many is reported and does no harm."""
    if block is not Block.NONE and statement.block is None:
        words = [word for word in statement.words if word not in ("(", "[")]
        context.problem(
            "missing-brace",
            statement,
            0,
            f"{statement.words[0]} needs a block; '{{' is missing",
            problem_class=ProblemClass.MISSING_OPEN,
            hint=_with_braces(words, block),
        )
        return False
    if block is Block.NONE and statement.block is not None:
        context.problem(
            "unexpected-brace",
            statement,
            len(statement.words),
            f"{statement.words[0]} has no block; it is ignored",
            problem_class=ProblemClass.UNEXPECTED_OPEN,
        )
    return True


def _with_braces(words: list[str], block: Block) -> str:
    """How the statement would look with a block; entries may stand on its line."""
    if block is Block.ENTRIES and len(words) > 1:
        return f"write {words[0]} {{ {' '.join(words[1:])} }}"
    return f"write {' '.join(words)} {{"
