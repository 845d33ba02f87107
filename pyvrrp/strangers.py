"""Advertisements that are for no Virtual Router of ours: told on request, and never often."""

from __future__ import annotations

import logging
from math import inf

__all__ = ["Strangers"]

logger = logging.getLogger(__name__)

_TELL_EVERY = 60.0  # s between two lines about the same VRID of an interface


class Strangers:
    """Shared by all segments. `is_told`: whether anybody wants to know."""

    def __init__(self) -> None:
        self.is_told = False
        self._next_at: dict[tuple[str, int], float] = {}

    def heard(self, interface: str, vrid: int, now: float) -> None:
        """One arrived on that interface."""
        if self.is_told and now >= self._next_at.get((interface, vrid), -inf):
            self._next_at[interface, vrid] = now + _TELL_EVERY
            logger.info("Unknown VRID(%d) received on interface(%s). ignoring...", vrid, interface)
