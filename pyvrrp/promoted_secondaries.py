"""`promote_secondaries`: the other addresses of a network stay when the first one leaves."""

from __future__ import annotations

import logging

from .net.sysctl import Sysctl, SysctlError, Sysctls, promotion
from .virtual_router import VirtualRouter

__all__ = ["PromotedSecondaries"]

logger = logging.getLogger(__name__)


class PromotedSecondaries:
    """Sets it on the interfaces of those that want it, and puts it back after the last of them."""

    def __init__(self, sysctls: Sysctls) -> None:
        self._sysctls = sysctls
        self._held: dict[VirtualRouter, Sysctl] = {}

    def follow(self, router: VirtualRouter) -> None:
        """Call it when its settings or its place changed. What the kernel refuses is logged."""
        settings = router.settings
        is_wanted = settings.promote_secondaries and router.index is not None
        if is_wanted is (router in self._held):
            return
        if not is_wanted:
            for failure in self._sysctls.release((self._held.pop(router),)):
                logger.error("%s", failure)
            return
        wanted = promotion(settings.interface)
        try:
            self._sysctls.hold((wanted,))
            self._held[router] = wanted
        except SysctlError as error:
            logger.error("(%s) %s", router.name, error)
