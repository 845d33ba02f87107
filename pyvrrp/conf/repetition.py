"""The values `~SEQ`, `~SEQx` and `~LST` give their variables, round by round."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["repeat_rounds"]

_LIST_GROUP = re.compile(r"\s*(?:\{([^{}]*)\}|([^\s{},\"]*))\s*(,|$)")


def repeat_rounds(generator: str, arguments: str) -> Iterator[dict[str, str]] | None:
    """The variables of each round of SEQ, SEQx or LST; None when the arguments are malformed."""
    if generator == "LST":
        return _list(arguments)
    return _sequence(arguments, "x" if generator == "SEQx" else "d")


def _sequence(arguments: str, form: str) -> Iterator[dict[str, str]] | None:
    """VAR[, START[, STEP]], END. START defaults to 1 or -1, STEP to 1 or -1, by the sign needed."""
    name, *numbers = (part.strip() for part in arguments.split(","))
    values = [_integer(number) for number in numbers]
    if not re.fullmatch(r"\w+", name, re.ASCII) or not 1 <= len(values) <= 3:
        return None
    whole = [value for value in values if value is not None]
    if len(whole) != len(values):
        return None
    end = whole[-1]
    start = whole[0] if len(whole) > 1 else (-1 if end < 0 else 1)
    step = whole[1] if len(whole) > 2 else (-1 if start > end else 1)
    if step == 0 or (end - start) * step < 0:
        return None
    return (
        {name: format(value, form)} for value in range(start, end + (1 if step > 0 else -1), step)
    )


def _integer(text: str) -> int | None:
    """A decimal 64-bit integer; for SEQx a 0x prefix is understood too."""
    if not re.fullmatch(r"[+-]?(?:0x[0-9a-fA-F]{1,16}|\d{1,19})", text, re.ASCII):
        return None
    return int(text, 16) if "x" in text else int(text)


def _list(arguments: str) -> Iterator[dict[str, str]] | None:
    """VAR, VALUE... or {A,B}, {A1,B1}, ...; missing members are empty, too many are an error."""
    groups = _groups(arguments)
    if groups is None or len(groups) < 2:
        return None
    names, rows = groups[0], groups[1:]
    if not all(re.fullmatch(r"\w+", name, re.ASCII) for name in names):
        return None
    if any(len(row) > len(names) for row in rows):
        return None
    padded = (row + [""] * (len(names) - len(row)) for row in rows)
    return (dict(zip(names, row, strict=True)) for row in padded)


def _groups(arguments: str) -> list[list[str]] | None:
    groups: list[list[str]] = []
    position = 0
    while True:
        found = _LIST_GROUP.match(arguments, position)
        if not found:
            return None
        inside = found[2] if found[1] is None else found[1]
        groups.append([part.strip() for part in inside.split(",")])
        if not found[3]:
            return groups
        position = found.end()
