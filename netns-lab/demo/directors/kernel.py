"""Where the second half runs: on this kernel if it has IPVS, else on one that has, in User-Mode Linux.

Either way its record comes back, and its lines appear as they come.
"""

from __future__ import annotations

import os
import pickle
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from netnslab import LabError, uml

from .record import Record

__all__ = ["leave_record", "run"]

_TIMEOUT = 180.0


def run(console: Console, here: Callable[[], Record], elsewhere: Sequence[str]) -> Record:
    """The record of `here()`, or of the command `elsewhere` with a file's name behind it.

    Raises: LabError, as when the command fails; it has told why on standard error.
    """
    if uml.has_ipvs():
        return here()
    console.print(
        "This kernel has no IPVS: the second half runs on a Linux 6.1 that has, as an ordinary\n"
        "program (User-Mode Linux). It needs a few seconds to boot.\n",
        style="bold",
    )
    with tempfile.TemporaryDirectory(prefix="demo-") as directory:
        file = Path(directory, "record")
        try:
            done = uml.run(
                [*elsewhere, str(file)],
                environment=os.environ | _terminal(console),
                timeout=_TIMEOUT,
                on_output=_pass_on,
            )
        finally:
            console.show_cursor(True)  # the live lanes hide it, and may have been killed
        if done.returncode != 0:
            raise LabError("the second half failed in User-Mode Linux, see above")
        record: Record = pickle.loads(file.read_bytes())
        return record


def leave_record(record: Record, file: Path) -> None:
    """What the command does at its end."""
    file.write_bytes(pickle.dumps(record))


def _terminal(console: Console) -> dict[str, str]:
    """What rich has to be told where standard output is a file that is shown in a terminal."""
    if not console.is_terminal:
        return {}
    return {"FORCE_COLOR": "1", "COLUMNS": str(console.width), "LINES": str(console.height)}


def _pass_on(stream: str, text: bytes) -> None:
    out = sys.stdout if stream == "stdout" else sys.stderr
    out.buffer.write(text)
    out.flush()
