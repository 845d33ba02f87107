"""One `vrrp_sync_group`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..conf.config import Config, SyncGroup, VrrpInstance
from ..snapshot import VirtualRouterSnapshot
from .data_trackers import followed
from .host import HostFacts
from .states import state_word
from .wording import script, yes

__all__ = ["lines"]


def lines(
    config: Config,
    group: SyncGroup,
    host: HostFacts,
    snapshots: Mapping[str, VirtualRouterSnapshot],
) -> Iterator[str]:
    """`snapshots` by name of the instance; without those of the members it has not started."""
    instances = {instance.name: instance for instance in config.instances}
    members = [instances[name] for name in group.members if name in instances]
    states = [
        state_word(snapshots[member.name])
        if member.name in snapshots
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
    yield from followed(config, group)
    for what, found in (
        ("Backup", group.notify_backup),
        ("Master", group.notify_master),
        ("Fault", group.notify_fault),
        ("Stop", group.notify_stop),
        ("Generic", group.notify),
    ):
        yield from script(config.global_defs, host, f"   {what} state transition script", found)


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
