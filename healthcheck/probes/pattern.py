"""Regular expressions of a configuration, which are PCRE2's, as Python's.

The two languages differ in a few spellings only, which are put into Python's words here. What Python
cannot do (recursion, `\\K`, callouts) is an error. Source: pcre2pattern(3), the `re` module.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ..core.model import RegexOption
from ..errors import HealthcheckError

__all__ = ["PatternError", "compile_pattern"]

_FLAGS = {
    RegexOption.CASELESS: re.IGNORECASE,
    RegexOption.MULTILINE: re.MULTILINE,
    RegexOption.DOTALL: re.DOTALL,
    RegexOption.EXTENDED: re.VERBOSE,
}
_TOKEN = re.compile(
    r"""
    \\Q (?P<quoted> .*? ) (?: \\E | \Z )
    | \\x\{ (?P<code> [0-9a-fA-F]{1,2} ) \}
    | \\k [<{'] (?P<earlier> \w+ ) [>}']
    | (?P<escape> \\. )
    | (?P<set> \[ \^? \]? (?: \[: \^? [a-z]+ :\] | \\. | [^\]\\] )* \] )
    | \(\?< (?P<named> (?![=!]) )
    """,
    re.VERBOSE | re.DOTALL,
)
_IN_SET = re.compile(
    r"\[:(?P<posix>\^?[a-z]+):\] | (?P<escape>\\.) | (?P<odd>[\[&|~])", re.VERBOSE | re.DOTALL
)
_ESCAPES = {
    r"\h": r"[ \t]",
    r"\H": r"[^ \t]",
    r"\v": r"[\n\x0b\f\r]",
    r"\V": r"[^\n\x0b\f\r]",
    r"\R": r"(?:\r\n|[\n\x0b\f\r])",
    r"\N": r"[^\n]",
    r"\e": r"\x1b",
    r"\z": r"\Z",
    r"\Z": r"(?=\n?\Z)",
    r"\E": "",
}
_ESCAPES_IN_SET = {r"\h": r" \t", r"\v": r"\n\x0b\f\r", r"\e": r"\x1b"}
_POSIX = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "ascii": r"\x00-\x7f",
    "blank": r" \t",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": r"\x21-\x7e",
    "lower": "a-z",
    "print": r"\x20-\x7e",
    "punct": r"\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e",
    "space": r" \t\n\r\f\x0b",
    "upper": "A-Z",
    "word": r"\w",
    "xdigit": "0-9a-fA-F",
}


class PatternError(HealthcheckError):
    """The expression is none, or one that this program cannot carry out."""


@lru_cache(maxsize=1024)
def compile_pattern(text: str, options: RegexOption = RegexOption.NONE) -> re.Pattern[bytes]:
    """The expression, for octets: as in PCRE2 without its UTF option, one octet is one character.

    Raises: PatternError.
    """
    flags = 0
    for option, flag in _FLAGS.items():
        if option in options:
            flags |= flag
    octets = _TOKEN.sub(_translated, text).encode("utf-8", "surrogateescape")
    try:
        return re.compile(octets, flags)
    except (re.error, OverflowError, RecursionError) as exc:
        raise PatternError(f"regex {text!r}: {exc}") from exc


def _translated(token: re.Match[str]) -> str:
    if token["quoted"] is not None:
        return re.escape(token["quoted"])
    if token["code"] is not None:
        return rf"\x{int(token['code'], 16):02x}"
    if token["earlier"] is not None:
        return f"(?P={token['earlier']})"
    if token["escape"] is not None:
        return _ESCAPES.get(token["escape"], token["escape"])
    if token["set"] is not None:
        return "[" + _IN_SET.sub(_translated_in_set, token["set"][1:])
    return "(?P<"


def _translated_in_set(token: re.Match[str]) -> str:
    if token["posix"] is not None:
        try:
            return _POSIX[token["posix"]]
        except KeyError:
            raise PatternError(f"regex: [:{token['posix']}:] is not supported") from None
    if token["escape"] is not None:
        return _ESCAPES_IN_SET.get(token["escape"], token["escape"])
    return "\\" + token["odd"]  # no operators in PCRE2's sets; Python reserves these
