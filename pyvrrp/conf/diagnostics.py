"""What is wrong with a configuration, where, and how it is shown.

A `Diagnostic` is data; `full`, `concise` and `as_json` render it. `ProblemClass` is keepalived's
ranking of problems, from which `keepalived -t` derives its exit code (keepalived 2.4,
behaviour of `--config-test`).
"""

from __future__ import annotations

import re
from array import array
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from itertools import chain
from typing import NamedTuple

__all__ = [
    "Collector",
    "Diagnostic",
    "Mark",
    "ProblemClass",
    "Severity",
    "SourceFile",
    "Span",
    "as_json",
    "concise",
    "full",
]

_MAX_DIAGNOSTICS = 1000
"""More than a person reads; keeps a hostile file from filling memory with complaints."""

_MAX_PICTURE = 200
_MAX_BEFORE = 60
"""A picture of a long line shows this much of it, and this much before what is marked."""

_NEWLINE = re.compile("\n")
_SECRET = re.compile(r"(\b(?:auth_pass|password|key\s+\S+)\s+)(\S[^}\n]*)")


class Severity(StrEnum):
    """How bad a problem is: an error lost something that was written, a warning did not."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class ProblemClass(IntEnum):
    """keepalived's classes of problem; the value is the rank, the highest decides."""

    NONE = 0
    """Only logged: no influence on the exit code."""
    FILE = 1
    INTERFACE = 2
    FATAL = 3
    SEVERAL_FILES = 4
    UNKNOWN_KEYWORD = 5
    UNEXPECTED_OPEN = 6
    MISSING_OPEN = 7
    UNEXPECTED_CLOSE = 8
    MISSING_CLOSE = 9
    QUOTE = 10
    MISSING_PARAMETER = 11
    NUMBER = 12
    GENERAL = 13
    WARNING = 14
    DEPRECATED = 15
    SECURITY = 16

    @property
    def test_exit_code(self) -> int:
        """Exit code of `keepalived -t` when this is the worst class reported."""
        if self is ProblemClass.NONE:
            return 0
        if self in (ProblemClass.SECURITY, ProblemClass.SEVERAL_FILES):
            return 6
        if self is ProblemClass.MISSING_PARAMETER:
            return 2
        return 4 if self <= ProblemClass.FATAL else 5


class SourceFile:
    """One file that was read: its text, for pictures, and who included it. Compared by identity."""

    __slots__ = ("_starts", "included_from", "name", "text")

    def __init__(self, name: str, text: str, included_from: Span | None = None) -> None:
        self.name = name
        self.text = text
        self.included_from = included_from
        self._starts: array[int] | None = None

    def line(self, number: int) -> str:
        """Text of line `number`, counted from 1, without its end; empty when there is none."""
        if self._starts is None:
            ends = (found.end() for found in _NEWLINE.finditer(self.text))
            self._starts = array("Q", chain((0,), ends))
        if not 1 <= number <= len(self._starts):
            return ""
        start = self._starts[number - 1]
        end = self.text.find("\n", start)
        return self.text[start : end if end >= 0 else None].rstrip("\r")

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"SourceFile({self.name!r})"


@dataclass(frozen=True, slots=True)
class Span:
    """A place in a file. Lines and columns count from 1, `length` in characters (0: whole file)."""

    file: SourceFile
    line: int
    column: int
    length: int

    def __str__(self) -> str:
        return f"{self.file.name}:{self.line}:{self.column}"

    def trace(self) -> str:
        """The place with the includes that led there."""
        text, outer = str(self), self.file.included_from
        while outer is not None:
            text, outer = f"{text}, included from {outer}", outer.file.included_from
        return text


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem. `id` is stable and greppable; `label` says what the marked text became."""

    id: str
    severity: Severity
    span: Span
    message: str
    notes: tuple[str, ...] = ()
    hint: str | None = None
    problem_class: ProblemClass = ProblemClass.GENERAL
    label: str = ""
    is_fatal: bool = False
    """keepalived does not start with this; other problems cost only what they are about."""

    def __str__(self) -> str:
        return concise(self)


class Mark(NamedTuple):
    """What a `Collector` had found at one moment."""

    found: int
    unlisted: int
    worst_unlisted: ProblemClass
    is_fatal: bool


class Collector:
    """Gathers diagnostics while a configuration is read, up to a bound."""

    def __init__(self) -> None:
        self.found: list[Diagnostic] = []
        self._worst_unlisted = ProblemClass.NONE
        self._is_fatal = False
        self._unlisted = 0
        self._settled = 0

    def add(self, diagnostic: Diagnostic) -> None:
        """Keep one diagnostic; past the bound only its class and the number are kept."""
        if self.is_full:
            self.count(diagnostic.problem_class, diagnostic.is_fatal)
        else:
            self.found.append(diagnostic)

    @property
    def is_full(self) -> bool:
        """True when further diagnostics are only counted; building them is wasted then."""
        return len(self.found) >= _MAX_DIAGNOSTICS

    def count(self, problem_class: ProblemClass, is_fatal: bool) -> None:
        """A problem past the bound."""
        self._unlisted += 1
        self._worst_unlisted = max(self._worst_unlisted, problem_class)
        self._is_fatal = self._is_fatal or is_fatal

    def mark(self) -> Mark:
        """Where `go_back` leads to."""
        return Mark(len(self.found), self._unlisted, self._worst_unlisted, self._is_fatal)

    def go_back(self, mark: Mark) -> None:
        """Forget what was found since the mark, between two calls of `settle`."""
        found, self._unlisted, self._worst_unlisted, self._is_fatal = mark
        del self.found[found:]

    def settle(self) -> None:
        """Put what was found since the last call into the order of the text.

        What one stage of reading found stays ahead of the next stage: the cause before the effect.
        """
        self.found[self._settled :] = sorted(self.found[self._settled :], key=_position)
        self._settled = len(self.found)

    def braces_last(self) -> None:
        """Put a `}` too many behind the `{` that is missing, if one is: the cause before the effect."""
        if any(d.problem_class is ProblemClass.MISSING_OPEN for d in self.found):
            self.found.sort(key=lambda d: d.problem_class is ProblemClass.UNEXPECTED_CLOSE)

    def finish(self) -> tuple[Diagnostic, ...]:
        """Everything found, in the order found; the last one says when some were left out."""
        if not self._unlisted:
            return tuple(self.found)
        last = Diagnostic(
            "too-many-problems",
            Severity.ERROR,
            self.found[-1].span,
            f"{self._unlisted} more problems are not listed",
            problem_class=self._worst_unlisted,
            is_fatal=self._is_fatal,
        )
        return (*self.found, last)


def _position(diagnostic: Diagnostic) -> list[tuple[int, int]]:
    """Place in the whole text: the lines of the includes that lead there, outermost first."""
    span: Span | None = diagnostic.span
    places: list[tuple[int, int]] = []
    while span is not None:
        places.append((span.line, span.column))
        span = span.file.included_from
    return places[::-1]


def concise(diagnostic: Diagnostic) -> str:
    """One line: file:line:column: severity[id]: message."""
    d = diagnostic
    return _printable(f"{d.span}: {d.severity}[{d.id}]: {d.message}")


def full(diagnostic: Diagnostic) -> str:
    """The one-line form, a picture of the place, then notes and hint."""
    rows = [concise(diagnostic), *_picture(diagnostic)]
    indent = " " * (len(str(diagnostic.span.line)) + 4)
    rows += [f"{indent}= note: {note}" for note in _notes(diagnostic)]
    if diagnostic.hint:
        rows.append(f"{indent}= hint: {diagnostic.hint}")
    return "\n".join(map(_printable, rows))


def as_json(diagnostics: tuple[Diagnostic, ...]) -> str:
    """A JSON list of objects, one per diagnostic, keys in a fixed order."""
    import json  # most programs never ask

    return json.dumps([_json_object(d) for d in diagnostics], indent=1, ensure_ascii=True)


def _json_object(diagnostic: Diagnostic) -> dict[str, object]:
    return {
        "id": diagnostic.id,
        "severity": str(diagnostic.severity),
        "class": diagnostic.problem_class.name.lower(),
        "file": diagnostic.span.file.name,
        "line": diagnostic.span.line,
        "column": diagnostic.span.column,
        "length": diagnostic.span.length,
        "message": diagnostic.message,
        "notes": _notes(diagnostic),
        "hint": diagnostic.hint,
    }


def _notes(diagnostic: Diagnostic) -> list[str]:
    outer = diagnostic.span.file.included_from
    included = [] if outer is None else [f"included from {outer.trace()}"]
    return [*diagnostic.notes, *included]


def _picture(diagnostic: Diagnostic) -> list[str]:
    span = diagnostic.span
    text = _SECRET.sub(lambda m: m[1] + "*" * len(m[2]), span.file.line(span.line))
    if not text.strip():
        return []
    before, rest = text[: span.column - 1], text[span.column - 1 :]
    if len(text) > _MAX_PICTURE:
        before = before if len(before) < _MAX_PICTURE // 2 else f"...{before[-_MAX_BEFORE:]}"
        rest = rest[: _MAX_PICTURE - len(before)] + "..."
        text = before + rest
    # Tabs are copied into the margin so that the carets stand under what they mark.
    margin = "".join("\t" if c == "\t" else " " for c in before)
    carets = "^" * max(1, min(span.length, len(rest)))
    label = f" {diagnostic.label}" if diagnostic.label else ""
    number = str(span.line)
    return [
        f"   {number} | {text}",
        f"   {' ' * len(number)} | {margin}{carets}{label}",
    ]


def _printable(text: str) -> str:
    """Text a terminal can show on one line: control characters and bad bytes as escapes."""
    escaped = re.sub(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]", _escaped, text)
    return escaped.encode("utf-8", "backslashreplace").decode("utf-8")


def _escaped(found: re.Match[str]) -> str:
    return f"\\x{ord(found[0]):02x}"
