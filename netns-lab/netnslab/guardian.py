"""A watcher that clears a lab's leftovers when the lab's process is killed.

A shell waits on a pipe whose other end the owner holds: a line means all is well, the end of the
pipe without one means the owner is dead. It takes 1 MB and starts in a millisecond; Python is
started by it only when there is something to clear.
"""

from __future__ import annotations

import os
import subprocess
import sys

from . import record
from .waiting import wait_until

__all__ = ["Guardian", "main"]

_SCRIPT = 'read -r line || exec "$@"'


class Guardian:
    """Watches this process from its making until `dismiss`."""

    def __init__(self) -> None:
        """It leads a session of its own, out of reach of the terminal's Ctrl-C."""
        clear = [sys.executable, "-m", "netnslab.guardian", str(os.getpid())]
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", _SCRIPT, "netnslab-guardian", *clear],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def dismiss(self) -> None:
        """All is well: end it, and return when it has ended."""
        self._process.communicate(b"all is well\n")


def main(pid: int) -> None:
    """Clear what dead labs left, once the process `pid` has ended.

    Its pipe closes a moment before it is dead. Raises: LabError.
    """
    wait_until(lambda: record.Owner.of(pid) is None, what=f"the end of process {pid}", timeout=60)
    record.sweep()


if __name__ == "__main__":
    main(int(sys.argv[1]))
