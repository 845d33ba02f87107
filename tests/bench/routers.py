"""VRRP routers of either maker in a lab, started alike and read from outside.

Both read the same configuration file and log nowhere, so that neither pays for its words.
"""

from __future__ import annotations

import ctypes
import os
import socket
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from netnslab import Host, Process, wait_until
from tests.bench.proc import cpu_seconds

__all__ = [
    "MAKERS",
    "Instance",
    "Maker",
    "Router",
    "active_down_interval",
    "adopt_orphans",
    "cpu_shares",
    "skew_time",
]

_PR_SET_CHILD_SUBREAPER = 36
_GROUP = socket.inet_aton("224.0.0.18")


class Maker(Enum):
    """Whose daemon it is; the value is the word in reports."""

    OURS = "ours"
    KEEPALIVED = "keepalived"

    @property
    def program(self) -> Path:
        """What to run."""
        if self is Maker.OURS:
            return Path(sys.executable).with_name("keepalived")
        return Path("/usr/sbin/keepalived")


MAKERS = (Maker.OURS, Maker.KEEPALIVED)


@dataclass(frozen=True, slots=True)
class Instance:
    """One Virtual Router, version 3. `address` is "192.0.2.100/24", `interval` seconds; `more` are
    further lines."""

    vrid: int
    address: str
    interval: float
    priority: int = 100
    interface: str = "eth0"
    more: tuple[str, ...] = ()

    def __str__(self) -> str:
        return (
            f"vrrp_instance {self.interface}_{self.vrid} {{\n"
            f"  state BACKUP\n  interface {self.interface}\n  version 3\n"
            f"  virtual_router_id {self.vrid}\n  priority {self.priority}\n"
            f"  advert_int {self.interval:g}\n"
            f"  virtual_ipaddress {{\n    {self.address}\n  }}\n"
            + "".join(f"  {line}\n" for line in self.more)
            + "}\n"
        )


def adopt_orphans() -> None:
    """Have the children of killed daemons become this process's, which buries them at once.

    Until then their process ids, in PID files, keep the next daemon from starting; init may take
    a second (prctl(2), PR_SET_CHILD_SUBREAPER). Raises: OSError.
    """
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def skew_time(interval: float, priority: int = 100) -> float:
    """Skew_Time in seconds (RFC 9568 §6.1)."""
    return (256 - priority) * interval / 256


def active_down_interval(interval: float, priority: int = 100) -> float:
    """Active_Down_Interval in seconds: what no failover can be faster than (RFC 9568 §6.1)."""
    return 3 * interval + skew_time(interval, priority)


class Router:
    """A daemon on a host, which may be started again after it ended."""

    def __init__(
        self, host: Host, maker: Maker, instances: Iterable[Instance], blocks: str = ""
    ) -> None:
        """`blocks` stand before the instances."""
        self.host = host
        self.maker = maker
        self.process: Process
        self._instances = tuple(instances)
        self._configuration = host.directory / "keepalived.conf"
        self._configuration.write_text(blocks + "".join(map(str, self._instances)))

    @property
    def command(self) -> list[str]:
        """In the foreground, with PID files of its own."""
        files = {"-f": "keepalived.conf", "-p": "pid", "-r": "vrrp", "-c": "check", "-b": "bfd"}
        named = [word for flag, name in files.items() for word in (flag, self._path(name))]
        return [str(self.maker.program), "-n", "-G", *named]

    def start(self, environment: Mapping[str, str] | None = None, *, wait: bool = True) -> None:
        """Start the daemon; return when it listens, or at once. Raises: DeadlinePassed."""
        self.process = self.host.start(self.command, name="daemon", environment=environment)
        if wait:
            self.wait_listening()

    def wait_listening(self) -> None:
        """Wait until it listens on every interface. Raises: DeadlinePassed."""
        self.process.wait_ready(self._is_listening, timeout=15)

    def time_start(self) -> float:
        """The same; seconds from exec until it listens, to a millisecond."""
        go = self.host.directory / "go"
        os.mkfifo(go)
        # A shell that is already in the host's namespace waits for the word and becomes the daemon.
        waiting = ["/bin/sh", "-c", f'read word < {go}; exec "$@"', "sh", *self.command]
        self.process = self.host.start(waiting, name="daemon")
        descriptor = os.open(go, os.O_WRONLY)  # returns when the shell has opened it too
        go.unlink()
        start = time.perf_counter()
        os.write(descriptor, b"go\n")
        os.close(descriptor)
        wait_until(self._is_listening, what=f"{self.process} to listen", interval=0.001)
        return time.perf_counter() - start

    def _is_listening(self) -> bool:
        return self.memberships() >= len({each.interface for each in self._instances})

    def memberships(self) -> int:
        """Interfaces of the host on which somebody listens to VRRP's group."""
        # The kernel prints the octets as the machine's own integer.
        word = f"{int.from_bytes(_GROUP, sys.byteorder):08X}"
        with self.host.entered():
            return Path("/proc/thread-self/net/igmp").read_text().count(word)

    def crash(self) -> None:
        """SIGKILL to all its processes at once; what they left in the kernel stays there."""
        self.process.kill()
        for pid in self.process.killed:
            with suppress(ChildProcessError):  # the daemon itself is waited for already
                os.waitpid(pid, 0)

    def stop(self) -> None:
        """TERM, and wait for the end. Raises: DeadlinePassed."""
        self.process.stop(timeout=20)

    def clear_addresses(self) -> None:
        """Take away what a crashed daemon left, as the administrator of its machine would."""
        for each in self._instances:
            if self.host.has_address(each.address.partition("/")[0]):
                self.host.remove_address(each.interface, each.address)

    def count_addresses(self) -> int:
        """How many of the virtual addresses this host answers for."""
        virtual = {each.address for each in self._instances}
        return sum(str(found) in virtual for found in self.host.addresses())

    def wait_addresses(self, count: int, timeout: float) -> None:
        """Wait until the host answers for `count` virtual addresses. Raises: DeadlinePassed."""
        wait_until(
            lambda: self.count_addresses() == count,
            what=f"{count} virtual addresses on {self.host.name} ({self.maker.value})",
            timeout=timeout,
            interval=0.1,
        )

    def cpu_seconds(self) -> float:
        """Processor time its processes used until now, user and system."""
        return cpu_seconds(self.process.descendants())

    def _path(self, name: str) -> str:
        return str(self.host.directory / name)


def cpu_shares(routers: Sequence[Router], seconds: float) -> list[float]:
    """The part of one core each router uses, over that time from now on."""
    start = time.monotonic()
    before = [router.cpu_seconds() for router in routers]
    time.sleep(seconds)
    after = [router.cpu_seconds() for router in routers]
    elapsed = time.monotonic() - start
    return [(b - a) / elapsed for a, b in zip(before, after, strict=True)]
