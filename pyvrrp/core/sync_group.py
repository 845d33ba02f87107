"""Sync groups: Virtual Routers that are Active together or not at all.

A member whose timer runs out does not take over by itself; it asks (`RequestPromotion`), and when
every member asks or is Active already, all are promoted in the same moment. A member that steps
back takes the others with it. One with a fault of its own keeps all out, and the last one that
gets rid of its fault brings all back. While one waits for the first result of what it tracks, those
that did not start yet wait with it. keepalived's rules; no RFC has them.

An edge calls `consequences` each time a member's standing changed, and feeds what comes out; the
calls end because every event moves a member towards what the group agreed on. A member that could
start while another is out may be told Shutdown(SYNC_GROUP) instead of Startup at once; after a
Startup, `consequences` says the same. While another waits it must be told
Shutdown(AWAITING_TRACKED) instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from .events import Demoted, Event, InitializeReason, Promoted, Shutdown, Startup
from .machine import Active, Backup, Initialize, State

__all__ = ["Standing", "consequences", "standing"]


class Standing(Enum):
    """What a group needs to know of a member."""

    ABSENT = "not started, or stopped"
    OUT = "out by a fault of its own"
    HELD = "out because another member is"
    WAITING = "waiting for what it tracks, or because another member does"
    BACKUP = "Backup"
    READY = "Backup, waiting to become Active"
    ACTIVE = "Active"


_WILLING = (Standing.READY, Standing.ACTIVE)
_IN_PLAY = (Standing.BACKUP, Standing.READY, Standing.ACTIVE, Standing.WAITING)
_OUT = Shutdown(InitializeReason.SYNC_GROUP)


def standing(state: State) -> Standing:
    """A member's standing, read off its state."""
    match state:
        case Active():
            return Standing.ACTIVE
        case Backup():
            return Standing.READY if state.wants_active else Standing.BACKUP
        case Initialize(InitializeReason.SYNC_GROUP):
            return Standing.HELD
        case Initialize(InitializeReason.AWAITING_TRACKED):
            return Standing.WAITING
        case Initialize(reason):
            return Standing.OUT if reason.is_fault else Standing.ABSENT


def consequences(members: Mapping[str, Standing], changed: str) -> tuple[tuple[str, Event], ...]:
    """Events for members after `changed` reached the standing it has in `members`.

    In the order of `members`. Empty when nothing follows.
    """
    others = {name: s for name, s in members.items() if name != changed}
    match members[changed]:
        case Standing.OUT:
            return tuple((n, _OUT) for n, s in others.items() if s in _IN_PLAY)
        case Standing.BACKUP | Standing.READY if Standing.OUT in others.values():
            return ((changed, _OUT),)
        case Standing.READY if all(s in _WILLING for s in others.values()):
            return tuple((n, Promoted()) for n, s in members.items() if s is Standing.READY)
        case Standing.BACKUP:
            return tuple(_follow_to_backup(others))
        case Standing.ACTIVE if not all(s in _WILLING for s in others.values()):
            return ((changed, Demoted()),)  # promoted while another member heard a better router
        case _:
            return ()


def _follow_to_backup(others: Mapping[str, Standing]) -> list[tuple[str, Event]]:
    """Active members step back, members held by the group start again."""
    answers: dict[Standing, Event] = {
        Standing.ACTIVE: Demoted(),
        Standing.HELD: Startup(),
        Standing.WAITING: Startup(),
    }
    return [(name, answers[s]) for name, s in others.items() if s in answers]
