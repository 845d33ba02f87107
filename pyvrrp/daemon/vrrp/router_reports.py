"""The VRRP process's side of notifications: what its Virtual Routers do, as notices for others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager

from ...core.actions import StateName
from ...core.events import InitializeReason
from ...virtual_router import Occurrence, StateChange, VirtualRouter
from ..notices.notice import STATES, Notice, What
from ..process_settings import Reported
from .reporter import Reporter

__all__ = ["RouterReports"]

_STATES = {StateName.ACTIVE: What.MASTER, StateName.BACKUP: What.BACKUP}


class RouterReports:
    """Follows every change; `report` gets a notice's text when somebody is to be told.

    `note` gets what each is and the text, for one who comes later and has not heard the reports.
    """

    def __init__(
        self, report: Callable[[str], None], note: Callable[[str, str | None], None]
    ) -> None:
        self._report = report
        self._note = note
        self._reporter = Reporter(self._say)
        self._wanted: Reported | None = None
        self._names: frozenset[str] = frozenset()
        self._is_stopping = False

    def expect(self, wanted: Reported | None, names: Iterable[str]) -> None:
        """A reload begins that leads there: whoever is told now hears of its consequences."""
        self.use(wanted if wanted is not None else self._wanted, names)

    def use(self, wanted: Reported | None, names: Iterable[str]) -> None:
        """What is wanted from now on, None: nothing; the Virtual Routers that are to stay."""
        self._wanted = wanted
        self._names = frozenset(names)
        self._reporter.use(dict(wanted.groups) if wanted is not None else {})

    def starting(self) -> AbstractContextManager[None]:
        """What happens in this block is the start, and told in its order."""
        return self._reporter.starting()

    def changed(self, router: VirtualRouter, change: StateChange) -> None:
        """A Virtual Router changed its state."""
        if self._is_stopping:
            return
        name, priority = router.name, router.config.priority
        if change.current in _STATES:
            self._reporter.state(name, _STATES[change.current], priority)
        elif change.reason is not InitializeReason.STOPPED:
            is_fault = isinstance(change.reason, InitializeReason) and change.reason.is_fault
            if is_fault:
                self._reporter.state(name, What.FAULT, priority)
        elif name in self._names:
            self._reporter.gone(name)
        else:
            self._reporter.deleted(name, priority)

    def occurred(self, router: VirtualRouter, what: Occurrence) -> None:
        """Something else happened to it."""
        if what is Occurrence.PRIORITY_CHANGED:
            self._reporter.priority(router.name, router.config.priority)
        else:
            self._reporter.lower_heard(router.name, router.config.priority)

    def stop(self) -> None:
        """From now on all stop, which is told at the end."""
        self._is_stopping = True

    def stopped(self, routers: Iterable[tuple[str, int]]) -> None:
        """The Virtual Routers with their priorities have stopped."""
        self._reporter.stopped(routers)

    def _say(self, notice: Notice) -> None:
        if notice.what in STATES:
            is_there = notice.what is not What.DELETED
            self._note(f"{notice.kind} {notice.name}", notice.encode() if is_there else None)
        if self._wanted is not None:
            self._report(notice.encode())
