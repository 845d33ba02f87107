"""The Virtual Routers of the VRRP process: started together, taken to new settings step by step.

Each step has a turn of the loop for itself, so what does not change goes on in between.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable

from ...core.actions import StateName
from ...errors import PyvrrpError
from ...net.vrrp_socket import SocketError
from ...settings import HostSettings, VirtualRouterSettings
from ...vrrp_router import VrrpRouter
from ..reload.items import Tally, brief
from ..reload.routers import Identity, RouterPlan, RouterStep, item

__all__ = ["RunningRouters"]

logger = logging.getLogger(__name__)


class RunningRouters:
    """What runs, by identity. One that cannot run does not keep the others from it.

    Methods raise SocketError when this process may open no raw socket at all.
    """

    def __init__(self, router: VrrpRouter) -> None:
        self._router = router
        self._settings: dict[Identity, VirtualRouterSettings] = {}
        self._loop = asyncio.get_running_loop()
        self._began_at = self._loop.time()
        self._is_started = False
        self._start: asyncio.TimerHandle | None = None

    async def start(self, wanted: Iterable[VirtualRouterSettings], host: HostSettings) -> None:
        """Start all at one moment, as soon as the settings of the host allow."""
        for settings in wanted:
            await self._add(settings)
            self._note(settings.identity)
            await asyncio.sleep(0)
        self.hold(host)

    def hold(self, host: HostSettings) -> None:
        """Wait for what these settings say, unless all take part already."""
        if self._is_started:
            return
        if self._start is not None:
            self._start.cancel()
        wait = max(
            host.start_delay - (self._loop.time() - self._began_at),
            host.delay_after_boot - time.clock_gettime(time.CLOCK_BOOTTIME),
        )
        if wait > 0:
            logger.info("Delaying startup for %g seconds", round(wait, 3))
            self._start = self._loop.call_later(wait, self._take_part)
        else:
            self._take_part()

    def _take_part(self) -> None:
        self._is_started = True
        if self._start is not None:
            logger.info("Delayed start completed")
        self._router.start()

    def is_active(self, name: str) -> bool:
        """Whether the Virtual Router of that name is Active."""
        states = (r.state_name for r in self._router.routers if r.name == name)
        return StateName.ACTIVE in states

    def plan(self) -> RouterPlan:
        """A way from what runs, still without an end."""
        return RouterPlan(self._settings)

    async def carry_out(self, plan: RouterPlan) -> None:
        """Go it. Virtual Routers that are the same do not notice."""
        tally = Tally(len(plan.unchanged))
        for step in plan.steps():
            words = brief(item(step))
            logger.info("(%s) %s%s", step.name, step.fate, words.removeprefix(step.name))
            tally.add(step.fate, words)
            await asyncio.sleep(0)
            await self._take(step)
            self._note(step.identity)
            await asyncio.sleep(0)
        logger.info("reload: %s", tally)

    async def _take(self, step: RouterStep) -> None:
        current = self._router.find(step.identity) if step.old is not None else None
        if step.new is None:
            if current is not None:
                await self._router.remove(current)
        elif current is None:
            await self._add(step.new)
        else:
            try:
                await self._router.reconfigure(current, step.new)
            except (PyvrrpError, ValueError) as error:
                logger.error("(%s) %s", step.name, error)

    async def _add(self, settings: VirtualRouterSettings) -> None:
        try:
            await self._router.add(settings, start=self._is_started)
        except SocketError as error:
            if error.is_permission:
                raise
            logger.error("(%s) %s", settings.name, error)
        except (PyvrrpError, ValueError) as error:
            logger.error("(%s) %s", settings.name, error)

    def _note(self, identity: Identity) -> None:
        """Remember what runs under this identity, which may be nothing or another one."""
        running = self._router.find(identity)
        if running is None:
            self._settings.pop(identity, None)
        else:
            self._settings[identity] = running.settings
