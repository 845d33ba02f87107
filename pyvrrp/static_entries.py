"""Addresses, routes and rules that are there as long as the daemon runs: keepalived's `static_*`."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping

from .holdings import AddressHost
from .kernel_entries import Entry, KernelEntries, address_entry, route_entries, rule_entries
from .net.identity import Key
from .settings import StaticSettings

__all__ = ["StaticEntries"]

logger = logging.getLogger(__name__)


class StaticEntries:
    """Installs them, and puts back what somebody takes away, unless it has `no_track`."""

    def __init__(self, host: AddressHost) -> None:
        self._host = host
        self._settings = StaticSettings()
        self._entries = KernelEntries()

    def use(self, settings: StaticSettings) -> None:
        """Have these from now on, instead of those before."""
        if settings != self._settings:
            self._settings = settings
            self._entries.planned = tuple(self._wanted())
            self._host.change_kernel(self._entries.settle())

    def look(self, names: Iterable[str], *, restored: bool) -> None:
        """Interfaces changed: what is on one that came is added, also under another name.

        With `restored` they work again, and what the kernel dropped in silence is put back.
        """
        if self._settings.interfaces.isdisjoint(names):
            return
        before, wanted = self._entries.installed, tuple(self._wanted())
        self._entries.planned = self._entries.installed = wanted
        leaving = [entry.reverse for entry in before if entry not in wanted]
        coming = [e.add for e in wanted if e not in before or (restored and e.is_watched)]
        self._host.change_kernel((*leaving, *coming))

    def lose(self, gone: Mapping[Key, bool]) -> None:
        """These things are gone from the kernel; ours are put back (quirk: statics-unwatched)."""
        lost = self._entries.watched(gone)
        for entry in lost:
            logger.info("restoring static %s", str(entry.add).removeprefix("add "))
        self._host.change_kernel([entry.add for entry in lost])

    def _wanted(self) -> Iterator[Entry]:
        table = self._host.table
        for address in self._settings.addresses:
            link = table.by_name(address.dev or "")
            if link is not None:
                yield address_entry(address, link.index)
        yield from route_entries(self._settings.routes, table)
        yield from rule_entries(self._settings.rules)
