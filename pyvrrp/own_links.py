"""The links that are made for Virtual Routers, and what the host needs because of them."""

from __future__ import annotations

import contextlib
import errno
import logging
from collections.abc import Callable, Iterator
from typing import Generic, Protocol, TypeVar

from .errors import PyvrrpError
from .net import own_link
from .net.address_messages import AddAddress
from .net.monitor import InterfaceTable
from .net.own_link import OwnLink, Place
from .net.reverse_path import relaxed
from .net.rtnetlink import Link, Operation, RouteSocket
from .net.sysctl import Sysctl, SysctlError, Sysctls, write_sysctl
from .settings import VirtualRouterSettings

__all__ = ["LinkOwner", "OwnLinkError", "OwnLinks"]

logger = logging.getLogger(__name__)

_NAME_SIZE = 15


class OwnLinkError(PyvrrpError):
    """A link that could not be made."""

    def __init__(self, name: str, error: Exception) -> None:
        super().__init__(f"cannot make the link {name}: {error}")
        self.name = name


class LinkOwner(Protocol):
    """A Virtual Router, as far as its links go."""

    settings: VirtualRouterSettings

    @property
    def name(self) -> str:
        """For messages."""

    def use_links(self, indexes: dict[Place, int]) -> None:
        """These are there now."""


Owner = TypeVar("Owner", bound=LinkOwner)


class OwnLinks(Generic[Owner]):
    """Makes and removes links. `learn` reads what the kernel told of links into the table."""

    def __init__(
        self,
        table: InterfaceTable,
        route: RouteSocket,
        sysctls: Sysctls,
        learn: Callable[[], object],
    ) -> None:
        self._table = table
        self._route = route
        self._sysctls = sysctls
        self._learn = learn
        self._made: dict[Owner, dict[Place, Link]] = {}
        self._held: dict[Owner, tuple[Sysctl, ...]] = {}
        self._relaxed: tuple[Sysctl, ...] = ()

    def make(self, owner: Owner) -> None:
        """Make the links that are missing and whose interface below is there.

        Raises: OwnLinkError, SysctlError; what was made is removed by `remove`.
        """
        wanted = own_link.wanted(owner.settings)
        if not wanted:
            return
        made = self._made.setdefault(owner, {})
        for place, own in wanted.items():
            base = self._table.by_name(place[0])
            if base is not None and place not in made:
                made[place] = self._make(own, base)
                self._hold(owner, own_link.base_sysctls(place, own))
        owner.use_links({place: link.index for place, link in made.items()})

    def remove(self, owner: Owner) -> None:
        """Remove what was made for it, and give back what it needed."""
        made = self._made.pop(owner, None)
        if made is None:
            return
        owner.use_links({})
        wanted = own_link.wanted(owner.settings)
        for place, link in made.items():
            self._change(own_link.removed(link))
            base = self._table.by_name(place[0])
            if base is not None and place in wanted and wanted[place].is_told:
                self._change(own_link.told_again(base))
        self._release(self._held.pop(owner, ()))
        if not self._held:
            self._release(tuple(reversed(self._relaxed)))
            self._relaxed = ()

    def lost(self, name: str) -> Iterator[tuple[Owner, Place]]:
        """Owners of a link of that name that is gone; they have to `make` it again."""
        for owner, made in list(self._made.items()):
            for place, link in list(made.items()):
                if link.name == name:
                    del made[place]
                    owner.use_links({each: other.index for each, other in made.items()})
                    yield owner, place

    def is_incomplete(self, owner: Owner) -> bool:
        """Whether a link is missing that could be made."""
        made = self._made.get(owner, {})
        return any(
            place not in made and self._table.by_name(place[0]) is not None
            for place in own_link.wanted(owner.settings)
        )

    def _make(self, own: OwnLink, base: Link) -> Link:
        name = self._free_name(own, base)
        master = base.master_index
        change = own_link.made(
            own, name, base, None if master is None else self._table.by_index(master)
        )
        for refusal in self._route.apply((change,)):
            raise OwnLinkError(name, OSError(refusal.errno, str(refusal)))
        self._learn()
        link = self._table.by_name(name)
        if link is None:
            raise OwnLinkError(name, LookupError("it is gone already"))
        try:
            self._set_up(own, link)
        except PyvrrpError as error:
            self._change(own_link.removed(link))
            raise OwnLinkError(name, error) from error
        if own.is_told:
            self._change(own_link.told_again(base))
        return link

    def _free_name(self, own: OwnLink, base: Link) -> str:
        """A name that is not taken, or that of a leftover, which goes."""
        name = ""
        for name in own.names():
            if len(name.encode()) > _NAME_SIZE:
                raise OwnLinkError(name, ValueError(f"longer than {_NAME_SIZE} characters"))
            existing = self._table.by_name(name)
            if existing is None:
                return name
            if own.is_like(existing, base):
                self._change(own_link.removed(existing))
                self._learn()
                return name
        raise OwnLinkError(name, FileExistsError("the name is taken"))

    def _set_up(self, own: OwnLink, link: Link) -> None:
        for setting in own.sysctls(link.name):
            try:
                write_sysctl(setting)
            except SysctlError as error:
                if error.errno != errno.ENOENT:  # a kernel without IPv6
                    raise
        if own.mac is None:
            self._route.set_up(link.index, up=True)
            if own.address is not None:
                self._change(AddAddress(link.index, own.address))

    def _hold(self, owner: Owner, sysctls: tuple[Sysctl, ...]) -> None:
        if not sysctls:
            return
        if not self._held:
            self._relax()
        self._sysctls.hold(sysctls)
        self._held[owner] = (*self._held.get(owner, ()), *sysctls)

    def _relax(self) -> None:
        """Let packets in by one link though the answer goes out by another (rp_filter)."""
        self._relaxed = relaxed()
        if not self._relaxed:
            return
        level = self._relaxed[0].value
        logger.warning(
            "net.ipv4.conf.all.rp_filter is %s: the kernel would drop what clients send to a"
            " virtual MAC link, since the way back to them is the link below. It is 0 from now"
            " on, and default and the other links have %s of their own instead, so nothing"
            " changes for them; the old values return at the end",
            level,
            level,
        )
        self._sysctls.hold(self._relaxed)

    def _release(self, sysctls: tuple[Sysctl, ...]) -> None:
        for failure in self._sysctls.release(sysctls):
            logger.error("%s", failure)

    def _change(self, operation: Operation) -> None:
        with contextlib.suppress(OSError):
            for refusal in self._route.apply((operation,)):
                logger.error("cannot %s", refusal)
