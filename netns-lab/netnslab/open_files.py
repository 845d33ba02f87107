"""What a process holds open, looked at while it opens and closes."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

__all__ = ["is_open", "open_files"]


def open_files(pid: int) -> list[str]:
    """The targets of `/proc/PID/fd`, without what was closed while they were read.

    Raises: FileNotFoundError when there is no such process.
    """
    found = []
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found.append(os.readlink(descriptor))  # noqa: PTH115 - it may be no path
    return found


def is_open(path: Path, pid: int) -> bool:
    """Whether that process has the file open, under whatever name it knows it.

    Raises: FileNotFoundError when there is no such process or no such file.
    """
    file = path.stat()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(descriptor.stat(), file):
                return True
    return False
