"""What real servers follow besides their own checks: files and BFD sessions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from healthcheck.core.model import FileCheck, FollowedCheck, RealServer
from healthcheck.snapshot import CheckSnapshot

from ..conf.config import Config
from ..conf.tracking_config import TrackFile
from .data_lvs_names import Shown, label, place
from .wording import weight

__all__ = ["files_of", "lines"]


def files_of(config: Config, server: RealServer) -> list[tuple[TrackFile, FileCheck]]:
    """The files whose number counts for a server."""
    checks = [check for check in server.checks if isinstance(check, FileCheck)]
    if not checks:
        return []
    by_path = {file.file: file for file in reversed(config.track_files)}
    return [(by_path[check.path], check) for check in checks if check.path in by_path]


def lines(config: Config, shown: Iterable[Shown]) -> Iterator[str]:
    """Each file and each session that somebody follows."""
    yield from _files(config, shown)
    yield from _sessions(shown)


def _files(config: Config, shown: Iterable[Shown]) -> Iterator[str]:
    followers: dict[str, list[str]] = {}
    numbers: dict[str, int] = {}
    for service, snapshot in shown:
        for server in snapshot.servers:
            for state in server.checks:
                check = state.check
                if isinstance(check, FileCheck):
                    where = f"{label(service)} -> {place(service, server.destination)}"
                    line = f"     {where}, weight {weight(check.weight, check.reverse)}"
                    followers.setdefault(check.path, []).append(line)
                    numbers[check.path] = _number(check, state)
    if followers:
        yield "------< Checker track files >------"
    for file in config.track_files:
        if file.file in followers:
            yield f" Track file = {file.name}"
            yield f"   File = {file.file}"
            yield f"   Status = {numbers[file.file]}"
            yield f"   Weight = {weight(file.weight, file.reverse)}"
            yield "   Tracking instances :"
            yield from followers[file.file]


def _sessions(shown: Iterable[Shown]) -> Iterator[str]:
    followers: dict[str, list[str]] = {}
    for service, _ in shown:
        for real in service.server.real_servers:
            for check in real.checks:
                if isinstance(check, FollowedCheck):
                    followers.setdefault(check.name, []).append(place(service, real.address))
    if followers:
        yield "------< Checker track BFDs >------"
    for name, places in followers.items():
        yield f" Checker Track BFD = {name}"
        yield "   Tracking RS :"
        yield from (f"   {where}" for where in places)


def _number(check: FileCheck, state: CheckSnapshot) -> int:
    """What the file said, told from what it did to the weight."""
    offset = state.last.weight_offset if state.last is not None else None
    if not offset or not check.weight:
        return 0
    return offset // (-check.weight if check.reverse else check.weight)
