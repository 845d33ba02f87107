"""One `vrrp_sync_group`."""

from __future__ import annotations

from collections.abc import Iterator

from ..conf.config import Config, SyncGroup, VrrpInstance
from .data_followed import followed
from .states import state_word
from .whole import Whole
from .wording import script, yes

__all__ = ["lines"]


def lines(whole: Whole, group: SyncGroup) -> Iterator[str]:
    """Without snapshots of the members it has not started."""
    config, members = whole.config, whole.members(group)
    states = [
        state_word(whole.snapshot(member))
        if member.name in whole.snapshots
        else _first_state(config, group, member)
        for member in members
    ]
    yield f" VRRP Sync Group = {group.name}, {_state(states)}"
    faults, waiting = states.count("FAULT"), states.count("INIT")
    yield f"   Num member fault {faults}, num member init {waiting}"
    if members:
        yield "   VRRP member instances :"
    yield from (f"     {member.name}" for member in members)
    if group.sync_group_tracking_weight:
        yield "   sync group tracking weight set"
    yield f"   Using smtp notification = {yes(group.smtp_alert)}"
    if group.notify_priority_changes != config.global_defs.vrrp_notify_priority_changes:
        yield f"   Notify priority changes = {yes(group.notify_priority_changes)}"
    yield from followed(whole, group)
    for what, found in (
        ("Backup", group.notify_backup),
        ("Master", group.notify_master),
        ("Fault", group.notify_fault),
        ("Stop", group.notify_stop),
        ("Generic", group.notify),
    ):
        yield from script(
            config.global_defs, whole.host, f"   {what} state transition script", found
        )


def _first_state(config: Config, group: SyncGroup, member: VrrpInstance) -> str:
    """Before the start: a member waits for scripts that decide alone."""
    scripts = {script.name: script.weight for script in config.scripts}
    tracked = (*member.track_script, *group.track_script)
    weights = (scripts[e.name] if e.weight is None else e.weight for e in tracked)
    return "BACKUP" if all(weights) else "INIT"


def _state(states: list[str]) -> str:
    """The members' own, as they share one; while they part, the lowest."""
    for word in ("FAULT", "INIT", "BACKUP", "MASTER"):
        if word in states:
            return word
    return "BACKUP"
