"""Log lines about BFD sessions, as keepalived writes them."""

from __future__ import annotations

import logging

from ...bfd.core.actions import Action, DetectionTimeChanged, Expired, StateChanged
from ...bfd.core.model import SessionState, diagnosis

__all__ = ["log_action"]

_log = logging.getLogger(__name__)

_US = 1_000_000


def log_action(name: str, action: Action) -> None:
    """Write the line of an action, if it has one: what is not about Up is a detail."""
    match action:
        case Expired(silence, overdue):
            late = round(overdue * _US)
            _log.warning("(%s) Expired after %d ms (%d usec overdue)", name, silence * 1000, late)
        case StateChanged(previous, SessionState.DOWN, local, remote):
            level = logging.WARNING if previous is SessionState.UP else logging.DEBUG
            _log.log(
                level,
                "(%s) Entering Down state (Local diagnostic - %s, Remote diagnostic - %s)",
                name,
                diagnosis(local),
                diagnosis(remote),
            )
        case StateChanged(_, current):
            level = logging.INFO if current is SessionState.UP else logging.DEBUG
            _log.log(level, "(%s) Entering %s state", name, current.word)
        case DetectionTimeChanged(previous, current):
            times = round(current * _US), round(previous * _US)
            _log.info("(%s) Detection time is %d us (was %d us)", name, *times)
