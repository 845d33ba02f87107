"""Blocks of plain text: found in a file by one look, taken apart only when somebody reads them.

A large configuration says much the same thousands of times. Plain is a block in which nothing has
a meaning beyond its words: no quote, comment, variable, condition, generator or include, no empty
line, every brace at the end of its line or alone, the closing one straight below its opener.
Whatever is not plain, and whatever is wrong, is read line by line as ever; so a plain block has
nothing to complain about, and may be read at any time, any number of times.
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

_START = r"[%&'()*+,./0-9:;<=>?A-Z\[\]^_`a-z|-]"
_CHARACTER = r"[\t %&'()*+,./0-9:;<=>?A-Z\[\]^_`a-z|-]"


def _row(level: int) -> str:
    indent = rf"(?P<indent{level}>[ \t]{{0,80}})"
    return rf"{indent}(?!include|random_seed){_START}{_CHARACTER}{{0,4000}}"


def _block(level: int, inside: str) -> str:
    return rf"\{{[ \t]*\n{inside}(?P=indent{level})\}}[ \t]*\n"


def _item(level: int) -> str:
    """A line, or a line with a block of lines and blocks of the levels below."""
    block = _block(level, f"(?:{_item(level - 1)})*") if level else "(?!)"
    return rf"{_row(level)}(?:\n|{block})"


_PIECE = re.compile(
    rf"{_row(DEPTH)}"
    rf"(?:\n|{_block(DEPTH, f'(?P<inside>(?:{_item(DEPTH - 1)})*)')})"
)


_IDLE = re.compile(r"(?:[ \t]*(?:[#!][^\n\x00]{0,4000}+)?\r?\n)++")
"""Empty lines and lines of comment; possessive, since a million of them must not be remembered."""


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
    """The line; its last character that is no blank is the brace that opens the block."""
    inside: tuple[int, int] | None
    lines: int
    """How many it takes, with that of the closing brace."""


def pieces(text: str, start: int, end: int, number: int) -> Iterator[Piece]:
    """What a plain block holds; `number` is that of the line at `start`."""
    for found in _PIECE.finditer(text, start, end):
        piece = _piece(found, number)
        yield piece
        number += piece.lines


def _piece(found: re.Match[str], number: int) -> Piece:
    start, end = found.span()
    inside = found.span("inside")
    if inside[0] < 0:
        return Piece(number, found.string[start : end - 1], None, 1)
    lines = found.string.count("\n", start, end)
    return Piece(number, found.string[start : inside[0] - 1], inside, lines)


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

    def skip_idle(self) -> bool:
        """Pass over lines that say nothing; False when the next one says something."""
        found = _IDLE.match(self._text, self._position)
        if not found:
            return False
        self._number += self._text.count("\n", self._position, found.end())
        self._position = found.end()
        return True

    def take_plain(self, most: int) -> Piece | None:
        """The plain line or block that comes next; None when that is no such, or has more than
        `most` lines."""
        found = _PIECE.match(self._text, self._position, self._position + _MAX_BLOCK)
        piece = found and _piece(found, self._number + 1)
        if not found or not piece or piece.lines > most:
            return None
        self._position = found.end()
        self._number += piece.lines
        return piece
