"""How a child process itself runs: its name, its priority and its processors."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Followed", "ProcessSettings", "Reported", "apply"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ProcessSettings:
    """None and an empty tuple leave the system's default."""

    name: str | None = None
    """What `ps -e` and `top` show, up to 15 octets; None: the parent's."""
    nice: int | None = None
    realtime_priority: int | None = None
    cpus: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Followed:
    """For the VRRP process: the Virtual Router whose being Active others want to know."""

    name: str


@dataclass(frozen=True, slots=True)
class Reported:
    """For the VRRP process: somebody is told of changes. The sync groups with their members."""

    groups: tuple[tuple[str, tuple[str, ...]], ...] = ()


def apply(settings: ProcessSettings, name: str) -> None:
    """Set them for this process, the `name` one; a refusal is no reason not to run."""
    try:
        if settings.name is not None:
            Path("/proc/self/comm").write_text(settings.name)
        if settings.nice is not None:
            os.setpriority(os.PRIO_PROCESS, 0, settings.nice)
        if settings.realtime_priority is not None:
            parameter = os.sched_param(settings.realtime_priority)
            os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, parameter)
        if settings.cpus:
            os.sched_setaffinity(0, settings.cpus)
    except OSError as error:
        _log.warning("cannot set name or priority of the %s process: %s", name, error.strerror)
