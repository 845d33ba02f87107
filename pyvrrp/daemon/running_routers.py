"""The Virtual Routers of the VRRP process: started together, taken to new settings step by step.

Each step has a turn of the loop for itself, so what does not change goes on in between.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

from ..core.actions import StateName
from ..errors import PyvrrpError
from ..net.vrrp_socket import SocketError
from ..settings import VirtualRouterSettings
from ..vrrp_router import VrrpRouter
from .reload.items import Tally, brief
from .reload.routers import Identity, RouterPlan, RouterStep, item

__all__ = ["RunningRouters"]

logger = logging.getLogger(__name__)


class RunningRouters:
    """What runs, by identity. One that cannot run does not keep the others from it.

    Methods raise SocketError when this process may open no raw socket at all.
    """

    def __init__(self, router: VrrpRouter) -> None:
        self._router = router
        self._settings: dict[Identity, VirtualRouterSettings] = {}

    async def start(self, wanted: Iterable[VirtualRouterSettings]) -> None:
        """Start all at one moment."""
        for settings in wanted:
            await self._add(settings, start=False)
            self._note(settings.identity)
            await asyncio.sleep(0)
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

    async def _add(self, settings: VirtualRouterSettings, *, start: bool = True) -> None:
        try:
            await self._router.add(settings, start=start)
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
