"""What one Virtual Router has on this host while Active: addresses, routes and rules; and the frames
that announce the addresses.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import Protocol

from .core.announce import announcement
from .core.model import Address, Family
from .kernel_entries import (
    Entry,
    KernelEntries,
    RoutingEntry,
    address_entry,
    route_entries,
    rule_entries,
)
from .net.accept_filter import Refused
from .net.address_messages import AddAddress
from .net.frame_sender import FrameSender
from .net.identity import Key
from .net.monitor import InterfaceTable
from .net.own_link import Place
from .net.rtnetlink import Operation
from .outgoing import Outgoing
from .settings import VirtualAddress, VirtualRouterSettings

__all__ = ["AddressHost", "Holdings"]


class AddressHost(Protocol):
    """What changing addresses needs of the machine."""

    table: InterfaceTable

    def change_kernel(self, operations: Sequence[Operation]) -> None:
        """Carry out changes; what the kernel refuses is logged."""

    def filter(self, *, refuse: Sequence[Refused] = (), accept: Sequence[Refused] = ()) -> None:
        """Drop packets for addresses, or no longer; a refusal of the kernel is logged."""

    def set_link_up(self, index: int, *, up: bool) -> None:
        """Set a link up or down; a refusal is logged."""

    def frames(self, interface: str) -> FrameSender:
        """The frame sender of an interface. Raises: SocketError."""


class Holdings:
    """Installs, removes and announces.

    `index` is the Virtual Router's interface, None while that is missing; `links` are those made
    for it. *Adopted* addresses are an owner's that the interface had by itself: they are
    announced, and never removed (conformance RB-10).

    `prepare` works out what there will be to do, so that nothing but doing it is left for the
    moment of a takeover. Call it when settings, interfaces or their MAC addresses changed.
    """

    __slots__ = (
        "_adopted",
        "_entries",
        "_host",
        "_refused",
        "_to_refuse",
        "index",
        "is_doubtful",
        "links",
        "settings",
    )

    def __init__(self, settings: VirtualRouterSettings, host: AddressHost) -> None:
        self.settings = settings
        self.index: int | None = None
        self.links: dict[Place, int] = {}
        self.is_doubtful = False
        self._host = host
        self._adopted: frozenset[Address] = frozenset()
        self._entries = KernelEntries()
        self._to_refuse: tuple[Refused, ...] = ()
        self._refused: tuple[Refused, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether what is installed is what should be, as far as the kernel told."""
        if self.is_doubtful or self._refused != self._to_refuse:
            return False
        return self._entries.installed == self._entries.planned

    @property
    def missing(self) -> int:
        """How many entries cannot be installed, since their interface is not there."""
        settings = self.settings
        wanted = len(settings.addresses) + len(settings.routes) + len(settings.rules)
        return wanted - len(self._adopted) - len(self._entries.planned)

    @property
    def installed(self) -> tuple[Address, ...]:
        """The addresses that `install` put there, in the order configured."""
        return tuple(a.address.ip for a in self._entries.installed if isinstance(a, AddAddress))

    def adopt(self) -> None:
        """Look which addresses the interface has by itself; call when it or the settings change."""
        is_owner = self.settings.protocol.is_owner
        self._adopted = frozenset(self._foreign()) if is_owner else frozenset()

    def _foreign(self) -> Iterable[Address]:
        for address in self.settings.addresses:
            ip = address.interface.ip
            if self.index is not None and self._host.table.is_foreign(self.index, ip):
                yield ip

    def prepare(self) -> tuple[Outgoing, ...]:
        """Plan what to install, and give the frames that will announce it.

        One frame per address, out of the interface that has it, with the MAC address it has.
        Raises: SocketError.
        """
        additions = tuple(self._additions())
        self._entries.planned = (*additions, *self._routing())
        self._to_refuse = tuple(self._refusals(additions))
        frames = [self._announcement(a.index, a.address.ip) for a in additions]
        if self.index is not None:
            frames += [self._announcement(self.index, address) for address in self._adopted]
        return tuple(frame for frame in frames if frame is not None)

    def install(self) -> None:
        """Have exactly what is planned."""
        self._switch(up=True)
        self.is_doubtful = False
        before, self._refused = self._refused, self._to_refuse
        self._host.filter(refuse=[each for each in self._refused if each not in before])
        self._host.change_kernel(self._entries.settle())
        self._host.filter(accept=[each for each in before if each not in self._refused])

    def remove(self) -> None:
        """Take away what was installed."""
        self._host.change_kernel(self._entries.withdraw())
        refused, self._refused = self._refused, ()
        self._host.filter(accept=refused)
        self._switch(up=False)

    def abandon(self) -> None:
        """Leave what was installed to somebody else."""
        self._entries.installed = ()

    def leftovers(self, *, routing: bool) -> Iterable[Operation]:
        """Takes away what is there before anybody installed it; routes and rules when told to.

        Of addresses the table tells. Asking for routes and rules would cost more than removing
        them, and their protocol keeps those of others; but not those of other Virtual Routers.
        """
        if routing:
            yield from (entry.reverse for entry in self._routing())
        for a in self._additions():
            if self._host.table.has_address(a.index, a.address.ip):
                yield a.reverse

    def lost(self, gone: Container[Key]) -> Sequence[Entry]:
        """What `install` put there and is watched, of what is gone."""
        return self._entries.watched(gone)

    def extra_frames(self, *, everywhere: bool) -> tuple[Outgoing, ...]:
        """For each other interface that has addresses, the frame that announces the first of them: on
        virtual MAC links, or `everywhere`. Raises: SocketError."""
        own = set(self.links.values())
        others: dict[int, Address] = {}
        for entry in self._entries.installed:
            if isinstance(entry, AddAddress) and (everywhere or entry.index in own):
                others.setdefault(entry.index, entry.address.ip)
        for index in (self.index, self.links.get(self.settings.place)):
            others.pop(-1 if index is None else index, None)
        frames = (self._announcement(index, address) for index, address in others.items())
        return tuple(frame for frame in frames if frame is not None)

    def _announcement(self, index: int, address: Address) -> Outgoing | None:
        link = self._host.table.by_index(index)
        if link is None or len(link.mac) != 6:
            return None
        below = (place[0] for place, own in self.links.items() if own == index)
        via = next(below, link.name)
        return self._host.frames(via).send, announcement(address, link.mac)

    def _additions(self) -> Iterable[AddAddress]:
        for address in self.settings.addresses:
            index = self._index_for(address)
            if index is not None and address.interface.ip not in self._adopted:
                yield address_entry(address, index)

    def _routing(self) -> Iterable[RoutingEntry]:
        yield from route_entries(self.settings.routes, self._host.table)
        yield from rule_entries(self.settings.rules)

    def _refusals(self, additions: Iterable[AddAddress]) -> Iterable[Refused]:
        """Nobody but the owner takes packets for the addresses without Accept_Mode (§6.1)."""
        protocol = self.settings.protocol
        if protocol.accept_mode or protocol.is_owner:
            return
        for planned in additions:
            link = self._host.table.by_index(planned.index)
            if link is not None:
                yield Refused(planned.address.ip, link.index, link.name)

    def _index_for(self, address: VirtualAddress) -> int | None:
        place = (address.dev or self.settings.interface, Family(address.interface.version))
        is_main = place == self.settings.place
        if address.own_mac or (is_main and self.settings.has_link):
            return self.links.get(place)
        if place[0] == self.settings.interface:
            return self.index
        link = self._host.table.by_name(place[0])
        return link.index if link is not None else None

    def _switch(self, *, up: bool) -> None:
        """A link with the MAC address of all routers is up on one of them only."""
        for place, index in self.links.items():
            if self.settings.ipvlan is None or place != self.settings.place:
                self._host.set_link_up(index, up=up)
