"""keepalived's words for where a Virtual Router is and wants to be."""

from __future__ import annotations

from ..conf.config import VrrpInstance
from ..core.actions import StateName
from ..snapshot import VirtualRouterSnapshot
from .whole import Whole

__all__ = ["state_word", "wanted_word"]

_OWNER = 255


def state_word(snapshot: VirtualRouterSnapshot | None) -> str:
    """INIT before the start, FAULT when something keeps it from taking part."""
    if snapshot is None:
        return "INIT"
    if snapshot.state is StateName.INITIALIZE:
        return "FAULT" if _is_faulty(snapshot) else "INIT"
    return "MASTER" if snapshot.state is StateName.ACTIVE else "BACKUP"


def wanted_word(whole: Whole, instance: VrrpInstance) -> str:
    """What it goes for, as soon as it can."""
    snapshot = whole.snapshot(instance)
    if snapshot is not None:
        if _is_faulty(snapshot):
            return "FAULT"
        if snapshot.wants_active or snapshot.state is StateName.ACTIVE:
            return "MASTER"
    group = whole.group_of.get(instance.name)
    if group is not None:
        # One who does not own its addresses keeps all of them from starting as Active.
        own_all = all(i.priority == _OWNER for i in whole.members(group))
        return "MASTER" if own_all else "BACKUP"
    return "MASTER" if instance.priority == _OWNER else instance.state


def _is_faulty(snapshot: VirtualRouterSnapshot) -> bool:
    return snapshot.reason is not None and snapshot.reason.is_fault
