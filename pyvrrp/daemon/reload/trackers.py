"""What a reload does to what is watched for VRRP: scripts, files, processes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from ..trackers.settings import TrackerFile, TrackerProcess, TrackerScript
from .differences import differences
from .items import Fate, Item

__all__ = ["trackers"]

_Tracker: TypeAlias = TrackerScript | TrackerFile | TrackerProcess

_KINDS: dict[type[_Tracker], str] = {
    TrackerScript: "track script",
    TrackerFile: "track file",
    TrackerProcess: "track process",
}


def trackers(old: Iterable[object], new: Iterable[object]) -> Iterator[Item]:
    """Those that stay or come in the order written, then those that go."""
    before, after = dict(_by_name(old)), dict(_by_name(new))
    for key, tracker in after.items():
        yield _item(before.get(key), tracker)
    for key, tracker in before.items():
        if key not in after:
            yield Item(_KINDS[type(tracker)], tracker.name, Fate.REMOVED)


def _by_name(records: Iterable[object]) -> Iterator[tuple[tuple[type, str], _Tracker]]:
    for record in records:
        if isinstance(record, TrackerScript | TrackerFile | TrackerProcess):
            yield (type(record), record.name), record


def _item(was: _Tracker | None, now: _Tracker) -> Item:
    kind = _KINDS[type(now)]
    if was is None:
        return Item(kind, now.name, Fate.ADDED)
    changes = tuple(differences(was, now))
    if not changes:
        return Item(kind, now.name, Fate.UNCHANGED)
    if isinstance(was, TrackerScript) and isinstance(now, TrackerScript) and _runs_other(was, now):
        return Item(kind, now.name, Fate.RESTART, "the program changed", changes)
    return Item(kind, now.name, Fate.IN_PLACE, changes=changes)


def _runs_other(was: TrackerScript, now: TrackerScript) -> bool:
    """What it said before means nothing then."""
    return (was.command, was.file) != (now.command, now.file)
