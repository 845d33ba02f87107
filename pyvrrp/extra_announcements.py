"""`garp_extra_if`: now and then a frame on interfaces that carry addresses and no Advertisements.

Without it a bridge there would forget where the virtual MAC address is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from .net.vrrp_socket import SocketError
from .outgoing import Outgoing
from .virtual_router import VirtualRouter

__all__ = ["ExtraAnnouncements"]


class ExtraAnnouncements:
    """Sends them for Active Virtual Routers, through `announce`."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        announce: Callable[[VirtualRouter, tuple[Outgoing, ...], int], object],
    ) -> None:
        self._loop = loop
        self._announce = announce
        self._timers: dict[VirtualRouter, asyncio.TimerHandle] = {}

    def follow(self, router: VirtualRouter) -> None:
        """Its state or its settings may have changed."""
        timer = self._timers.pop(router, None)
        if timer is not None:
            timer.cancel()
        extra = router.settings.extra_announcements
        if extra is not None and router.is_active:
            wait = router.config.announce.delay + extra.period
            self._timers[router] = self._loop.call_later(wait, self._tell, router)

    def _tell(self, router: VirtualRouter) -> None:
        extra = router.settings.extra_announcements
        if extra is not None and router.is_active:
            try:
                frames = router.holdings.extra_frames(everywhere=extra.everywhere)
                self._announce(router, frames, 1)
            except SocketError as error:  # an interface that is on its way out
                router.complain("announce", str(error))
            self._timers[router] = self._loop.call_later(extra.period, self._tell, router)
