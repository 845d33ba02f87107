"""The virtual addresses of one Virtual Router on this host: where they are, and the frames for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from .core.announce import announcement
from .core.model import Address
from .net.accept_filter import Refused
from .net.address_messages import AddAddress, RemoveAddress
from .net.frame_sender import FrameSender
from .net.monitor import InterfaceTable
from .net.rtnetlink import Operation
from .rhythm import Outgoing
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

    `index` is the Virtual Router's interface, `virtual_mac_index` its virtual MAC link; None where
    there is none. *Adopted* addresses are an owner's that the interface had by itself: they are
    announced, and never removed (conformance RB-10).

    `prepare` works out what there will be to do, so that nothing but doing it is left for the
    moment of a takeover. Call it when settings, interfaces or their MAC addresses changed.
    """

    __slots__ = (
        "_adopted",
        "_host",
        "_installed",
        "_planned",
        "_refused",
        "_to_refuse",
        "index",
        "settings",
        "virtual_mac_index",
    )

    def __init__(self, settings: VirtualRouterSettings, host: AddressHost) -> None:
        self.settings = settings
        self.index: int | None = None
        self.virtual_mac_index: int | None = None
        self._host = host
        self._adopted: frozenset[Address] = frozenset()
        self._planned: tuple[AddAddress, ...] = ()
        self._installed: tuple[AddAddress, ...] = ()
        self._to_refuse: tuple[Refused, ...] = ()
        self._refused: tuple[Refused, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether what is installed is what should be."""
        return self._installed == self._planned and self._refused == self._to_refuse

    @property
    def missing(self) -> int:
        """How many addresses cannot be installed, since their interface is not there."""
        return len(self.settings.addresses) - len(self._adopted) - len(self._planned)

    @property
    def installed(self) -> tuple[Address, ...]:
        """The addresses that `install` put there, in the order configured."""
        return tuple(a.address.ip for a in self._installed)

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
        self._planned = tuple(self._additions())
        self._to_refuse = tuple(self._refusals())
        frames = [self._announcement(a.index, a.address.ip) for a in self._planned]
        if self.index is not None:
            frames += [self._announcement(self.index, address) for address in self._adopted]
        return tuple(frame for frame in frames if frame is not None)

    def install(self) -> None:
        """Have exactly the planned addresses."""
        if self.virtual_mac_index is not None:
            self._host.set_link_up(self.virtual_mac_index, up=True)
        dropped = [_removal(a) for a in self._installed if a not in self._planned]
        self._installed = self._planned
        before, self._refused = self._refused, self._to_refuse
        self._host.filter(refuse=[each for each in self._refused if each not in before])
        self._host.change_kernel((*dropped, *self._planned))
        self._host.filter(accept=[each for each in before if each not in self._refused])

    def remove(self) -> None:
        """Take away what was installed."""
        installed, self._installed = self._installed, ()
        self._host.change_kernel([_removal(a) for a in installed])
        refused, self._refused = self._refused, ()
        self._host.filter(accept=refused)
        if self.virtual_mac_index is not None:
            self._host.set_link_up(self.virtual_mac_index, up=False)

    def abandon(self) -> None:
        """Leave what was installed to somebody else."""
        self._installed = ()

    def leftovers(self) -> Iterable[RemoveAddress]:
        """The configured addresses that are there before anybody installed them."""
        for a in self._additions():
            if self._host.table.has_address(a.index, a.address.ip):
                yield _removal(a)

    def is_installed(self, index: int, address: Address) -> bool:
        """Whether this address of an interface was put there by `install`."""
        return any(a.index == index and a.address.ip == address for a in self._installed)

    def _announcement(self, index: int, address: Address) -> Outgoing | None:
        link = self._host.table.by_index(index)
        if link is None or len(link.mac) != 6:
            return None
        via = self.settings.interface if index == self.virtual_mac_index else link.name
        return self._host.frames(via).send, announcement(address, link.mac)

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

    def _refusals(self) -> Iterable[Refused]:
        """Nobody but the owner takes packets for the addresses without Accept_Mode (§6.1)."""
        protocol = self.settings.protocol
        if protocol.accept_mode or protocol.is_owner:
            return
        for planned in self._planned:
            link = self._host.table.by_index(planned.index)
            if link is not None:
                yield Refused(planned.address.ip, link.index, link.name)

    def _index_for(self, address: VirtualAddress) -> int | None:
        if address.dev is not None and address.dev != self.settings.interface:
            link = self._host.table.by_name(address.dev)
            return link.index if link is not None else None
        return self.index if self.virtual_mac_index is None else self.virtual_mac_index


def _removal(added: AddAddress) -> RemoveAddress:
    return RemoveAddress(added.index, added.address, added.peer)
