"""Files of dumps: what they are called, and how they come to be whole and where they should."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...conf.config import GlobalDefs

__all__ = ["data_path", "named_path", "write"]

_NAME = "keepalived.data"


def data_path(defs: GlobalDefs, which: str, instead: str) -> Path:
    """Of a state dump. `which` comes before the last dot, `instead` is the directory by default.

    `state_dump_file` without a leading slash is a name there, with a trailing one a directory.
    """
    path = named_path(defs.state_dump_file, _NAME, instead)
    base, dot, ending = path.name.rpartition(".")
    if not dot:
        base, ending = ending, ""
    return path.parent / f"{base}{which}{_owner(defs)}{dot}{ending}"


def named_path(named: str | None, default: str, instead: str) -> Path:
    """Of another dump, by what the configuration says: as in `data_path`. quirk: dump-names"""
    folder, _, name = (named or "").rpartition("/")
    if named is None or not named.startswith("/"):
        folder = instead
    return Path(folder or "/") / (name or default)


def _owner(defs: GlobalDefs) -> str:
    names = [name for name in (defs.net_namespace, defs.instance) if name]
    return f".{'_'.join(names)}" if defs.data_use_instance and names else ""


def write(path: Path, lines: Iterable[str]) -> None:
    """Put a file in the place of what has that name, whole, with the mode that the umask leaves.

    It is made under a name nobody can guess and renamed, so that no reader sees a half of it and no
    link somebody put there is followed. It is closed after that: who waits for the close of the
    final name, as with keepalived, hears of it (quirk: dump-in-place). Raises: OSError.
    """
    descriptor, temporary = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
        try:
            file.writelines(f"{line}\n" for line in lines)
            file.flush()
            mask = os.umask(0o177)
            os.umask(mask)
            os.fchmod(descriptor, 0o666 & ~mask)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
