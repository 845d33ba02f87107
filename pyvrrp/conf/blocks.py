"""From logical lines to a tree of statements; knows no keyword.

A statement is the words of one line up to a brace, with the block that follows, on the same line
or on a later one. `x { y` and `y }` on one line work: what stands behind a brace is a new
statement.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .diagnostics import Collector, Diagnostic, ProblemClass, Severity, SourceFile, Span
from .lexer import Line, UnterminatedQuote, comment_start, is_brace, locate, notes, split
from .plain_blocks import DEPTH, Nowhere, pieces

__all__ = ["PlainBlock", "Statement", "parse"]

_MAX_NESTING = 64
"""Deeper than any keyword goes; readers of the tree may recurse."""


@dataclass(slots=True)
class Statement:
    """Words, and the block behind them (None: no block).

    `first` is how many words and braces of `line` stand before `words[0]`.
    """

    line: Line
    first: int
    words: list[str]
    block: list[Statement] | PlainBlock | None = None

    @property
    def has_place(self) -> bool:
        """False for one of text that may stand in many places; its span is refused."""
        return not isinstance(self.line.file, Nowhere)

    def span(self, index: int = 0) -> Span:
        """Where word `index` was written; past the last word, the last word."""
        return locate(self.line, self.first + min(index, len(self.words) - 1))

    def notes(self, span: Span) -> tuple[str, ...]:
        """What to add to a complaint about `span`: where variables in it were set."""
        return notes(self.line, span) if self.line.trail else ()


@dataclass(slots=True)
class PlainBlock:
    """A block that is taken apart each time it is read, and takes no memory else.

    `number` is that of its first line, which begins at `start` in the file's text. `known` are the
    lines met so far in such blocks, with their words: nine of ten lines of a large file are not
    new, and what is kept of them is shared.
    """

    file: SourceFile
    number: int
    start: int
    end: int
    known: dict[str, tuple[str, list[str]]]

    @property
    def text(self) -> str:
        """What stands between the braces."""
        return self.file.text[self.start : self.end]

    def owner(self) -> Statement:
        """The statement that it belongs to, made anew."""
        start = self.file.text.rfind("\n", 0, self.start - 1) + 1
        head = self.file.text[start : self.start - 1]
        head = head[: comment_start(head)].rstrip()
        return _with_block(Line(self.file, self.number - 1, head), self)

    def placeless(self) -> PlainBlock:
        """The same text, standing nowhere."""
        text = self.text
        return PlainBlock(Nowhere(text), 1, 0, len(text), self.known)

    def __iter__(self) -> Iterator[Statement]:
        file, known = self.file, self.known
        for number, text, inside, _ in pieces(file.text, self.start, self.end, self.number):
            if inside is not None:
                block = PlainBlock(file, number + 1, *inside, known)
                yield _with_block(Line(file, number, text), block)
                continue
            line = known.get(text)
            if line is None:
                line = known[text] = text, text.split()
            yield Statement(Line(file, number, line[0]), 0, line[1])


def _with_block(line: Line, block: PlainBlock) -> Statement:
    return Statement(line, 0, split(line.text)[:-1], block)


@dataclass(slots=True)
class _Open:
    """A block that is not closed yet: its `{` and the statement it belongs to."""

    line: Line
    index: int
    owner: Statement | None
    outer: list[Statement]


def parse(lines: Iterable[Line], collector: Collector) -> list[Statement]:
    """Build the tree. Every brace problem is reported at the brace that is to blame."""
    builder = _Builder(collector)
    add = builder.add
    for line in lines:
        add(line)
    builder.finish()
    return builder.root


class _Builder:
    def __init__(self, collector: Collector) -> None:
        self.root: list[Statement] = []
        self._collector = collector
        self._body = self.root
        self._stack: list[_Open] = []
        self._too_deep = 0
        self._known: dict[str, tuple[str, list[str]]] = {}
        self._suspect: tuple[_Open, Span] | None = None
        self._early: tuple[_Open, Line, Span] | None = None

    def add(self, line: Line) -> None:
        """Take one line in, or a whole block."""
        if line.inside is not None:
            self._plain(line, PlainBlock(line.file, line.number + 1, *line.inside, self._known))
            return
        try:
            words = split(line.text)
        except UnterminatedQuote as exc:
            words = exc.words
            span = locate(line, len(words))
            self._report("unterminated-quote", line, span, str(exc), ProblemClass.QUOTE)
        if "{" not in words and "}" not in words:
            if words:
                self._body.append(Statement(line, 0, words))
            return
        self._with_braces(line, words)

    def _plain(self, line: Line, block: PlainBlock) -> None:
        """A block that can hold no surprise, unless it stands in too many others."""
        if len(self._stack) + DEPTH <= _MAX_NESTING:
            self._body.append(_with_block(line, block))
            return
        file = line.file
        last = block.number + block.text.count("\n")
        for number in range(line.number, last + 1):
            text = file.line(number)
            self.add(Line(file, number, text[: comment_start(text)].rstrip()))

    def _with_braces(self, line: Line, words: list[str]) -> None:
        start = 0
        for index, word in enumerate(words):
            if is_brace(word):
                self._statement(line, start, words[start:index])
                (self._open if word == "{" else self._close)(line, index)
                start = index + 1
        self._statement(line, start, words[start:])

    def _statement(self, line: Line, first: int, words: list[str]) -> None:
        if words:
            self._body.append(Statement(line, first, words))

    def _open(self, line: Line, index: int) -> None:
        if len(self._stack) >= _MAX_NESTING:
            self._too_deep += 1
            if self._too_deep == 1:
                self._unexpected_open(line, index, "blocks are nested too deep")
            return
        owner = self._body[-1] if self._body else None
        if owner is None or owner.block is not None:
            self._unexpected_open(line, index, "this '{' belongs to no keyword; block ignored")
            owner = None
        self._stack.append(_Open(line, index, owner, self._body))
        self._body = []
        if owner is not None:
            owner.block = self._body

    def _close(self, line: Line, index: int) -> None:
        if self._too_deep:
            self._too_deep -= 1
            return
        if not self._stack:
            self._extra(line, locate(line, index))
            return
        opened = self._stack.pop()
        self._body = opened.outer
        if self._suspect is None and index == 0 and opened.line.number != line.number:
            self._compare_indentation(opened, line)

    def _extra(self, line: Line, span: Span) -> None:
        """Report a `}` too many; an earlier one that stands too far right is the likelier one."""
        message = "this '}' closes no block"
        remark: tuple[str, ...] = ()
        if self._early is not None:
            opened, line, early = self._early
            name = opened.owner.words[0] if opened.owner else "the block"
            message = (
                f"one '}}' is too many, or a '{{' is missing before: this one closes {name} of "
                f"line {opened.line.number}, but stands further right"
            )
            remark, span = (f"the '}}' at {span} has nothing left to close",), early
            self._early = None
        kind = ProblemClass.UNEXPECTED_CLOSE
        self._report("extra-brace", line, span, message, kind, remark)

    def _compare_indentation(self, opened: _Open, line: Line) -> None:
        """A `}` further left than its block hints at an unclosed block, one further right at a `}`
        too many."""
        owner = _indentation(_owner_line(opened))
        if _indentation(line) < owner:
            self._suspect = (opened, locate(line, 0))
        elif _indentation(line) > owner and self._early is None:
            self._early = (opened, line, locate(line, 0))

    def finish(self) -> None:
        """Report blocks that the end of the text leaves open."""
        if not self._stack:
            return
        opened = self._stack[-1]
        remark: tuple[str, ...] = ()
        if self._suspect is not None:
            opened, closer = self._suspect
            remark = (f"the '}}' at {closer} was taken for its end, but stands further left",)
        missing = len(self._stack)
        span = locate(opened.line, opened.index)
        name = opened.owner.words[0] if opened.owner else "this block"
        count = "" if missing == 1 else f" ({missing} '}}' are missing in all)"
        self._report(
            "missing-brace",
            opened.line,
            span,
            f"the block of {name} is never closed{count}",
            ProblemClass.MISSING_CLOSE,
            remark,
        )

    def _unexpected_open(self, line: Line, index: int, message: str) -> None:
        span = locate(line, index)
        self._report("unexpected-brace", line, span, message, ProblemClass.UNEXPECTED_OPEN)

    def _report(
        self,
        id: str,
        line: Line,
        span: Span,
        message: str,
        problem_class: ProblemClass,
        remark: tuple[str, ...] = (),
    ) -> None:
        trail = notes(line, span) if line.trail else ()
        found = Diagnostic(
            id, Severity.ERROR, span, message, (*remark, *trail), problem_class=problem_class
        )
        self._collector.add(found)


def _owner_line(opened: _Open) -> Line:
    return opened.owner.line if opened.owner else opened.line


def _indentation(line: Line) -> int:
    return len(line.text) - len(line.text.lstrip())
