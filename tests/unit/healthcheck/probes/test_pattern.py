"""PCRE2's spellings in Python's: what each must find, and what it must not."""

import pytest

from healthcheck.core.model import RegexOption
from healthcheck.probes.pattern import PatternError, compile_pattern


@pytest.mark.parametrize(
    ("text", "found", "not_found"),
    [
        pytest.param(r"a.c", b"abc", b"a\nc", id="what both have alike"),
        pytest.param(r"^a\h+b$", b"a \tb", b"a\nb", id="horizontal space"),
        pytest.param(r"a\Hb", b"a\nb", b"a b", id="no horizontal space"),
        pytest.param(r"a\vb", b"a\x0cb", b"a b", id="vertical space"),
        pytest.param(r"a\Rb", b"a\r\nb", b"a b", id="any line end"),
        pytest.param(r"a\z", b"a", b"a\n", id="very end"),
        pytest.param(r"a\Z", b"a\n", b"a\n\n", id="end or last line end"),
        pytest.param(r"\Qa.b*\E+", b"a.b**", b"aab", id="quoted"),
        pytest.param(r"x\Q[1]", b"x[1]", b"x1", id="quoted to the end"),
        pytest.param(r"\x{41}b", b"Ab", b"x{41}b", id="code in braces"),
        pytest.param(r"^[[:alpha:]]+$", b"abC", b"ab1", id="class of letters"),
        pytest.param(r"^[^[:space:][:digit:]]$", b"a", b"7", id="classes, negated"),
        pytest.param(r"^[]a]+$", b"]a", b"b", id="bracket first in a set"),
        pytest.param(r"^[[a&&b]+$", b"[&", b"c", id="no operators in a set"),
        pytest.param(r"^[\h\]]+$", b" \t]", b"\n", id="escapes in a set"),
        pytest.param(r"(?<year>\d{4})-\k<year>", b"2024-2024", b"2024-2025", id="named group"),
        pytest.param(r"(?<!x)a", b"ya", b"xa", id="looking behind is no name"),
        pytest.param(r"a++b", b"aab", b"aa", id="possessive"),
        pytest.param(r"(?i)OK", b"ok", b"no", id="option within"),
        pytest.param("é", b"\xc3\xa9", b"\xe9", id="octets of UTF-8"),
    ],
)
def test_spelling(text, found, not_found):
    pattern = compile_pattern(text)
    assert pattern.search(found)
    assert not pattern.search(not_found)


@pytest.mark.parametrize(
    ("option", "text", "subject"),
    [
        (RegexOption.CASELESS, "OK", b"ok"),
        (RegexOption.MULTILINE, "^b", b"a\nb"),
        (RegexOption.DOTALL, "a.b", b"a\nb"),
        (RegexOption.EXTENDED, "a b # both", b"ab"),
    ],
)
def test_option(option, text, subject):
    assert not compile_pattern(text).search(subject)
    assert compile_pattern(text, option).search(subject)


@pytest.mark.parametrize("text", ["(", r"(?R)", r"a\Kb", "[[:nonsense:]]", r"\p{L}"])
def test_what_cannot_be_done_is_an_error_that_shows_it(text):
    with pytest.raises(PatternError, match="regex"):
        compile_pattern(text)
