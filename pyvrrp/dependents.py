"""Which Virtual Routers of a host depend on what: interfaces, addresses, tracked objects."""

from __future__ import annotations

from .core.model import Address
from .settings import TrackedKind, VirtualRouterSettings
from .virtual_router import VirtualRouter

__all__ = ["Dependents"]


class Dependents:
    """Three indices over the settings of every Virtual Router."""

    def __init__(self) -> None:
        self.by_interface: dict[str, set[VirtualRouter]] = {}
        self.by_address: dict[Address, tuple[VirtualRouter, ...]] = {}
        self.by_tracked: dict[tuple[TrackedKind, str], set[VirtualRouter]] = {}

    def add(self, router: VirtualRouter, settings: VirtualRouterSettings) -> None:
        """It goes by these settings from now on."""
        for name in settings.interfaces:
            self.by_interface.setdefault(name, set()).add(router)
        for tracked in settings.tracked:
            self.by_tracked.setdefault(tracked.key, set()).add(router)
        for address in settings.addresses:
            holders = self.by_address.get(address.interface.ip, ())
            self.by_address[address.interface.ip] = (*holders, router)

    def remove(self, router: VirtualRouter) -> None:
        """It does not go by the settings it has any more."""
        settings = router.settings
        for name in settings.interfaces:
            self.by_interface[name].discard(router)
        for tracked in settings.tracked:
            self.by_tracked[tracked.key].discard(router)
        for address in settings.addresses:
            ip = address.interface.ip
            holders = tuple(r for r in self.by_address[ip] if r is not router)
            self.by_address[ip] = holders
            if not holders:
                del self.by_address[ip]
