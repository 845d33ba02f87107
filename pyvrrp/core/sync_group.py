"""Sync groups: Virtual Routers that are Active together or not at all.

A member whose timer runs out does not take over by itself; it asks (`RequestPromotion`), and when
every member asks or is Active already, all are promoted in the same moment. A member that steps
back takes the others with it, and one in fault keeps all out. keepalived's rules; no RFC has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from .events import Demoted, Event, InitializeReason, Promoted, Shutdown
from .machine import Active, Backup, State

__all__ = ["Standing", "consequences", "standing"]


class Standing(Enum):
    """What a group needs to know of a member."""

    OUT = "in Initialize"
    BACKUP = "Backup"
    READY = "Backup, waiting to become Active"
    ACTIVE = "Active"


def standing(state: State) -> Standing:
    """A member's standing, read off its state."""
    match state:
        case Active():
            return Standing.ACTIVE
        case Backup(wants_active=True):
            return Standing.READY
        case Backup():
            return Standing.BACKUP
        case _:
            return Standing.OUT


def consequences(members: Mapping[str, Standing], changed: str) -> tuple[tuple[str, Event], ...]:
    """Events for the other members after `changed` reached the standing it has in `members`.

    In the order of `members`. Empty when nothing follows.
    """
    others = {name: s for name, s in members.items() if name != changed}
    match members[changed]:
        case Standing.READY if all(s in (Standing.READY, Standing.ACTIVE) for s in others.values()):
            return tuple((n, Promoted()) for n, s in members.items() if s is Standing.READY)
        case Standing.BACKUP:
            return tuple((n, Demoted()) for n, s in others.items() if s is Standing.ACTIVE)
        case Standing.OUT:
            out = Shutdown(InitializeReason.SYNC_GROUP)
            return tuple((n, out) for n, s in others.items() if s is not Standing.OUT)
        case _:
            return ()
