"""What the scripts process is given: its own settings, and what it watches for VRRP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..notices.commands import Command
from ..process_settings import ProcessSettings
from .initial_files import InitialFile

__all__ = ["ScriptsSettings", "TrackerFile", "TrackerProcess", "TrackerScript"]


@dataclass(frozen=True, slots=True)
class ScriptsSettings:
    """How the process itself runs."""

    process: ProcessSettings
    events_buffer: int = 0
    """Octets for news of processes that wait to be read; 0: as many as the system gives."""
    events_buffer_force: bool = False
    """Also beyond the system's limit."""


@dataclass(frozen=True, slots=True)
class TrackerScript:
    """A program that is run every `interval` seconds and must end within `timeout` seconds.

    It is up after `rise` good results and down after `fall` bad ones; the first decides at once.
    """

    name: str
    command: Command | None
    """None: nothing is run."""
    file: str | None = None
    """Good is then that this can be opened for reading (keepalived's script "< FILE")."""
    interval: float = 1.0
    timeout: float = 1.0
    rise: int = 1
    fall: int = 1


@dataclass(frozen=True, slots=True)
class TrackerFile:
    """A file whose number is told whenever it changes."""

    name: str
    path: str
    initial: InitialFile | None = None


@dataclass(frozen=True, slots=True)
class TrackerProcess:
    """It is up while `quorum` to `quorum_max` processes run that are called `process`.

    That is the short name, with `full_command` the first word of the command line.
    """

    name: str
    process: str
    arguments: tuple[str, ...] = ()
    param_match: Literal["exact", "initial", "partial"] | None = None
    """How the rest of the command line must agree with `arguments`; None: it does not matter."""
    full_command: bool = False
    quorum: int = 1
    quorum_max: int | None = None
    fork_delay: float = 0.0
    """Seconds that a change must last which comes of a fork; running another program is none."""
    terminate_delay: float = 0.0
    """Seconds that a change must last which comes of an end."""
