"""What a reload does to what goes by its name: what is watched for VRRP, and who is told of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TypeAlias

from ..bfd.settings import ToldSession
from ..notices.settings import Audience
from ..trackers.settings import TrackerFile, TrackerProcess, TrackerScript
from .differences import compared
from .items import Fate, Item

__all__ = ["Named", "named"]

Named: TypeAlias = TrackerScript | TrackerFile | TrackerProcess | ToldSession | Audience


def named(old: Iterable[Named], new: Iterable[Named]) -> Iterator[Item]:
    """Those that stay or come in the order written, then those that go."""
    before, after = ({_key(each): each for each in records} for records in (old, new))
    for key, now in after.items():
        was = before.get(key)
        item = compared(*key, was, now)
        reason = _why_anew(was, now)
        yield replace(item, fate=Fate.RESTART, reason=reason) if reason else item
    yield from (Item(*key, Fate.REMOVED) for key in before if key not in after)


def _key(record: Named) -> tuple[str, str]:
    """Its kind and its name."""
    match record:
        case TrackerScript():
            return "track script", record.name
        case TrackerFile():
            return "track file", record.name
        case TrackerProcess():
            return "track process", record.name
        case ToldSession():
            return "BFD session", record.settings.name
        case Audience():
            return f"notified {record.kind.lower()}", record.name


def _why_anew(was: Named | None, now: Named) -> str:
    """Why what it said before means nothing any more; empty when it does."""
    match was, now:
        case TrackerScript(), TrackerScript():
            is_other = (was.command, was.file) != (now.command, now.file)
            return "the program changed" if is_other else ""
        case ToldSession(), ToldSession():
            return "" if was.settings.path == now.settings.path else "another path"
    return ""
