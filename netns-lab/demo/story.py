"""What the demo does, and when: start, crash, return, clean stop."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

from netnslab import CommandFailed, Host, Lab, PingStream, Process, wait_until
from netnslab.decode import Advert, Announcement
from netnslab.observe import Observation
from netnslab.timeline import Event

from .handovers import Moments
from .recorder import Recorder
from .states import State

__all__ = ["ADDRESS", "CLIENT", "PING_INTERVAL", "ROUTERS", "Story", "furnish"]

ROUTERS = ("router1", "router2")
"""The first has the higher Priority."""
CLIENT = "client"
ADDRESS = "192.0.2.100"
"""The virtual address in the configuration files."""
PING_INTERVAL = 0.005

_HERE = Path(__file__).parent
_FILES = ["-p", "parent.pid", "-r", "vrrp.pid", "-c", "checkers.pid", "-b", "bfd.pid"]
"""A place of its own for each PID file: both routers share this machine's /run."""
_STEP, _PATIENCE = 0.005, 60.0
_LONGEST_PAUSE = 2.5


def furnish(lab: Lab, interval: float | None) -> None:
    """Put two routers and a client on one switch, and its `keepalived.conf` on each router.

    `interval` replaces the files' `advert_int`, in seconds.
    """
    lan = lab.bridge("lan")
    for number, name in enumerate((*ROUTERS, CLIENT), 1):
        lab.host(name).connect(lan, addresses=[f"192.0.2.{number}/24"])
    for name in ROUTERS:
        text = (_HERE / f"{name}.conf").read_text()
        if interval is not None:
            text = re.sub(r"(?m)^( *advert_int) [0-9.]+", rf"\1 {interval:g}", text)
        (lab[name].directory / "keepalived.conf").write_text(text)


class Story:
    """One run on a lab that is furnished. `show` gets what is new, many times a second."""

    def __init__(
        self,
        lab: Lab,
        program: Path,
        observation: Observation,
        recorder: Recorder,
        show: Callable[[list[Event]], None],
    ) -> None:
        self._first, self._second = (lab[name] for name in ROUTERS)
        self._client = lab[CLIENT]
        self._command = [str(program), "-nlG", "-f", "keepalived.conf", *_FILES]
        self._observation = observation
        self._recorder = recorder
        self._show = show
        self._daemons: dict[str, Process] = {}

    def run(self) -> tuple[Moments, PingStream]:
        """Everything but the end; the pings still run. Raises: LabError."""
        pause = min(_LONGEST_PAUSE, max(0.7, 2.5 * self._elect()))
        self._recorder.act(CLIENT, f"pings {ADDRESS} every {PING_INTERVAL * 1000:g} ms")
        pings = self._observation.ping(self._client, ADDRESS, interval=PING_INTERVAL)
        self._wait(pause)
        crash = self._crash(self._first)
        self._wait_announced(self._second, crash)
        self._wait(pause)
        back = self._return(self._first)
        self._wait_announced(self._first, back)
        self._wait(pause)
        stop = self._stop(self._first, "is stopped for maintenance: kill -TERM", "is stopped")
        self._wait_announced(self._second, stop)
        self._wait(pause)
        return Moments(crash, back, stop, time.monotonic()), pings

    def finish(self) -> None:
        """Stop what still runs, as an administrator would. Raises: LabError."""
        self._stop(self._second, "is stopped too: the end")
        self._until(
            lambda: not any(each.is_running for each in self._daemons.values()),
            "the end of the daemons",
        )

    def _elect(self) -> float:
        """Start both routers; return the winner's advertisement interval."""
        begin = time.monotonic()
        for router in (self._first, self._second):
            self._recorder.act(router.name, "reads its keepalived.conf", State.STARTING)
            self._daemons[router.name] = router.start(self._command)
        for router in (self._first, self._second):
            self._wait_listening(router)
        self._wait_announced(self._first, begin)
        return self._adverts(self._first, begin)[-1].interval

    def _crash(self, router: Host) -> float:
        """Right behind an Advertisement, the worst moment: the other one's patience begins anew."""
        begin = time.monotonic()
        self._until(lambda: self._adverts(router, begin), "an Advertisement")
        moment = self._recorder.act(
            router.name,
            "loses power: its link goes dark, kill -9 to all its processes",
            State.OFF,
            "loses power",
        )
        router.link("eth0").lose_carrier()  # first: a dead machine's kernel answers no more pings
        router.crash()
        if router.has_address(ADDRESS):
            router.remove_address("eth0", f"{ADDRESS}/24")  # memory is lost too
        return moment

    def _return(self, router: Host) -> float:
        moment = self._recorder.act(
            router.name, "has power again: link up, daemon started", State.STARTING, "is back"
        )
        router.link("eth0").restore_carrier()
        self._daemons[router.name] = router.start(self._command)
        self._wait_listening(router)
        return moment

    def _stop(self, router: Host, text: str, headline: str = "") -> float:
        moment = self._recorder.act(router.name, text, headline=headline)
        self._daemons[router.name].signal(signal.SIGTERM)
        return moment

    def _wait_listening(self, router: Host) -> None:
        """Until its daemon says that it is a Backup Router."""
        daemon = self._daemons[router.name]

        def listens() -> bool:
            if not daemon.is_running:
                raise CommandFailed(router.name, daemon.command, daemon.wait(), daemon.tail())
            return "Entering BACKUP STATE" in daemon.output()

        self._until(listens, f"{router.name}'s daemon to listen")
        self._recorder.act(router.name, "listens", State.BACKUP)

    def _wait_announced(self, router: Host, begin: float) -> None:
        """Until it is Active and has said so."""
        self._until(
            lambda: any(
                isinstance(event.fact, Announcement) for event in self._events(router, begin)
            ),
            f"{router.name} to become Active",
        )

    def _adverts(self, router: Host, begin: float) -> list[Advert]:
        facts = [event.fact for event in self._events(router, begin)]
        return [fact for fact in facts if isinstance(fact, Advert)]

    def _events(self, router: Host, begin: float) -> list[Event]:
        return [e for e in self._recorder.events if e.time > begin and e.host == router.name]

    def _wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        self._until(lambda: time.monotonic() >= end, f"{seconds:g} s")

    def _until(self, condition: Callable[[], object], what: str) -> None:
        """Wait for it, and show what happens meanwhile. Raises: DeadlinePassed; CommandFailed."""

        def reached() -> bool:
            self._show(self._recorder.collect())
            return bool(condition())

        wait_until(reached, what=what, timeout=_PATIENCE, interval=_STEP)
