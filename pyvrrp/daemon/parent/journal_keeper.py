"""What the next start would have to clear away, on disk before any child can put it there."""

from __future__ import annotations

import logging

from ..vrrp import journal
from .child import Settings
from .children import Children

__all__ = ["JournalKeeper"]

_log = logging.getLogger(__name__)


class JournalKeeper:
    """Keeps the journal in line with what the children that have one may do. Never raises: a
    journal that cannot be written is told, and the daemon goes on without."""

    def __init__(self, children: Children) -> None:
        self._children = children
        self.path = ""
        """Where it is; set before anything is kept."""

    def widen(self, settings: Settings) -> None:
        """Before children that run are offered these settings: name also what these lead to."""
        if any(child.is_alive for child in self._children.with_journal):
            self._place(settings.verdict.journal_during)

    def widen_for_starters(self, settings: Settings) -> None:
        """Before children are started with these settings."""
        for child in self._children.with_journal:
            will_start = child.kind.is_needed(settings.verdict) or child.start_at is not None
            if will_start and (child.is_prepared or not child.is_alive):
                # It says also what a dead child left behind.
                self._place(settings.verdict.journal_during)

    def narrow(self, settings: Settings) -> None:
        """Name only what these settings lead to, if nothing else can be in the kernel any more."""
        for child in self._children.with_journal:
            if child.is_settled and not child.is_stopping and child.has(settings):
                self._place(settings.verdict.journal_after)

    def remove(self) -> None:
        """Nothing is left to clear away."""
        try:
            journal.remove(self.path)
        except journal.JournalError as problem:
            _log.warning("%s", problem)

    def _place(self, octets: bytes) -> None:
        try:
            journal.place(self.path, octets)
        except journal.JournalError as problem:
            _log.warning("a crash would leave traces in the kernel: %s", problem)
