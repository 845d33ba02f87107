"""Where processes are killed: a router with everything that a crash may leave, and another one.

    victim ---+--- lan, 192.0.2.0/24 --- other     .100 (a virtual MAC address, no_accept, a route, a
           |                                       rule, a script), .101 (a BFD session)
           +------ up, 10.1.0.0/24 ----- gateway   FRR's bfdd

The script of the FIFO runs as long as its daemon.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from pathlib import Path

from netnslab import Frame, Lab, wait_until
from netnslab.residents import children
from tests.bench import inventory
from tests.bench.frames import advert
from tests.bench.routers import Instance, Maker, Router
from tests.netns.interop.bfdd import Bfdd

__all__ = ["INTERVAL", "Site", "State"]

INTERVAL = 0.1
"""s between Advertisements."""

_SCRIPTED, _WATCHED, _VRIDS = "192.0.2.100", "192.0.2.101", (51, 52)
_BFD = ("receive-interval 100", "transmit-interval 100", "detect-multiplier 5")
_AT_ONCE = 0.03  # s; what a process sent before its death may be seen that late
_BEFORE = 20  # frames: some of each Virtual Router
_START = 20.0  # s a start may take
_BLOCKS = """
global_defs {{
    script_user root
    nftables
    vrrp_notify_fifo {0}/fifo
    vrrp_notify_fifo_script {0}/reader.conf
}}
vrrp_script good {{
    script "/usr/bin/test -e {0}/good.conf"
    interval 1
}}
bfd_instance gateway {{
    neighbor_ip 10.1.0.2
    source_ip 10.1.0.1
    min_rx 100
    min_tx 100
    multiplier 5
}}
"""
_MORE = """
use_vmac
no_accept
track_script {
    good
}
virtual_routes {
    203.0.113.0/24 via 192.0.2.9 dev eth0
}
virtual_rules {
    from 198.51.100.0/24 table 100
}
"""


class State(Enum):
    """What the victim is; the value is the word in reports."""

    ACTIVE = "Active"
    BACKUP = "Backup"
    FAULT = "Fault"


@dataclass(frozen=True, slots=True)
class _Right:
    """How it is when all is well."""

    processes: int
    memberships: int
    things: inventory.Inventory


class Site:
    """Two routers of one maker, one of them the victim."""

    def __init__(self, lab: Lab, name: str, maker: Maker, state: State) -> None:
        """`name` begins those of its hosts."""
        self.maker = maker
        self.state = state
        self._lan, up = lab.bridge(f"{name}-lan"), lab.bridge(f"{name}-up")
        self.host, other, gateway = (lab.host(f"{name}-{part}") for part in ("v", "o", "g"))
        self.host.connect(self._lan, addresses=["192.0.2.1/24"])
        other.connect(self._lan, addresses=["192.0.2.2/24"])
        self.host.connect(up, "eth1", addresses=["10.1.0.1/24"])
        gateway.connect(up, addresses=["10.1.0.2/24"])
        self._bfdd = None if state is State.FAULT else Bfdd(gateway)
        if self._bfdd is not None:  # else neither the script nor the session is up
            (self.host.directory / "good.conf").touch()
        reader = self.host.directory / "reader.conf"
        reader.write_text(f"#!/bin/sh\nexec sleep {inventory.SCRIPT}\n")
        reader.chmod(0o755)
        self.pristine = inventory.take(self.host)
        self._capture = self._lan.capture(("vrrp",))
        own, others = (100, 200) if state is State.BACKUP else (200, 100)
        more = tuple(_MORE.splitlines()), ("track_bfd {", "gateway", "}")
        blocks = _BLOCKS.format(self.host.directory)
        self._victim = Router(self.host, maker, _instances(own, more), blocks)
        self._other = Router(other, maker, _instances(others, ((), ())))
        self._known: set[int] = set()
        self._session = self._former_session = ""
        self._configuration = self.host.directory / "keepalived.conf"
        self._text = self._configuration.read_text()

    # Lives.

    def prepare(self) -> None:
        """Start what lives through all. Raises: DeadlinePassed."""
        if self._bfdd is not None:
            self._bfdd.start("10.1.0.1", _BFD)
        self._other.start()
        self._other.wait_addresses(2, timeout=_START)  # a Backup that never was Active

    def begin(self) -> None:
        """Start the victim, and see how it is when all is well. Raises: DeadlinePassed."""
        self._configuration.write_text(self._text)
        self.start()
        wait_until(self._is_placed, what=f"{self._victim.host.name} to settle", timeout=_START)
        time.sleep(10 * INTERVAL)
        memberships = self._victim.memberships()
        self.right = _Right(len(self._processes()), memberships, inventory.take(self.host))
        self._session = self._read_session()

    def start(self) -> None:
        """Start the victim again."""
        for pid in self._known:
            with suppress(ChildProcessError):  # adopted; else a PID file would take it for alive
                os.waitpid(pid, os.WNOHANG)
        self._victim.start()

    def stop(self) -> None:
        """Stop the victim in order."""
        self._victim.stop()

    def renew(self) -> None:
        """Have all well again, whatever became of it. Raises: DeadlinePassed."""
        self.stop()
        self.start()
        wait_until(self._is_placed, what=f"{self._victim.host.name} to settle", timeout=_START)

    def write_another_file(self) -> None:
        """The same Virtual Routers with other addresses."""
        self._configuration.write_text(self._text.replace("192.0.2.10", "192.0.2.11"))

    # Deaths.

    def kill_child(self, name: str) -> int:
        """SIGKILL to the child with that PID file; empty: to the one that has none. Its process id."""
        files = {each: self.host.directory / each for each in ("vrrp", "bfd")}
        named = {each: int(path.read_text()) for each, path in files.items() if path.exists()}
        others = set(self._processes()) - {self._victim.process.pid, *named.values()}
        victim = named[name] if name else others.pop()
        if name == "bfd":
            self._forget_session()
        os.kill(victim, signal.SIGKILL)
        return victim

    def reload(self) -> None:
        """SIGHUP, which takes some time to have effects."""
        self._victim.process.signal(signal.SIGHUP)

    def kill_parent(self) -> None:
        """SIGKILL to the parent alone."""
        self._forget_session()
        self._known |= set(self.host.process_ids())
        self._victim.process.signal(signal.SIGKILL)
        self._victim.process.wait()

    def kill_all(self) -> None:
        """SIGKILL to the daemon's processes as one, so that none acts on the death of another."""
        self._forget_session()
        self._known |= set(self.host.process_ids())
        processes = self._processes()
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in processes:
                os.kill(pid, number)
        self._victim.process.wait()
        for pid in processes[1:]:
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)

    # What is seen.

    def frames(self) -> int:
        """How many were recorded until now."""
        return len(self._capture.frames)

    def silence(self, since: int, start: float) -> float:
        """Seconds of the pause between two Advertisements around that moment, which was when there
        were so many frames; waits for the second. Raises: DeadlinePassed."""

        def is_spoken(frame: Frame) -> bool:
            found = advert(frame.data)
            return found is not None and found.vrid == _VRIDS[0] and found.priority > 0

        after = self._capture.wait(
            lambda frame: is_spoken(frame) and frame.monotonic > start + _AT_ONCE,
            what="an Advertisement",
            timeout=15,
            start=since,
        )
        frames = self._capture.frames_from(max(0, since - _BEFORE))
        times = [each.monotonic for each in frames if is_spoken(each)]
        times = [each for each in times if each <= after.monotonic]
        return max(b - a for a, b in pairwise(times) if b > start)

    def last_wrong_word(self, since: int) -> float:
        """When the last Advertisement came from who should be silent; 0: never."""
        right = (self._victim if self.state is State.ACTIVE else self._other).host.name
        times = [
            frame.monotonic
            for frame in self._capture.frames_from(since)
            if (found := advert(frame.data))
            and found.priority > 0
            and self._lan.ports[frame.interface] != right
        ]
        return max(times, default=0.0)

    def is_daemon_gone(self) -> bool:
        """Whether none of the victim's own processes is left."""
        return not any(map(_is_daemon, self.host.process_ids()))

    def seems_right(self, dead: int = 0) -> bool:
        """Whether all is as it was that is soon seen: the processes, without the one that was killed,
        whether it listens, who has the addresses, one script; and whether its BFD session is up."""
        processes = self._processes()
        is_whole = dead not in processes and len(processes) == self.right.processes
        is_listening = self._victim.memberships() == self.right.memberships
        return (
            is_whole
            and is_listening
            and self._is_placed()
            and len(list(inventory.scripts(self.host))) == 1
            and self._has_session()
        )

    def old_addresses(self) -> inventory.Inventory:
        """Those of the first file that the victim still has."""
        old = filter(self.host.has_address, (_SCRIPTED, _WATCHED))
        return inventory.Inventory(("addresses", each) for each in old)

    def _has_session(self) -> bool:
        """Once it is there after a kill it is not looked for again, since the look takes long."""
        if not self._session and self._bfdd is not None:
            self._session = self._read_session()
        return self._bfdd is None or bool(self._session)

    def _forget_session(self) -> None:
        self._session, self._former_session = "", self._session

    def _read_session(self) -> str:
        """What the daemon calls its session, as its neighbour says; empty: it is not up anew."""
        peer = {} if self._bfdd is None else self._bfdd.peer()
        name = str(peer.get("remote-id", ""))
        return name if peer.get("status") == "up" and name != self._former_session else ""

    def _is_placed(self) -> bool:
        wanted = (2, 0) if self.state is State.ACTIVE else (0, 2)
        return (self._victim.count_addresses(), self._other.count_addresses()) == wanted

    def _processes(self) -> list[int]:
        """The daemon's own: the parent and its children that are no script."""
        parent = self._victim.process.pid
        found = children(parent)
        return [parent, *filter(_is_daemon, found)] if found else []


def _instances(priority: int, more: tuple[tuple[str, ...], tuple[str, ...]]) -> list[Instance]:
    return [
        Instance(vrid, f"{address}/24", INTERVAL, priority, more=lines)
        for vrid, address, lines in zip(_VRIDS, (_SCRIPTED, _WATCHED), more, strict=True)
    ]


def _is_daemon(pid: int) -> bool:
    """A zombie has no command line."""
    try:
        return b"keepalived\0" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
