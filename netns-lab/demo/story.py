"""What the first half does, and when: start, crash, return, clean stop."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

from netnslab import Host, Lab, PingStream
from netnslab.observe import Observation
from netnslab.timeline import Event

from .handovers import Moments
from .recorder import Recorder
from .stage import Stage
from .states import State

__all__ = ["ADDRESS", "CLIENT", "PING_INTERVAL", "ROUTERS", "Story", "furnish"]

ROUTERS = ("router1", "router2")
"""The first has the higher Priority."""
CLIENT = "client"
ADDRESS = "192.0.2.100"
"""The virtual address in the configuration files."""
PING_INTERVAL = 0.005

_HERE = Path(__file__).parent
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
        self._observation = observation
        self._recorder = recorder
        self._stage = Stage(program, ADDRESS, recorder, show)

    def run(self) -> tuple[Moments, PingStream]:
        """Everything but the end; the pings still run. Raises: LabError."""
        stage = self._stage
        pause = min(_LONGEST_PAUSE, max(0.7, 2.5 * self._elect()))
        self._recorder.act(CLIENT, f"pings {ADDRESS} every {PING_INTERVAL * 1000:g} ms")
        pings = self._observation.ping(self._client, ADDRESS, interval=PING_INTERVAL)
        stage.wait(pause)
        crash = stage.crash(self._first)
        stage.wait_announced(self._second, crash)
        stage.wait(pause)
        back = self._return(self._first)
        stage.wait_announced(self._first, back)
        stage.wait(pause)
        stop = stage.stop(self._first, "is stopped for maintenance: kill -TERM", "is stopped")
        stage.wait_announced(self._second, stop)
        stage.wait(pause)
        return Moments(crash, back, stop, time.monotonic()), pings

    def finish(self) -> None:
        """Stop what still runs, as an administrator would. Raises: LabError."""
        self._stage.stop(self._second, "is stopped too: the end")
        self._stage.wait_stopped()

    def _elect(self) -> float:
        """Start both routers; return the winner's advertisement interval."""
        begin = time.monotonic()
        for router in (self._first, self._second):
            self._recorder.act(router.name, "reads its keepalived.conf", State.STARTING)
            self._stage.start(router)
        for router in (self._first, self._second):
            self._stage.wait_listening(router)
        self._stage.wait_announced(self._first, begin)
        return self._stage.adverts(self._first, begin)[-1].interval

    def _return(self, router: Host) -> float:
        moment = self._recorder.act(
            router.name, "has power again: link up, daemon started", State.STARTING, "is back"
        )
        router.link("eth0").restore_carrier()
        self._stage.start(router)
        self._stage.wait_listening(router)
        return moment
