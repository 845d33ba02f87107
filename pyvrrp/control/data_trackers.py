"""What is tracked: by whom, and with which weight."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias, TypeVar

from ..conf.bfd_config import BfdInstance
from ..conf.config import Config, SyncGroup, TrackScript, VrrpInstance, VrrpScript
from ..conf.routing_config import TrackGroup
from ..conf.tracking_config import Tracked, TrackFile, TrackProcess
from .host import HostFacts
from .wording import command, owner, truth, weight

__all__ = ["bfd", "followed", "process", "script", "track_file", "track_group"]

Follower: TypeAlias = VrrpInstance | SyncGroup
T = TypeVar("T")


def followed(config: Config, follower: Follower) -> Iterator[str]:
    """What an instance or a group follows."""
    if follower.track_interface:
        yield "   Tracked interfaces :"
    for link in follower.track_interface:
        yield f"     {link.name} weight {weight(link.weight, link.reverse)}"
    if follower.track_script:
        yield "   Tracked scripts :"
    scripts = {script.name: script for script in config.scripts}
    for entry in follower.track_script:
        yield f"     {entry.name} weight {weight(*_weight(entry, scripts[entry.name]))}"
    if follower.track_file:
        yield "   Tracked files :"
    yield from map(_entry, follower.track_file)
    if follower.track_process:
        yield f"   Tracked process{'es' if isinstance(follower, VrrpInstance) else ''} :"
    yield from map(_entry, follower.track_process)
    if follower.track_bfd:
        yield "   Tracked BFDs :"
    for session in follower.track_bfd:
        yield f"     {session.name}: weight {weight(session.weight, session.reverse)}"


def _entry(entry: Tracked) -> str:
    return f"     {entry.name}, weight {weight(entry.weight, entry.reverse)}"


def _weight(entry: TrackScript, found: VrrpScript) -> tuple[int, bool]:
    """The entry's own, else the script's."""
    return (
        found.weight if entry.weight is None else entry.weight,
        found.reverse if entry.reverse is None else entry.reverse,
    )


def script(config: Config, found: VrrpScript, host: HostFacts) -> Iterator[str]:
    """One `vrrp_script`, before it ran; nothing of one that nobody follows."""
    entries = _followers(config, lambda follower: follower.track_script)
    tracking = [(who, *_weight(e, found)) for who, e in entries if e.name == found.name]
    if not tracking:
        return
    run_by = owner(config.global_defs, host, found.user, found.group).replace(" ", " = ")
    yield f" VRRP Script = {found.name}"
    yield f"   Command = {command(found.script.argv)}"
    yield f"   Interval = {int(found.interval)} sec"
    yield f"   Timeout = {int(found.timeout or 0)} sec"
    yield f"   Weight = {weight(found.weight, found.reverse)}"
    yield f"   Rise = {found.rise}"
    yield f"   Fall = {found.fall}"
    yield "   Result = 0"
    yield "   Insecure = no"
    yield "   Init state = INIT"
    yield "   Status = BAD"
    yield f"   Script {run_by}"
    yield "   VRRP instances :"
    yield from _tracking(tracking)
    yield "   State = idle"


def track_file(config: Config, found: TrackFile) -> Iterator[str]:
    """One `track_file`, before it was read."""
    yield f" Track file = {found.name}"
    yield f"   File = {found.file}"
    yield "   Status = 0"
    yield f"   Weight = {weight(found.weight, found.reverse)}"
    entries = _followers(config, lambda follower: follower.track_file)
    yield from _tracking(_weights(entries, found.name))


def process(config: Config, found: TrackProcess, *, is_running: bool) -> Iterator[str]:
    """One `vrrp_track_process`, before processes were counted."""
    yield f" VRRP Track process = {found.name}"
    yield f"   Process = {found.process}"
    if found.arguments:
        yield f"   Parameters = {' '.join(found.arguments)}"
    if found.param_match is not None:
        form = "" if found.param_match == "exact" else f" = {found.param_match}"
        yield f"   Param match{form}"
    yield f"   Min processes = {found.quorum}"
    if found.quorum_max is not None:
        yield f"   Max processes = {found.quorum_max}"
    yield "   Current processes = 0"
    yield "   Have quorum = false"
    yield f"   Weight = {weight(found.weight, found.reverse)}"
    yield f"   Terminate delay = {found.terminate_delay:f}s"
    yield f"   Fork delay = {found.fork_delay:f}s"
    if is_running:
        yield "   Fork delay timer not running"
        yield "   Terminate delay timer not running"
    yield f"   Full command = {truth(found.full_command)}"
    entries = _followers(config, lambda follower: follower.track_process)
    yield from _tracking(_weights(entries, found.name))


def bfd(config: Config, found: BfdInstance) -> Iterator[str]:
    """One BFD session that VRRP hears of, before it is up."""
    yield f" VRRP Track BFD = {found.name}"
    yield f"   Weight = {weight(found.weight, found.reverse)}"
    yield "   Bfd is down"
    yield "   Tracking VRRP instances :"
    entries = _followers(config, lambda follower: follower.track_bfd)
    yield from _tracking(_weights(entries, found.name))


def track_group(found: TrackGroup) -> Iterator[str]:
    """Instances that follow the interfaces of static entries."""
    yield f" Static Track Group = {found.name}"
    if found.members:
        yield "   VRRP member instances :"
    yield from (f"     {name}" for name in found.members)


def _followers(
    config: Config, entries: Callable[[Follower], tuple[T, ...]]
) -> Iterator[tuple[str, T]]:
    """Name of an instance and its entry; entries of a group count for each member."""
    for instance in config.instances:
        for entry in entries(instance):
            yield instance.name, entry
    for group in config.sync_groups:
        for entry in entries(group):
            for member in group.members:
                yield member, entry


def _weights(
    followers: Iterable[tuple[str, Tracked]], name: str
) -> Iterator[tuple[str, int, bool]]:
    for who, entry in followers:
        if entry.name == name:
            yield who, entry.weight, entry.reverse


def _tracking(followers: Iterable[tuple[str, int, bool]]) -> Iterator[str]:
    """A group's entry comes later and replaces the member's own, if that has a weight."""
    weights: dict[str, tuple[int, bool]] = {}
    for who, value, reverse in followers:
        if weights.get(who, (1, False))[0]:
            weights[who] = value, reverse
    if weights:
        yield "   Tracking instances :"
    yield from (f"     {who}, weight {weight(*found)}" for who, found in weights.items())
