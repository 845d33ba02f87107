"""From what happens to Virtual Routers to notices, those of their sync groups among them.

A group is where its last member went: at the start it says so before its members (after those in
FAULT), later when the last one followed. keepalived's order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

from ..notices.notice import Kind, Notice, What

__all__ = ["Reporter"]


class Reporter:
    """Says each change once. `say` gets the notices in their order."""

    def __init__(self, say: Callable[[Notice], None]) -> None:
        self._say = say
        self._states: dict[str, What] = {}
        self._groups: Mapping[str, tuple[str, ...]] = {}
        self._group_of: dict[str, str] = {}
        self._group_states: dict[str, What] = {}

    def use(self, groups: Mapping[str, tuple[str, ...]]) -> None:
        """The sync groups with their members, from now on."""
        self._groups = groups
        self._group_of = {name: group for group, names in groups.items() for name in names}
        self._group_states = {g: s for g, s in self._group_states.items() if g in groups}

    @contextmanager
    def starting(self) -> Iterator[None]:
        """What is said in this block is said at its end, in the order of a start."""
        said: list[Notice] = []
        say, self._say = self._say, said.append
        try:
            yield
        finally:
            self._say = say
            places = {group: place for place, group in enumerate(self._groups)}
            for notice in sorted(said, key=lambda each: _start_order(each, places)):
                say(notice)

    def state(self, name: str, what: What, priority: int) -> None:
        """A Virtual Router is in this state, perhaps since long."""
        if self._states.get(name) is what:
            return
        self._states[name] = what
        self._say(Notice(Kind.INSTANCE, name, what, priority))
        group = self._group_of.get(name)
        if group is not None and self._group_states.get(group) is not what:
            self._group(group, what)

    def priority(self, name: str, priority: int) -> None:
        """Its priority after tracking changed."""
        if name in self._states:
            is_master = self._states[name] is What.MASTER
            what = What.MASTER_PRIORITY if is_master else What.BACKUP_PRIORITY
            self._say(Notice(Kind.INSTANCE, name, what, priority))

    def lower_heard(self, name: str, priority: int) -> None:
        """While it was Active, somebody advertised a lower priority."""
        self._say(Notice(Kind.INSTANCE, name, What.LOWER_HEARD, priority))

    def gone(self, name: str) -> None:
        """It stopped, and will begin anew."""
        self._states.pop(name, None)

    def deleted(self, name: str, priority: int) -> None:
        """It stopped for good."""
        self.gone(name)
        self._say(Notice(Kind.INSTANCE, name, What.DELETED, priority))

    def stopped(self, routers: Iterable[tuple[str, int]]) -> None:
        """The end: the Virtual Routers with their priorities, in order; their groups follow."""
        for name, priority in routers:
            self._say(Notice(Kind.INSTANCE, name, What.STOP, priority))
        for group in self._groups:
            self._say(Notice(Kind.GROUP, group, What.STOP))

    def _group(self, group: str, what: What) -> None:
        is_first = group not in self._group_states
        # The last one changed most recently, so those that did not are found at once.
        if is_first or all(self._states.get(n) is what for n in reversed(self._groups[group])):
            self._group_states[group] = what
            self._say(Notice(Kind.GROUP, group, what))


def _start_order(notice: Notice, places: Mapping[str, int]) -> tuple[int, int]:
    if notice.kind is Kind.GROUP:
        return 1, places.get(notice.name, 0)
    return (0 if notice.what is What.FAULT else 2), 0
