"""How a child process itself runs: its name, its priority, its processors, its memory."""

from __future__ import annotations

import logging
import os
import resource
import signal
from dataclasses import dataclass, replace
from pathlib import Path

__all__ = ["Followed", "ProcessSettings", "Reported", "apply", "raise_priority"]

_log = logging.getLogger(__name__)

_RLIMIT_RTTIME = 15  # include/uapi/asm-generic/resource.h; the module has no name for it
_LOCK_ALL = 1 | 2 | 4  # MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT: what is used, when it is used


@dataclass(frozen=True, slots=True)
class ProcessSettings:
    """None and an empty tuple leave the system's default."""

    name: str | None = None
    """What `ps -e` and `top` show, up to 15 octets; None: the parent's."""
    nice: int | None = None
    realtime_priority: int | None = None
    cpus: tuple[int, ...] = ()
    rlimit_rttime: int = 10000
    """Microseconds of processor time under a realtime priority without a pause, before it is told."""
    no_swap: bool = False
    """Keep the memory from being swapped out."""
    max_auto_priority: int = 0
    """The highest realtime priority that a process which runs late gives itself; 0 and -1: none."""
    min_auto_priority_delay: float = 1.0
    """How late that is, in seconds."""


@dataclass(frozen=True, slots=True)
class Followed:
    """For the VRRP process: the Virtual Router whose being Active others want to know."""

    name: str


@dataclass(frozen=True, slots=True)
class Reported:
    """For the VRRP process: somebody is told of changes. The sync groups with their members."""

    groups: tuple[tuple[str, tuple[str, ...]], ...] = ()


def apply(settings: ProcessSettings, name: str) -> None:
    """Set them for this process, the `name` one, and take back what earlier ones set.

    What is refused is no reason not to run: it is in the log.
    """
    for what, change in (
        ("its name", _set_name),
        ("its nice value", _set_nice),
        ("realtime scheduling", _set_realtime),
        ("its processors", _set_cpus),
        ("its memory", _set_memory),
    ):
        try:
            change(settings, name)
        except OSError as error:
            _log.warning("cannot set %s of the %s process: %s", what, name, error.strerror)


def raise_priority(settings: ProcessSettings, name: str, late: float) -> None:
    """The process was `late` seconds late: tell it, and have it run before others from now on."""
    if late < settings.min_auto_priority_delay:
        return
    _log.info("A thread timer expired %.6f seconds ago", late)
    highest, now = settings.max_auto_priority, os.sched_getparam(0).sched_priority
    if now >= highest:
        return
    try:
        _set_realtime(replace(settings, realtime_priority=now + 1), name)
    except OSError as error:
        _log.warning("cannot raise the priority of the %s process: %s", name, error.strerror)
    else:
        _log.info("Set realtime priority %d", now + 1)


def _set_name(settings: ProcessSettings, name: str) -> None:
    if settings.name is not None:
        Path("/proc/self/comm").write_text(settings.name)


def _set_nice(settings: ProcessSettings, name: str) -> None:
    if settings.nice is not None:
        os.setpriority(os.PRIO_PROCESS, 0, settings.nice)


def _set_cpus(settings: ProcessSettings, name: str) -> None:
    if settings.cpus:
        os.sched_setaffinity(0, settings.cpus)


def _set_realtime(settings: ProcessSettings, name: str) -> None:
    """Round robin, and a signal where keepalived has a kill (quirk: realtime-limit)."""
    priority, before = settings.realtime_priority, os.sched_getscheduler(0)
    if priority is None:
        if before & ~os.SCHED_RESET_ON_FORK == os.SCHED_RR and not settings.max_auto_priority > 0:
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        return
    os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(priority))
    limit = settings.rlimit_rttime
    signal.signal(signal.SIGXCPU, lambda *_: _tell_limit(name, limit))
    _, hard = resource.getrlimit(_RLIMIT_RTTIME)
    resource.setrlimit(_RLIMIT_RTTIME, (limit, hard))


def _tell_limit(name: str, limit: int) -> None:
    _log.warning(
        "the %s process used more than %d us of a processor under its realtime priority without a"
        " pause, which is its rlimit_rttime",
        *(name, limit),
    )


def _set_memory(settings: ProcessSettings, name: str) -> None:
    if not settings.no_swap and not _is_locked():
        return
    import ctypes  # few lock their memory

    library = ctypes.CDLL(None, use_errno=True)
    failed = library.mlockall(_LOCK_ALL) if settings.no_swap else library.munlockall()
    if failed:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _is_locked() -> bool:
    lines = Path("/proc/self/status").read_text().splitlines()
    return any(line.startswith("VmLck:") and line.split()[1] != "0" for line in lines)
