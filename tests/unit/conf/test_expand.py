"""Variables, conditions, repetition and includes: physical lines to logical lines."""

from __future__ import annotations

import pytest

from pyvrrp.conf import expand as expand_module
from pyvrrp.conf.diagnostics import Collector
from pyvrrp.conf.expand import Expander
from pyvrrp.conf.source import DictReader, Unreadable, UnreadableReason


def expand(text: str, **files: str) -> tuple[list[str], list[str]]:
    """The logical lines, their blanks made single, and the ids of what was reported."""
    collector = Collector()
    reader = DictReader({"dir/k.conf": text, **{f"dir/{n}": t for n, t in files.items()}})
    expander = Expander(reader, collector, config_id="alpha", environ={"SITE": "north"})
    lines = [" ".join(line.text.split()) for line in expander.lines("dir/k.conf")]
    return lines, [d.id for d in collector.finish()]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        pytest.param("a\n\n  \nb", ["a", "b"], id="empty lines"),
        pytest.param("a # x\n! y\nb", ["a", "b"], id="comments"),
        pytest.param(r"a \# b", ["a # b"], id="escaped comment sign"),
        pytest.param("$A=1\na $A\nb ${A}x\n", ["a 1", "b 1x"], id="variables"),
        pytest.param('a $B "${B}"', ['a $B "${B}"'], id="undefined stays"),
        pytest.param("$1=a\nb $1", ["$1=a", "b $1"], id="a name does not start with a digit"),
        pytest.param("$A=1\na $Ax $A) $A,", ["a $Ax 1) 1,"], id="a name ends at a blank , or )"),
        pytest.param("$A=$B\n$B=1\na $A\n$B=2\nb $A", ["a 1", "b 2"], id="replaced where used"),
        pytest.param("$A=1\n$A=2\na $A", ["a 2"], id="redefined"),
        pytest.param("$A=\na ${A}b", ["a b"], id="empty"),
        pytest.param("$A=\\\nx \\\ny\nz\n  $A", ["z", "x", "y"], id="several lines"),
        pytest.param("$A=x \\\n y \\\n z\n$A", ["x", "y", "z"], id="text behind the sign"),
        pytest.param("$A=\\\nx \\\ny\nb $A", ["b x", "y"], id="text before several lines"),
        pytest.param("$A=\\\nx $B \\\n$B\n$B=1\n$A", ["x 1", "1"], id="variables in several lines"),
        pytest.param("@alpha a\n@beta b\n@^alpha c\n@^beta d", ["a", "d"], id="conditions"),
        pytest.param("@alpha $A=1\n@beta $A=2\na $A", ["a 1"], id="guarded definition"),
        pytest.param("@beta $A=\\\nx \\\ny\nz", ["z"], id="guarded definition of several lines"),
        pytest.param("~SEQ(I, 3) a $I", ["a 1", "a 2", "a 3"], id="SEQ to"),
        pytest.param("~SEQ(I, 2, 3) a $I", ["a 2", "a 3"], id="SEQ from to"),
        pytest.param("~SEQ(I, 1, 4, 9) a$I ${I}", ["a1 1", "a5 5", "a9 9"], id="SEQ step"),
        pytest.param("~SEQ(I, 2, 0) $I", ["2", "1", "0"], id="SEQ down"),
        pytest.param("~SEQ(I, -2) $I", ["-1", "-2"], id="SEQ negative"),
        pytest.param("~SEQx(I, 9, 11) $I", ["9", "a", "b"], id="SEQx"),
        pytest.param("~SEQ(I, 2) ~SEQ(J, 2) $I $J", ["1 1", "1 2", "2 1", "2 2"], id="nested"),
        pytest.param("~SEQ(I, 2) x\n$I", ["x", "x", "2"], id="the last value stays"),
        pytest.param("$E=2\n~SEQ(I, ${E}) $I", ["1", "2"], id="SEQ with a variable"),
        pytest.param("~LST(A, x, y) a $A", ["a x", "a y"], id="LST"),
        pytest.param("~LST({A, B}, {1, 2}, {3}) $A ${B}.", ["1 2.", "3 ."], id="LST of tuples"),
        pytest.param("$B=\\\na $I \\\nb\n~SEQ(I, 2) $B", ["a 1", "b", "a 2", "b"], id="blocks"),
        pytest.param("a ${_ENV SITE} ${_ENV NONE}.", ["a north ."], id="environment"),
        pytest.param("a${_HASH}b${_BANG}", ["a#b!"], id="signs"),
        pytest.param("instance i\na ${_INSTANCE}", ["instance i", "a alpha"], id="instance"),
        pytest.param("a ${_RANDOM 5 5}", ["a 5"], id="random between equals"),
        pytest.param("$T=~SEQ(I,2) x$I\n$T", ["x1", "x2"], id="SEQ in a variable"),
        pytest.param("$A=@alpha\n$B=@beta\n$A x\n$B y", ["x"], id="condition in a variable"),
        pytest.param("$A=\\\n$C=1 \\\nx$C \\\ny\n$A", ["x1", "y"], id="a definition in lines"),
        pytest.param("$A=\\\nx \\\n# z\ny\n$A", ["x", "y"], id="a comment between lines"),
        pytest.param("$A=\\\nx \\\n\ny\n$A", ["y", "x"], id="an empty line ends lines"),
        pytest.param("~SEQ (I, 07, 010) $I", ["7", "8"], id="SEQ octal"),
    ],
)
def test_lines(text: str, lines: list[str]) -> None:
    assert expand(text) == (lines, [])


def test_random_is_repeatable() -> None:
    text = "random_seed 7\n${_RANDOM}\n${_RANDOM 10}\n${_RANDOM 1 6}"
    first, _ = expand(text)
    assert first == expand(text)[0]
    assert all(word.isdecimal() for word in first[1:])


def test_working_directory() -> None:
    collector = Collector()
    expander = Expander(DictReader({"/etc/k": "${_PWD}"}), collector, config_id="", environ={})
    assert [line.text for line in expander.lines("/etc/k")] == ["/etc"]


@pytest.mark.parametrize(
    ("text", "lines", "problem"),
    [
        ("a\0b\nc", ["c"], "nul-character"),
        ("x" * 4097 + "\nc", ["c"], "line-too-long"),
        ("$A=\\\n" + "x" * 4097 + "\n$A", [], "line-too-long"),
        ("$A=\\\nx\0y \\\nz\n$A", ["z"], "nul-character"),
        ("a \\\nb", ["b"], "stray-continuation"),
        ("$A=$A$A\na $A\nb", ["b"], "endless-variable"),
        ("$A=$B\n$B=$A\na $A", [], "endless-variable"),
        ("$A=$A\na $A\nb", ["b"], "endless-variable"),
        ("a ${B}", ["a $B"], "undefined-variable"),
        ("a ${_RANDOM x}", ["a $_RANDOM"], "undefined-variable"),
        ("a ${_RANDOM 7 5}", ["a 7"], "bad-variable"),
        ("$B=\\\nx \\\ny\na ${B} b", ["a $B b"], "undefined-variable"),
        ("~SEQ(1, 2) a", [], "bad-repetition"),
        ("~SEQx(I, -1, 2) a", [], "bad-repetition"),
        ("~SEQ(I) a", [], "bad-repetition"),
        ("~SEQ(I, a) a", [], "bad-repetition"),
        ("~SEQ(I, 1, 0, 5) a", [], "bad-repetition"),
        ("~SEQ(I, 1, -1, 5) a", [], "bad-repetition"),
        ("~SEQ a", [], "bad-repetition"),
        ("~LST(A) a", [], "bad-repetition"),
        ("~LST({A}, {1, 2}) a", [], "bad-repetition"),
        ("~LST({A, {1) a", [], "bad-repetition"),
        ("$X=\\\n$X \\\ny\n$X", ["y"] * 32, "too-deep"),
        ("include", [], "unknown-keyword"),
        ("include none.conf", [], "include-missing"),
        ('include "k.conf"', [], "include-missing"),
        ("include k.conf k.conf", [], "include-missing"),
        ("include none-*.conf", [], ""),
        ("includem none.conf", [], "include-unmatched"),
        ("includew none-*.conf", [], "include-unmatched"),
        ("includew {none,nothing}-*.conf", [], "include-unmatched"),
        ("includew {none,nothing}.conf", [], "include-missing"),
        ("includem {none,nothing}.conf", [], "include-missing"),
        ("includeb {none,nothing}.conf", [], "include-unmatched"),
        ("includeb {none,nothing}-*.conf", [], ""),
        ("includea {none*,k}.conf", [], "include-cycle"),
        ("include_check\ninclude none-*.conf", ["include_check"], "include-unmatched"),
        ("include_check -wildcard_match\ninclude n*", ["include_check -wildcard_match"], ""),
        ("include k.conf", [], "include-cycle"),
    ],
)
def test_problems(text: str, lines: list[str], problem: str) -> None:
    found, problems = expand(text)
    assert found == lines
    assert problems[:1] == ([problem] if problem else [])


def test_includes_stand_where_they_are_written() -> None:
    lines, problems = expand(
        "a\ninclude sub/b.conf\nz", **{"sub/b.conf": "b\ninclude c.conf", "sub/c.conf": "c"}
    )
    assert (lines, problems) == (["a", "b", "c", "z"], [])


def test_include_of_many_files() -> None:
    files = {"x1.inc": "1", "x2.inc": "2", "y.inc": "y"}
    assert expand("include {y,x*}.inc", **files)[0] == ["y", "1", "2"]


@pytest.mark.parametrize(("keyword", "severity"), [("include", "warning"), ("includer", "error")])
def test_a_file_that_cannot_be_read(keyword: str, severity: str) -> None:
    class Reader(DictReader):
        def read(self, path: str) -> str:
            if path == "x":
                raise Unreadable(path, UnreadableReason.EXECUTABLE)
            return super().read(path)

    collector = Collector()
    reader = Reader({"k": f"{keyword} x\nb", "x": ""})
    expander = Expander(reader, collector, config_id="", environ={})
    assert [line.text for line in expander.lines("k")] == ["b"]
    (problem,) = collector.finish()
    assert (problem.id, problem.severity) == ("include-unreadable", severity)
    assert problem.message == "x is executable; skipped"


def test_the_main_file_must_be_readable() -> None:
    expander = Expander(DictReader({}), Collector(), config_id="", environ={})
    with pytest.raises(Unreadable):
        list(expander.lines("k"))


def test_too_much_text_is_cut_off_and_fatal() -> None:
    collector = Collector()
    reader = DictReader({"k": "~SEQ(I, 1, 10000000) x"})
    expander = Expander(reader, collector, config_id="", environ={})
    assert sum(1 for _ in expander.lines("k")) == 100_000
    (problem,) = collector.finish()
    assert (problem.id, problem.is_fatal) == ("too-much-text", True)


def test_every_line_knows_its_variables() -> None:
    collector = Collector()
    reader = DictReader({"k": "$A=1\n$B=\\\n  x $A\ny $B"})
    expander = Expander(reader, collector, config_id="", environ={})
    (line,) = expander.lines("k")
    assert [str(m) for m in line.trail] == ["$B was set at k:2:1", "$A was set at k:1:1"]
    assert expander.files == ["k"]


@pytest.mark.parametrize(
    ("limit", "value", "text", "reason"),
    [
        ("_MAX_LINES", 3, "a\na\na\na", "more than 3 lines"),
        ("_MAX_MADE_CHARACTERS", 99, "~SEQ(I, 9) " + "x" * 20, "more than 99 characters made"),
        ("_MAX_FILES", 2, "include a\ninclude a", "more than 2 files"),
        ("_MAX_READ_CHARACTERS", 5, "a\na\na\na", "more than 5 characters of text"),
    ],
)
def test_budgets(
    monkeypatch: pytest.MonkeyPatch, limit: str, value: int, text: str, reason: str
) -> None:
    monkeypatch.setattr(expand_module, limit, value)
    budget = expand_module._Budget()
    setattr(budget, limit.removeprefix("_MAX_").lower(), value)
    monkeypatch.setattr(expand_module, "_Budget", lambda: budget)
    collector = Collector()
    reader = DictReader({"k": text, "a": ""})
    list(Expander(reader, collector, config_id="", environ={}).lines("k"))
    (problem,) = collector.finish()
    assert (problem.id, problem.is_fatal) == ("too-much-text", True)
    assert reason in problem.message


def test_a_line_may_not_grow_too_long() -> None:
    value = "x" * 4000
    text = f"$A={value}\n$B=${{A}}${{A}}${{A}}${{A}}${{A}}\na ${{B}}\nb"
    assert expand(text) == (["b"], ["endless-variable"])


def test_a_definition_may_end_with_the_file() -> None:
    assert expand("$A=x \\") == ([], [])


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            "$PRIORITY=1\npriority ${PRIORTY}",
            "k:2:10: error[undefined-variable]: ${PRIORTY} is not defined; "
            "a definition must stand above its use",
            "did you mean ${PRIORITY}?",
        ),
        (
            "$B=\\\nx \\\ny\na ${B} b",
            "k:4:3: error[undefined-variable]: ${B} has several lines; "
            "it can only stand at the end of a line",
            None,
        ),
        (
            "~SEQ(I, 1, -1, 5) a",
            "k:1:1: error[bad-repetition]: ~SEQ is ignored: steps of -1 do not lead from 1 to 5",
            "~SEQ(VAR, [START, [STEP,]] END) text, or ~LST(VAR, VALUE...) text",
        ),
        (
            "~LST(I, a b) x",
            "k:1:1: error[bad-repetition]: ~LST is ignored: "
            "a comma is missing, or a brace is not closed, in 'a b'",
            "~SEQ(VAR, [START, [STEP,]] END) text, or ~LST(VAR, VALUE...) text",
        ),
        (
            'include "x"',
            'k:1:1: warning[include-missing]: no file "x" to include',
            "keepalived takes quotes for a part of the name; write it without",
        ),
    ],
)
def test_messages(text: str, message: str, hint: str | None) -> None:
    collector = Collector()
    expander = Expander(DictReader({"k": text}), collector, config_id="", environ={})
    list(expander.lines("k"))
    (problem,) = collector.finish()
    assert (str(problem), problem.hint) == (message, hint)
