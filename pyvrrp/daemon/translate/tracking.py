"""Who tracks what, from keepalived's words: entries of Virtual Routers, and what is watched for them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from shutil import which
from typing import TYPE_CHECKING, Protocol, TypeVar

from ...settings import TrackedInterface, TrackedKind, TrackedObject
from ..notices.script_security import account
from ..trackers.initial_files import initial_file
from ..trackers.settings import ScriptsSettings, TrackerFile, TrackerProcess, TrackerScript
from .process import scripts_process

if TYPE_CHECKING:
    from ...conf.config import (
        Config,
        GlobalDefs,
        SyncGroup,
        TrackInterface,
        VrrpInstance,
        VrrpScript,
    )
    from ...conf.tracking_config import TrackFile, TrackProcess
    from ..notices.commands import Command
    from ..notices.programs import Programs

__all__ = ["Tracking", "scripts_settings"]

_log = logging.getLogger(__name__)

_Entry = TypeVar("_Entry", TrackedInterface, TrackedObject)


class _Named(Protocol):
    @property
    def name(self) -> str: ...


def scripts_settings(defs: GlobalDefs) -> ScriptsSettings:
    """How the scripts process itself runs."""
    sizes = defs.receive_buffers
    return ScriptsSettings(
        scripts_process(defs),
        sizes.process_monitor if sizes is not None else 0,
        sizes.process_monitor_force if sizes is not None else False,
    )


class Tracking:
    """What is tracked in a configuration. A script that may not be run is tracked by nobody."""

    def __init__(self, config: Config, programs: Programs) -> None:
        self._config = config
        self._written = {script.name: script for script in config.scripts}
        named = _names(config, lambda who: who.track_script)
        found = (_script(s, programs) for s in config.scripts if s.name in named)
        self._scripts = {script.name: script for script in found if script is not None}
        files = _names(config, lambda who: who.track_file)
        self._files = [_file(each) for each in config.track_files if each.name in files]
        processes = _names(config, lambda who: who.track_process)
        self._processes = [_process(p) for p in config.track_processes if p.name in processes]

    def interfaces(
        self, instance: VrrpInstance, group: SyncGroup | None
    ) -> tuple[TrackedInterface, ...]:
        """Those of the instance and of its group."""
        own = map(_interface, instance.track_interface)
        return _together(own, map(_interface, group.track_interface) if group is not None else ())

    def objects(self, instance: VrrpInstance, group: SyncGroup | None) -> tuple[TrackedObject, ...]:
        """What the instance and its group track besides."""
        own = list(self._objects(instance))
        return _together(own, self._objects(group) if group is not None else ())

    def records(self) -> tuple[object, ...]:
        """What the scripts process gets; nothing when it has nothing to do."""
        return (*self._scripts.values(), *self._files, *self._processes)

    def _objects(self, who: VrrpInstance | SyncGroup) -> Iterator[TrackedObject]:
        for entry in who.track_script:
            if entry.name in self._scripts:
                script = self._written[entry.name]
                weight = script.weight if entry.weight is None else entry.weight
                reverse = script.reverse if entry.reverse is None else entry.reverse
                yield TrackedObject(TrackedKind.SCRIPT, entry.name, weight, reverse)
        for kind, entries in (
            (TrackedKind.FILE, who.track_file),
            (TrackedKind.PROCESS, who.track_process),
            (TrackedKind.BFD, who.track_bfd),
        ):
            for tracked in entries:
                yield TrackedObject(kind, tracked.name, tracked.weight, tracked.reverse)


def _names(
    config: Config, entries: Callable[[VrrpInstance | SyncGroup], Iterable[_Named]]
) -> set[str]:
    """What any instance or group tracks."""
    everybody: tuple[VrrpInstance | SyncGroup, ...] = (*config.instances, *config.sync_groups)
    return {entry.name for who in everybody for entry in entries(who)}


def _interface(tracked: TrackInterface) -> TrackedInterface:
    return TrackedInterface(tracked.name, tracked.weight, tracked.reverse)


def _together(own: Iterable[_Entry], common: Iterable[_Entry]) -> tuple[_Entry, ...]:
    """A group's entry takes the place of the member's own, unless that one has no weight."""
    found: dict[object, _Entry] = {_key(entry): entry for entry in own}
    for entry in common:
        already = found.get(_key(entry))
        if already is None or already.weight:
            found[_key(entry)] = entry
    return tuple(found.values())


def _key(entry: TrackedInterface | TrackedObject) -> object:
    return entry.key if isinstance(entry, TrackedObject) else entry.name


def _script(script: VrrpScript, programs: Programs) -> TrackerScript | None:
    """None: it cannot be run, which is said."""
    argv = script.script.argv
    file = _file_to_open(argv)
    command = None if file is not None else programs.command(script.script)
    why = "" if file is not None else _lack(argv[0], command)
    if why:
        _log.error("track script %s is not used: %s", script.name, why)
        return None
    return TrackerScript(
        script.name,
        command,
        file,
        script.interval,
        script.timeout or script.interval,
        script.rise,
        script.fall,
    )


def _lack(program: str, command: Command | None) -> str:
    """Why it cannot be run, in words; empty: it can."""
    if command is None:
        return f"{program} may not be run"
    if which(program) is None:
        return f"there is no program {program}"
    user, group = account(command.user, command.group)
    if command.user is not None and user == -1:
        return f"there is no user {command.user}"
    if (command.group or "").removeprefix(":") and group == -1:
        return f"there is no group {command.group}"
    return ""


def _file_to_open(argv: tuple[str, ...]) -> str | None:
    """The file of `< FILE`, however many words that is."""
    if not argv[0].startswith("<"):
        return None
    path = " ".join(argv)[1:].strip()
    return path if path.startswith("/") else None


def _file(file: TrackFile) -> TrackerFile:
    return TrackerFile(file.name, file.file, initial_file(file))


def _process(found: TrackProcess) -> TrackerProcess:
    return TrackerProcess(
        name=found.name,
        process=found.process,
        arguments=found.arguments,
        param_match=found.param_match,
        full_command=found.full_command,
        quorum=found.quorum,
        quorum_max=found.quorum_max,
        fork_delay=found.fork_delay,
        terminate_delay=found.terminate_delay,
    )
