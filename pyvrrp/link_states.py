"""Which interfaces count as up. Of some, a change counts only once it has lasted for a while."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable

from .net.monitor import InterfaceTable
from .settings import LinkDelay

__all__ = ["LinkStates"]

logger = logging.getLogger(__name__)


class LinkStates:
    """Up means set up and with a carrier. One that is gone is down at once; one that comes is up at
    once, if it is, and so is the first time up of one that never was.

    `later` is the loop's `call_later`; `changed` is called when a change counts at last.
    """

    def __init__(
        self,
        table: InterfaceTable,
        later: Callable[[float, Callable[[], None]], asyncio.TimerHandle],
        changed: Callable[[str], None],
    ) -> None:
        self._table = table
        self._later = later
        self._changed = changed
        self._delays: dict[str, LinkDelay] = {}
        self._counted: dict[str, bool] = {}
        self._was_up: set[str] = set()
        self._plans: dict[str, asyncio.TimerHandle] = {}

    def use(self, delays: Iterable[LinkDelay]) -> None:
        """Go by these delays from now on; changes that wait count as if they had not been seen."""
        self._delays = {delay.name: delay for delay in delays}
        for name in tuple(self._plans):
            self._cancel(name)
        before, self._counted = self._counted, {}
        for name in self._delays:
            self._count(name, before.get(name, self._is_up(name)))
            self.look(name)

    def is_up(self, name: str) -> bool:
        """Whether the interface counts as up."""
        return self._counted.get(name, False) if name in self._delays else self._is_up(name)

    def look(self, name: str) -> None:
        """The interface may have changed."""
        delay = self._delays.get(name)
        if delay is None:
            return
        is_up, counts_as_up = self._is_up(name), self._counted.get(name)
        if is_up is counts_as_up:
            self._cancel(name)
            return
        wait = delay.up if is_up else delay.down
        is_first = is_up and name not in self._was_up
        if counts_as_up is None or is_first or not wait or self._table.by_name(name) is None:
            self._count(name, is_up)
        elif name not in self._plans:
            word = "up" if is_up else "down"
            logger.info("%s went %s; that counts if it lasts for %g s", name, word, wait)
            self._plans[name] = self._later(wait, lambda: self._end_wait(name))

    def _end_wait(self, name: str) -> None:
        self._count(name, self._is_up(name))
        self._changed(name)

    def _count(self, name: str, is_up: bool) -> None:
        self._cancel(name)
        self._counted[name] = is_up
        if is_up:
            self._was_up.add(name)

    def _cancel(self, name: str) -> None:
        plan = self._plans.pop(name, None)
        if plan is not None:
            plan.cancel()

    def _is_up(self, name: str) -> bool:
        link = self._table.by_name(name)
        return link is not None and link.up and link.running
