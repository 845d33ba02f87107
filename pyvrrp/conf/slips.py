"""What people write who have another language in their fingers, and what to write instead.

Looked at only when a word is complained about, so it costs a correct file nothing.
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv4Network, NetmaskValueError

__all__ = ["after_slash", "hint_about", "instead_of_address", "without_unit"]

_UNIT = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)(?:(ms)|s|secs?|seconds?)")
_VALUES = (
    (r"=", "no '=' stands between a keyword and its value"),
    (r".*;", "nothing ends a line; take the ';' away"),
    (r".*,", "nothing separates words but blanks; take the ',' away"),
    (r"[^\"]*[“”„«»‘’].*", 'only " is a quote; these are characters like any other'),
    (r"\d+(?:\.\d+){3}:\d+", "address and port are two words, without ':'"),
)
_KEYWORDS = (
    (r"(?://|--|;|/\*).*", "a comment starts with # or !"),
    (r"\w+=.*", "a variable is set by $NAME=TEXT"),
    (r"\ufeff.*", "the file starts with a byte order mark, which is no text; save it without"),
    (r".*[)\]]", "a block stands between { and }"),
)


def hint_about(word: str, *, is_keyword: bool) -> str | None:
    """What to write instead of a word that is of no use; None when it is no common slip."""
    for pattern, hint in _KEYWORDS if is_keyword else _VALUES:
        if re.fullmatch(pattern, word[:100], re.DOTALL):
            return hint
    return None


def without_unit(word: str) -> str | None:
    """What to write instead of seconds or milliseconds with their unit."""
    found = _UNIT.fullmatch(word)
    if not found:
        return None
    seconds = float(found[1]) / 1000 if found[2] else float(found[1])
    return f"seconds are counted, without a unit: {seconds:g}"


def after_slash(mask: str) -> str | None:
    """What to write instead of `mask` as the length of a prefix."""
    if "." not in mask:
        return hint_about(mask, is_keyword=False)
    try:
        return f"the length of that mask is {IPv4Network((0, mask)).prefixlen}"
    except (AddressValueError, NetmaskValueError, ValueError):
        return None


def instead_of_address(text: str) -> str | None:
    """What to write in an address block instead of something that is no address."""
    first, dash, last = text.partition("-")
    try:
        IPv4Address(first)
    except AddressValueError:
        if "%" in text:
            return "the interface is a word of its own: dev NAME"
        return hint_about(text, is_keyword=False)
    if dash and last.isdecimal():
        before, _, low = first.rpartition(".")
        return f"a range is written with a sequence: ~SEQ(I, {low}, {last}) {before}.$I"
    return None
