"""A host of its own for one program: its network, its /run and its /etc/keepalived."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from netnslab import Host, Process, wait_until
from pyvrrp.daemon.parent.pid_file import is_locked

__all__ = ["ADDRESS", "CHECKS", "INSTANCE", "OURS", "PATIENCE", "SIGNALS", "THEIRS", "Place"]

THEIRS = Path("/usr/sbin/keepalived")
OURS = Path(sys.executable).with_name("keepalived")
PATIENCE = 30.0
"""Seconds for what takes a moment on an idle machine."""
ADDRESS = "192.0.2.100"
INSTANCE = f"""
vrrp_instance one {{
    interface eth0
    virtual_router_id 51
    priority 200
    version 3
    advert_int 0.1
    virtual_ipaddress {{
        {ADDRESS}/24
    }}
}}
"""
CHECKS = """
virtual_server 198.51.100.1 80 {
    protocol TCP
    lvs_sched rr
    lvs_method NAT
    real_server 198.51.100.2 80 {
    }
}
"""
"""No kernel without IPVS runs them, so that nobody may try."""
SIGNALS = {
    "USR1": signal.SIGUSR1,
    "USR2": signal.SIGUSR2,
    "STATS_CLEAR": signal.SIGRTMAX - 1,
    "JSON": signal.SIGRTMIN + 2,
}
_OWN_PLACES = """
set -e
mkdir -p "$1/run/netns"
if [ -d /run/netns ]; then mount --rbind /run/netns "$1/run/netns"; fi
mount --bind "$1/etc" /etc/keepalived
mount --rbind "$1/run" /run
shift
exec "$@"
"""

_T = TypeVar("_T")


class Place:
    """Where one program lives one life. Files are seen below `run`, `etc` and `tmp` from here."""

    def __init__(self, host: Host, directory: Path, program: Path) -> None:
        self.host = host
        self.program = program
        self.run, self.etc, self.tmp = (directory / name for name in ("run", "etc", "tmp"))
        for path in (self.run, self.etc, self.tmp):
            path.mkdir(parents=True)
        self._directory = directory

    def write(self, text: str, name: str = "keepalived.conf") -> Path:
        """A configuration where keepalived looks for it."""
        path = self.etc / name
        path.write_text(text)
        return path

    def command(self, words: Iterable[str], before: Iterable[str] = ()) -> list[str]:
        """The program with these words; `before` are words of a program that starts it."""
        inside = ["sh", "-c", _OWN_PLACES, "sh", str(self._directory)]
        return ["unshare", "-m", *inside, *before, str(self.program), *words]

    def answer(self, *words: str, before: Iterable[str] = ()) -> subprocess.CompletedProcess[str]:
        """A run that ends by itself."""
        command = ["env", f"TMPDIR={self.tmp}", *self.command(words, before)]
        return self.host.run(command, check=False, timeout=PATIENCE)

    def start(
        self,
        *words: str,
        before: Iterable[str] = (),
        environment: Mapping[str, str] | None = None,
        text: str = INSTANCE,
    ) -> Process:
        """In the foreground; returns when it is Active."""
        self.write(text)
        given = {"TMPDIR": str(self.tmp), **(environment or {})}
        command = self.command(("-nlG", *words), before)
        process = self.host.start(command, environment=given)
        process.wait_for_log("Startup complete", timeout=PATIENCE)
        self.host.wait_address(ADDRESS, timeout=PATIENCE)
        process.wait_for_log("Entering MASTER", timeout=PATIENCE)  # which comes a moment later
        return process

    def pid(self, name: str) -> int:
        """What a PID file says, once it says something."""
        return int(self.until(lambda: (self.run / name).read_text().strip()))

    def is_locked(self, name: str) -> bool:
        """Somebody holds the lock of that PID file."""
        return is_locked(str(self.run / name))

    def files(self, directory: Path) -> list[str]:
        """Names of the files there, directories entered."""
        return sorted(str(p.relative_to(directory)) for p in directory.rglob("*") if p.is_file())

    def until(self, condition: Callable[[], _T], what: str = "in time") -> _T:
        """What the condition gives once it is true; a file that is not there is no answer yet."""
        found: list[_T] = []

        def is_true() -> bool:
            try:
                value = condition()
            except (FileNotFoundError, ProcessLookupError):
                return False
            found[:] = [value]
            return bool(value)

        wait_until(is_true, timeout=PATIENCE, what=what)
        return found[0]

    def kill(self, pid: int, number: int = signal.SIGKILL) -> None:
        """Send a signal."""
        os.kill(pid, number)
