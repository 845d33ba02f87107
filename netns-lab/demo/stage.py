"""What a story does with its daemons and their hosts, and how it waits: the time line runs meanwhile."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from netnslab import CommandFailed, Host, Link, Process, wait_until
from netnslab.decode import Advert, Announcement
from netnslab.timeline import Event

from .recorder import Recorder
from .states import State

__all__ = ["Stage"]

_FILES = ["-p", "parent.pid", "-r", "vrrp.pid", "-c", "checkers.pid", "-b", "bfd.pid"]
"""A place of its own for each PID file: all daemons share this machine's /run."""


class Stage:
    """`program` runs on hosts that have a `keepalived.conf`, which gives them `address` by turns.

    `show` gets what is new every `step` seconds.
    """

    def __init__(
        self,
        program: Path,
        address: str,
        recorder: Recorder,
        show: Callable[[list[Event]], None],
        *,
        step: float = 0.005,
        patience: float = 60.0,
    ) -> None:
        self._command = [str(program), "-nlG", "-f", "keepalived.conf", *_FILES]
        self._address = address
        self._recorder = recorder
        self._show = show
        self._step = step
        self._patience = patience
        self._daemons: dict[str, Process] = {}

    def start(self, host: Host) -> None:
        """Start the daemon."""
        self._daemons[host.name] = host.start(self._command)

    def stop(self, host: Host, text: str, headline: str = "") -> float:
        """Ask the daemon to end; return the moment."""
        moment = self._recorder.act(host.name, text, headline=headline)
        self._daemons[host.name].signal(signal.SIGTERM)
        return moment

    def crash(self, host: Host) -> float:
        """Right behind an Advertisement, the worst moment: the other one's patience begins anew.

        Returns the moment.
        """
        link = host.link("eth0")
        with _ready_to_unplug(link) as scissors:
            begin = time.monotonic()
            self.until(lambda: self.adverts(host, begin), "an Advertisement")
            moment = time.monotonic()
            # First: a dead machine's kernel answers no more pings.
            scissors.communicate(f"link set dev {link.far.interface} down\n")
        link.wait_carrier(False)
        self._recorder.act(
            host.name,
            "loses power: its link goes dark, kill -9 to all its processes",
            State.OFF,
            "loses power",
        )
        host.crash()
        if host.has_address(self._address):
            host.remove_address("eth0", f"{self._address}/24")  # memory is lost too
        return moment

    def wait_listening(self, host: Host) -> None:
        """Until its daemon says that it is a Backup Router."""
        daemon = self._daemons[host.name]

        def listens() -> bool:
            if not daemon.is_running:
                raise CommandFailed(host.name, daemon.command, daemon.wait(), daemon.tail())
            return "Entering BACKUP STATE" in daemon.output()

        self.until(listens, f"{host.name}'s daemon to listen")
        self._recorder.act(host.name, "listens", State.BACKUP)

    def wait_announced(self, host: Host, begin: float) -> None:
        """Until it is Active and has said so."""
        self.until(
            lambda: any(
                isinstance(event.fact, Announcement) for event in self._events(host, begin)
            ),
            f"{host.name} to become Active",
        )

    def wait_stopped(self) -> None:
        """Until no daemon runs any more."""
        self.until(
            lambda: not any(each.is_running for each in self._daemons.values()),
            "the end of the daemons",
        )

    def adverts(self, host: Host, begin: float) -> list[Advert]:
        """What it has advertised since `begin`."""
        facts = [event.fact for event in self._events(host, begin)]
        return [fact for fact in facts if isinstance(fact, Advert)]

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        end = time.monotonic() + seconds
        self.until(lambda: time.monotonic() >= end, f"{seconds:g} s")

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait for it, and show what happens meanwhile. Raises: DeadlinePassed; CommandFailed."""

        def reached() -> bool:
            self._show(self._recorder.collect())
            return bool(condition())

        wait_until(reached, what=what, timeout=self._patience, interval=self._step)

    def _events(self, host: Host, begin: float) -> list[Event]:
        return [e for e in self._recorder.events if e.time > begin and e.host == host.name]


def _ready_to_unplug(link: Link) -> subprocess.Popen[str]:
    """An ip(8) at the other end of the cable: to start one takes 0.2 s on a slow kernel."""
    command = ["ip", "-n", link.far.namespace, "-batch", "-"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, text=True)
