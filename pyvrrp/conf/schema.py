"""How a keyword table is written, and the reader that follows one.

A table row names a keyword, whether a block follows it, and the reader that turns its words into
a value. `read_block` walks the statements of a block along a table into `Values`; what is wrong
becomes a diagnostic and the field keeps its default, which is keepalived's leniency.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Protocol, TypeVar, cast

from .blocks import Statement
from .config import Kept, VrrpScript
from .diagnostics import Collector, Diagnostic, ProblemClass, Severity, Span

__all__ = [
    "SKIP",
    "Block",
    "Bool",
    "Choice",
    "Context",
    "Flag",
    "Int",
    "Keyword",
    "Known",
    "Reader",
    "Seconds",
    "Shape",
    "Table",
    "Values",
    "Word",
    "WordList",
    "integer",
    "keep",
    "make",
    "read_block",
    "shown",
    "table",
    "value",
]

T = TypeVar("T")

_INTEGER = re.compile(r"[+-]?\d{1,20}", re.ASCII)
_DECIMAL = re.compile(r"\+?(?:\d{1,20}(?:\.\d{0,20})?|\.\d{1,20})", re.ASCII)
_TRUE = frozenset(("on", "true", "yes"))
_FALSE = frozenset(("off", "false", "no"))

_MAX_HINTS = 50
"""Looking for similar words costs time; a hostile file must not buy much of it."""

_MAX_SHOWN = 60


class _Skip(Enum):
    SKIP = 0


SKIP: Final = _Skip.SKIP
"""What a shape answers when the words are of no use; the problem is reported already."""


class Block(Enum):
    """What stands behind a keyword."""

    NONE = 0
    ENTRIES = 1
    TABLE = 2


class Values:
    """What one block said so far: fields, the statement each came from, statements kept."""

    __slots__ = ("at", "kept", "owner", "set")

    def __init__(self, owner: Statement) -> None:
        self.owner = owner
        self.set: dict[str, object] = {}
        self.at: dict[str, Statement] = {}
        self.kept: list[Kept] = []

    def get(self, field: str, default: T) -> T:
        """The value of a field, `default` when nothing set it; shapes guarantee the type."""
        return cast(T, self.set.get(field, default))

    def put(self, field: str, value: object, statement: Statement) -> None:
        """Set a field, and remember who did."""
        self.set[field] = value
        self.at[field] = statement

    def extend(self, field: str, found: Iterable[object], statement: Statement) -> None:
        """Add to a field of many; a block may be written more than once."""
        kept = self.set.setdefault(field, [])
        if isinstance(kept, list):
            kept.extend(found)
        self.at[field] = statement

    def items(self, field: str, kind: type[T]) -> list[T]:
        """What `extend` gathered."""
        found = self.set.get(field, ())
        return [item for item in found if isinstance(item, kind)] if isinstance(found, list) else []

    def where(self, field: str) -> Statement:
        """The statement that set a field; the block's own when none did."""
        return self.at.get(field, self.owner)


def make(factory: Callable[..., T], fields: Mapping[str, object]) -> T:
    """An object of `factory` with fields that shapes have checked; lists become tuples."""
    return factory(**{k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()})


Reader = Callable[["Context", Statement, Values], None]


@dataclass(frozen=True, slots=True)
class Keyword:
    """One row of a table."""

    name: str
    read: Reader
    block: Block = Block.NONE


@dataclass(frozen=True, slots=True)
class Known:
    """A keyword that is not acted on: how many words it needs, and what its block holds."""

    name: str
    path: str
    words: int = 0
    block: Block = Block.NONE
    missing: ProblemClass = ProblemClass.MISSING_PARAMETER


@dataclass(frozen=True, slots=True)
class Table:
    """The keywords of one block. `kept` are those that are not acted on."""

    name: str
    rows: Mapping[str, Keyword]
    kept: Mapping[str, Known] = field(default_factory=dict)

    def names(self) -> list[str]:
        """Every keyword of the block."""
        return [*self.rows, *self.kept]


@dataclass(slots=True)
class _Use:
    known: Known
    statement: Statement
    count: int = 0


class Context:
    """What all readers share: where problems go, and what they may ask about this machine.

    `interfaces` are the names that exist, None when that is not to be checked. `blocks` maps the
    path of a kept block to its keywords. `scripts` are the ones defined so far: keepalived knows
    no others; `later_scripts` are where the rest stand.
    """

    def __init__(
        self,
        collector: Collector,
        *,
        interfaces: frozenset[str] | None = None,
        tables: Sequence[Table] = (),
        blocks: Mapping[str, Mapping[str, Known]] | None = None,
    ) -> None:
        self.dynamic_interfaces = False
        self.scripts: dict[str, VrrpScript] = {}
        self.later_scripts: dict[str, Statement] = {}
        self.blocks = blocks or {}
        self._collector = collector
        self._interfaces = interfaces
        self._tables = tables
        self._hints = _MAX_HINTS
        self._uses: dict[Known, _Use] = {}

    def problem(
        self,
        id: str,
        statement: Statement,
        index: int,
        message: str,
        *,
        severity: Severity = Severity.ERROR,
        problem_class: ProblemClass = ProblemClass.GENERAL,
        hint: str | None = None,
        remark: str | None = None,
        is_fatal: bool = False,
    ) -> None:
        """Report a problem with word `index` of a statement."""
        span = statement.span(index)
        remarks = () if remark is None else (remark,)
        self._collector.add(
            Diagnostic(
                id,
                severity,
                span,
                message,
                (*remarks, *statement.notes(span)),
                hint,
                problem_class,
                _became(statement, index, span),
                is_fatal,
            )
        )

    def remark(self, id: str, statement: Statement, index: int, message: str) -> None:
        """Report something that costs nothing: keepalived only logs it."""
        self.problem(
            id,
            statement,
            index,
            message,
            severity=Severity.WARNING,
            problem_class=ProblemClass.NONE,
        )

    def word(
        self,
        statement: Statement,
        index: int = 1,
        missing: ProblemClass = ProblemClass.MISSING_PARAMETER,
    ) -> str | None:
        """Word `index` of a statement; None when it is not there, which has been reported."""
        if index < len(statement.words):
            return statement.words[index]
        self.problem(
            "missing-parameter",
            statement,
            0,
            f"{statement.words[0]} needs a value",
            severity=Severity.ERROR if missing else Severity.WARNING,
            problem_class=missing,
            is_fatal=missing is ProblemClass.MISSING_PARAMETER,
        )
        return None

    def once(self, statement: Statement, values: Values, field: str) -> bool:
        """True when the field is still free; otherwise that is reported."""
        if field not in values.set:
            return True
        first = values.at[field].span()
        self.problem(
            "given-twice",
            statement,
            0,
            f"{statement.words[0]} was given already; this one is ignored",
            remark=f"the first stands at {first}",
        )
        return False

    def has_interface(self, name: str) -> bool:
        """False when the interface is known to be missing, and that matters."""
        return self._interfaces is None or self.dynamic_interfaces or name in self._interfaces

    def unknown(self, statement: Statement, known: Table | Iterable[str], where: str) -> None:
        """Report a keyword nobody knows here, with the best guess at what was meant."""
        names = known.names() if isinstance(known, Table) else list(known)
        word = statement.words[0]
        self.problem(
            "unknown-keyword",
            statement,
            0,
            f"unknown keyword {shown(word)} {where}",
            problem_class=ProblemClass.UNKNOWN_KEYWORD,
            hint=self._guess(word, names),
        )

    def _guess(self, word: str, names: list[str]) -> str | None:
        home = [t.name for t in self._tables if word in t.rows or word in t.kept]
        if home:
            place = " or ".join("the top level" if h == "" else h for h in home[:3])
            return f"{word} belongs in {place}"
        return self.similar(word, names)

    def similar(self, word: str, names: Iterable[str]) -> str | None:
        """A did-you-mean sentence, or None."""
        if self._hints <= 0 or len(word) > _MAX_SHOWN:
            return None
        self._hints -= 1
        from difflib import get_close_matches  # needed only in a file with mistakes

        close = get_close_matches(word, list(names), 1, 0.75)
        return f"did you mean {close[0]}?" if close else None

    def used(self, known: Known, statement: Statement) -> None:
        """Count a keyword that is not acted on; `report_unused` says so once per keyword."""
        use = self._uses.get(known)
        if use is None:
            use = self._uses[known] = _Use(known, statement)
        use.count += 1

    def report_kept(self) -> None:
        """One diagnostic for each keyword that is accepted and does nothing yet."""
        for known, use in self._uses.items():
            more = f" ({use.count} times)" if use.count > 1 else ""
            severity = Severity.INFO if known.block is Block.NONE else Severity.WARNING
            self.problem(
                "not-acted-on",
                use.statement,
                0,
                f"{known.name} is accepted, but not yet acted on{more}",
                severity=severity,
                problem_class=ProblemClass.NONE,
            )


def shown(word: str) -> str:
    """A word as it appears in a message: quoted, and not longer than a line has room for."""
    short = word if len(word) <= _MAX_SHOWN else f"{word[:_MAX_SHOWN]}..."
    return f"'{short}'"


def _became(statement: Statement, index: int, span: Span) -> str:
    """What a word that was written as a variable stands for."""
    word = statement.words[min(index, len(statement.words) - 1)]
    written = span.file.line(span.line)[span.column - 1 : span.column - 1 + span.length]
    return word[:_MAX_SHOWN] if "$" in written and written != word else ""


class Shape(Protocol):
    """Turns the words of a statement into a value."""

    def read(self, context: Context, statement: Statement) -> object:
        """The value, or SKIP after a report."""


@dataclass(frozen=True, slots=True)
class Flag:
    """A keyword that stands alone; further words are ignored, as in keepalived."""

    value: object = True

    def read(self, context: Context, statement: Statement) -> object:
        """Always the same value."""
        return self.value


@dataclass(frozen=True, slots=True)
class Bool:
    """on/true/yes or off/false/no; no word means on."""

    def read(self, context: Context, statement: Statement) -> object:
        """True or False."""
        if len(statement.words) < 2:
            return True
        word = statement.words[1]
        if word in _TRUE or word in _FALSE:
            return word in _TRUE
        expected = "on, true, yes, off, false and no"
        message = f"{statement.words[0]} {shown(word)} is none of {expected}"
        hint = context.similar(word.lower(), (*_TRUE, *_FALSE))
        context.problem("bad-boolean", statement, 1, message, hint=hint)
        return SKIP


def integer(
    context: Context,
    statement: Statement,
    index: int,
    low: int,
    high: int,
    what: str | None = None,
) -> int | None:
    """Word `index` as a decimal number in a range; None after a report."""
    word = context.word(statement, index)
    if word is None:
        return None
    what = what or statement.words[0]
    if not _INTEGER.fullmatch(word.strip(" \t")):
        context.problem(
            "bad-number",
            statement,
            index,
            f"{what} {shown(word)} is not a whole number; {low}..{high} is expected",
            problem_class=ProblemClass.NUMBER,
        )
        return None
    number = int(word)
    if not low <= number <= high:
        context.problem(
            "value-out-of-range", statement, index, f"{what} {number} is not in {low}..{high}"
        )
        return None
    return number


@dataclass(frozen=True, slots=True)
class Int:
    """A decimal number in a range. `zero` is what 0 becomes where keepalived corrects it."""

    low: int
    high: int = 2**32 - 1
    zero: int | None = None
    missing: ProblemClass = ProblemClass.MISSING_PARAMETER

    def read(self, context: Context, statement: Statement) -> object:
        """The number."""
        if context.word(statement, 1, self.missing) is None:
            return SKIP
        low = self.low if self.zero is None else 0
        number = integer(context, statement, 1, low, self.high)
        if number is None:
            return SKIP
        if number == 0 and self.zero is not None:
            _corrected(context, statement, self.zero)
            return self.zero
        return number


@dataclass(frozen=True, slots=True)
class Seconds:
    """Seconds with at most `digits` decimals, as float. `zero`: as in `Int`."""

    low: float
    high: float
    digits: int = 6
    zero: float | None = None
    missing: ProblemClass = ProblemClass.MISSING_PARAMETER

    def read(self, context: Context, statement: Statement) -> object:
        """The seconds."""
        word = context.word(statement, 1, self.missing)
        if word is None:
            return SKIP
        text = word.strip(" \t")
        name = statement.words[0]
        if not _DECIMAL.fullmatch(text) or len(text.partition(".")[2]) > self.digits:
            kind = f"a number of seconds with at most {self.digits} decimals"
            if not self.digits:
                kind = "a whole number of seconds"
            context.problem(
                "bad-number",
                statement,
                1,
                f"{name} {shown(word)} is not {kind}",
                problem_class=ProblemClass.NUMBER,
            )
            return SKIP
        seconds = float(text)
        if seconds == 0 and self.zero is not None:
            _corrected(context, statement, self.zero)
            return self.zero
        if not self.low <= seconds <= self.high:
            context.problem(
                "value-out-of-range",
                statement,
                1,
                f"{name} {text} is not in {_plain(self.low)}..{_plain(self.high)} seconds",
            )
            return SKIP
        return seconds


def _corrected(context: Context, statement: Statement, value: float) -> None:
    message = f"{statement.words[0]} must be more than 0; {_plain(value)} is used"
    context.problem("value-out-of-range", statement, 1, message)


def _plain(number: float) -> str:
    return f"{number:.6f}".rstrip("0").rstrip(".")


@dataclass(frozen=True, slots=True)
class Word:
    """One word. Longer than `length` characters: reported and of no use."""

    length: int = 0
    missing: ProblemClass = ProblemClass.MISSING_PARAMETER

    def read(self, context: Context, statement: Statement) -> object:
        """The word."""
        word = context.word(statement, 1, self.missing)
        if word is None:
            return SKIP
        if self.length and len(word) > self.length:
            message = f"{shown(word)} is longer than {self.length} characters; ignored"
            context.problem("too-long", statement, 1, message)
            return SKIP
        return str(word)


@dataclass(frozen=True, slots=True)
class WordList:
    """All words of a block, however they are split into lines."""

    def read(self, context: Context, statement: Statement) -> object:
        """A tuple of words, perhaps empty."""
        return tuple(str(word) for entry in statement.block or () for word in entry.words)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    values: Mapping[str, object]

    def read(self, context: Context, statement: Statement) -> object:
        """What the word stands for."""
        word = context.word(statement)
        if word is None:
            return SKIP
        if word in self.values:
            return self.values[word]
        expected = " or ".join(self.values)
        message = f"{statement.words[0]} {shown(word)} is not {expected}"
        hint = context.similar(word.upper(), self.values)
        context.problem("unknown-value", statement, 1, message, hint=hint)
        return SKIP


def value(
    name: str, shape: Shape, field: str = "", *, once: bool = False, block: Block = Block.NONE
) -> Keyword:
    """A row that sets one field, the keyword's own name unless told; `once`: the first stays."""
    target = field or name

    def read(context: Context, statement: Statement, values: Values) -> None:
        if once and not context.once(statement, values, target):
            return
        result = shape.read(context, statement)
        if result is not SKIP:
            values.put(target, result, statement)

    return Keyword(name, read, block)


def table(name: str, rows: Iterable[Keyword], kept: Mapping[str, Known]) -> Table:
    """A table of the rows and of the keywords that are only kept."""
    return Table(name, {row.name: row for row in rows}, kept)


def read_block(
    context: Context, statements: Iterable[Statement], known: Table, values: Values
) -> None:
    """Read the statements of one block into `values`, in the order they stand."""
    rows = known.rows
    for statement in statements:
        row = rows.get(statement.words[0])
        if row is not None:
            if _has_right_block(context, statement, row.block):
                row.read(context, statement, values)
            continue
        kept = known.kept.get(statement.words[0])
        if kept is None:
            where = f"in {known.name}" if known.name else "at the top level"
            context.unknown(statement, known, where)
            continue
        statement_kept = keep(context, statement, kept)
        if statement_kept is not None:
            context.used(kept, statement)
            values.kept.append(statement_kept)


def _has_right_block(context: Context, statement: Statement, block: Block) -> bool:
    """False when a block is missing; one too many is reported and does no harm."""
    if block is not Block.NONE and statement.block is None:
        name = statement.words[0]
        context.problem(
            "missing-brace",
            statement,
            0,
            f"{name} needs a block; '{{' is missing",
            problem_class=ProblemClass.MISSING_OPEN,
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


def keep(context: Context, statement: Statement, known: Known) -> Kept | None:
    """A statement that is not acted on, its block with it; None when it cannot be what it says."""
    if not _has_right_block(context, statement, known.block):
        return None
    if len(statement.words) <= known.words:
        context.word(statement, known.words, known.missing)
        return None
    return Kept(
        str(statement.words[0]),
        tuple(map(str, statement.words[1:])),
        statement.span(),
        tuple(_kept_block(context, statement, known)),
    )


def _kept_block(context: Context, statement: Statement, known: Known) -> Iterable[Kept]:
    if known.block is Block.ENTRIES:
        for entry in statement.block or ():
            yield Kept(str(entry.words[0]), tuple(map(str, entry.words[1:])), entry.span())
        return
    inside = context.blocks.get(known.path, {})
    for entry in statement.block or ():
        row = inside.get(entry.words[0])
        if row is None:
            context.unknown(entry, inside, f"in {known.name}")
            continue
        kept = keep(context, entry, row)
        if kept is not None:
            yield kept
