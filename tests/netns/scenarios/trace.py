"""What a router did, in words and in order, and where two traces part. Pure.

A trace has one line of events for each router, Virtual Router and kind of event. Times are no part
of it, and what is only said again is there once, so that a slow machine makes the same trace.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Literal, TypeAlias

__all__ = [
    "Happening",
    "Key",
    "Kind",
    "Trace",
    "Wire",
    "differences",
    "story",
    "unexplained",
    "unused",
]

Kind: TypeAlias = Literal["state", "wire", "address", "route", "told"]
"""What the log says of states; frames; what the kernel says of addresses and of routes and rules;
lines of a FIFO."""

Key: TypeAlias = tuple[str, str, Kind]
"""The router, the name of its Virtual Router, the kind."""


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that a router did; `step` says after which stimulus it was seen."""

    step: str
    what: str


Trace: TypeAlias = dict[Key, list[Happening]]


@dataclass(slots=True)
class Wire:
    """The frames of one Virtual Router on one router, without what is only repeated.

    An Advertisement is told when it differs from the last one, an announcement once between two that
    differ. `count` makes each announcement count instead: for tests of how many there are.
    """

    count: bool = False
    _advert: str = ""
    _announced: dict[str, int] = field(default_factory=dict)

    def forget(self) -> None:
        """What comes next is news, even when it was said before."""
        self._advert = ""
        self._announced = {}

    def is_news(self, advert: str) -> bool:
        """Whether this Advertisement is to be told."""
        is_new = advert != self._advert
        if is_new:
            self.forget()
            self._advert = advert
        return is_new

    def announce(self, what: str) -> str | None:
        """An announcement as it is to be told: None when it is no news."""
        number = self._announced[what] = self._announced.get(what, 0) + 1
        if self.count:
            return f"{what}, number {number}"
        return what if number == 1 else None


def differences(theirs: Trace, ours: Trace) -> list[str]:
    """What only one of two did, or did elsewhere in the order: a line each,
    `ROUTER NAME, STEP: only keepalived|only ours: KIND WHAT`."""
    found: list[str] = []
    for key in sorted({*theirs, *ours}):
        host, name, kind = key
        for side, happening in _partings(theirs.get(key, []), ours.get(key, [])):
            found.append(f"{host} {name}, {happening.step}: only {side}: {kind} {happening.what}")
    return found


def unexplained(found: Iterable[str], known: Mapping[str, str]) -> list[str]:
    """The differences that no pattern of `known` matches."""
    return [line for line in found if not any(re.fullmatch(each, line) for each in known)]


def unused(found: Iterable[str], known: Mapping[str, str]) -> list[str]:
    """The patterns of `known` that match no difference."""
    found = list(found)
    return [each for each in known if not any(re.fullmatch(each, line) for line in found)]


def _partings(
    theirs: Sequence[Happening], ours: Sequence[Happening]
) -> Iterable[tuple[str, Happening]]:
    matcher = SequenceMatcher(
        None, [each.what for each in theirs], [each.what for each in ours], autojunk=False
    )
    for verb, start, end, our_start, our_end in matcher.get_opcodes():
        if verb != "equal":
            yield from (("keepalived", each) for each in theirs[start:end])
            yield from (("ours", each) for each in ours[our_start:our_end])


def story(trace: Trace) -> list[str]:
    """A trace for a person."""
    lines = []
    for (host, name, kind), happenings in sorted(trace.items()):
        lines.append(f"{host} {name} {kind}:")
        lines += [f"    {each.step:24} {each.what}" for each in happenings]
    return lines
