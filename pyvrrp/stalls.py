"""Notices that the process did not run: SIGSTOP, a paused virtual machine, memory swapped out.

A deadline that nobody was woken for tells, and costs nothing to look at. It is looked at before any
socket is read and before anybody is woken, so that who was Active learns of it before anything else.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf

from .deadlines import Deadlines

__all__ = ["Stalls"]

_NOTABLE = 0.03  # s: the shortest Active_Down_Interval there is


class Stalls:
    """Calls `tell` once for each stall, with its length in s, at least, and the time of now."""

    def __init__(self, tell: Callable[[float, float], object]) -> None:
        self._tell = tell
        self._noticed_at = -inf

    def look(self, deadlines: Deadlines, now: float) -> None:
        """Was there one?"""
        lag = deadlines.lag(now)
        if lag > _NOTABLE and now - lag > self._noticed_at:
            self._noticed_at = now
            self._tell(lag, now)
