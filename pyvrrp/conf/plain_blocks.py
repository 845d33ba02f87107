"""Blocks of plain text: found in a file by one look, taken apart only when somebody reads them.

A large configuration says much the same thousands of times. Plain is a block in which nothing has
a meaning beyond its words and comments: no quote, variable, condition, generator or include, not
two empty lines in a row, every brace at the end of its line or alone, the closing one straight
below its opener. Whatever is not plain, and whatever is wrong, is read line by line as ever; so a
plain block has nothing to complain about, and may be read at any time, any number of times.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from .diagnostics import SourceFile

__all__ = ["DEPTH", "Nowhere", "Piece", "Placeless", "Rows", "pieces"]

DEPTH = 4
"""As deep as the keywords go: virtual_server, real_server, HTTP_GET, url."""

_MAX_BLOCK = 1 << 16
"""Characters: how far a look goes. It bounds what looking costs, in a file of one huge block too."""

_COMMENT = r"[#!][\t -~]{0,1900}"
_END = rf"(?:{_COMMENT})?\n"
"""Of a line."""
_WORDS = (
    r"(?!include|random_seed)[%&'()*+,./0-9:;<=>?A-Z\[\]^_`a-z|-]"
    r"[\t %&'()*+,./0-9:;<=>?A-Z\[\]^_`a-z|-]{0,1900}"
)


def _indent(level: int) -> str:
    """What a line of words or a comment begins with; an empty line may stand before it."""
    return rf"\n?(?P<indent{level}>[ \t]{{0,80}})"


def _close(level: int) -> str:
    return rf"(?P=indent{level})\}}[ \t]*{_END}"


def _items(level: int) -> str:
    """Lines, and lines with a block of items of the level below."""
    block = rf"|\{{[ \t]*{_END}{_items(level - 1)}{_close(level)}" if level else ""
    return rf"(?:{_indent(level)}(?:{_COMMENT}\n|{_WORDS}(?:{_END}{block})))*\n?"


_PIECE = re.compile(
    rf"{_indent(DEPTH)}(?:{_COMMENT}\n|(?P<words>{_WORDS})(?:{_END}"
    rf"|(?P<brace>\{{)[ \t]*{_END}(?P<inside>{_items(DEPTH - 1)}){_close(DEPTH)}))"
)


_IDLE = re.compile(r"(?:[ \t]*(?:[#!][^\n\x00]{0,4000}+)?\r?\n)++")
"""Empty lines and lines of comment; possessive, since a million of them must not be remembered."""


_IDLE_LINE = re.compile(r"^[ \t]*(?:[#!].*)?\n", re.MULTILINE)


class Placeless(Exception):
    """Somebody wanted to know where text stands that may stand in many places."""


class Nowhere(SourceFile):
    """Text without a place. Raises: Placeless, when it is asked for a line."""

    __slots__ = ()

    def __init__(self, text: str) -> None:
        super().__init__("", text)

    def line(self, number: int) -> str:
        """There is none."""
        raise Placeless


class Piece(NamedTuple):
    """A plain line, or a plain block: `inside` are the ends of what its braces hold."""

    number: int
    text: str
    """The line without its comment; its last character is the brace that opens the block. Empty
    when it is a comment."""
    inside: tuple[int, int] | None
    next_number: int
    """That of the line behind."""


def pieces(text: str, start: int, end: int, number: int) -> Iterator[Piece]:
    """What a plain block holds; `number` is that of the line at `start`."""
    for found in _PIECE.finditer(text, start, end):
        piece = _piece(found, number)
        if piece.text:
            yield piece
        number = piece.next_number


def _piece(found: re.Match[str], number: int) -> Piece:
    """`number` is that of the line at its start, which may be an empty one."""
    text = found.string
    start = found.start(_INDENT)
    behind = number + text.count("\n", found.start(), found.end())
    if start > found.start():
        number += 1
    brace = found.end("brace")
    if brace >= 0:
        return Piece(number, text[start:brace], found.span("inside"), behind)
    words = found.end("words")
    return Piece(number, text[start:words] if words >= 0 else "", None, behind)


_INDENT = f"indent{DEPTH}"


class Rows:
    """The lines of a file, numbered from 1, and its plain blocks as a whole."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._number = 0

    def __iter__(self) -> Iterator[tuple[int, str]]:
        return self

    def __next__(self) -> tuple[int, str]:
        """The next line, without its end."""
        if self._position > len(self._text):
            raise StopIteration
        start = self._position
        end = self._text.find("\n", start)
        if end < 0:
            end = len(self._text)
        self._position = end + 1
        self._number += 1
        return self._number, self._text[start:end]

    def skip_idle(self) -> None:
        """Pass over lines that say nothing."""
        found = _IDLE.match(self._text, self._position)
        if found:
            self._number += self._text.count("\n", self._position, found.end())
            self._position = found.end()

    def take_plain(self, most: int) -> tuple[Piece, int] | None:
        """The plain line or block that comes next, and how many lines of it say something; None
        when there is no such, or these are more than `most`. Not before `skip_idle`."""
        found = _PIECE.match(self._text, self._position, self._position + _MAX_BLOCK)
        if found is None:
            return None
        piece = _piece(found, self._number + 1)
        lines = piece.next_number - self._number - 1 - _idle_lines(found[0])
        if lines > most:
            return None
        self._position = found.end()
        self._number = piece.next_number - 1
        return piece, lines


def _idle_lines(text: str) -> int:
    if "#" in text or "!" in text or "\n\n" in text:
        return len(_IDLE_LINE.findall(text))
    return 0
