"""The agent: checks real servers on asyncio and keeps the kernel's IPVS table true to what it finds.

    async with Agent([web]) as agent:
        async for event in agent.events():
            print(event)

It decides nothing: when a check runs is in `schedule`, what a result means in `core`, how the table
comes to be as wanted in `upkeep`. What is told is told when the table is as it says.
"""

from __future__ import annotations

import asyncio
import logging
import random as _random
from collections import Counter
from collections.abc import (
    AsyncIterator,
    Callable,
    Collection,
    Coroutine,
    Iterable,
    Iterator,
    Mapping,
)
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from .checking import Checking, StartProbe
from .core import service
from .core.desired import configured, desired, merge
from .core.model import CustomCheck, ProbeResult, VirtualServer
from .core.service import Notice
from .core.succession import service_steps
from .core.table import Address, Service, ServiceKey
from .events import Event
from .glance import Glance
from .listeners import Listeners
from .local_addresses import LocalAddressMonitor
from .monitored import MonitoredService
from .probes import start as start_probe
from .probes.interface import as_starter
from .snapshot import AgentSnapshot, ServiceSnapshot, snapshots_of
from .upkeep import KernelTable, TableUpkeep
from .vigilance import Vigilance

if TYPE_CHECKING:
    from .ipvs import Ipvs

__all__ = ["Agent", "CustomProbe"]

logger = logging.getLogger(__name__)

_SLICE = 0.004  # s of work before the loop has its turn
_SERVERS_A_TURN = 100  # carried over at a reload before the loop has its turn

CustomProbe: TypeAlias = Callable[[CustomCheck], Coroutine[Any, Any, ProbeResult]]


class Agent:
    """Checks the real servers of virtual servers, and owns their services in the kernel.

    `ipvs`: the kernel's table, which stays the caller's to close; None: one of its own. `probes`: a
    coroutine function for each name of a `CustomCheck`. `on_event` hears every event at once, and may
    not raise. `random` gives numbers 0..1, for the spread of first attempts. `tell_servers`: the
    start is an event for each server that is up.
    """

    _loop: asyncio.AbstractEventLoop
    _upkeep: TableUpkeep
    _checking: Checking

    def __init__(
        self,
        virtual_servers: Iterable[VirtualServer] = (),
        *,
        ipvs: KernelTable | None = None,
        probes: Mapping[str, CustomProbe] | None = None,
        on_event: Callable[[Event], None] | None = None,
        random: Callable[[], float] = _random.random,
        start_probe: StartProbe = start_probe,
        tell_servers: bool = False,
    ) -> None:
        self._first = tuple(virtual_servers)
        self._ipvs = ipvs
        self._own_ipvs: Ipvs | None = None
        self._custom = {name: as_starter(probe) for name, probe in (probes or {}).items()}
        self._on_event = on_event
        self._random = random
        self._start_probe = start_probe
        self._tell_servers = tell_servers
        self._listeners: Listeners[Event] = Listeners()
        self._kept = self._listeners.listen() if on_event is None else None
        self._services: dict[str, MonitoredService] = {}
        self._claims: dict[ServiceKey, tuple[str, ...]] = {}
        self._stale: dict[str, None] = {}
        self._is_fresh = asyncio.Event()
        self._refreshing: asyncio.Handle | None = None
        self._untold: list[Event] = []
        self._addresses: frozenset[Address] | None = None
        self._vigilance: Vigilance | None = None
        self._monitor: LocalAddressMonitor | None = None
        self._reload = asyncio.Lock()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def start(self) -> None:
        """Bring the kernel's table into line, then begin to check.

        What is there already under a service of ours is adopted. Raises: HealthcheckError, when the
        kernel has no IPVS or does not answer; ValueError, as `reconfigure`.
        """
        self._loop = asyncio.get_running_loop()
        if self._ipvs is None:
            from .ipvs import Ipvs  # who brings a table of his own needs no netlink

            self._ipvs = self._own_ipvs = Ipvs()
        self._upkeep = TableUpkeep(self._loop, self._ipvs, self._tell, self._tell_all)
        self._checking = Checking(
            self._loop,
            self._start_probe,
            self._custom,
            self._random,
            self._tell,
            self._changed,
        )
        try:
            await self._carry_over(self._first, is_reload=False)
        except BaseException:
            self._release()
            raise
        self._first = ()
        self._vigilance = Vigilance(self._loop, self._ipvs, self._upkeep, self._open_glance())

    def _open_glance(self) -> Glance | None:
        """Only the kernel's own table is in /proc."""
        from .ipvs import Ipvs

        if not isinstance(self._ipvs, Ipvs):
            return None
        try:
            return Glance()
        except OSError as exc:
            logger.warning("no quick look at the IPVS table: %s", exc)
            return None

    async def close(self, *, keep_table: bool = False, tell_servers: bool = True) -> None:
        """Stop checking, and remove our services from the kernel unless `keep_table`.

        Services with `omega` are told down, their servers only if `tell_servers`; with `keep_table`
        nothing is told. May be repeated.
        """
        async with self._reload:
            services, self._services = self._services, {}
            for monitored in services.values():
                self._checking.remove(monitored)
                if not keep_table:
                    config, state = monitored.config, monitored.state
                    self._tell_notices(service.stop(config, state, tell_servers=tell_servers))
            claims, self._claims = self._claims, {}
            self._stale.clear()
            self._is_fresh.set()
            if not keep_table:
                for key in claims:
                    self._upkeep.want(key, None)
                await self._upkeep.wait_settled()
            self._release()

    def _release(self) -> None:
        """Give back what was opened."""
        if self._refreshing is not None:
            self._refreshing.cancel()
        if self._vigilance is not None:
            self._vigilance.close()
            self._vigilance = None
        self._upkeep.close()
        self._checking.unwatch_files()
        self._checking.schedule.close()
        self._tell_all()
        if self._monitor is not None:
            self._monitor.close()
            self._monitor = None
        if self._own_ipvs is not None:
            self._own_ipvs.close()
            self._own_ipvs = None
        self._listeners.close()

    # What it tells.

    def events(self) -> AsyncIterator[Event]:
        """Every event from this call on, until the agent is closed.

        The first caller also hears what happened before, unless there is an `on_event`. A reader
        more than `healthcheck.listeners.UNREAD_EVENTS` behind misses the oldest.
        """
        kept, self._kept = self._kept, None
        return self._listeners.listen() if kept is None else kept

    def snapshot(self) -> AgentSnapshot:
        """The state of everything now."""
        schedule = self._checking.schedule
        return AgentSnapshot(
            tuple(self.service_snapshots()),
            self._upkeep.refused,
            schedule.in_flight,
            schedule.lateness.summary(),
        )

    def service_snapshots(self) -> Iterator[ServiceSnapshot]:
        """The state of each service when it is asked for: for a loop that has others to serve."""
        return snapshots_of(tuple(self._services.values()))

    def forget_lateness(self) -> None:
        """Begin to count lateness anew."""
        self._checking.schedule.lateness.clear()

    def _tell(self, event: Event) -> None:
        """Now, or when the table is as the event says."""
        self._untold.append(event)
        self._refresh_soon()

    def _tell_notices(self, notices: Iterable[Notice]) -> None:
        for notice in notices:
            self._tell(notice)

    def _tell_all(self) -> None:
        if self._stale:
            return
        untold, self._untold = self._untold, []
        for event in untold:
            if self._on_event is not None:
                self._on_event(event)
            self._listeners.tell(event)

    # What it wants.

    async def reconfigure(self, virtual_servers: Iterable[VirtualServer]) -> None:
        """Go on with these virtual servers; returns when the table is right, or refused.

        A virtual server is known by its name. What did not change keeps its state, retries included,
        though the clock of every check starts anew. Raises: ValueError, for a name given twice or a
        custom check without a probe; then nothing has changed.
        """
        async with self._reload:
            await self._carry_over(tuple(virtual_servers), is_reload=True)

    def set_followed(self, name: str, is_up: bool) -> None:
        """Say how something is that a `FollowedCheck` names; to be said once `start` returned."""
        self._checking.tell_followed(name, is_up)

    def set_local_addresses(self, addresses: Collection[Address]) -> None:
        """The addresses of this host from now on: for services with `ha_suspend`.

        An agent that is never told watches them itself.
        """
        self._addresses = frozenset(addresses)
        for monitored in self._services.values():
            monitored.is_suspended = not monitored.is_checked_on(self._addresses)

    async def _carry_over(self, wanted: tuple[VirtualServer, ...], *, is_reload: bool) -> None:
        """Additions first, so that no service or destination is ever missing meanwhile."""
        self._validate(wanted)
        former, self._claims = self._claims, _claims(wanted)
        by_name = {config.name: config for config in wanted}
        before, unpaused = self._services, 0
        self._services = {name: before[name] for name in by_name if name in before}
        configs = {name: monitored.config for name, monitored in before.items()}
        for step in service_steps(configs, wanted):
            if step.new is None:
                self._end(before[step.name])
                continue
            has_same_claims = all(former.get(k) == self._claims[k] for k in step.new.keys)
            if step.is_unchanged and has_same_claims:
                old = before[step.name]
                self._checking.remove(old)
                old.restart()
                self._checking.add(old)
            else:
                self._own(step.new, by_name)
                self._put(step.new, is_reload=is_reload)
            unpaused += len(step.new.real_servers)
            if unpaused >= _SERVERS_A_TURN:
                unpaused = 0
                await asyncio.sleep(0)
        self._watch_addresses()
        self._checking.watch_files(self._services.values())
        self._refresh_soon()
        await self._wait_settled()
        for key in former:
            if key not in self._claims:
                self._upkeep.want(key, None)
        await self._upkeep.wait_settled()

    def _validate(self, wanted: tuple[VirtualServer, ...]) -> None:
        names = Counter(config.name for config in wanted)
        for name, count in names.items():
            if count > 1:
                raise ValueError(f"{count} virtual servers are called {name}")
        for config in wanted:
            for server in config.real_servers:
                for check in server.checks:
                    if isinstance(check, CustomCheck) and check.name not in self._custom:
                        raise ValueError(f"{config.name}: no probe is called {check.name}")

    def _own(self, config: VirtualServer, by_name: Mapping[str, VirtualServer]) -> None:
        """Tell the upkeep what may stand under the keys of a virtual server, by whoever wants it."""
        for key, destinations in configured(config).items():
            others = (name for name in self._claims[key] if name != config.name)
            parts = (configured(by_name[name])[key] for name in others)
            self._upkeep.own(key, frozenset().union(destinations, *parts))

    def _put(self, config: VirtualServer, *, is_reload: bool) -> None:
        """A virtual server new, or in the place of the one with its name."""
        old = self._services.get(config.name)
        if old is None:
            made, notices = MonitoredService.started(
                config, is_reload=is_reload, tell_servers=self._tell_servers and not is_reload
            )
        else:
            self._checking.remove(old)
            made, notices = old.succeeded_by(config)
        self._services[config.name] = made
        if self._addresses is not None:
            made.is_suspended = not made.is_checked_on(self._addresses)
        self._changed(made)
        self._tell_notices(notices)
        self._checking.add(made)

    def _end(self, monitored: MonitoredService) -> None:
        """A virtual server that a reload no longer has."""
        self._checking.remove(monitored)
        self._tell_notices(service.removed(monitored.config, monitored.state))

    def _watch_addresses(self) -> None:
        if self._addresses is None and any(s.config.ha_suspend for s in self._services.values()):
            self._monitor = LocalAddressMonitor(self._loop, self.set_local_addresses)

    async def _wait_settled(self) -> None:
        await self._is_fresh.wait()
        await self._upkeep.wait_settled()

    def _changed(self, monitored: MonitoredService) -> None:
        """What the service wants of the table is made out once, however much changes this turn."""
        self._stale[monitored.config.name] = None
        self._is_fresh.clear()
        self._refresh_soon()

    def _refresh_soon(self) -> None:
        if self._refreshing is None:
            self._refreshing = self._loop.call_soon(self._refresh)

    def _refresh(self) -> None:
        self._refreshing = None
        end = self._loop.time() + _SLICE
        while self._stale and self._loop.time() <= end:
            name = next(iter(self._stale))
            del self._stale[name]
            monitored = self._services.get(name)
            if monitored is not None:
                self._want(monitored)
        if self._stale:
            self._refresh_soon()
            return
        self._is_fresh.set()
        if self._upkeep.is_settled:
            self._tell_all()

    def _want(self, monitored: MonitoredService) -> None:
        """Tell the upkeep what the service wants; two that share a key are merged."""
        for key, part in desired(monitored.config, monitored.state).items():
            names = self._claims.get(key, ())
            if names == (monitored.config.name,):
                self._upkeep.want(key, part)
            elif monitored.config.name in names:
                self._upkeep.want(key, self._merged(key, names))

    def _merged(self, key: ServiceKey, names: Iterable[str]) -> Service:
        present = (self._services[name] for name in names if name in self._services)
        parts = (desired(each.config, each.state) for each in present)
        return merge({key: part[key]} for part in parts if key in part)[key]


def _claims(wanted: Iterable[VirtualServer]) -> dict[ServiceKey, tuple[str, ...]]:
    """Who wants a service of the kernel, in their order; more than one is unusual."""
    claims: dict[ServiceKey, tuple[str, ...]] = {}
    for config in wanted:
        for key in config.keys:
            claims[key] = (*claims.get(key, ()), config.name)
    return claims
