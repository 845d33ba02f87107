"""A VRRP Router: the Virtual Routers of one network namespace, on one asyncio event loop.

    async with VrrpRouter() as router:
        web = await router.add(VirtualRouterSettings.of("web", "eth0", 51, ["192.0.2.100/24"]))
        async for change in web.changes():
            print(change.current.value)

It owns what they share: sockets, the picture of the interfaces, the timer, sync groups.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from .announcements import Announcements
from .core.events import InitializeReason, Shutdown
from .core.model import Family
from .deadlines import Deadlines
from .dependents import Dependents
from .errors import PyvrrpError
from .extra_announcements import ExtraAnnouncements
from .frame_senders import FrameSenders
from .kernel_watch import KernelWatch
from .link_states import LinkStates
from .net.accept_filter import AcceptFilter, Refused
from .net.frame_sender import FrameSender
from .net.monitor import (
    InterfaceTable,
)
from .net.rtnetlink import NetlinkError, Operation, RouteSocket
from .net.sysctl import NO_IGMP_REPORTS, SysctlError, Sysctls
from .outgoing import Outgoing
from .own_links import OwnLinks
from .promoted_secondaries import PromotedSecondaries
from .reception import Reception
from .rhythm import Rhythms
from .segment import Segment
from .segments import Segments
from .settings import HostSettings, TrackedKind, VirtualRouterSettings
from .snapshot import VirtualRouterSnapshot
from .stalls import Stalls
from .static_entries import StaticEntries
from .sync_groups import SyncGroups
from .virtual_router import Occurrence, StateChange, VirtualRouter

__all__ = ["VrrpRouter"]

logger = logging.getLogger(__name__)

_CHANGES, _FEW_CHANGES = 64, 2  # of links and addresses, handled in one turn of the loop
_ASSESSMENTS = 16  # Virtual Routers that look at their interfaces in one turn of the loop


@dataclass(slots=True)
class _Deferred:
    """What is to be done for several Virtual Routers together."""

    refused: list[Refused] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
    accepted: list[Refused] = field(default_factory=list)
    announcements: list[tuple[VirtualRouter, tuple[Outgoing, ...], int]] = field(
        default_factory=list
    )
    changes: list[tuple[VirtualRouter, StateChange]] = field(default_factory=list)


class VrrpRouter:
    """Runs Virtual Routers. `on_change` is called at each state change, after it is carried out,
    `on_occurrence` when something else happens that somebody may want to know.

    Use it as an async context manager; leaving it stops every Virtual Router in order.
    Raises: SocketError, NetlinkError or TimerError, on entry, when the kernel refuses what every
    Virtual Router needs.
    """

    def __init__(
        self,
        on_change: Callable[[VirtualRouter, StateChange], None] | None = None,
        on_occurrence: Callable[[VirtualRouter, Occurrence], None] | None = None,
    ) -> None:
        self.on_stall: Callable[[float], object] = lambda _: None
        """Called with its length in s when the process did not run for a while."""
        self.table = InterfaceTable()
        self.tracked_values: dict[tuple[TrackedKind, str], int] = {}
        self._dependents = Dependents()
        self.virtual_addresses = self._dependents.by_address
        self._on_change = on_change
        self._on_occurrence = on_occurrence
        self._routers: dict[tuple[str, Family, int], VirtualRouter] = {}
        self._groups = SyncGroups()
        self._statics = StaticEntries(self)
        self._frames = FrameSenders()
        self._sysctls = Sysctls()
        self._promoted = PromotedSecondaries(self._sysctls)
        self._filter = AcceptFilter()
        self._host = HostSettings()
        self._to_assess: dict[VirtualRouter, None] = {}
        self._moves: dict[VirtualRouter, asyncio.Handle] = {}
        self._deferred: _Deferred | None = None

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self.link_states = LinkStates(self.table, self._loop.call_later, self._interface_changed)
        self._loop_epoch = time.time() - self._loop.time()
        self._route = RouteSocket()
        self._watch = KernelWatch(self.table, self._route, self.virtual_addresses)
        stalls = Stalls(self._awake)
        self._reception = Reception(self._loop, lambda now: stalls.look(self.deadlines, now))
        self._segments = Segments(self._reception)
        self.deadlines = Deadlines(self._loop, self._reception.read_now, self._together)
        self.rhythms = Rhythms(self.deadlines)
        self._announcements = Announcements(
            self._loop, self.deadlines, self._frames, self._reception.read_now
        )
        self._extra = ExtraAnnouncements(self._loop, self.announce)
        self._loop.add_reader(self._watch.fileno(), self._read_kernel)
        self._links: OwnLinks[VirtualRouter] = OwnLinks(
            self.table, self._route, self._sysctls, self._read_kernel
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def use(self, settings: HostSettings) -> None:
        """Do as these settings say from now on."""
        if settings.igmp_reports is not self._host.igmp_reports:
            self._silence_igmp(not settings.igmp_reports)
        self._host = settings
        self._announcements.use(settings.gaps)
        self.link_states.use(settings.link_delays)
        self._statics.use(settings.statics)
        self._segments.strangers.is_told = settings.logs_unknown_vrids
        self._route.enlarge(settings.command_buffer)
        self._watch.enlarge(settings.monitor_buffer)
        try:
            self._filter.use(settings.filter)
        except NetlinkError as error:
            logger.error("%s", error)

    def _silence_igmp(self, silent: bool) -> None:
        try:
            if silent:
                self._sysctls.hold((NO_IGMP_REPORTS,))
            for failure in () if silent else self._sysctls.release((NO_IGMP_REPORTS,)):
                logger.error("%s", failure)
        except SysctlError as error:
            logger.error("%s", error)

    @property
    def restores(self) -> bool:
        """Whether what somebody takes away is put back at once."""
        return self._host.restores

    @property
    def routers(self) -> tuple[VirtualRouter, ...]:
        """Every Virtual Router, in the order added."""
        return tuple(self._routers.values())

    def find(self, identity: tuple[str, Family, int]) -> VirtualRouter | None:
        """The Virtual Router with this `VirtualRouterSettings.identity`, if there is one."""
        return self._routers.get(identity)

    @property
    def segments(self) -> tuple[Segment, ...]:
        """What is listened on: each counts the messages that are for no Virtual Router of ours."""
        return tuple(self._segments)

    def snapshots(self, *, clear: bool = False) -> Iterator[VirtualRouterSnapshot]:
        """Every Virtual Router's state, each taken when it is asked for: 20 us for each.

        The loop may run in between; one that was removed by then is left out. With `clear` each
        counts from zero afterwards.
        """
        for router in self.routers:
            if self._routers.get(router.settings.identity) is router:
                yield router.snapshot(self._loop_epoch)
                if clear:
                    router.clear_counters()

    async def add(self, settings: VirtualRouterSettings, *, start: bool = True) -> VirtualRouter:
        """Start a Virtual Router. Addresses it left behind in an earlier run are removed first.

        Without `start` it is made ready, and begins with the others when `start` is called; its
        routes and rules are removed too, because no other one has them yet.
        Raises: ValueError when its VRID is taken on that interface and family; SocketError,
        SysctlError or OwnLinkError when the kernel refuses what it needs.
        """
        if settings.identity in self._routers:
            raise ValueError(
                f"{settings.name}: VRID {settings.protocol.vrid} is taken on {settings.interface}"
            )
        router = VirtualRouter(settings, self)
        self._routers[settings.identity] = router
        try:
            self._attach(router)
        except PyvrrpError:
            del self._routers[settings.identity]
            self._detach(router)
            raise
        self._dependents.add(router, settings)
        self._groups.add(router)
        self.change_kernel(tuple(router.holdings.leftovers(routing=not start)))
        router.prepare()
        if start:
            router.start(self.time())
        return router

    def start(self) -> None:
        """Start what was added without: all at one moment, so that they will act together too."""
        now = self.time()
        for router in self.routers:
            router.start(now)

    async def remove(self, router: VirtualRouter, *, keep_addresses: bool = False) -> None:
        """Stop a Virtual Router and undo everything that was done for it.

        `keep_addresses` leaves its addresses where they are, except on a virtual MAC link.
        """
        router.stop(keep_addresses=keep_addresses)
        self._dependents.remove(router)
        self._groups.remove(router)
        del self._routers[router.settings.identity]
        self._to_assess.pop(router, None)
        if router in self._moves:
            self._moves.pop(router).cancel()
        self._detach(router)

    async def reconfigure(
        self, router: VirtualRouter, settings: VirtualRouterSettings
    ) -> VirtualRouter:
        """Give a Virtual Router new settings, in place where that is possible.

        Where it is not (`settings.restart_reason` says when), the old one stops and a new one
        starts. Returns the Virtual Router that runs now. Raises as `add`.
        """
        if router.settings.restart_reason(settings) is not None:
            await self.remove(router)
            return await self.add(settings, start=router.is_started)
        self._dependents.remove(router)
        self._dependents.add(router, settings)
        router.reconfigure(settings)
        self._promoted.follow(router)
        self._extra.follow(router)
        return router

    def set_tracked(self, kind: TrackedKind, name: str, value: int | None) -> None:
        """Say how a tracked object is: up (1) or down (0), a number for a file; None: not known.

        Whoever tracks it, now or later, goes by the last value; nobody needs to track it yet.
        """
        key = (kind, name)
        if value is None:
            self.tracked_values.pop(key, None)
        else:
            self.tracked_values[key] = value
        self._assess_later(self.followers(kind, name))

    def followers(self, kind: TrackedKind, name: str) -> Iterable[VirtualRouter]:
        """Whoever goes by a tracked object."""
        return self._dependents.by_tracked.get((kind, name), ())

    async def close(self) -> None:
        """Stop every Virtual Router, then give back sockets and kernel settings."""
        for router in self.routers:
            await self.remove(router)
            await asyncio.sleep(0)
        self.link_states.use(())
        self._announcements.close()
        self.deadlines.close()
        self._reception.close()
        self._loop.remove_reader(self._watch.fileno())
        self._frames.close()
        self._watch.close()
        self.use(HostSettings())
        self._route.close()
        self._filter.close()

    @property
    def worst_lag(self) -> float:
        """Seconds by which this process was late for something, at worst since it began."""
        return self.deadlines.worst_lag

    def _awake(self, slept: float, now: float) -> None:
        for router in self.routers:
            router.awake(slept, now)
        self.on_stall(slept)

    # What Virtual Routers ask of their host.

    def time(self) -> float:
        """The event loop's time."""
        return self._loop.time()

    def change_kernel(self, operations: Sequence[Operation]) -> None:
        """Carry out changes of addresses and routes; what the kernel refuses is logged."""
        if not operations:
            return
        if self._deferred is not None:
            self._deferred.operations += operations
            return
        try:
            for failure in self._route.apply(operations):
                logger.error("cannot %s", failure)
        except NetlinkError as error:
            logger.error("%s", error)

    def filter(self, *, refuse: Sequence[Refused] = (), accept: Sequence[Refused] = ()) -> None:
        """Drop packets for addresses, or no longer; a refusal of the kernel is logged."""
        if not (refuse or accept):
            return
        if self._deferred is not None:
            self._deferred.refused += refuse
            self._deferred.accepted += accept
            return
        try:
            self._filter.change(refuse, accept)
        except NetlinkError as error:
            logger.error("%s", error)

    def set_link_up(self, index: int, *, up: bool) -> None:
        """Set a link up or down; a refusal is logged."""
        try:
            self._route.set_up(index, up=up)
        except NetlinkError as error:
            logger.error("%s", error)

    def frames(self, interface: str) -> FrameSender:
        """The frame sender of an interface. Raises: SocketError."""
        return self._frames.on(interface)

    def announce(self, router: VirtualRouter, frames: tuple[Outgoing, ...], count: int) -> None:
        """Send every frame once now, and `count` - 1 times more without holding up the loop."""
        if self._deferred is not None:
            self._deferred.announcements.append((router, frames, count))
            return
        self._announcements.announce(router, frames, count)

    def repeat(self, router: VirtualRouter, frames: tuple[Outgoing, ...], count: int) -> None:
        """Send every frame `count` times, if the router is still Active when the sockets were read."""
        self._announcements.repeat(router, frames, count)

    def changed(self, router: VirtualRouter, change: StateChange) -> None:
        """The state changed, and everything that belongs to the change is done."""
        if self._deferred is not None:
            self._deferred.changes.append((router, change))
            return
        if self._on_change is not None:
            self._on_change(router, change)
        self._extra.follow(router)
        self._groups.settle(router, self.time())

    def occurred(self, router: VirtualRouter, what: Occurrence) -> None:
        """Something happened that changes no state."""
        if self._on_occurrence is not None:
            self._on_occurrence(router, what)

    def dispossessed(self, router: VirtualRouter) -> None:
        """Somebody took away what an Active router has: it and its sync group stand again."""
        self._groups.dispossess(router, self.time())

    def promotion_requested(self, router: VirtualRouter) -> None:
        """A member of a sync group asks to become Active."""
        self._groups.settle(router, self.time())

    def fault_in_group(self, router: VirtualRouter) -> InitializeReason | None:
        """Why the rest of the router's sync group keeps it out; None: it does not."""
        return self._groups.fault_beside(router)

    @contextmanager
    def _together(self) -> Iterator[None]:
        """What several Virtual Routers ask for in this block is done at its end, step by step for
        all: one call to the kernel adds all their addresses, for a third of the time."""
        self._deferred = deferred = _Deferred()
        try:
            yield
        finally:
            self._deferred = None
            self.filter(refuse=deferred.refused)
            self.change_kernel(deferred.operations)
            self.filter(accept=deferred.accepted)
            for router, frames, count in deferred.announcements:
                if router.is_active:
                    self.announce(router, frames, count)
            for router, change in deferred.changes:
                self.changed(router, change)

    # Interfaces.

    def _read_kernel(self) -> None:
        # Changes can wait while addresses are without an owner, and a takeover of many makes many.
        news = self._watch.read(_FEW_CHANGES if self.deadlines.is_behind else _CHANGES)
        everything = (*self._dependents.by_interface, *self._host.statics.interfaces)
        names = everything if news.is_lost else tuple(news.names)
        for name in everything if news.is_lost else news.restored:
            for router in self._dependents.by_interface.get(name, ()):
                router.holdings.is_doubtful = True
        for name in names:
            self._interface_changed(name)
        if news.names or news.is_lost:
            self._statics.look(names, restored=bool(news.restored) or news.is_lost)
        if news.gone:
            self._statics.lose(news.gone)
            for router in self.routers:
                router.lose(news.gone)

    def _interface_changed(self, name: str) -> None:
        self.link_states.look(name)
        routers = self._dependents.by_interface.get(name, set())
        if self.table.by_name(name) is None:
            self._frames.drop(name)
            self._own_link_lost(name)
        for router in routers:
            if router.settings.interface == name:
                self._move_if_misplaced(router)
            elif self._links.is_incomplete(router):
                self._loop.call_soon(self._complete, router)
        self._assess_later(routers)

    def _own_link_lost(self, name: str) -> None:
        """Somebody removed a link of a Virtual Router's own, which is made again. Without its main
        one it resigns, since nothing can answer.

        When it went with the interface below, that one's return is what matters.
        """
        for router, place in self._links.lost(name):
            if router not in self._moves and self.table.by_name(place[0]) is not None:
                logger.warning("(%s) link %s was removed by someone else", router.name, name)
                if place == router.settings.place:
                    router.feed(Shutdown(InitializeReason.INTERFACE_MISSING), self.time())
                    router.disconnect()
                    self._move_if_misplaced(router)
                else:
                    self._loop.call_soon(self._complete, router)

    def _complete(self, router: VirtualRouter) -> None:
        """Make what links are missing; the interface below is there (again)."""
        if self._routers.get(router.settings.identity) is not router:
            return
        try:
            self._links.make(router)
        except PyvrrpError as error:
            logger.error("(%s) %s", router.name, error)
        router.assess()

    def _move_if_misplaced(self, router: VirtualRouter) -> None:
        if router not in self._moves and not self._is_in_place(router):
            self._moves[router] = self._loop.call_soon(self._move, router)

    def _is_in_place(self, router: VirtualRouter) -> bool:
        link = self.table.by_name(router.settings.interface)
        return router.index == (link.index if link is not None else None)

    def _move(self, router: VirtualRouter) -> None:
        """The interface disappeared, or came (back) as another one; it may do so again meanwhile."""
        try:
            while not self._is_in_place(router):
                router.disconnect()
                self._detach(router)
                self._attach(router)
        except PyvrrpError as error:
            logger.error("(%s) %s", router.name, error)
        del self._moves[router]
        router.assess()

    def _attach(self, router: VirtualRouter) -> None:
        """Give a Virtual Router what it needs on its interface, if that is there."""
        link = self.table.by_name(router.settings.interface)
        if link is not None:
            self._links.make(router)
            router.connect(self._segments.of(router.settings, link))
            self._promoted.follow(router)

    def _detach(self, router: VirtualRouter) -> None:
        """Take that back; it is deaf and mute already."""
        self._segments.close_idle()
        self._promoted.follow(router)
        self._links.remove(router)

    def _assess_later(self, routers: Iterable[VirtualRouter]) -> None:
        """Let routers look at their interfaces, a few in each turn of the loop."""
        idle = not self._to_assess
        self._to_assess.update(dict.fromkeys(routers))
        if idle and self._to_assess:
            self._loop.call_soon(self._assess_some)

    def _assess_some(self) -> None:
        for _ in range(min(_ASSESSMENTS, len(self._to_assess))):
            router = next(iter(self._to_assess))
            del self._to_assess[router]
            router.assess()
        if self._to_assess:
            self._loop.call_soon(self._assess_some)

    # What belongs to one Virtual Router.
