"""What the checker process is given: its own settings, and each virtual server with its programs.

Only values of `healthcheck.core.model` and of this module: the process loads nothing of VRRP.
"""

from __future__ import annotations

from dataclasses import dataclass

from healthcheck.core.model import VirtualServer
from healthcheck.core.sync import SyncDaemon, Timeouts

from ..notices.commands import Command, FifoSettings
from ..process_settings import ProcessSettings
from ..trackers.initial_files import InitialFile
from .mark_settings import MarkSettings

__all__ = [
    "CheckedService",
    "CheckerSettings",
    "ServerCommands",
]

_DEFAULT = ProcessSettings()
_AS_THEY_ARE = Timeouts()
_NO_MARKS = MarkSettings()


@dataclass(frozen=True, slots=True)
class ServerCommands:
    """What is run when one real server goes up or down, and whether mails are sent."""

    up: Command | None = None
    down: Command | None = None
    smtp_alert: bool = True


@dataclass(frozen=True, slots=True)
class CheckedService:
    """One virtual server. `servers` are in the order of `server.real_servers`, one for each."""

    server: VirtualServer
    servers: tuple[ServerCommands, ...]
    quorum_up: Command | None = None
    quorum_down: Command | None = None
    smtp_alert: bool = False


@dataclass(frozen=True, slots=True)
class CheckerSettings:
    """How the process runs, and what it does with the kernel's table as a whole."""

    process: ProcessSettings = _DEFAULT
    flush_at_start: bool = False
    """Empty the whole table first."""
    flush_at_stop: bool = False
    """Empty the whole table at last, not only our own services."""
    tell_servers_at_start: bool = False
    """The start is news for each server that is up."""
    tell_servers_at_stop: bool = True
    """Under `omega` the stop is news for each server too, not only for its service."""
    timeouts: Timeouts = _AS_THEY_ARE
    sync_daemons: tuple[SyncDaemon, ...] = ()
    sync_follows: str | None = None
    """The Virtual Router that says which of them runs: the master while it is Active, else the backup.
    None: all do."""
    fifos: tuple[FifoSettings, ...] = ()
    initial_files: tuple[InitialFile, ...] = ()
    marks: MarkSettings = _NO_MARKS
    sends_mails: bool = False
    """Somebody is there to send and to get them."""
    mails_each_check: bool = True
    """Also of a check that leaves its server as it is."""
