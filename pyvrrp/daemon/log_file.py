"""`--log-file`: a file of log lines for each process (quirk: log-files).

Lines are appended one write each, so that `--flush-log-file` is always so, and a file that
somebody moved away is made anew at the next start of the process.
"""

from __future__ import annotations

import logging
import os
import time

from .tmpdir import directory

__all__ = ["LogFile", "path_for"]

_DEFAULT = "keepalived.log"
_MAX_LINE = 2048
_PROCESSES = {"healthcheckers": "check"}
"""Names of processes in names of files, where they differ from those in syslog."""


def path_for(given: str, ident: str, names: str = "") -> str:
    """Where the process with that name in syslog writes; nothing given is keepalived.log.

    keepalived's rule: the name of the process and `names` of the daemon go before the last dot, a
    name without leading slash is one in $TMPDIR or /tmp.
    """
    name = given or _DEFAULT
    process = ident.partition("_")[2]
    folder, slash, last = name.rpartition("/")
    base, dot, ending = last.rpartition(".")
    if not dot:
        base, ending = ending, ""
    suffix = f"_{_PROCESSES.get(process, process)}" if process else ""
    path = f"{folder}{slash}{base}{suffix}{names}{dot}{ending}"
    return path if path.startswith("/") else f"{directory()}/{path}"


class LogFile:
    """An outlet. A file that cannot be opened gets nothing, which the first line on stderr says."""

    def __init__(self, path: str) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK
        self._descriptor: int | None = None
        try:
            # In /tmp a link of that name may be a trap.
            self._descriptor = os.open(path, flags | os.O_NOFOLLOW, 0o666)
        except OSError as problem:
            os.write(2, f"log file {path}: {problem.strerror}\n".encode("utf-8", "replace"))

    def write(self, record: logging.LogRecord, line: str) -> bool:
        """False when the file did not take it."""
        if self._descriptor is None:
            return True
        when = time.localtime(record.created)
        fraction = int(record.created % 1 * 1_000_000_000)
        date = f"{time.strftime('%a %b %d %T', when)}.{fraction:09d} {when.tm_year}"
        octets = f"{date}: {line}".encode("utf-8", "backslashreplace")[:_MAX_LINE] + b"\n"
        try:
            os.write(self._descriptor, octets)
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Close the file."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
