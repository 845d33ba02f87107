"""What an instance or a sync group follows, and with which weight."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from ..conf.config import SyncGroup, TrackScript, VrrpInstance, VrrpScript
from ..conf.tracking_config import Tracked
from .whole import Whole
from .wording import weight

__all__ = ["Follower", "followed", "script_weight"]

Follower: TypeAlias = VrrpInstance | SyncGroup


def followed(whole: Whole, follower: Follower) -> Iterator[str]:
    """Each kind under its own title."""
    if follower.track_interface:
        yield "   Tracked interfaces :"
    for link in follower.track_interface:
        yield f"     {link.name} weight {weight(link.weight, link.reverse)}"
    if follower.track_script:
        yield "   Tracked scripts :"
    for entry in follower.track_script:
        text = weight(*script_weight(entry, whole.scripts[entry.name]))
        yield f"     {entry.name} weight {text}"
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


def script_weight(entry: TrackScript, found: VrrpScript) -> tuple[int, bool]:
    """The entry's own, else the script's; and whether it is reversed."""
    return (
        found.weight if entry.weight is None else entry.weight,
        found.reverse if entry.reverse is None else entry.reverse,
    )
