"""What VRRP and checks follow besides links and scripts: files, processes, and who follows what."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from .diagnostics import Span

__all__ = ["TrackFile", "TrackProcess", "Tracked"]


@dataclass(frozen=True, slots=True)
class TrackFile:
    """`track_file NAME { ... }`: the number in a file, times `weight`.

    `init_file` is what is written into it at start, None: nothing; with `overwrite` also into a
    file that is there already.
    """

    name: str
    span: Span = field(compare=False)
    file: str
    weight: int = 1
    reverse: bool = False
    init_file: int | None = None
    overwrite: bool = False


@dataclass(frozen=True, slots=True)
class TrackProcess:
    """`vrrp_track_process NAME { ... }`: how many processes of a command run.

    `param_match` tells how `arguments` are compared, None: not at all. `quorum_max` None: as many
    as there are; 0: none may run. Delays are seconds.
    """

    name: str
    span: Span = field(compare=False)
    process: str
    arguments: tuple[str, ...] = ()
    param_match: Literal["exact", "initial", "partial"] | None = None
    weight: int = 0
    reverse: bool = False
    quorum: int = 1
    quorum_max: int | None = None
    fork_delay: float = 0.0
    terminate_delay: float = 0.0
    full_command: bool = False


@dataclass(frozen=True, slots=True)
class Tracked:
    """An entry of `track_file`, `track_process` or `track_bfd`.

    `weight` and `reverse` are what counts here: the entry's own, else those of what it names.
    """

    name: str
    weight: int
    reverse: bool
    span: Span = field(compare=False)
