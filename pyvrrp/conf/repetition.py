"""The values `~SEQ`, `~SEQx` and `~LST` give their variables, round by round."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["BadRepetition", "repeat_rounds"]

_LIST_GROUP = re.compile(r"\s*(?:\{([^{}]*)\}|([^\s{},\"]*))\s*(,|$)")
_NUMBER = re.compile(
    r"[+-]?(?:0x[0-9a-f]{1,16}|0[0-7]{0,21}|[1-9]\d{0,18})", re.ASCII | re.IGNORECASE
)
_BASES = {"0x": 16, "0": 8}


class BadRepetition(Exception):
    """Arguments that make no sense; the text says why."""


def repeat_rounds(generator: str, arguments: str) -> Iterator[dict[str, str]]:
    """The variables of each round of SEQ, SEQx or LST. Raises: BadRepetition."""
    if generator == "LST":
        return _list(arguments)
    return _sequence(arguments, "x" if generator == "SEQx" else "d")


def _sequence(arguments: str, form: str) -> Iterator[dict[str, str]]:
    """VAR[, START[, STEP]], END. START defaults to 1 or -1, STEP to 1 or -1, by the sign needed."""
    name, *numbers = (part.strip() for part in arguments.split(","))
    _require_name(name)
    if not 1 <= len(numbers) <= 3:
        raise BadRepetition(f"one to three numbers follow {name}, not {len(numbers)}")
    values = [_integer(number) for number in numbers]
    end = values[-1]
    start = values[0] if len(values) > 1 else (-1 if end < 0 else 1)
    step = values[1] if len(values) > 2 else (-1 if start > end else 1)
    if step == 0 or (end - start) * step < 0:
        raise BadRepetition(f"steps of {step} do not lead from {start} to {end}")
    if form == "x" and min(start, end) < 0:
        raise BadRepetition("a negative number has no hexadecimal form here")
    return (
        {name: format(value, form)} for value in range(start, end + (1 if step > 0 else -1), step)
    )


def _require_name(name: str) -> None:
    if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
        raise BadRepetition(f"'{name}' is no name of a variable")


def _integer(text: str) -> int:
    """A 64-bit integer in C's notation: 0x starts a hexadecimal one, 0 an octal one."""
    if not _NUMBER.fullmatch(text):
        raise BadRepetition(f"'{text}' is not a whole number" if text else "a number is missing")
    digits = text.lstrip("+-").lower()
    base = next((_BASES[start] for start in _BASES if digits.startswith(start)), 10)
    return int(text, base)


def _list(arguments: str) -> Iterator[dict[str, str]]:
    """VAR, VALUE... or {A,B}, {A1,B1}, ...; missing members are empty, too many are an error."""
    names, *rows = _groups(arguments)
    for name in names:
        _require_name(name)
    if not rows:
        raise BadRepetition(f"no values follow {', '.join(names)}")
    for row in rows:
        if len(row) > len(names):
            raise BadRepetition(f"{{{','.join(row)}}} has more values than there are variables")
    padded = (row + [""] * (len(names) - len(row)) for row in rows)
    return (dict(zip(names, row, strict=True)) for row in padded)


def _groups(arguments: str) -> list[list[str]]:
    groups: list[list[str]] = []
    position = 0
    while True:
        found = _LIST_GROUP.match(arguments, position)
        if not found:
            rest = arguments[position:].strip()
            raise BadRepetition(f"a comma is missing, or a brace is not closed, in '{rest}'")
        inside = found[2] if found[1] is None else found[1]
        groups.append([part.strip() for part in inside.split(",")])
        if not found[3]:
            return groups
        position = found.end()
