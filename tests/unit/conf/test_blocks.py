"""The tree of statements, and where a brace is to blame."""

from __future__ import annotations

import pytest

from pyvrrp.conf.blocks import Statement, parse
from pyvrrp.conf.diagnostics import Collector, SourceFile
from pyvrrp.conf.lexer import Line


def tree(text: str) -> tuple[object, list[str]]:
    """Nested lists of words, and problems as line:column:id."""
    file = SourceFile("f", text)
    lines = [Line(file, n, t) for n, t in enumerate(text.split("\n"), 1) if t.strip()]
    collector = Collector()
    statements = parse(lines, collector)
    problems = [f"{d.span.line}:{d.span.column}:{d.id}" for d in collector.finish()]
    return [_plain(s) for s in statements], problems


def _plain(statement: Statement) -> object:
    words = " ".join(statement.words)
    return words if statement.block is None else (words, [_plain(s) for s in statement.block])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a b\nc", ["a b", "c"]),
        ("a {\n b\n}", [("a", ["b"])]),
        ("a\n{\n b }", [("a", ["b"])]),
        ("a { b\n c }\nd", [("a", ["b", "c"]), "d"]),
        ("a { b { c } d }", [("a", [("b", ["c"]), "d"])]),
        ("a { }", [("a", [])]),
        ('a "{" b', ["a { b"]),
    ],
)
def test_trees(text: str, expected: object) -> None:
    assert tree(text) == (expected, [])


@pytest.mark.parametrize(
    ("text", "expected", "problems"),
    [
        ("a {\n b", [("a", ["b"])], ["1:3:missing-brace"]),
        ("a {\n b {\n c\n}\nd", [("a", [("b", ["c"]), "d"])], ["2:4:missing-brace"]),
        ("a\n}", ["a"], ["2:1:extra-brace"]),
        ("{\n x\n}\na", ["a"], ["1:1:unexpected-brace"]),
        ("a { }\n{\nb\n}", [("a", [])], ["2:1:unexpected-brace"]),
        ('a "b', ["a"], ["1:3:unterminated-quote"]),
    ],
)
def test_problems(text: str, expected: object, problems: list[str]) -> None:
    assert tree(text) == (expected, problems)


def test_nesting_is_bounded() -> None:
    _, problems = tree("a { " * 100 + "} " * 100)
    assert problems == ["1:259:unexpected-brace"]


def test_the_place_of_a_word_behind_a_brace() -> None:
    file = SourceFile("f", "a { b  c }")
    (outer,) = parse([Line(file, 1, file.text)], Collector())
    assert outer.block is not None
    inner = outer.block[0]
    assert [str(inner.span(i)) for i in (0, 1, 9)] == ["f:1:5", "f:1:8", "f:1:8"]
    assert inner.notes(inner.span()) == ()
