"""What is tracked, and by whom: track groups, scripts, files, processes, BFD sessions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import TypeAlias

from ..conf.config import Config, VrrpScript
from ..conf.tracking_config import Tracked, TrackProcess
from ..snapshot import ProcessSnapshot
from .data_followed import Follower, script_weight
from .whole import Whole
from .wording import command, owner, truth, weight

__all__ = ["bfd_sessions", "files", "processes", "scripts", "track_groups"]

Weight: TypeAlias = tuple[int, bool]
Followers: TypeAlias = Mapping[str, Mapping[str, Weight]]
"""Of what is tracked, by its name: who follows it, and with which weight."""


def track_groups(config: Config) -> Iterator[str]:
    """Instances that follow the interfaces of static entries."""
    for group in config.track_groups:
        yield f" Static Track Group = {group.name}"
        if group.members:
            yield "   VRRP member instances :"
        yield from (f"     {name}" for name in group.members)


def scripts(whole: Whole) -> Iterator[str]:
    """Each `vrrp_script`, but those that nobody follows."""
    entries = (
        (entry.name, who, script_weight(entry, whole.scripts[entry.name]))
        for follower, names in _all(whole.config)
        for entry in follower.track_script
        for who in names
    )
    followers = _followers(entries)
    for script in whole.config.scripts:
        if script.name in followers:
            yield from _script(whole, script, followers)


def _script(whole: Whole, script: VrrpScript, followers: Followers) -> Iterator[str]:
    run_by = owner(whole.config.global_defs, whole.host, script.user, script.group)
    yield f" VRRP Script = {script.name}"
    yield f"   Command = {command(script.script.argv)}"
    yield f"   Interval = {int(script.interval)} sec"
    yield f"   Timeout = {int(script.timeout or 0)} sec"
    yield f"   Weight = {weight(script.weight, script.reverse)}"
    yield f"   Rise = {script.rise}"
    yield f"   Fall = {script.fall}"
    now = whole.tracked_scripts.get(script.name)
    yield f"   Result = {now.count if now else 0}"
    yield "   Insecure = no"
    # keepalived has no word for the time after the first result.
    yield f"   Init state = {'unknown' if now and now.is_known else 'INIT'}"
    yield f"   Status = {'GOOD' if now and now.is_up else 'BAD'}"
    yield f"   Script {run_by.replace(' ', ' = ')}"
    yield "   VRRP instances :"
    yield from _tracking(followers, script.name)
    yield f"   State = {'running' if now and now.is_running else 'idle'}"


def files(whole: Whole) -> Iterator[str]:
    """Each `track_file`; one that nobody watches reads 0."""
    followers = _entries(whole.config, lambda follower: follower.track_file)
    for found in whole.config.track_files:
        now = whole.tracked_files.get(found.name)
        yield f" Track file = {found.name}"
        yield f"   File = {found.file}"
        yield f"   Status = {now.number if now else 0}"
        yield f"   Weight = {weight(found.weight, found.reverse)}"
        yield from _tracking(followers, found.name)


def processes(whole: Whole) -> Iterator[str]:
    """Each `vrrp_track_process`."""
    followers = _entries(whole.config, lambda follower: follower.track_process)
    for found in whole.config.track_processes:
        now = whole.tracked_processes.get(found.name)
        yield from _process(found, now, is_running=bool(whole.snapshots))
        yield from _tracking(followers, found.name)


def _process(
    found: TrackProcess, now: ProcessSnapshot | None, *, is_running: bool
) -> Iterator[str]:
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
    yield f"   Current processes = {now.count if now else 0}"
    yield f"   Have quorum = {truth(now is not None and now.has_quorum)}"
    yield f"   Weight = {weight(found.weight, found.reverse)}"
    yield f"   Terminate delay = {found.terminate_delay:f}s"
    yield f"   Fork delay = {found.fork_delay:f}s"
    if is_running:
        for delay in ("fork", "terminate"):
            waits = now is not None and now.waits == delay
            yield f"   {delay.capitalize()} delay timer {'' if waits else 'not '}running"
    yield f"   Full command = {truth(found.full_command)}"


def bfd_sessions(config: Config, reachable: Collection[str]) -> Iterator[str]:
    """Each BFD session that VRRP hears of."""
    followers = _entries(config, lambda follower: follower.track_bfd)
    for session in config.bfd_instances:
        if session.vrrp:
            yield f" VRRP Track BFD = {session.name}"
            yield f"   Weight = {weight(session.weight, session.reverse)}"
            yield f"   Bfd is {'up' if session.name in reachable else 'down'}"
            yield "   Tracking VRRP instances :"
            yield from _tracking(followers, session.name)


def _all(config: Config) -> Iterator[tuple[Follower, tuple[str, ...]]]:
    """Instances and groups; what a group follows counts for each member."""
    for instance in config.instances:
        yield instance, (instance.name,)
    for group in config.sync_groups:
        yield group, group.members


def _entries(config: Config, entries: Callable[[Follower], tuple[Tracked, ...]]) -> Followers:
    return _followers(
        (entry.name, who, (entry.weight, entry.reverse))
        for follower, names in _all(config)
        for entry in entries(follower)
        for who in names
    )


def _followers(entries: Iterable[tuple[str, str, Weight]]) -> Followers:
    """A group's entry comes later and replaces the member's own, if that has a weight."""
    found: dict[str, dict[str, Weight]] = defaultdict(dict)
    for name, who, value in entries:
        if found[name].get(who, (1, False))[0]:
            found[name][who] = value
    return found


def _tracking(followers: Followers, name: str) -> Iterator[str]:
    if name in followers:
        yield "   Tracking instances :"
        for who, value in followers[name].items():
            yield f"     {who}, weight {weight(*value)}"
