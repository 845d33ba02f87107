"""What /proc says that processes have used (proc(5))."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

__all__ = ["cpu_seconds"]

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(processes: Iterable[int], *, with_buried: bool = False) -> float:
    """Processor time until now, user and system; of a process that has ended, none.

    `with_buried`: and that of the children that they have waited for.
    """
    end = 15 if with_buried else 13
    total = 0
    for process in processes:
        with suppress(FileNotFoundError, ProcessLookupError):
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            total += sum(map(int, fields[11:end]))
    return total / _TICKS
