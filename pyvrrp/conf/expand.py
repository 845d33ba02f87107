"""The part of the language that works on text: from files to logical lines.

What happens to a line, in keepalived's order:

1. a comment is cut off;
2. `@ID` / `@^ID` keep or drop the rest, depending on this node's id;
3. `$NAME=text` defines a variable, `$NAME=\\` starts a definition of several lines;
   `~SEQ(...)` and `~LST(...)` repeat the rest of the line for each value of their variables;
4. `$NAME` and `${NAME}` are replaced until nothing is left to replace. Definitions are kept as
   written and replaced where they are used, so a later redefinition of an inner variable counts.
   A definition of several lines is replaced only at the end of a line, which may put text before
   its first line; each further line goes through all the steps again;
5. `include` puts other files in its place.

Every line keeps where it was written and which variables had a part in it. A line without any of
these signs, nearly all of them, passes untouched.

Nothing stops a file from asking for more than a machine has (`$A=$A$A`, `~SEQ(I, 1, 10000000)`,
files that include each other), so all growth is paid from one `_Budget`. An exhausted budget is a diagnostic and ends the text there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Flag
from itertools import islice
from typing import TYPE_CHECKING

from .diagnostics import Collector, Diagnostic, ProblemClass, Severity, SourceFile, Span
from .lexer import Line, Mention, comment_start
from .plain_blocks import Rows
from .repetition import BadRepetition, repeat_rounds
from .source import (
    Reader,
    Unreadable,
    directory_of,
    expand_braces,
    has_wildcard,
)

if TYPE_CHECKING:
    from random import Random

__all__ = ["Expander", "IncludeCheck"]

_SIGNS = re.compile(r"[#!$~@\\\x00]")
_DIRECTIVE = re.compile(r"\s*(?:(include[rmwba]?)|include_check|random_seed)(?:\s|$)")

_CONDITION = re.compile(r"\s*@(\^?)(\S*)\s*")
_NAME = "[A-Za-z_]\\w*"
_DEFINITION = re.compile(rf"\s*\$({_NAME})=", re.ASCII)
_GENERATOR = re.compile(r"\s*~(SEQx?|LST)\s*(?:\(([^()]*)\))?\s*")
_REFERENCE = re.compile(
    rf"\$\{{(?P<braced>{_NAME})\}}"
    rf"|\$(?P<plain>{_NAME})(?=[\s,)]|$)"
    r"|\$\{(?P<function>_RANDOM|_ENV)(?P<arguments>[ \t]++[\w \t]*+(?<=\w))\}",
    re.ASCII,
)
_LEFT_OVER = re.compile(r'"(?:[^"\\]|\\.)*"|\$\{(\w+)(?:[^{}"]*(\}))?', re.ASCII)
_TAIL = re.compile(rf"(?:\$\{{({_NAME})\}}|\$({_NAME}))\s*$", re.ASCII)
_ESCAPED_SIGN = re.compile(r"\\([#!])")

_MAX_LINES = 1_000_000
_MAX_MADE_LINES = 100_000
_MAX_MADE_CHARACTERS = 32 * 1024 * 1024
_MAX_FILES = 10_000
_MAX_READ_CHARACTERS = 256 * 1024 * 1024
_MAX_LINE = 4096
"""Characters of one written line; keepalived's buffer holds 1023 (quirk: long-lines)."""

_MAX_EXPANDED_LINE = 16_384
_MAX_PASSES = 100
_MAX_HINTS = 20
_MAX_DEPTH = 32


class IncludeCheck(Flag):
    """What about an include is an error rather than silence."""

    NONE = 0
    READ = 1
    MATCH = 2
    WILDCARD = 4
    BRACE = 8
    ALL = 15


_INCLUDE_KEYWORDS = {
    "includer": IncludeCheck.READ,
    "includem": IncludeCheck.READ | IncludeCheck.MATCH,
    "includew": IncludeCheck.READ | IncludeCheck.MATCH | IncludeCheck.WILDCARD,
    "includeb": IncludeCheck.READ | IncludeCheck.BRACE,
    "includea": IncludeCheck.ALL,
}
_CHECK_WORDS = {
    "read": IncludeCheck.READ,
    "match": IncludeCheck.MATCH,
    "wildcard_match": IncludeCheck.WILDCARD,
    "brace_match": IncludeCheck.BRACE,
}


@dataclass(frozen=True, slots=True)
class _Written:
    """A piece of text and where it stands; `start` is its column from 0."""

    file: SourceFile
    number: int
    text: str
    start: int = 0

    def span(self) -> Span:
        blanks = len(self.text) - len(self.text.lstrip())
        return Span(self.file, self.number, self.start + blanks + 1, max(1, len(self.text.strip())))

    def rest(self, offset: int) -> _Written:
        return _Written(self.file, self.number, self.text[offset:], self.start + offset)


@dataclass(frozen=True, slots=True)
class _Definition:
    """A variable: the text of one line, or several lines to be put in place of a line's end."""

    mention: Mention
    text: str = ""
    lines: tuple[_Written, ...] = ()


class _Exhausted(Exception):
    """The text asked for more lines, characters or files than we give."""


@dataclass(slots=True)
class _Budget:
    lines: int = _MAX_LINES
    made_lines: int = _MAX_MADE_LINES
    made_characters: int = _MAX_MADE_CHARACTERS
    files: int = _MAX_FILES
    read_characters: int = _MAX_READ_CHARACTERS

    def line(self) -> None:
        self.lines -= 1
        if self.lines < 0:
            raise _Exhausted(f"more than {_MAX_LINES} lines")

    def made(self, characters: int) -> None:
        self.made_lines -= 1
        self.made_characters -= characters
        if self.made_lines < 0:
            raise _Exhausted(f"more than {_MAX_MADE_LINES} lines made by variables and repetition")
        if self.made_characters < 0:
            raise _Exhausted(f"more than {_MAX_MADE_CHARACTERS} characters made by variables")

    def file(self, characters: int) -> None:
        self.files -= 1
        self.read_characters -= characters
        if self.files < 0:
            raise _Exhausted(f"more than {_MAX_FILES} files")
        if self.read_characters < 0:
            raise _Exhausted(f"more than {_MAX_READ_CHARACTERS} characters of text")


class Expander:
    """Reads one configuration; `lines` may be called once.

    `config_id` is what `@ID` is compared with, `environ` feeds `${_ENV}`, `checks` is where
    `include_check` begins.
    """

    def __init__(
        self,
        reader: Reader,
        collector: Collector,
        *,
        config_id: str,
        environ: Mapping[str, str],
        checks: IncludeCheck = IncludeCheck.NONE,
    ) -> None:
        self.files: list[str] = []
        self._reader = reader
        self._collector = collector
        self._config_id = config_id
        self._environ = environ
        self._seed: int | None = None
        self._random: Random | None = None
        self._checks = checks
        self._definitions: dict[str, _Definition] = {}
        self._open: list[str] = []
        self._budget = _Budget()
        self._at: tuple[SourceFile, int] | None = None
        self._hints = _MAX_HINTS

    def lines(self, path: str) -> Iterator[Line]:
        """The logical lines of the file at `path`. Raises: Unreadable, for that file only."""
        file = SourceFile(path, self._reader.read(path))
        try:
            yield from self._file(file)
        except _Exhausted as exc:
            place = _whole_line(*self._at) if self._at else Span(file, 1, 1, 0)
            message = f"the configuration grows to {exc}; cut off here"
            self._report("too-much-text", place, message, is_fatal=True)

    def _file(self, file: SourceFile) -> Iterator[Line]:
        self._budget.file(len(file.text))
        self.files.append(file.name)
        self._open.append(file.name)
        rows = Rows(file.text)
        while True:
            rows.skip_idle()
            taken = rows.take_plain(self._budget.lines)
            if taken is not None:
                piece, lines = taken
                self._budget.lines -= lines
                yield Line(file, piece.number, piece.text, inside=piece.inside)
                continue
            following = next(rows, None)
            if following is None:
                break
            yield from self._row(file, *following, rows)
        self._open.pop()

    def _row(self, file: SourceFile, number: int, text: str, rows: Rows) -> Iterator[Line]:
        """A line that is not plain at first sight."""
        if not text or text.isspace():
            return
        self._at = file, number
        self._budget.line()
        if not _SIGNS.search(text) and len(text) <= _MAX_LINE and not _DIRECTIVE.match(text):
            yield Line(file, number, text)
        elif self._is_readable(file, number, text):
            written = _Written(file, number, text[: comment_start(text)].rstrip())
            yield from self._written(written, rows)

    def _is_readable(self, file: SourceFile, number: int, text: str) -> bool:
        """False for a line keepalived would not read either: too long, or with a NUL in it."""
        if len(text) > _MAX_LINE:
            message = f"a line of {len(text)} characters is ignored; {_MAX_LINE} are the limit"
            self._report("line-too-long", Span(file, number, 1, 1), message)
            return False
        if "\x00" in text:
            whole = _Written(file, number, text).span()
            self._report("nul-character", whole, "a line with a NUL character is ignored")
            return False
        return True

    def _written(self, line: _Written, rows: Rows) -> Iterator[Line]:
        """One written line; a definition of several lines takes the next `rows` too."""
        kept = self._condition(line)
        if kept is None or not kept.text:
            if kept is None and line.text.endswith("\\") and _defines(line):
                self._continuation(line, rows)
            return
        defined = _DEFINITION.match(kept.text)
        if defined:
            self._define(defined[1], kept, defined.end(), rows)
        elif kept.text.endswith("\\"):
            self._report(
                "stray-continuation",
                kept.span(),
                "a backslash continues a line only inside a definition; the line is ignored",
                problem_class=ProblemClass.UNKNOWN_KEYWORD,
            )
        else:
            yield from self._statement(kept, (), 0)

    def _condition(self, line: _Written) -> _Written | None:
        """The line behind `@ID`, None when it is for another node."""
        found = _CONDITION.match(line.text)
        if not found:
            return line
        is_ours = found[2] == self._config_id and found[2] != ""
        return line.rest(found.end()) if is_ours != bool(found[1]) else None

    def _define(self, name: str, line: _Written, end: int, rows: Rows) -> None:
        blanks = len(line.text) - len(line.text.lstrip())
        span = Span(line.file, line.number, line.start + blanks + 1, len(name) + 1)
        mention = Mention(name, "set", span)
        body = line.rest(end)
        if not body.text.endswith("\\"):
            self._definitions[name] = _Definition(mention, body.text.strip())
            return
        lines = tuple(self._continuation(body, rows))
        self._definitions[name] = _Definition(mention, lines=lines)

    def _continuation(self, first: _Written, rows: Rows) -> list[_Written]:
        """The lines of a definition: those before the first one without a backslash, and it.

        A comment may stand between them, an empty line ends it.
        """
        lines = [first]
        while lines[-1].text.endswith("\\"):
            following = next(rows, None)
            if following is None:
                break
            self._budget.line()
            number, text = following
            if not text.strip("\r") or not self._is_readable(first.file, number, text):
                break
            written = _Written(first.file, number, text[: comment_start(text)].rstrip())
            if written.text:
                lines.append(written)
        cut = [_without_backslash(line) for line in lines]
        return [line for line in cut if line.text.strip()]

    def _statement(self, line: _Written, trail: tuple[Mention, ...], depth: int) -> Iterator[Line]:
        """Steps 3 to 5 for text that is not a definition."""
        if depth > _MAX_DEPTH:
            self._report("too-deep", line.span(), "repetition and variables are nested too deep")
            return
        generator = _GENERATOR.match(line.text)
        if generator:
            yield from self._generate(generator, line, line.rest(generator.end()), trail, depth)
            return
        text, used = self._substitute(line)
        trail = (*trail, *used)
        if used and text.lstrip()[:1] in ("@", "~"):
            yield from self._anew(line, text, trail, depth)
            return
        tail = _TAIL.search(text)
        body = tail and self._definitions.get(tail[1] or tail[2])
        if tail and body and body.lines:
            yield from self._several(line, text[: tail.start()], body, trail, depth)
            return
        text = self._without_left_overs(line, text, used)
        if not text.strip():
            return
        text = _ESCAPED_SIGN.sub(r"\1", text)
        directive = _DIRECTIVE.match(text)
        if directive and directive[1]:
            yield from self._include(line, directive[1], text[directive.end() :].strip())
            return
        if directive:
            self._note_setting(text.split())
        yield Line(line.file, line.number, text, line.start, trail)

    def _anew(
        self, line: _Written, text: str, trail: tuple[Mention, ...], depth: int
    ) -> Iterator[Line]:
        """A line whose first variable brought a condition or a generator.

        2.2.7 understands both; later versions forgot (quirk: condition-in-variable).
        """
        kept = self._condition(_Written(line.file, line.number, text))
        if kept is None or not kept.text.strip():
            return
        again = _Written(line.file, line.number, kept.text, line.start)
        generator = _GENERATOR.match(kept.text)
        if generator:
            rest = _Written(line.file, line.number, kept.text[generator.end() :], line.start)
            yield from self._generate(generator, line, rest, trail, depth)
        else:
            yield Line(line.file, line.number, again.text, again.start, trail)

    def _several(
        self,
        line: _Written,
        before: str,
        body: _Definition,
        trail: tuple[Mention, ...],
        depth: int,
    ) -> Iterator[Line]:
        """The lines of a definition in place of its name; `before` goes before the first."""
        used = Mention(body.mention.name, "used", line.span())
        for index, part in enumerate(body.lines):
            self._budget.made(len(part.text))
            if index == 0 and before.strip():
                joined = _Written(line.file, line.number, before + part.text.lstrip(), line.start)
                yield from self._statement(joined, (*trail, body.mention), depth + 1)
                continue
            yield from self._made(part, (*trail, used), depth + 1)

    def _made(self, line: _Written, trail: tuple[Mention, ...], depth: int) -> Iterator[Line]:
        """A line that a variable or a repetition made: it goes through all the steps."""
        kept = self._condition(line)
        if kept is None or not kept.text.strip():
            return
        defined = _DEFINITION.match(kept.text)
        if defined:
            self._define(defined[1], kept, defined.end(), Rows(""))
        else:
            yield from self._statement(kept, trail, depth)

    def _substitute(self, line: _Written) -> tuple[str, list[Mention]]:
        """Replace variables until none is left; those of several lines are left alone."""
        text, used = line.text, list[Mention]()
        if "$" not in text:
            return text, used

        is_defined = False

        def replacement(found: re.Match[str]) -> str:
            nonlocal is_defined
            value = self._value(found, line, used)
            is_defined = is_defined or value is not None
            return found[0] if value is None else value

        for _ in range(_MAX_PASSES):
            is_defined = False
            replaced = _REFERENCE.sub(replacement, text)
            if not is_defined:
                return text, used
            self._budget.made(len(replaced))
            text = replaced
            if len(text) > _MAX_EXPANDED_LINE:
                break
        message = (
            "replacing variables in this line does not come to an end"  # quirk: endless-variable
        )
        self._report("endless-variable", line.span(), message, notes=_sentences(used))
        return "", used

    def _without_left_overs(self, line: _Written, text: str, used: list[Mention]) -> str:
        """Report `${NAME}` that stands for nothing; its braces would open and close blocks."""
        if "${" not in text:
            return text

        def literal(found: re.Match[str]) -> str:
            if found[1] is None:
                return found[0]  # in double quotes it is only text
            at = line.text.find(found[0])
            span = line.span()
            if at >= 0:
                span = Span(line.file, line.number, line.start + at + 1, len(found[0]))
            self._report(
                "undefined-variable",
                span,
                self._why_left_over(found[0], found[1], is_closed=found[2] is not None),
                problem_class=ProblemClass.UNEXPECTED_OPEN,
                notes=_sentences(used),
                hint=self._similar_variable(found[1]),
            )
            definition = self._definitions.get(found[1])
            return definition.text if definition and found[2] is None else f"${found[1]}"

        return _LEFT_OVER.sub(literal, text)

    def _why_left_over(self, written: str, name: str, *, is_closed: bool) -> str:
        if not is_closed:
            return f"the '}}' of {written} is missing"
        definition = self._definitions.get(name)
        if definition and definition.lines:
            return f"{written} has several lines; it can only stand at the end of a line"
        if definition:
            return f"{written} is not written as keepalived wants it: ${{{name}}}"
        if name == "_RANDOM":
            return f"{written} is not written as keepalived wants it: ${{_RANDOM LOW HIGH}}"
        if name == "_ENV":
            return f"{written} is not written as keepalived wants it: ${{_ENV VARIABLE}}"
        return f"{written} is not defined; a definition must stand above its use"

    def _similar_variable(self, name: str) -> str | None:
        if self._hints <= 0 or name in self._definitions:
            return None
        self._hints -= 1
        from difflib import get_close_matches  # needed only in a file with mistakes

        close = get_close_matches(name, list(islice(self._definitions, 300)), 1, 0.75)
        return f"did you mean ${{{close[0]}}}?" if close else None

    def _value(self, found: re.Match[str], line: _Written, used: list[Mention]) -> str | None:
        """What a reference stands for; None leaves it as it is."""
        name = found["braced"] or found["plain"] or found["function"]
        definition = self._definitions.get(name)
        if definition is not None:
            if definition.lines:
                return None
            if definition.mention not in used:
                used.append(definition.mention)
            return definition.text
        match name:
            case "_PWD":
                return directory_of(line.file.name)
            case "_INSTANCE":
                return self._config_id  # its name and keepalived's manual notwithstanding
            case "_HASH":
                return "#"
            case "_BANG":
                return "!"
            case "_ENV":
                return self._environ.get((found["arguments"] or "").strip(), "")
            case "_RANDOM":
                return self._random_number((found["arguments"] or "").split(), line)
        return None

    def _random_number(self, bounds: list[str], line: _Written) -> str | None:
        if len(bounds) > 2 or not all(bound.isdecimal() and len(bound) < 11 for bound in bounds):
            return None
        low = int(bounds[0]) if bounds else 0
        high = int(bounds[1]) if len(bounds) > 1 else 32767
        if low > high:  # quirk: random-reversed
            message = f"${{_RANDOM}}: {low} is more than {high}; {low} is used"
            self._report("bad-variable", line.span(), message)
        if self._random is None:
            from random import Random  # few files ask, and importing it takes a while

            self._random = Random(self._seed)
        return str(self._random.randint(low, max(low, high)))

    def _generate(
        self,
        found: re.Match[str],
        line: _Written,
        rest: _Written,
        trail: tuple[Mention, ...],
        depth: int,
    ) -> Iterator[Line]:
        """`~SEQ`, `~SEQx`, `~LST`: the rest of the line, once per value.

        The variables keep their last value afterwards, as in keepalived.
        """
        span = Span(line.file, line.number, line.span().column, len(found[0].strip()))
        try:
            rounds = repeat_rounds(found[1], self._arguments(found, line))
        except BadRepetition as problem:
            hint = "~SEQ(VAR, [START, [STEP,]] END) text, or ~LST(VAR, VALUE...) text"
            message = f"~{found[1]} is ignored: {problem}"
            self._report("bad-repetition", span, message, notes=_sentences([*trail]), hint=hint)
            return
        for values in rounds:
            self._budget.made(len(rest.text))
            for name, value in values.items():
                self._definitions[name] = _Definition(Mention(name, "set", span), value)
            yield from self._made(rest, trail, depth + 1)

    def _arguments(self, found: re.Match[str], line: _Written) -> str:
        if found[2] is None:
            raise BadRepetition("its parentheses are missing, or one is")
        return self._substitute(_Written(line.file, line.number, found[2], line.start))[0]

    def _note_setting(self, words: list[str]) -> None:
        """Keywords that act while the file is read; their tables see them too."""
        match words:
            case ["random_seed", seed, *_] if seed.isdecimal():
                self._seed, self._random = int(seed[:20]), None
            case ["include_check", *checks]:
                self._checks = _changed_checks(self._checks, checks)

    def _include(self, line: _Written, keyword: str, pattern: str) -> Iterator[Line]:
        if not pattern:
            self._report(
                "unknown-keyword",
                line.span(),
                f"{keyword} needs a file name",
                problem_class=ProblemClass.UNKNOWN_KEYWORD,
            )
            return
        checks = _INCLUDE_KEYWORDS.get(keyword, IncludeCheck.NONE) | self._checks
        alternatives = expand_braces(pattern)
        is_found = False
        for alternative in alternatives:
            matches = self._reader.glob(_beside(line.file.name, alternative))
            is_found = is_found or bool(matches)
            if not matches and not has_wildcard(alternative):
                wanted = IncludeCheck.MATCH if len(alternatives) == 1 else IncludeCheck.BRACE
                self._unmatched(line, alternative, is_strict=wanted in checks)
            for match in matches:
                yield from self._include_file(line, match, checks)
        if not is_found and has_wildcard(pattern) and IncludeCheck.WILDCARD in checks:
            self._unmatched(line, pattern, is_strict=True)

    def _unmatched(self, line: _Written, pattern: str, *, is_strict: bool) -> None:
        """No file for a pattern: worth a word, or the end."""
        hint = None
        if '"' in pattern:
            hint = "keepalived takes quotes for a part of the name; write it without"
        elif " " in pattern:
            hint = "keepalived takes the whole line for one name; write an include for each"
        self._report(
            "include-unmatched" if is_strict else "include-missing",
            line.span(),
            f"no file matches {pattern}" if is_strict else f"no file {pattern} to include",
            severity=Severity.ERROR if is_strict else Severity.WARNING,
            problem_class=ProblemClass.SEVERAL_FILES if is_strict else ProblemClass.NONE,
            hint=hint,
            is_fatal=is_strict,
        )

    def _include_file(self, line: _Written, path: str, checks: IncludeCheck) -> Iterator[Line]:
        if path in self._open or len(self._open) >= _MAX_DEPTH:
            why = "is being read already" if path in self._open else "is nested too deep"
            self._report("include-cycle", line.span(), f"{path} {why}; not included again")
            return
        try:
            text = self._reader.read(path)
        except Unreadable as exc:
            is_strict = IncludeCheck.READ in checks
            self._report(
                "include-unreadable",
                line.span(),
                f"{exc}; skipped",
                severity=Severity.ERROR if is_strict else Severity.WARNING,
                problem_class=ProblemClass.SEVERAL_FILES if is_strict else ProblemClass.NONE,
                is_fatal=is_strict,
            )
            return
        yield from self._file(SourceFile(path, text, included_from=line.span()))

    def _report(
        self,
        id: str,
        span: Span,
        message: str,
        *,
        severity: Severity = Severity.ERROR,
        problem_class: ProblemClass = ProblemClass.GENERAL,
        notes: tuple[str, ...] = (),
        hint: str | None = None,
        is_fatal: bool = False,
    ) -> None:
        self._collector.add(
            Diagnostic(id, severity, span, message, notes, hint, problem_class, is_fatal=is_fatal)
        )


def _whole_line(file: SourceFile, number: int) -> Span:
    text = file.line(number)
    return _Written(file, number, text[: comment_start(text)].rstrip()).span()


def _defines(line: _Written) -> bool:
    """True when a condition guards a definition."""
    found = _CONDITION.match(line.text)
    return bool(found and _DEFINITION.match(line.text, found.end()))


def _without_backslash(line: _Written) -> _Written:
    text = line.text.removesuffix("\\").rstrip()
    return _Written(line.file, line.number, text, line.start)


def _sentences(used: list[Mention]) -> tuple[str, ...]:
    return tuple(map(str, used[:5]))


def _changed_checks(checks: IncludeCheck, words: list[str]) -> IncludeCheck:
    """`include_check` without words turns everything on.

    Only the first word may go without a sign: it starts afresh, and it always brings `read`.
    """
    if not words:
        return IncludeCheck.ALL
    for index, word in enumerate(words):
        check = _CHECK_WORDS.get(word[word[0] in "+-" :], IncludeCheck.NONE)
        if word[0] == "-":
            checks &= ~check
        elif word[0] == "+":
            checks |= check
        elif index == 0:
            checks = (IncludeCheck.READ | check) if check else IncludeCheck.NONE
    return checks


def _beside(includer: str, name: str) -> str:
    """`name` relative to the directory of the including file."""
    directory, slash, _ = includer.rpartition("/")
    return name if name.startswith("/") else f"{directory}{slash}{name}"
