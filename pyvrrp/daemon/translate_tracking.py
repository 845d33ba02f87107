"""Who tracks what, from keepalived's words: entries of Virtual Routers, and what is watched for them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from shutil import which
from typing import TYPE_CHECKING, TypeVar

from ..settings import TrackedInterface, TrackedKind, TrackedObject
from .process_settings import ProcessSettings
from .scripts_settings import ScriptsSettings, TrackerScript

if TYPE_CHECKING:
    from ..conf.config import Config, SyncGroup, TrackInterface, VrrpInstance, VrrpScript
    from .programs import Programs

__all__ = ["Tracking"]

_log = logging.getLogger(__name__)

_Entry = TypeVar("_Entry", TrackedInterface, TrackedObject)


class Tracking:
    """What is tracked in a configuration. A script that may not be run is tracked by nobody."""

    def __init__(self, config: Config, programs: Programs) -> None:
        self._config = config
        self._written = {script.name: script for script in config.scripts}
        named = {entry.name for each in config.instances for entry in each.track_script}
        named |= {entry.name for each in config.sync_groups for entry in each.track_script}
        found = (_script(s, programs) for s in config.scripts if s.name in named)
        self._scripts = {script.name: script for script in found if script is not None}

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
        if not self._scripts:
            return ()
        name = "keepalived_scripts" if self._config.global_defs.process_names else None
        return ScriptsSettings(ProcessSettings(name)), *self._scripts.values()

    def _objects(self, who: VrrpInstance | SyncGroup) -> Iterator[TrackedObject]:
        for entry in who.track_script:
            if entry.name in self._scripts:
                script = self._written[entry.name]
                weight = script.weight if entry.weight is None else entry.weight
                reverse = script.reverse if entry.reverse is None else entry.reverse
                yield TrackedObject(TrackedKind.SCRIPT, entry.name, weight, reverse)
        for followed in who.track_bfd:
            yield TrackedObject(TrackedKind.BFD, followed.name, followed.weight, followed.reverse)


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
    if file is None and (command is None or which(argv[0]) is None):
        _log.error("track script %s is not used: %s cannot be run", script.name, argv[0])
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


def _file_to_open(argv: tuple[str, ...]) -> str | None:
    """The file of `< FILE`, however many words that is."""
    if not argv[0].startswith("<"):
        return None
    path = " ".join(argv)[1:].strip()
    return path if path.startswith("/") else None
