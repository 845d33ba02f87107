"""What becomes of one object in a reload, in words; and the line that sums up many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Change", "Fate", "Item", "Tally", "brief"]

_NAMED = 5
"""Objects of one fate that a line names, and changes it tells of each."""


class Fate(StrEnum):
    """What becomes of an object; in the order of a summary."""

    UNCHANGED = "unchanged"
    IN_PLACE = "in place"
    """It goes on with new settings, without giving up its state."""
    RESTART = "restart"
    """The old one ends and a new one begins."""
    ADDED = "added"
    REMOVED = "removed"
    NEXT_START = "at the next start"
    """A reload cannot change it."""


@dataclass(frozen=True, slots=True)
class Change:
    """A setting that differs, in keepalived's words; None: there is none on that side."""

    what: str
    old: str | None
    new: str | None

    def __str__(self) -> str:
        if self.old is None:
            return f"{self.what} +{self.new}"
        if self.new is None:
            return f"{self.what} -{self.old}"
        # A secret looks the same before and after.
        is_shown = self.old != self.new
        return f"{self.what} {self.old} -> {self.new}" if is_shown else f"{self.what} changed"


@dataclass(frozen=True, slots=True)
class Item:
    """What becomes of one object, and of what it consists of. `reason`: why it cannot go on."""

    kind: str
    name: str
    fate: Fate
    reason: str = ""
    changes: tuple[Change, ...] = ()
    parts: tuple[Item, ...] = ()


def brief(item: Item) -> str:
    """The name and what changes, on one line; of what is added or removed the name alone."""
    if item.fate in (Fate.ADDED, Fate.REMOVED):
        return item.name
    details = [item.reason] if item.reason else []
    details += _details(item)
    more = [f"and {len(details) - _NAMED} more"] if len(details) > _NAMED else []
    told = ", ".join(details[:_NAMED] + more)
    return f"{item.name}: {told}" if told else item.name


def _details(item: Item) -> Iterator[str]:
    yield from map(str, item.changes)
    for part in item.parts:
        name = f"{part.kind} {part.name}"
        if part.fate is Fate.IN_PLACE:
            yield from (f"{name} {detail}" for detail in _details(part))
        elif part.fate is not Fate.UNCHANGED:
            yield f"{name} {part.fate}"


class Tally:
    """Counts what a reload did, and names the first few of what it did something to."""

    def __init__(self, unchanged: int = 0) -> None:
        self._counts = Counter({Fate.UNCHANGED: unchanged})
        self._named: dict[Fate, list[str]] = {}

    def wants(self, fate: Fate) -> bool:
        """Whether the words for another one of this fate will be told."""
        return fate is not Fate.UNCHANGED and len(self._named.get(fate, ())) < _NAMED

    def add(self, fate: Fate, words: str = "") -> None:
        """Count one; `words` are `brief` of it, and may be empty when nobody `wants` them."""
        self._counts[fate] += 1
        if words and self.wants(fate):
            self._named.setdefault(fate, []).append(words)

    def __str__(self) -> str:
        return ", ".join(self._part(fate) for fate in Fate if self._counts[fate]) or "nothing"

    def _part(self, fate: Fate) -> str:
        count, named = self._counts[fate], self._named.get(fate, [])
        told = "; ".join(named + ["..."] * (bool(named) and len(named) < count))
        return f"{count:,} {fate} ({told})" if told else f"{count:,} {fate}"
