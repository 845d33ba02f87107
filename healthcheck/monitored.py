"""One virtual server at run time: its settings, what is known of it, and its checks."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from math import inf

from .core import service
from .core.checker import CheckerState, begin
from .core.model import Check, HttpCheck, ProbeResult, RealServer, VirtualServer
from .core.service import Notice, ServiceState
from .core.succession import server_steps
from .core.table import Address, Destination, ServiceAddress
from .probes.interface import Running
from .schedule import Turn

__all__ = ["CheckRun", "MonitoredService"]


class CheckRun(Turn):
    """One check of one real server, and the attempt under way."""

    __slots__ = (
        "check",
        "destination",
        "index",
        "last",
        "running",
        "service",
        "started_at",
        "state",
    )

    def __init__(
        self,
        monitored: MonitoredService,
        destination: Destination,
        index: int,
        check: Check,
        state: CheckerState,
    ) -> None:
        super().__init__()
        self.service = monitored
        self.destination = destination
        self.index = index
        self.check = check
        self.state = state
        self.last: ProbeResult | None = None
        self.running: Running | None = None
        self.started_at = -inf

    @property
    def attempt(self) -> Check:
        """What the next attempt checks: of several URLs the one whose turn it is."""
        check = self.check
        if isinstance(check, HttpCheck) and len(check.urls) > 1:
            return replace(check, urls=(check.urls[self.state.url],))
        return check


class MonitoredService:
    """A virtual server, the state of its real servers, and a run for each of their checks."""

    __slots__ = ("config", "is_suspended", "runs", "state")

    def __init__(self, config: VirtualServer, state: ServiceState) -> None:
        self.config = config
        self.state = state
        self.is_suspended = False
        self.runs: dict[Destination, tuple[CheckRun, ...]] = {}

    @classmethod
    def started(
        cls, config: VirtualServer, *, is_reload: bool, tell_servers: bool = False
    ) -> tuple[MonitoredService, tuple[Notice, ...]]:
        """A virtual server at the start, or new by a reload."""
        state, notices = service.start(config, tell_servers=tell_servers)
        made = cls(config, state)
        for server in config.real_servers:
            made._add_runs(server, (None,) * len(server.checks), is_reload=is_reload)
        return made, notices

    def succeeded_by(self, config: VirtualServer) -> tuple[MonitoredService, tuple[Notice, ...]]:
        """The virtual server after a reload: what did not change goes on where it was."""
        state, notices = service.reconfigure(self.config, self.state, config)
        made = MonitoredService(config, state)
        for step in server_steps(self.config, config):
            if step.new is not None:
                runs = self.runs.get(step.new.address, ())
                carried = tuple(None if place is None else runs[place] for place in step.carried)
                made._add_runs(step.new, carried, is_reload=True)
        return made, notices

    def restart(self) -> None:
        """A reload that changed nothing here: every check goes on where it was."""
        for run in self.all_runs():
            run.state = begin(run.check, is_reload=True, carried=run.state)

    def _add_runs(
        self, server: RealServer, carried: tuple[CheckRun | None, ...], *, is_reload: bool
    ) -> None:
        failing = self.state.servers[server.address].failing
        runs = []
        for index, (check, old) in enumerate(zip(server.checks, carried, strict=True)):
            known = None if old is None else old.state
            is_up = index not in failing
            state = begin(check, is_reload=is_reload, carried=known, is_up=is_up)
            run = CheckRun(self, server.address, index, check, state)
            run.last = None if old is None else old.last
            runs.append(run)
        self.runs[server.address] = tuple(runs)

    def all_runs(self) -> Iterator[CheckRun]:
        """The runs of every real server."""
        for runs in self.runs.values():
            yield from runs

    def is_checked_on(self, addresses: Collection[Address]) -> bool:
        """Whether checks run on a host that has these addresses: `ha_suspend` wants one of ours."""
        if not self.config.ha_suspend:
            return True
        keys = [key for key in self.config.keys if isinstance(key, ServiceAddress)]
        return not keys or any(key.address in addresses for key in keys)
