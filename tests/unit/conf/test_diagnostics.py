"""Problems: ranks, exit codes, pictures."""

from __future__ import annotations

import json

import pytest

from pyvrrp.conf.diagnostics import (
    Collector,
    Diagnostic,
    ProblemClass,
    Severity,
    SourceFile,
    Span,
    as_json,
    concise,
    full,
)


@pytest.mark.parametrize(
    ("problem_class", "code"),
    [
        (ProblemClass.NONE, 0),
        (ProblemClass.FILE, 4),
        (ProblemClass.INTERFACE, 4),
        (ProblemClass.FATAL, 4),
        (ProblemClass.SEVERAL_FILES, 6),
        (ProblemClass.UNKNOWN_KEYWORD, 5),
        (ProblemClass.MISSING_PARAMETER, 2),
        (ProblemClass.NUMBER, 5),
        (ProblemClass.GENERAL, 5),
        (ProblemClass.DEPRECATED, 5),
        (ProblemClass.SECURITY, 6),
    ],
)
def test_exit_codes(problem_class: ProblemClass, code: int) -> None:
    assert problem_class.test_exit_code == code


def problem(
    text: str, column: int, length: int, line: int = 1, file: SourceFile | None = None
) -> Diagnostic:
    span = Span(file or SourceFile("k.conf", text), line, column, length)
    return Diagnostic("an-id", Severity.ERROR, span, "it is wrong")


def test_picture() -> None:
    assert full(problem("a\n  priority 300\n", 12, 3, line=2)) == (
        "k.conf:2:12: error[an-id]: it is wrong\n   2 |   priority 300\n     |            ^^^"
    )


def test_picture_keeps_tabs() -> None:
    assert full(problem("\tx y", 4, 1)).split("\n")[1:] == ["   1 | \tx y", "     | \t  ^"]


def test_picture_of_a_place_that_is_not_there() -> None:
    assert full(problem("a", 1, 1, line=5)) == "k.conf:5:1: error[an-id]: it is wrong"


def test_picture_hides_secrets() -> None:
    rows = full(problem("  auth_pass s3cret", 3, 9)).split("\n")
    assert rows[1] == "   1 |   auth_pass ******"


def test_picture_of_a_long_line() -> None:
    rows = full(problem("a" * 500 + " wrong " + "b" * 3000, 502, 5)).split("\n")
    assert rows[1] == f"   1 | ...{'a' * 59} wrong {'b' * 131}..."
    assert rows[2] == f"     | {' ' * 63}^^^^^"


def test_notes_hint_and_include_chain() -> None:
    outer = SourceFile("k.conf", "\ninclude a")
    middle = SourceFile("a", "include b", included_from=Span(outer, 2, 1, 9))
    inner = SourceFile("b", "x", included_from=Span(middle, 1, 1, 9))
    found = Diagnostic(
        "an-id",
        Severity.WARNING,
        Span(inner, 1, 1, 1),
        "it is wrong",
        notes=("a note",),
        hint="do this",
        label="300",
    )
    assert full(found) == (
        "b:1:1: warning[an-id]: it is wrong\n"
        "   1 | x\n"
        "     | ^ 300\n"
        "     = note: a note\n"
        "     = note: included from a:1:1, included from k.conf:2:1\n"
        "     = hint: do this"
    )


def test_nothing_in_a_name_or_text_reaches_the_terminal_raw() -> None:
    file = SourceFile("k\n.conf", "a\x1b[31m\udce9\u2028b")
    found = problem("", 1, 1, file=file)
    assert concise(found) == "k\\x0a.conf:1:1: error[an-id]: it is wrong"
    assert full(found).split("\n")[1] == "   1 | a\\x1b[31m\\udce9\\x2028b"


def test_json() -> None:
    found = as_json((problem("x y", 3, 1),))
    assert json.loads(found) == [
        {
            "id": "an-id",
            "severity": "error",
            "class": "general",
            "file": "k.conf",
            "line": 1,
            "column": 3,
            "length": 1,
            "message": "it is wrong",
            "notes": [],
            "hint": None,
        }
    ]


def test_lines_of_a_file() -> None:
    file = SourceFile("f", "a\r\nb\n\nc")
    assert [file.line(n) for n in range(6)] == ["", "a", "b", "", "c", ""]


def test_collector_is_bounded_and_counts_on() -> None:
    collector = Collector()
    for number in range(1003):
        found = problem("x", 1, 1)
        is_last = number == 1002
        collector.add(
            Diagnostic(
                found.id,
                found.severity,
                found.span,
                found.message,
                problem_class=ProblemClass.SECURITY if is_last else ProblemClass.GENERAL,
                is_fatal=is_last,
            )
        )
    listed = collector.finish()
    assert len(listed) == 1001
    assert listed[-1].message == "3 more problems are not listed"
    assert (listed[-1].problem_class, listed[-1].is_fatal) == (ProblemClass.SECURITY, True)


def test_settle_puts_each_stage_into_the_order_of_the_text() -> None:
    main = SourceFile("k", "")
    part = SourceFile("p", "", included_from=Span(main, 2, 1, 1))
    collector = Collector()
    for file, line in ((main, 3), (part, 9), (main, 2)):
        collector.add(problem("", 1, 1, line=line, file=file))
    collector.settle()
    collector.add(problem("", 1, 1, line=1, file=main))
    collector.settle()
    places = [str(d.span) for d in collector.finish()]
    assert places == ["k:2:1", "p:9:1", "k:3:1", "k:1:1"]
