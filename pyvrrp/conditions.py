"""What a Virtual Router's part depends on besides its peers: may it take part, from which address,
at which priority? Read off the picture of the interfaces and what was said of tracked objects,
whenever it is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Protocol

from .core.events import InitializeReason
from .core.model import Address, Family, VirtualRouterConfig
from .core.priority import effect, effect_of_number, effective_priority
from .link_states import LinkStates
from .net.monitor import InterfaceTable
from .net.rtnetlink import Link
from .settings import TrackedKind, TrackedObject, VirtualRouterSettings

__all__ = ["Conditions", "ConditionsHost"]


class ConditionsHost(Protocol):
    """What is known of the host."""

    @property
    def table(self) -> InterfaceTable:
        """The interfaces."""

    @property
    def link_states(self) -> LinkStates:
        """Which of them count as up."""

    @property
    def virtual_addresses(self) -> Mapping[Address, object]:
        """Addresses that come and go with Virtual Routers, so no primary ones."""

    @property
    def tracked_values(self) -> Mapping[tuple[TrackedKind, str], int]:
        """What was said last of each tracked object; 0 is down."""


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

    def fault(self, link: Link | None, *, has_begun: bool) -> InitializeReason | None:
        """Why the Virtual Router cannot take part on this interface; None: it can.

        `has_begun`: it takes part now, so what it tracks is not waited for.
        """
        if link is None:
            return InitializeReason.INTERFACE_MISSING
        if self.settings.track_primary and not self._host.link_states.is_up(link.name):
            return InitializeReason.INTERFACE_DOWN
        if None in self._effects():
            return InitializeReason.TRACKED_OBJECT_DOWN
        if self.settings.needs_peers and not self.settings.protocol.peers:
            return InitializeReason.NO_PEERS
        if not self._has_source(link):
            return InitializeReason.NO_SOURCE_ADDRESS
        if not has_begun and any(map(self._is_awaited, self.settings.tracked)):
            return InitializeReason.AWAITING_TRACKED
        return None

    def protocol(self, link: Link | None) -> VirtualRouterConfig | None:
        """The protocol's settings with the source address and the priority of now; None: no source."""
        source = self._source(link) if link is not None else None
        if source is None:
            return None
        weights = (weight for weight in self._effects() if weight is not None)
        priority = effective_priority(self.base_priority, weights)
        protocol = self.settings.protocol
        if protocol.source == source and protocol.priority == priority:
            return protocol
        return replace(protocol, source=source, priority=priority)

    def _effects(self) -> Iterator[int | None]:
        """What everything tracked adds to the priority; None: that is a fault."""
        for link in self.settings.tracked_interfaces:
            is_up = self._host.link_states.is_up(link.name)
            yield effect(link.weight, reverse=link.reverse, is_up=is_up)
        for tracked in self.settings.tracked:
            yield self._effect(tracked)

    def _effect(self, tracked: TrackedObject) -> int | None:
        value = self._host.tracked_values.get(tracked.key)
        if value is None and tracked.kind is not TrackedKind.BFD:
            return 0
        if tracked.kind is TrackedKind.FILE:
            return effect_of_number(tracked.weight, value or 0, reverse=tracked.reverse)
        return effect(tracked.weight, reverse=tracked.reverse, is_up=bool(value))

    def _is_awaited(self, tracked: TrackedObject) -> bool:
        if tracked.key in self._host.tracked_values or tracked.kind is TrackedKind.BFD:
            return False
        return tracked.weight == 0 or tracked.kind is not TrackedKind.SCRIPT

    def _has_source(self, link: Link) -> bool:
        source = self._source(link)
        if source is None or not self.settings.track_source:
            return source is not None
        return self._host.table.has_address(link.index, source)

    def _source(self, link: Link) -> Address | None:
        """Where Advertisements come from: as configured, or the interface's primary address."""
        protocol = self.settings.protocol
        if not protocol.source.is_unspecified:
            return protocol.source
        table, family = self._host.table, protocol.family
        if self.settings.ipvlan is not None and family is Family.IPV4:
            return None  # as in keepalived: an ipvlan does not send from an address of another link
        found = table.primary_address(link.index, family, self._host.virtual_addresses)
        if found is None and protocol.is_owner:
            return table.primary_address(link.index, family)
        return found
