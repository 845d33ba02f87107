"""The lab's kernel changes as ip(8) commands: what the lab does is what a person would type.

One program start costs 3 ms, so commands travel in batches, one per namespace.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence

from .errors import CommandFailed, LabError

__all__ = ["batch", "call"]

_FAILED_LINE = re.compile(r"^Command failed -:(\d+)$", re.MULTILINE)


def batch(namespace: str, lines: Sequence[str]) -> None:
    """Run ip(8) commands, each without the leading `ip`, in the namespace; stop at the first error.

    Raises: CommandFailed naming the command that failed; LabError when ip(8) is missing.
    """
    if not lines:
        return
    done = _ip(["-n", namespace, "-batch", "-"], "".join(f"{line}\n" for line in lines))
    if done.returncode != 0:
        failed = _FAILED_LINE.search(done.stderr)
        line = lines[int(failed[1]) - 1] if failed else "; ".join(lines)
        text = _FAILED_LINE.sub("", done.stderr)
        raise CommandFailed(namespace, ["ip", *line.split()], done.returncode, text)


def call(namespace: str, arguments: Sequence[str]) -> str:
    """Run one ip(8) command in the namespace and return what it printed.

    Raises: CommandFailed; LabError when ip(8) is missing.
    """
    done = _ip(["-n", namespace, *arguments], None)
    if done.returncode != 0:
        raise CommandFailed(namespace, ["ip", *arguments], done.returncode, done.stderr)
    return done.stdout


def _ip(arguments: Sequence[str], text: str | None) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            ["ip", *arguments], input=text, capture_output=True, text=True, check=False, timeout=30
        )
    except FileNotFoundError as error:
        raise LabError("ip(8) is not installed: apt-get install iproute2") from error
