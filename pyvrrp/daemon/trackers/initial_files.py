"""`init_file`: the number a tracked file begins with.

It is written when the daemon starts, by the process that watches the file, and never later: not at
a reload, and not by a process that took the place of another.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...conf.tracking_config import TrackFile

__all__ = ["InitialFile", "initial_file", "write_initial"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class InitialFile:
    """A number to be written into a file; with `overwrite` also when it is there already."""

    path: str
    number: int
    overwrite: bool


def initial_file(file: TrackFile) -> InitialFile | None:
    """What the configuration says of it; None: nothing."""
    if file.init_file is None:
        return None
    return InitialFile(file.file, file.init_file, file.overwrite)


def write_initial(files: Iterable[InitialFile | None]) -> None:
    """Write the numbers; a file that cannot be written is said."""
    for file in filter(None, files):
        # No link that somebody put there, and no waiting should it be a FIFO.
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
        flags |= os.O_TRUNC if file.overwrite else os.O_EXCL
        try:
            descriptor = os.open(file.path, flags, 0o644)
        except FileExistsError:
            continue
        except OSError as error:
            logger.error("cannot initialise track file %s: %s", file.path, error.strerror)
            continue
        with os.fdopen(descriptor, "w") as opened:
            opened.write(f"{file.number}\n")
