"""What happened in one trial, step by step, and how two trials differ."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from healthcheck.core.table import Forwarding, Method, ServiceFlag, Table

__all__ = ["FLICKER", "SCALE", "Change", "Phase", "Recorder", "differences", "told_table"]

FLICKER = 0.3
"""Seconds; what changed and changed again sooner counts as one change, or none: whether a look at the
table falls in between is luck."""


SCALE = 3.0
"""How late what is seen may be, in times of how late we look: programs wait for the processor more than
once until something is seen."""


@dataclass(slots=True)
class Change:
    """`at` is in the clock of the recorder; `before` and `after` are None for what is not there."""

    at: float
    what: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        if self.before is None:
            return f"+ {self.what} {self.after}".rstrip()
        if self.after is None:
            return f"- {self.what}"
        return f"~ {self.what} {self.before} => {self.after}"


@dataclass(slots=True)
class Phase:
    """From one stimulus to the next. `tolerance` is how many seconds apart the same change may be,
    on a machine that does all in time; `lateness` how late it was at worst, in seconds."""

    name: str
    began: float
    tolerance: float
    lateness: float = 0.0
    changes: list[Change] = field(default_factory=list)
    calls: list[tuple[float, str]] = field(default_factory=list)
    """Calls of notify scripts, and when."""
    heard: set[str] = field(default_factory=set)
    """What real servers were asked."""

    def events(self) -> dict[str, list[float]]:
        """Everything with a time in it, as seconds since the stimulus, by its text."""
        found: dict[str, list[float]] = defaultdict(list)
        for change in self.changes:
            found[str(change)].append(change.at - self.began)
        for at, words in self.calls:
            found[f"script {words}"].append(at - self.began)
        return found


class Recorder:
    """Turns what is seen into phases. The clock of the first begins with the first entry seen, as
    programs take their time until they begin."""

    def __init__(self, tolerance: float) -> None:
        self.phases = [Phase("start", 0.0, tolerance)]
        self.table: Mapping[str, str] = {}

    def begin(self, name: str, now: float, tolerance: float) -> None:
        self.phases.append(Phase(name, now, tolerance))

    def see_table(self, now: float, table: Mapping[str, str]) -> None:
        """The table as it is now."""
        if not self.table and table and len(self.phases) == 1 and not self.phases[0].changes:
            self.phases[0].began = now
        for what in sorted({*self.table, *table}):
            before, after = self.table.get(what), table.get(what)
            if before != after:
                self._note(Change(now, what, before, after))
        self.table = table

    def see_lateness(self, seconds: float) -> None:
        self.phases[-1].lateness = max(self.phases[-1].lateness, seconds)

    def see_call(self, now: float, words: str) -> None:
        self.phases[-1].calls.append((now, words))

    def hear(self, words: str) -> None:
        self.phases[-1].heard.add(words)

    def _note(self, change: Change) -> None:
        changes = self.phases[-1].changes
        for earlier in reversed(changes):
            if earlier.what == change.what and change.at - earlier.at < FLICKER:
                earlier.after = change.after
                if earlier.before == earlier.after:
                    changes.remove(earlier)
                return
        changes.append(change)


def told_table(table: Table) -> dict[str, str]:
    """In words: `[10.2.0.1]:tcp:80` to scheduler and flags; with ` > [10.1.0.1]:80` behind it, to method
    and weight.

    Not read from /proc/net/ip_vs, which leaves out entries where it does not fit into a page and
    other namespaces have services too.
    """
    found: dict[str, str] = {}
    for key, service in table.items():
        flags = "|".join(flag.name or "" for flag in ServiceFlag if flag & service.settings.flags)
        found[str(key)] = f"{service.settings.scheduler} {flags}".rstrip()
        for destination, settings in service.destinations.items():
            found[f"{key} > {destination}"] = f"{_told(settings.method)} w{settings.weight}"
    return found


def _told(method: Method) -> str:
    tunnel = ""
    if method.forwarding is Forwarding.TUNNELLING:
        kind, port, checksum = method.tunnel_type, method.tunnel_port, method.tunnel_checksum
        tunnel = f" {kind.name} {port} {checksum.name}"
    return f"{method.forwarding.name}{tunnel}"


def differences(theirs: Sequence[Phase], ours: Sequence[Phase]) -> list[str]:
    """What only one did in a step, what both did at different times, what only one asked servers.

    One line each: `STEP: keepalived: WHAT`, `STEP: ours: WHAT`, `STEP: times: WHAT ...`, and
    `keepalived: asked SERVER: WORDS`.
    """
    found: list[str] = []
    late_before = 0.0
    for their, our in zip(theirs, ours, strict=True):
        assert their.name == our.name
        for side, one, other in (("keepalived", their, our), ("ours", our, their)):
            others = other.events()
            for what, times in sorted(one.events().items()):
                excess = len(times) - len(others.get(what, ()))
                found += [f"{one.name}: {side}: {what}"] * max(0, excess)
        late = max(their.lateness, our.lateness)
        found += _late(their, our, max(late, late_before))
        late_before = late  # a probe that was late then is late again a period later
    asked, also = _heard(theirs), _heard(ours)
    found += [f"keepalived: asked {words}" for words in sorted(asked - also)]
    found += [f"ours: asked {words}" for words in sorted(also - asked)]
    return found


def _heard(phases: Sequence[Phase]) -> set[str]:
    return set[str]().union(*(phase.heard for phase in phases))


def _late(theirs: Phase, ours: Phase, lateness: float) -> list[str]:
    found, others = [], ours.events()
    allowed = theirs.tolerance + SCALE * lateness
    for what, times in theirs.events().items():
        for one, other in zip(times, others.get(what, ()), strict=False):
            if abs(one - other) > allowed:
                found.append(f"{theirs.name}: times: {what}: {one:.2f} s, ours {other:.2f} s")
    return found
