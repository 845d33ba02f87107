"""What a Virtual Router's part depends on besides its peers: may it take part, from which address,
at which priority? Read off the picture of the interfaces, whenever it is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Protocol

from .core.events import InitializeReason
from .core.model import Address, VirtualRouterConfig
from .core.priority import effective_priority
from .net.monitor import InterfaceTable
from .net.rtnetlink import Link
from .settings import VirtualRouterSettings

__all__ = ["Conditions", "ConditionsHost"]


class ConditionsHost(Protocol):
    """What is known of the host."""

    @property
    def table(self) -> InterfaceTable:
        """The interfaces."""

    @property
    def virtual_addresses(self) -> Mapping[Address, object]:
        """Addresses that come and go with Virtual Routers, so no primary ones."""


class Conditions:
    """The conditions of one Virtual Router. `base_priority` is the one before tracking."""

    __slots__ = ("_host", "base_priority", "settings")

    def __init__(self, settings: VirtualRouterSettings, host: ConditionsHost) -> None:
        self._host = host
        self.use(settings)

    def use(self, settings: VirtualRouterSettings) -> None:
        """Go by these settings from now on."""
        self.settings = settings
        self.base_priority = settings.protocol.priority

    def fault(self, link: Link | None) -> InitializeReason | None:
        """Why the Virtual Router cannot take part on this interface; None: it can."""
        if link is None:
            return InitializeReason.INTERFACE_MISSING
        if self.settings.track_primary and not (link.up and link.running):
            return InitializeReason.INTERFACE_DOWN
        for tracked in self.settings.tracked_interfaces:
            if tracked.weight == 0 and self._is_usable(tracked.name) is tracked.reverse:
                return InitializeReason.TRACKED_OBJECT_DOWN
        if self._source(link) is None:
            return InitializeReason.NO_SOURCE_ADDRESS
        return None

    def protocol(self, link: Link | None) -> VirtualRouterConfig | None:
        """The protocol's settings with the source address and the priority of now; None: no source."""
        source = self._source(link) if link is not None else None
        if source is None:
            return None
        priority = effective_priority(self.base_priority, self._weights())
        protocol = self.settings.protocol
        if protocol.source == source and protocol.priority == priority:
            return protocol
        return replace(protocol, source=source, priority=priority)

    def _is_usable(self, interface: str) -> bool:
        link = self._host.table.by_name(interface)
        return link is not None and link.up and link.running

    def _weights(self) -> Iterable[int]:
        """A positive weight counts while up, a negative one while down; `reverse` swaps."""
        for tracked in self.settings.tracked_interfaces:
            if (self._is_usable(tracked.name) is not tracked.reverse) is (tracked.weight > 0):
                yield tracked.weight

    def _source(self, link: Link) -> Address | None:
        """Where Advertisements come from: as configured, or the interface's primary address."""
        protocol = self.settings.protocol
        if not protocol.source.is_unspecified:
            return protocol.source
        table, family = self._host.table, protocol.family
        found = table.primary_address(link.index, family, self._host.virtual_addresses)
        if found is None and protocol.is_owner:
            return table.primary_address(link.index, family)
        return found
