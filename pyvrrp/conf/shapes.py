"""Shapes of what follows a keyword: a flag, a number in a range, seconds, a word, a choice.

A shape turns the words of a statement into a value, or reports what is wrong and answers `SKIP`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from typing import Final, NamedTuple, Protocol

from .blocks import Statement
from .context import Context, shown
from .diagnostics import ProblemClass
from .slips import without_unit

__all__ = [
    "SKIP",
    "Bool",
    "Choice",
    "Flag",
    "Int",
    "Seconds",
    "Shape",
    "Word",
    "integer",
    "read_seconds",
]

_INTEGER = re.compile(r"[+-]?\d{1,20}", re.ASCII)
_DECIMAL = re.compile(r"\+?(?:\d{1,20}(?:\.\d{0,20})?|\.\d{1,20})", re.ASCII)
_TRUE = frozenset(("on", "true", "yes"))
_FALSE = frozenset(("off", "false", "no"))


class _Skip(Enum):
    SKIP = 0


SKIP: Final = _Skip.SKIP
"""What a shape answers when the words are of no use; the problem is reported already."""


class Shape(Protocol):
    """Turns the words of a statement into a value."""

    def read(self, context: Context, statement: Statement) -> object:
        """The value, or SKIP after a report."""


class Flag(NamedTuple):
    """A keyword that stands alone; further words are ignored, as in keepalived."""

    value: object = True

    def read(self, context: Context, statement: Statement) -> object:
        """Always the same value."""
        return self.value


class Bool(NamedTuple):
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


class Int(NamedTuple):
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


class Seconds(NamedTuple):
    """Seconds, or another `unit`, with at most `digits` decimals, as float. `zero`: as in `Int`."""

    low: float
    high: float
    digits: int = 6
    zero: float | None = None
    missing: ProblemClass = ProblemClass.MISSING_PARAMETER
    unit: str = "seconds"

    def read(self, context: Context, statement: Statement) -> object:
        """The seconds."""
        word = context.word(statement, 1, self.missing)
        if word is None:
            return SKIP
        text = word.strip(" \t")
        name = statement.words[0]
        if not _DECIMAL.fullmatch(text) or len(text.partition(".")[2]) > self.digits:
            kind = f"a number of {self.unit} with at most {self.digits} decimals"
            if not self.digits:
                kind = f"a whole number of {self.unit}"
            context.problem(
                "bad-number",
                statement,
                1,
                f"{name} {shown(word)} is not {kind}",
                problem_class=ProblemClass.NUMBER,
                hint=without_unit(word),
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
                f"{name} {text} is not in {_plain(self.low)}..{_plain(self.high)} {self.unit}",
            )
            return SKIP
        return seconds


def read_seconds(
    context: Context, statement: Statement, index: int, low: float, high: float, what: str
) -> float | None:
    """Word `index` as seconds with at most 6 decimals in a range; None after a report."""
    text = statement.words[index].strip(" \t")
    if _DECIMAL.fullmatch(text) and len(text.partition(".")[2]) <= 6 and low <= float(text) <= high:
        return float(text)
    message = f"{what} {shown(text)} is not a number in {_plain(low)}..{_plain(high)} seconds"
    context.problem("value-out-of-range", statement, index, message)
    return None


def _corrected(context: Context, statement: Statement, value: float) -> None:
    message = f"{statement.words[0]} must be more than 0; {_plain(value)} is used"
    context.problem("value-out-of-range", statement, 1, message)


def _plain(number: float) -> str:
    return f"{number:.6f}".rstrip("0").rstrip(".")


class Word(NamedTuple):
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


class Choice(NamedTuple):
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
