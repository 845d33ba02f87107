"""What the scripts process is given: its own settings, and what it watches for VRRP."""

from __future__ import annotations

from dataclasses import dataclass

from .commands import Command
from .process_settings import ProcessSettings

__all__ = ["ScriptsSettings", "TrackerScript"]


@dataclass(frozen=True, slots=True)
class ScriptsSettings:
    """How the process itself runs."""

    process: ProcessSettings = ProcessSettings()  # noqa: RUF009  # it is frozen


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
