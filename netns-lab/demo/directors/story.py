"""What the second half does, and when."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from netnslab import Host, Lab
from netnslab.timeline import Event

from ..recorder import Recorder
from ..stage import Stage
from ..states import State
from .record import Moments, Record
from .site import ADDRESS, CLIENT, DIRECTORS, SERVERS
from .tables import PoolWatch, has_learned, pool_of
from .traffic import INTERVAL, Traffic
from .troubles import ClientWatch

__all__ = ["Story"]

_STEP = 0.02
_PATIENCE = 20.0
_PAUSE = 1.5


class Story:
    """One run on a lab that is furnished. `show` gets what is new, many times a second.

    `traffic` is not started; its connection stays with the second web server.
    """

    def __init__(
        self,
        lab: Lab,
        program: Path,
        recorder: Recorder,
        traffic: Traffic,
        show: Callable[[list[Event]], None],
    ) -> None:
        self._first, self._second = (lab[name] for name in DIRECTORS)
        self._dying, self._staying = (lab[name] for name in SERVERS)
        self._client = lab[CLIENT]
        self._program = program
        self._recorder = recorder
        self._traffic = traffic
        self._stage = Stage(program, ADDRESS, recorder, show, step=_STEP, patience=_PATIENCE)

    def run(self) -> Record:
        """All of it. Raises: LabError."""
        traffic = self._traffic
        self._open_site()
        begin = self._send_client()
        died, revived = self._lose_server()
        crash = self._lose_director()
        end = time.monotonic()
        traffic.stop()
        self._stage.stop(self._second, "is stopped: the end")
        self._stage.wait_stopped()
        return Record(
            self._program.name,
            Moments(begin, died, revived, crash, end),
            list(self._recorder.events),
            sorted(traffic.requests, key=lambda each: each.sent),
            list(traffic.beats),
            traffic.broken,
        )

    def _open_site(self) -> None:
        begin = time.monotonic()
        for server in (self._dying, self._staying):
            _start_nginx(server)
        for director in (self._first, self._second):
            self._recorder.act(director.name, "reads its keepalived.conf", State.STARTING)
            self._stage.start(director)
            self._recorder.sources.append(PoolWatch(director))
        for director in (self._first, self._second):
            self._stage.wait_listening(director)
        self._stage.wait_announced(self._first, begin)
        for director in (self._first, self._second):
            self._wait_pool(director, set(SERVERS))

    def _send_client(self) -> float:
        text = f"asks {ADDRESS} every {INTERVAL * 1000:g} ms"
        begin = self._recorder.act(self._client.name, text)
        self._traffic.start()
        self._recorder.sources.append(ClientWatch(self._traffic))
        text = f"keeps one connection open, to {self._staying.name} as it happens"
        self._recorder.act(self._client.name, text)
        self._stage.wait(_PAUSE)
        return begin

    def _lose_server(self) -> tuple[float, float]:
        server = self._dying
        died = self._recorder.act(server.name, "nginx dies: kill -9", headline="dies")
        server.crash()
        for director in (self._first, self._second):
            self._wait_pool(director, {self._staying.name})
        self._stage.wait(_PAUSE)
        revived = self._recorder.act(server.name, "nginx is started again", headline="is back")
        _start_nginx(server)
        for director in (self._first, self._second):
            self._wait_pool(director, set(SERVERS))
        self._stage.wait(_PAUSE)
        return died, revived

    def _lose_director(self) -> float:
        traffic = self._traffic
        self._stage.until(
            lambda: has_learned(self._second, traffic.local_port),
            f"{self._second.name} to learn of the client's connection",
        )
        text = f"has the staying connection in its own table, from {self._first.name}"
        self._recorder.act(self._second.name, text)
        crash = self._stage.crash(self._first)
        self._stage.wait_announced(self._second, crash)
        taken = time.monotonic()
        self._stage.until(
            lambda: traffic.broken or (traffic.beats and traffic.beats[-1].sent > taken),
            "the staying connection to go on",
        )
        self._stage.wait(_PAUSE)
        return crash

    def _wait_pool(self, director: Host, servers: set[str]) -> None:
        self._stage.until(
            lambda: pool_of(director) == servers,
            f"{director.name} to have {', '.join(sorted(servers))} in its pool, and nobody else",
        )


def _start_nginx(server: Host) -> None:
    where = server.directory
    server.start(["nginx", "-e", "stderr", "-p", f"{where}/", "-c", f"{where}/nginx.conf"])
