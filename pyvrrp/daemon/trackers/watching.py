"""Everything that is watched for VRRP, and how the VRRP process hears of it.

Each thing has a name in the link between the two processes, "script NAME", "file NAME" or
"process NAME", and a value: 1 is up and 0 down, for a file it is the number (`siblings`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TypeVar

from ...settings import TrackedKind
from ...snapshot import TrackedSnapshot
from ..siblings import Sibling
from .files import FileTrackers
from .initial_files import write_initial
from .processes import ProcessTrackers
from .scripts import ScriptTrackers
from .settings import ScriptsSettings, TrackerFile, TrackerProcess, TrackerScript

__all__ = ["Trackers"]

_Record = TypeVar("_Record")


class Trackers:
    """What the settings in use want watched. Made inside the running loop."""

    def __init__(self, vrrp: Sibling) -> None:
        self._vrrp = vrrp
        self._scripts = ScriptTrackers(partial(self._tell, TrackedKind.SCRIPT))
        self._files = FileTrackers(partial(self._tell, TrackedKind.FILE))
        self._processes = ProcessTrackers(partial(self._tell, TrackedKind.PROCESS))

    def use(self, records: Sequence[object], *, is_daemon_start: bool = False) -> None:
        """Watch what these records name, of those in the section of the scripts process."""
        files = _only(TrackerFile, records)
        if is_daemon_start:
            write_initial(file.initial for file in files)
        self._files.use(files)
        for settings in _only(ScriptsSettings, records):
            self._processes.widen(settings.events_buffer, force=settings.events_buffer_force)
        self._processes.use(_only(TrackerProcess, records))
        self._scripts.use(_only(TrackerScript, records))

    def snapshots(self) -> Iterator[TrackedSnapshot]:
        """What everything is now."""
        yield from self._scripts.snapshots()
        yield from self._files.snapshots()
        yield from self._processes.snapshots()

    async def close(self) -> None:
        """Watch nothing any more, and end what runs."""
        self._files.close()
        self._processes.close()
        await self._scripts.close()

    def _tell(self, kind: TrackedKind, name: str, value: int | None) -> None:
        key = f"{kind.value} {name}"
        if value is None:
            self._vrrp.withdraw(key)
        else:
            self._vrrp.publish(key, str(int(value)))


def _only(kind: type[_Record], records: Sequence[object]) -> list[_Record]:
    return [record for record in records if isinstance(record, kind)]
