"""The name `ps`, `pgrep` and `pidof` show: `keepalived` or `pyvrrp`, not `python3`.

The kernel keeps two names. `comm` may be written by its process; the argument list is the
process's own memory, and shrinks to fit: the interpreter's path stood in front of ours. What is
left over stays as NUL bytes at the end of /proc/PID/cmdline.
"""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["set_title"]

_ARG_START, _ARG_END = 47, 48
"""Fields of /proc/PID/stat, counted from 0 (proc(5))."""


def set_title(name: str, arguments: tuple[str, ...]) -> bool:
    """Show this process as `name` with `arguments`. False when that did not work: harmless."""
    try:
        Path("/proc/self/comm").write_text(name)
        start, end = _argument_area()
        octets = b"".join(os.fsencode(word) + b"\0" for word in (name, *arguments))
        if len(octets) > end - start:
            return False
        with Path("/proc/self/mem").open("r+b", buffering=0) as memory:
            memory.seek(start)
            memory.write(octets.ljust(end - start, b"\0"))
    except (OSError, ValueError, IndexError):
        return False
    return True


def _argument_area() -> tuple[int, int]:
    # The second field is the name in parentheses; it may hold blanks and parentheses itself.
    fields = Path("/proc/self/stat").read_bytes().rpartition(b")")[2].split()
    return int(fields[_ARG_START - 2]), int(fields[_ARG_END - 2])
