"""What the parent asks of the process that writes a dump."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .. import handoff
from ..options import Options

__all__ = ["Request"]


@dataclass(frozen=True, slots=True)
class Request:
    """What a writing process is given. The descriptors are for `handoff.records`."""

    kind: str
    """Name of the signal: DATA, STATS, ..."""
    only: handoff.Section | None
    """Whose files; None: those of every process."""
    running: frozenset[handoff.Section]
    """There is a child for it."""
    options: Options
    configuration: int
    snapshots: Mapping[handoff.Section, int]
    """Children that did not answer are not in it."""
