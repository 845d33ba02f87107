"""The VRRP process: holds the sockets, runs the Virtual Routers, takes new settings over.

It reads no file and waits for nobody: settings come from memory, log lines go to a queue, and the
parent is needed for nothing but new settings. When the parent dies it stops in order.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from ...core.actions import StateName
from ...core.events import InitializeReason
from ...errors import PyvrrpError
from ...net.monitor import ADDRESS_LOG
from ...settings import HostSettings, TrackedKind, VirtualRouterSettings
from ...virtual_router import Occurrence, StateChange, VirtualRouter
from ...vrrp_router import VrrpRouter
from .. import handoff
from ..dumping.kinds import CLEARING, of_section
from ..parent_link import ParentLink
from ..process_settings import Followed, ProcessSettings, Reported, apply, raise_priority
from ..processes import FATAL
from ..siblings import Sibling
from . import leftovers
from .router_reports import RouterReports
from .running_routers import RunningRouters

__all__ = ["run"]

logger = logging.getLogger(__name__)

_NAME = "VRRP"
_SWITCH_INTERVAL = 0.0005  # s; how long the log's thread may keep the loop waiting
_REPORTS_PATIENCE = 0.5  # s that reports have to be taken at stop, by whoever tells others
_STATE_WORDS = {StateName.BACKUP: "BACKUP", StateName.ACTIVE: "MASTER"}


def run(start: handoff.ChildStart) -> int:
    """Run until told to stop, or until the parent is gone; returns the exit code."""
    sys.setswitchinterval(_SWITCH_INTERVAL)
    if start.options.log_addresses:
        ADDRESS_LOG.setLevel(logging.INFO)
    try:
        asyncio.run(_Process(start).main())
    except PyvrrpError as error:
        logger.error("%s", error)
        return FATAL
    return 0


@dataclass(frozen=True, slots=True)
class _Records:
    """What is not about one Virtual Router."""

    process: ProcessSettings
    host: HostSettings
    followed: str
    """Name of the Virtual Router whose state the parent wants to know, or empty."""
    reported: Reported | None


class _Process:
    def __init__(self, start: handoff.ChildStart) -> None:
        self._start = start
        self._followed = ""

    async def main(self) -> None:
        """Start everything, follow the parent's words, stop in order."""
        router = VrrpRouter(self._on_change, self._on_occurrence)
        scripts = Sibling(partial(_on_tracked, router), partial(self._on_wish, router))
        self._reports = RouterReports(scripts.report, scripts.note)
        self._parent = ParentLink(
            self._start,
            dumps=of_section(handoff.Section.VRRP),
            siblings={
                handoff.Section.BFD: Sibling(partial(_on_bfd, router)),
                handoff.Section.SCRIPTS: scripts,
            },
        )
        async with router:
            leftovers.clear(self._start.journal_path, router)
            wanted: list[VirtualRouterSettings] = []
            records = await _read(self._start.configuration_fd, wanted.append)
            os.close(self._start.configuration_fd)
            self._run_as(router, records)
            self._followed = records.followed
            self._reports.use(records.reported, (each.name for each in wanted))
            running = RunningRouters(router)
            with self._reports.starting():
                await running.start(wanted, records.host)
            gc.collect()
            gc.freeze()
            self._parent.say(handoff.READY)
            logger.info("running %d Virtual Router(s)", len(router.routers))
            await self._parent.follow(
                lambda descriptor: self._reload(router, running, descriptor),
                lambda kind: router.snapshots(clear=kind == CLEARING),
            )
            logger.info("stopping")
            await self._stop(router)
            await scripts.wait_taken(_REPORTS_PATIENCE)

    @staticmethod
    def _run_as(router: VrrpRouter, records: _Records) -> None:
        process = records.process
        apply(process, _NAME)
        router.on_stall = lambda slept: raise_priority(process, _NAME, slept)
        router.use(records.host)

    async def _stop(self, router: VrrpRouter) -> None:
        """Stop all; that is told when all have stopped, as in keepalived."""
        keep = not self._start.options.release_addresses
        stopping = [(each.name, each.config.priority) for each in router.routers]
        self._reports.stop()
        for virtual_router in router.routers:
            await router.remove(virtual_router, keep_addresses=keep)
        self._reports.stopped(stopping)

    def _on_change(self, router: VirtualRouter, change: StateChange) -> None:
        _log_change(router, change)
        self._reports.changed(router, change)
        if router.name == self._followed:
            is_active = change.current is StateName.ACTIVE
            self._parent.say(handoff.ACTIVE, router.name if is_active else "")

    def _on_occurrence(self, router: VirtualRouter, what: Occurrence) -> None:
        self._reports.occurred(router, what)

    def _on_wish(self, router: VrrpRouter, text: str) -> None:
        """Somebody on the system bus asks for a dump, or for gratuitous ARPs."""
        wish, _, what = text.partition(" ")
        if wish == "dump":
            self._parent.say(handoff.DUMP_WANTED, what)
        for each in (each for each in router.routers if wish == "garp" and each.name == what):
            logger.info("Sending garps on %s on DBus request", what)
            each.announce()

    async def _reload(self, router: VrrpRouter, running: RunningRouters, descriptor: int) -> None:
        """Raises: HandoffError, before anything is changed."""
        plan = running.plan()
        names: list[str] = []

        def want(settings: VirtualRouterSettings) -> None:
            names.append(settings.name)
            plan.want(settings)

        records = await _read(descriptor, want)
        self._reports.expect(records.reported, names)
        self._run_as(router, records)
        running.hold(records.host)
        is_new, self._followed = records.followed != self._followed, records.followed
        if is_new and self._followed:
            is_active = running.is_active(self._followed)
            self._parent.say(handoff.ACTIVE, self._followed if is_active else "")
        await running.carry_out(plan)
        self._reports.use(records.reported, names)


async def _read(descriptor: int, want: Callable[[VirtualRouterSettings], object]) -> _Records:
    """All records, one in each turn of the loop; each Virtual Router is told to `want`.

    Raises: HandoffError.
    """
    process, host, followed, reported = ProcessSettings(), HostSettings(), "", None
    for record in handoff.read(descriptor, handoff.Section.VRRP):
        match record:
            case ProcessSettings():
                process = record
            case HostSettings():
                host = record
            case Followed(name):
                followed = name
            case Reported():
                reported = record
            case VirtualRouterSettings():
                want(record)
        await asyncio.sleep(0)
    return _Records(process, host, followed, reported)


def _on_tracked(router: VrrpRouter, key: str, value: str | None) -> None:
    """The scripts process says how something is that it watches."""
    kind, _, name = key.partition(" ")
    router.set_tracked(TrackedKind(kind), name, None if value is None else int(value))


def _on_bfd(router: VrrpRouter, name: str, value: str | None) -> None:
    """A BFD session went up or down, or is no more; first things first."""
    key = (TrackedKind.BFD, name)
    was_up, is_up = bool(router.tracked_values.get(key)), value == "1"
    router.set_tracked(*key, None if value is None else int(is_up))
    if is_up is not was_up:
        word = "UP" if is_up else "DOWN"
        for follower in router.followers(*key):
            logger.info(
                "VRRP_Instance(%s) Tracked BFD instance %s is %s", follower.name, name, word
            )


def _log_change(router: VirtualRouter, change: StateChange) -> None:
    """The line that keepalived writes, so that whoever greps for it finds it."""
    if change.current is not StateName.INITIALIZE:
        logger.info("(%s) Entering %s STATE", router.name, _STATE_WORDS[change.current])
    elif isinstance(change.reason, InitializeReason) and change.reason.is_fault:
        words = "still in FAULT" if change.is_still_faulty else "Entering FAULT STATE"
        logger.info("(%s) %s: %s", router.name, words, change.reason.value)
    elif change.previous is StateName.ACTIVE:
        logger.info("(%s) sent 0 priority", router.name)
