"""The virtual addresses of one Virtual Router on this host: where they are, and the frames for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from .core.announce import announcement
from .core.model import Address
from .net.frame_sender import FrameSender
from .net.monitor import InterfaceTable
from .net.rtnetlink import AddAddress, AddressOperation, RemoveAddress
from .rhythm import Outgoing
from .settings import VirtualAddress, VirtualRouterSettings

__all__ = ["AddressHost", "Holdings"]


class AddressHost(Protocol):
    """What changing addresses needs of the machine."""

    table: InterfaceTable

    def change_addresses(self, operations: Sequence[AddressOperation]) -> None:
        """Carry out address changes; what the kernel refuses is logged."""

    def set_link_up(self, index: int, *, up: bool) -> None:
        """Set a link up or down; a refusal is logged."""

    def frames(self, interface: str) -> FrameSender:
        """The frame sender of an interface. Raises: SocketError."""


class Holdings:
    """Installs, removes and announces.

    `index` is the Virtual Router's interface, `virtual_mac_index` its virtual MAC link; None where
    there is none. *Adopted* addresses are an owner's that the interface had by itself: they are
    announced, and never removed (conformance RB-10).
    """

    __slots__ = ("_adopted", "_host", "_installed", "index", "settings", "virtual_mac_index")

    def __init__(self, settings: VirtualRouterSettings, host: AddressHost) -> None:
        self.settings = settings
        self.index: int | None = None
        self.virtual_mac_index: int | None = None
        self._host = host
        self._adopted: frozenset[Address] = frozenset()
        self._installed: tuple[RemoveAddress, ...] = ()

    def adopt(self) -> None:
        """Look which addresses the interface has by itself; call when it or the settings change."""
        self._adopted = (
            frozenset(self._foreign()) if self.settings.protocol.is_owner else frozenset()
        )

    def _foreign(self) -> Iterable[Address]:
        for address in self.settings.addresses:
            ip = address.interface.ip
            if self.index is not None and self._host.table.is_foreign(self.index, ip):
                yield ip

    def install(self) -> int:
        """Have exactly the configured addresses; how many had to be left out."""
        if self.virtual_mac_index is not None:
            self._host.set_link_up(self.virtual_mac_index, up=True)
        wanted = tuple(self._additions())
        kept = tuple(RemoveAddress(a.index, a.address, a.peer) for a in wanted)
        dropped = tuple(r for r in self._installed if r not in kept)
        self._installed = kept
        self._host.change_addresses((*dropped, *wanted))
        return len(self.settings.addresses) - len(self._adopted) - len(wanted)

    def remove(self) -> None:
        """Take away what was installed."""
        installed, self._installed = self._installed, ()
        self._host.change_addresses(installed)
        if self.virtual_mac_index is not None:
            self._host.set_link_up(self.virtual_mac_index, up=False)

    def abandon(self) -> None:
        """Leave what was installed to somebody else."""
        self._installed = ()

    def leftovers(self) -> Iterable[RemoveAddress]:
        """The configured addresses that are there before anybody installed them."""
        for a in self._additions():
            if self._host.table.has_address(a.index, a.address.ip):
                yield RemoveAddress(a.index, a.address, a.peer)

    def is_installed(self, index: int, address: Address) -> bool:
        """Whether this address of an interface was put there by `install`."""
        return any(r.index == index and r.address.ip == address for r in self._installed)

    def announcements(self) -> Iterable[Outgoing]:
        """One frame per address, out of the interface that has it, with the MAC address it has.

        Raises: SocketError.
        """
        for removal in self._installed:
            yield from self._announcement(removal.index, removal.address.ip)
        for address in self._adopted:
            if self.index is not None:
                yield from self._announcement(self.index, address)

    def _announcement(self, index: int, address: Address) -> Iterable[Outgoing]:
        link = self._host.table.by_index(index)
        if link is not None and len(link.mac) == 6:
            via = self.settings.interface if index == self.virtual_mac_index else link.name
            yield self._host.frames(via).send, announcement(address, link.mac)

    def _additions(self) -> Iterable[AddAddress]:
        for address in self.settings.addresses:
            index = self._index_for(address)
            if index is not None and address.interface.ip not in self._adopted:
                yield AddAddress(
                    index,
                    address.interface,
                    address.scope,
                    address.label,
                    address.broadcast.packed if address.broadcast else None,
                    address.peer,
                    address.nodad,
                    address.noprefixroute,
                    address.preferred_lft,
                )

    def _index_for(self, address: VirtualAddress) -> int | None:
        if address.dev is not None and address.dev != self.settings.interface:
            link = self._host.table.by_name(address.dev)
            return link.index if link is not None else None
        return self.index if self.virtual_mac_index is None else self.virtual_mac_index
