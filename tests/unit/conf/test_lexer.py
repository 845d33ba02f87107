"""Words of a line, and where they were written."""

from __future__ import annotations

import pytest

from pyvrrp.conf.diagnostics import SourceFile
from pyvrrp.conf.lexer import (
    Line,
    Quoted,
    UnterminatedQuote,
    comment_start,
    is_brace,
    locate,
    octets,
    split,
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ("  a  b\tc\r", ["a", "b", "c"]),
        ("x{y}z", ["x", "{", "y", "}", "z"]),
        ('a "b c" d', ["a", "b c", "d"]),
        (r'"a\"b"', ['a"b']),
        (r'"\a\b\E\f\n\r\t\v"', ["\a\b\x1b\f\n\r\t\v"]),
        (r'"\x41\101\cA\q"', ["AA\x01q"]),
        (r'"\xe9\351"', ["\udce9\udce9"]),
        (r'"end\0here"', ["end"]),
        ('"{"', ["{"]),
        ('""', [""]),
        ("a\u00a0b", ["a\u00a0b"]),
        ("a\u2028b", ["a\u2028b"]),
        ("it's", ["it's"]),
    ],
)
def test_split(text: str, words: list[str]) -> None:
    assert split(text) == words


def test_a_quoted_brace_is_a_word() -> None:
    words = split('{ "{"')
    assert [is_brace(w) for w in words] == [True, False]
    assert isinstance(words[1], Quoted)


def test_unterminated_quote_keeps_the_words_before() -> None:
    with pytest.raises(UnterminatedQuote) as caught:
        split('router_id "my router')
    assert caught.value.words == ["router_id"]


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("a # b", 2),
        ("a ! b", 2),
        ("# all", 0),
        ("none", 4),
        ('"# no" # yes', 7),
        (r"a \# b # c", 7),
        (r'"a \" # b" !', 11),
        ('open " # quoted to the end', 26),
        ("ends with \\", 11),
    ],
)
def test_comment(text: str, start: int) -> None:
    assert comment_start(text) == start


@pytest.mark.parametrize(
    ("word", "expected"),
    [("abc", b"abc"), ("\udce9", b"\xe9"), ("é", b"\xc3\xa9"), ("\ud800", b"\xed\xa0\x80")],
)
def test_octets(word: str, expected: bytes) -> None:
    assert octets(word) == expected


def place(written: str, text: str, index: int, start: int = 0) -> tuple[int, int]:
    span = locate(Line(SourceFile("f", written), 1, text, start), index)
    return span.column, span.length


def test_place_of_a_word() -> None:
    assert place("  priority  300 # x", "  priority  300", 1) == (13, 3)


def test_place_of_a_quoted_word() -> None:
    assert place('router_id "a b" c', 'router_id "a b" c', 1) == (11, 5)


def test_place_counts_braces() -> None:
    assert place("x { y }", "x { y }", 2) == (5, 1)


def test_place_of_a_variable_with_braces() -> None:
    assert place("auth_pass ${PASS}x", "auth_pass secretx", 1) == (11, 8)


def test_a_variable_of_several_words_is_the_place_of_all() -> None:
    assert place("script $ARGS", "script a b c", 3) == (8, 5)


def test_place_behind_a_condition() -> None:
    assert place("@alpha priority 300", "priority 300", 1, 7) == (17, 3)


def test_a_line_that_vanished_is_its_own_place() -> None:
    assert place("   ", "a b", 5) == (4, 1)


def test_a_continued_line_does_not_show_its_backslash() -> None:
    assert place("  priority $P \\", "  priority 300", 1) == (12, 2)
