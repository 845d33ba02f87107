"""What real servers follow besides their own checks: files and BFD sessions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from healthcheck.core.model import FileCheck, RealServer
from healthcheck.snapshot import CheckSnapshot

from ..conf.config import Config
from ..conf.tracking_config import TrackFile
from .data_lvs_names import Shown, label, place
from .wording import weight

__all__ = ["files_of", "lines"]


def files_of(config: Config, server: RealServer) -> list[tuple[TrackFile, FileCheck]]:
    """The files whose number counts for a server."""
    by_path = {file.file: file for file in reversed(config.track_files)}
    return [
        (by_path[check.path], check)
        for check in server.checks
        if isinstance(check, FileCheck) and check.path in by_path
    ]


def lines(config: Config, shown: Iterable[Shown]) -> Iterator[str]:
    """Each file and each session that somebody follows."""
    files = [f for f in (_file(file, shown) for file in config.track_files) if f]
    if files:
        yield "------< Checker track files >------"
    for file in files:
        yield from file
    sessions: dict[str, list[str]] = {}
    for service, _ in shown:
        for real, beside in zip(service.server.real_servers, service.servers, strict=True):
            for check in beside.bfd_checks:
                sessions.setdefault(check.name, []).append(place(service, real.address))
    if sessions:
        yield "------< Checker track BFDs >------"
    for name, followers in sessions.items():
        yield f" Checker Track BFD = {name}"
        yield "   Tracking RS :"
        yield from (f"   {follower}" for follower in followers)


def _file(file: TrackFile, shown: Iterable[Shown]) -> list[str]:
    """Nothing when nobody follows it."""
    followers, number = [], 0
    for service, snapshot in shown:
        for server in snapshot.servers:
            for state in server.checks:
                check = state.check
                if not isinstance(check, FileCheck) or check.path != file.file:
                    continue
                number = _number(check, state)
                where = f"{label(service)} -> {place(service, server.destination)}"
                followers.append(f"     {where}, weight {weight(check.weight, check.reverse)}")
    if not followers:
        return []
    return [
        f" Track file = {file.name}",
        f"   File = {file.file}",
        f"   Status = {number}",
        f"   Weight = {weight(file.weight, file.reverse)}",
        "   Tracking instances :",
        *followers,
    ]


def _number(check: FileCheck, state: CheckSnapshot) -> int:
    """What the file said, told from what it did to the weight."""
    offset = state.last.weight_offset if state.last is not None else None
    if not offset or not check.weight:
        return 0
    return offset // (-check.weight if check.reverse else check.weight)
