"""The short-lived process that writes a dump, and what it writes.

It alone loads the whole `Config` again, puts the children's snapshots beside it and renders both
(`pyvrrp.control`), so that neither parent nor children pay for what is asked for rarely.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ...errors import PyvrrpError
from .. import handoff, log
from ..tmpdir import directory
from .file import data_path, named_path, write
from .host_facts import host_facts
from .kinds import CLEARING
from .request import Request

if TYPE_CHECKING:
    from healthcheck.snapshot import ServiceSnapshot

    from ...bfd.snapshot import SessionSnapshot
    from ...conf.config import Config
    from ...control.host import HostFacts
    from ...snapshot import TrackedSnapshot, VirtualRouterSnapshot

__all__ = ["configuration_lines", "dump"]

_IDENT = "Keepalived"
_NICE = 5
"""Whoever sends Advertisements goes first, a liveness probe waits seconds. quirk: dump-later"""

_Part = TypeVar("_Part")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Shown:
    """What there is to show; snapshots only of children that run and answered."""

    config: Config
    host: HostFacts
    routers: Mapping[str, VirtualRouterSnapshot] = field(default_factory=dict)
    services: Mapping[str, ServiceSnapshot] = field(default_factory=dict)
    sessions: Mapping[str, SessionSnapshot] = field(default_factory=dict)
    tracked: Sequence[TrackedSnapshot] = ()


@dataclass(frozen=True, slots=True)
class _File:
    """`section` None: the parent's own."""

    section: handoff.Section | None
    path: Callable[[Config], Path]
    lines: Callable[[_Shown], Iterable[str] | None]
    """None: there is nothing to write."""


def _parent_lines(shown: _Shown) -> Iterator[str]:
    from ...control import data_global

    return data_global.lines(shown.config, shown.host, "parent")


def _vrrp_lines(shown: _Shown) -> Iterator[str]:
    from ...control import data_global, data_vrrp

    yield from data_global.lines(shown.config, shown.host)
    up = {name for name, each in shown.sessions.items() if each.session.is_reachable}
    yield from data_vrrp.lines(shown.config, shown.host, shown.routers, shown.tracked, up)


def _checker_lines(shown: _Shown) -> Iterator[str]:
    from ...control import data_global, data_lvs

    yield from data_global.lines(shown.config, shown.host, "checker")
    yield from data_lvs.lines(shown.config, shown.host, shown.services)


def _bfd_lines(shown: _Shown) -> Iterator[str]:
    from ...control import data_bfd, data_global

    yield from data_global.lines(shown.config, shown.host, "bfd")
    yield from data_bfd.lines(shown.config, shown.sessions)


def _statistics(shown: _Shown) -> Iterator[str]:
    from ...control import stats

    return stats.lines(shown.config, shown.routers)


def _json(shown: _Shown) -> tuple[str, ...] | None:
    from ...control import data_json

    text = data_json.text(shown.config, shown.routers, shown.host, shown.tracked)
    return None if text is None else (text,)


def _data(which: str) -> Callable[[Config], Path]:
    return lambda config: data_path(config.global_defs, which, directory())


def _statistics_path(config: Config) -> Path:
    files = config.global_defs.files
    named = files.stats_dump_file if files else None
    return named_path(named, "keepalived.stats", directory())


def _json_path(config: Config) -> Path:
    files = config.global_defs.files
    return named_path(files.json_dump_file if files else None, "keepalived.json", directory())


_STATISTICS = (_File(handoff.Section.VRRP, _statistics_path, _statistics),)
_FILES = {
    "DATA": (
        _File(None, _data("_parent"), _parent_lines),
        _File(handoff.Section.VRRP, _data(""), _vrrp_lines),
        _File(handoff.Section.CHECKERS, _data("_check"), _checker_lines),
        _File(handoff.Section.BFD, _data("_bfd"), _bfd_lines),
    ),
    "STATS": _STATISTICS,
    CLEARING: _STATISTICS,
    "JSON": (_File(handoff.Section.VRRP, _json_path, _json),),
}


def configuration_lines(config: Config, section: handoff.Section) -> Iterator[str]:
    """What `--dump-conf` shows of one process. Raises: NetlinkError."""
    for file in _FILES["DATA"]:
        if file.section is section:
            yield from file.lines(_Shown(config, host_facts(config))) or ()


def dump(request: Request) -> int:
    """Write every file of one dump; a file that cannot be written does not keep the others.

    Returns 0: what went wrong is in the log.
    """
    log.start(request.options, _IDENT)
    os.nice(_NICE)
    try:
        shown = _shown(request)
    except PyvrrpError as problem:
        _log.error("cannot dump: %s", problem)
        return 0
    for file in _FILES[request.kind]:
        lines = file.lines(shown) if _is_wanted(file, request) else None
        if lines is not None:
            path = file.path(shown.config)
            try:
                write(path, lines)
            except OSError as problem:
                _log.error("Can't open dump file %s (%s)", path, problem.strerror)
    return 0


def _is_wanted(file: _File, request: Request) -> bool:
    if request.only is not None:
        return file.section is request.only
    return file.section is None or file.section in request.running


def _shown(request: Request) -> _Shown:
    """Raises: HandoffError, NetlinkError."""
    from ...conf.config import Config
    from ...snapshot import VirtualRouterSnapshot

    config = next(handoff.records(request.configuration), None)
    if not isinstance(config, Config):
        raise handoff.HandoffError("the configuration is not in memory")
    routers = _parts(request, handoff.Section.VRRP, VirtualRouterSnapshot)
    return _Shown(
        config,
        host_facts(config),
        {router.name: router for router in routers},
        {service.config.name: service for service in _services(request)},
        {session.settings.name: session for session in _sessions(request)},
        _tracked(request),
    )


# What nobody asks for is not loaded: it would be half of the time that a dump takes.


def _services(request: Request) -> list[ServiceSnapshot]:
    if handoff.Section.CHECKERS not in request.snapshots:
        return []
    from healthcheck.snapshot import ServiceSnapshot

    return _parts(request, handoff.Section.CHECKERS, ServiceSnapshot)


def _sessions(request: Request) -> list[SessionSnapshot]:
    if handoff.Section.BFD not in request.snapshots:
        return []
    from ...bfd.snapshot import SessionSnapshot

    return _parts(request, handoff.Section.BFD, SessionSnapshot)


def _tracked(request: Request) -> list[TrackedSnapshot]:
    from ...snapshot import FileSnapshot, ProcessSnapshot, ScriptSnapshot

    return [
        *_parts(request, handoff.Section.SCRIPTS, ScriptSnapshot),
        *_parts(request, handoff.Section.SCRIPTS, FileSnapshot),
        *_parts(request, handoff.Section.SCRIPTS, ProcessSnapshot),
    ]


def _parts(request: Request, section: handoff.Section, kind: type[_Part]) -> list[_Part]:
    """What the child of a section answered, if it did."""
    memory = request.snapshots.get(section)
    if memory is None:
        return []
    batches = handoff.records(memory)
    return [
        part
        for batch in batches
        if isinstance(batch, tuple)
        for part in batch
        if isinstance(part, kind)
    ]
