"""What /proc says that processes have used (proc(5))."""

from __future__ import annotations

import os
from collections.abc import Iterable

from netnslab.residents import stat_of

__all__ = ["cpu_seconds"]

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(processes: Iterable[int], *, with_buried: bool = False) -> float:
    """Processor time until now, user and system; of a process that has ended, none.

    `with_buried`: and that of the children that they have waited for.
    """
    end = 15 if with_buried else 13
    total = 0
    for process in processes:
        total += sum(map(int, stat_of(process)[11:end]))
    return total / _TICKS
