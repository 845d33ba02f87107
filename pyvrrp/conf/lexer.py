"""Logical lines and the words in them.

A `Line` is what keepalived would hand to its keyword handlers: comments gone, variables replaced.
It remembers where it was written, so that a word of it can be pointed at in the file (`locate`).
Places are computed only when somebody asks: nearly every word is never complained about.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .diagnostics import SourceFile, Span

__all__ = [
    "Line",
    "Mention",
    "Quoted",
    "UnterminatedQuote",
    "comment_start",
    "is_brace",
    "locate",
    "notes",
    "octets",
    "split",
]

_BEFORE_COMMENT = re.compile(r'(?:[^"#!\\]|\\.|\\$|"(?:[^"\\]|\\.)*")*', re.DOTALL)

# What makes `str.split` give a different answer than keepalived's scanner, apart from braces:
# quotes, and characters only Python takes for blanks.
_SPECIAL = re.compile(r'["\x00\x1c-\x1f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]')

_TOKEN = re.compile(
    r"""[ \t\n\r\v\f]* (?:
        (?P<quoted> "(?P<inside> (?: [^"\\] | \\. )* )" )
      | (?P<open> "(?P<rest> .* ) )
      | (?P<brace> [{}] )
      | (?P<word> [^ \t\n\r\v\f"{}]+ )
    )""",
    re.VERBOSE | re.DOTALL,
)

# The same for text as it was written: a variable or a list in parentheses keeps its braces.
_WRITTEN = re.compile(
    r'[ \t\n\r\v\f]*(?P<token>"(?:[^"\\]|\\.)*"?|[{}]|(?:\$\{[^}\s]*\}|\$(?!\{)|[^ \t\n\r\v\f"{}$])+|\$)',
    re.DOTALL,
)
_VARIABLE = re.compile(r"\$\{?(\w+)", re.ASCII)

_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{1,2}|[0-7]{1,3}|c.|.)", re.DOTALL)
_ESCAPES = {
    "a": "\a",
    "b": "\b",
    "E": "\x1b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
}


class Quoted(str):
    """A word that stood in double quotes, escapes resolved; its braces are not block braces."""

    __slots__ = ()


class UnterminatedQuote(Exception):
    """A double quote without its partner; `words` are the ones before it."""

    def __init__(self, words: list[str]) -> None:
        super().__init__("a double quote is never closed")
        self.words = words


@dataclass(frozen=True, slots=True)
class Mention:
    """A variable that had a part in a line: `name` was set, or used, at `span`."""

    name: str
    verb: str
    span: Span

    def __str__(self) -> str:
        return f"${self.name} was {self.verb} at {self.span.trace()}"


@dataclass(slots=True)
class Line:
    """One logical line.

    `start` is the column, from 0, where its text begins in the written line: an `@` condition or a
    `~` generator stands before it. `trail` names the variables that had a part in it.
    `inside` is where in the file's text the inside of a plain block lies, when one begins here: the
    line stands for the whole block, its closing brace with it.
    """

    file: SourceFile
    number: int
    text: str
    start: int = 0
    trail: tuple[Mention, ...] = ()
    inside: tuple[int, int] | None = None


def is_brace(word: str) -> bool:
    """True for a `{` or `}` that opens or closes a block."""
    return (word == "{" or word == "}") and not isinstance(word, Quoted)


def split(text: str) -> list[str]:
    """Words of a logical line; an unquoted brace is a word of its own.

    Raises: UnterminatedQuote.
    """
    if not _SPECIAL.search(text):
        words = text.split()
        braces = text.count("{") + text.count("}")
        if not braces or braces == words.count("{") + words.count("}"):
            return words
    words = []
    for found in _TOKEN.finditer(text):
        if found["open"] is not None:
            raise UnterminatedQuote(words)
        if found["quoted"] is not None:
            words.append(Quoted(_unescape(found["inside"])))
        else:
            words.append(found["brace"] or found["word"])
    return words


def octets(word: str) -> bytes:
    """The octets a word stands for, as they were in the file or as its escapes name them."""
    try:
        return word.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a surrogate that no file can hold, from a text made elsewhere
        return word.encode("utf-8", "surrogatepass")


def _unescape(text: str) -> str:
    """Resolve keepalived's escapes: \\a \\b \\E \\f \\n \\r \\t \\v \\ooo \\xhh \\c(control).

    As in C, a NUL ends the word.
    """
    if "\\" not in text:
        return text
    return _ESCAPE.sub(lambda found: _escape(found[1]), text).partition("\0")[0]


def _escape(code: str) -> str:
    if code[0] == "x" and len(code) > 1:
        return _octet(int(code[1:], 16))
    if code[0] in "01234567":
        return _octet(int(code, 8) & 0xFF)
    if code[0] == "c" and len(code) > 1:
        return chr(ord(code[1]) & 0x1F)
    return _ESCAPES.get(code, code)


def _octet(number: int) -> str:
    """One octet of the file, as the readers would have decoded it."""
    return bytes((number,)).decode("utf-8", "surrogateescape")


def locate(line: Line, index: int) -> Span:
    """Where word `index` of a logical line (braces counted) was written.

    A variable may have become several words: then the written word that holds a variable is the
    answer, and failing that the whole statement.
    """
    places = _places(line)
    if len(places) != len(_expanded(line)):
        places = [p for p in places if "$" in p[1]] or places
        index = min(index, len(places) - 1)
    if not 0 <= index < len(places):
        return _whole(line)
    column, text = places[index]
    return Span(line.file, line.number, column + 1, len(text))


def notes(line: Line, span: Span) -> tuple[str, ...]:
    """Where the variables written in `span` were set, and what the whole line is a part of."""
    text = line.file.line(line.number)[span.column - 1 : span.column - 1 + span.length]
    written = set(_VARIABLE.findall(text))
    relevant = [m for m in line.trail if m.verb != "set" or m.name in written] or line.trail
    return tuple(dict.fromkeys(map(str, relevant)))


def comment_start(text: str) -> int:
    """Column, from 0, of the `#` or `!` that starts a comment; the length when there is none.

    Neither sign counts in double quotes or after a backslash.
    """
    found = _BEFORE_COMMENT.match(text)
    end = found.end() if found else 0
    return end if text[end : end + 1] in ("#", "!") else len(text)


def _places(line: Line) -> list[tuple[int, str]]:
    written = line.file.line(line.number)
    end = comment_start(written)
    if written[:end].rstrip().endswith("\\"):
        end = written.rindex("\\", 0, end)
    tokens = _WRITTEN.finditer(written, line.start, end)
    return [(found.start("token"), found["token"]) for found in tokens]


def _expanded(line: Line) -> list[str]:
    try:
        return split(line.text)
    except UnterminatedQuote as exc:
        return exc.words


def _whole(line: Line) -> Span:
    written = line.file.line(line.number)
    start = len(written) - len(written[line.start :].lstrip())
    return Span(line.file, line.number, start + 1, max(1, len(written.strip())))
