"""What the parent process itself takes from a configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import pid_file

if TYPE_CHECKING:
    from ...conf.config import GlobalDefs

__all__ = ["ParentSettings", "parent_settings"]


@dataclass(frozen=True, slots=True)
class ParentSettings:
    """Empty names: there is nothing of the kind."""

    process_name: str = ""
    """What `ps -e` and `top` show, up to 15 octets."""
    reload_marker: str = ""
    """File that is there, empty, while a reload goes on."""
    schedule: str = ""
    """File that holds the time of the next reload."""
    repeats: bool = False
    """A time without date counts every day."""


def parent_settings(defs: GlobalDefs, names: pid_file.Words) -> ParentSettings:
    """From keepalived's words to ours."""
    files = defs.files
    name = defs.process_name or ""
    if files is None:
        return ParentSettings(name)
    marker = files.reload_file
    if marker == "":
        marker = pid_file.default_path("keepalived", names, ".reload")
    return ParentSettings(name, marker or "", files.reload_time_file or "", files.reload_repeat)
