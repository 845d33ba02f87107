"""What the kernel says of links, addresses, routes and rules, as it happens; and the picture of links
and addresses that results.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import socket
import struct
from array import array
from collections.abc import Container, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from ..core.model import Address, Family
from ..routing import PROTOCOL_KEEPALIVED
from ..settings import SocketBuffer
from .identity import Key, route_key, route_protocol, rule_key
from .receive_buffer import enlarge
from .rtnetlink import (
    RTM_DELADDR,
    RTM_DELLINK,
    RTM_NEWADDR,
    RTM_NEWLINK,
    InterfaceAddress,
    Link,
    NetlinkError,
    RouteSocket,
    parse_address,
    parse_link,
    split_messages,
)

__all__ = [
    "ADDRESS_LOG",
    "NOWHERE",
    "AddressAdded",
    "AddressRemoved",
    "EntryAdded",
    "EntryRemoved",
    "InterfaceTable",
    "LinkChanged",
    "LinkRemoved",
    "Overrun",
    "RouteEvent",
    "RouteMonitor",
]

ADDRESS_LOG = logging.getLogger(f"{__name__}.addresses")
"""Each address that comes or goes, at level INFO; who wants that lowers its level."""
ADDRESS_LOG.setLevel(logging.WARNING)

_GROUPS = (
    *(0x1, 0x10, 0x100),  # RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR
    *(0x40, 0x400),  # RTMGRP_IPV4_ROUTE, RTMGRP_IPV6_ROUTE
    *(0x80, 1 << 18),  # RTMGRP_IPV4_RULE, RTNLGRP_IPV6_RULE
)
_SO_ATTACH_FILTER, _SO_RCVBUFFORCE = 26, 33
_RTM_NEWROUTE, _RTM_DELROUTE, _RTM_NEWRULE, _RTM_DELRULE = 24, 25, 32, 33
_PORT = struct.Struct("=12xI")
_TYPE_AT, _PROTOCOL_AT = 4, 16 + 5  # of struct nlmsghdr, and of struct rtmsg behind it
_OURS_ONLY = (
    *((0x28, 0, 0, _TYPE_AT), (0x15, 1, 0, socket.htons(_RTM_NEWROUTE))),
    *((0x15, 0, 2, socket.htons(_RTM_DELROUTE)), (0x30, 0, 0, _PROTOCOL_AT)),
    *((0x15, 0, 1, PROTOCOL_KEEPALIVED), (0x06, 0, 0, 0xFFFFFFFF), (0x06, 0, 0, 0)),
)
"""BPF: routes of routing daemons come by the million, and none of them is ours."""
_VIRTUAL_MAC_INTERFACE_ID = bytes.fromhex("02005efffe00")


@dataclass(frozen=True, slots=True)
class LinkChanged:
    """A link appeared or something about it changed."""

    link: Link


@dataclass(frozen=True, slots=True)
class LinkRemoved:
    """A link is gone, or moved to another namespace."""

    link: Link


@dataclass(frozen=True, slots=True)
class AddressAdded:
    """An address appeared or changed."""

    address: InterfaceAddress


@dataclass(frozen=True, slots=True)
class AddressRemoved:
    """An address is gone. `by_us`: because of what we asked for, be it directly or not."""

    address: InterfaceAddress
    by_us: bool = False


@dataclass(frozen=True, slots=True)
class EntryAdded:
    """A route of keepalived's protocol or a rule appeared or changed."""

    key: Key


@dataclass(frozen=True, slots=True)
class EntryRemoved:
    """It is gone."""

    key: Key
    by_us: bool


@dataclass(frozen=True, slots=True)
class Overrun:
    """The kernel had more to say than the buffer held: read the whole table again."""


RouteEvent: TypeAlias = (
    LinkChanged | LinkRemoved | AddressAdded | AddressRemoved | EntryAdded | EntryRemoved | Overrun
)


class RouteMonitor:
    """A non-blocking subscription to changes. Raises NetlinkError when opened.

    `own_port` is the netlink port of whoever makes our own changes.
    """

    def __init__(self, own_port: int = 0) -> None:
        self.is_drained = True
        """Whether the last `read` left nothing behind."""
        self._own_port = own_port
        try:
            self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
            program = array("B", b"".join(struct.pack("=HBBI", *each) for each in _OURS_ONLY))
            filter_ = struct.pack("HP", len(_OURS_ONLY), program.buffer_info()[0])
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, filter_)
            self._socket.bind((0, sum(_GROUPS)))
        except OSError as error:
            raise NetlinkError("subscribe to link and address changes", error) from error
        self._socket.setblocking(False)
        with contextlib.suppress(OSError):  # without CAP_NET_ADMIN the default size has to do
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 4 << 20)

    def enlarge(self, buffer: SocketBuffer) -> None:
        """Have the kernel keep more of what was not read yet."""
        enlarge(self._socket, buffer)

    def fileno(self) -> int:
        """The descriptor to wait on for reading."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close the subscription."""
        self._socket.close()

    def read(self, limit: int = 64) -> list[RouteEvent]:
        """At most `limit` datagrams' worth of events; the descriptor stays readable for more."""
        events: list[RouteEvent] = []
        self.is_drained = False
        for _ in range(limit):
            try:
                data = self._socket.recv(1 << 16)
            except BlockingIOError:
                self.is_drained = True
                break
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise NetlinkError("read link and address changes", error) from error
                events.append(Overrun())
                continue
            by_us = _PORT.unpack_from(data)[0] == self._own_port
            for kind, _, _, payload in split_messages(data):
                event = _event(kind, payload, by_us)
                if event is not None:
                    events.append(event)
        return events


def _event(kind: int, payload: bytes, by_us: bool) -> RouteEvent | None:
    if kind == RTM_NEWLINK:
        return LinkChanged(parse_link(payload))
    if kind == RTM_DELLINK:
        return LinkRemoved(parse_link(payload))
    if kind == RTM_NEWADDR:
        return AddressAdded(parse_address(payload))
    if kind == RTM_DELADDR:
        return AddressRemoved(parse_address(payload), by_us)
    if kind in (_RTM_NEWROUTE, _RTM_DELROUTE) and route_protocol(payload) == PROTOCOL_KEEPALIVED:
        key = route_key(payload)
        return EntryAdded(key) if kind == _RTM_NEWROUTE else EntryRemoved(key, by_us)
    if kind in (_RTM_NEWRULE, _RTM_DELRULE):
        key = rule_key(payload)
        return EntryAdded(key) if kind == _RTM_NEWRULE else EntryRemoved(key, by_us)
    return None


NOWHERE = Link(0, "", up=True, running=True, loopback=False, mac=b"", mtu=0)
"""Stands for the interface of a Virtual Router that has none, and hears its peers on all."""


class InterfaceTable:
    """Links and addresses of the namespace, kept true by events. No I/O except in `refresh`."""

    def __init__(self) -> None:
        self._links: dict[int, Link] = {}
        self._by_name: dict[str, Link] = {}
        self._addresses: dict[int, dict[Address, InterfaceAddress]] = {}

    def refresh(self, route: RouteSocket) -> None:
        """Read everything anew."""
        self._links.clear()
        self._by_name.clear()
        self._addresses.clear()
        for link in route.links():
            self.apply(LinkChanged(link))
        for address in route.addresses():
            self.apply(AddressAdded(address))

    def apply(self, event: RouteEvent) -> int | None:
        """Take note of one event; the index of the interface it concerns."""
        match event:
            case LinkChanged(link):
                return self._link_changed(link)
            case LinkRemoved(link):
                self._forget(link.index)
                return link.index
            case AddressAdded(address):
                self._log_address(address, "added to")
                self._addresses.setdefault(address.index, {})[address.interface.ip] = address
                return address.index
            case AddressRemoved(address):
                self._log_address(address, "removed from")
                self._addresses.get(address.index, {}).pop(address.interface.ip, None)
                return address.index
            case Overrun() | EntryAdded() | EntryRemoved():
                return None

    def _log_address(self, address: InterfaceAddress, what: str) -> None:
        """In keepalived's words."""
        if ADDRESS_LOG.isEnabledFor(logging.INFO):
            link = self._links.get(address.index)
            name = link.name if link is not None else f"link {address.index}"
            ADDRESS_LOG.info(
                "Netlink reflector reports IP %s %s %s", address.interface.ip, what, name
            )

    def _link_changed(self, link: Link) -> int:
        old = self._links.get(link.index)
        if old is not None and old.name != link.name:
            self._by_name.pop(old.name, None)
        self._links[link.index] = link
        self._by_name[link.name] = link
        return link.index

    def _forget(self, index: int) -> None:
        link = self._links.pop(index, None)
        self._addresses.pop(index, None)
        if link is not None and self._by_name.get(link.name, link).index == index:
            self._by_name.pop(link.name, None)

    def by_name(self, name: str) -> Link | None:
        """The link of that name; `NOWHERE` without one."""
        return self._by_name.get(name) if name else NOWHERE

    def by_index(self, index: int) -> Link | None:
        """The link with that index; `NOWHERE` for 0."""
        return self._links.get(index) if index else NOWHERE

    def has_address(self, index: int, address: Address) -> bool:
        """Whether an interface has an address."""
        return address in self._addresses.get(index, {})

    def links(self) -> tuple[Link, ...]:
        """Every link."""
        return tuple(self._links.values())

    def is_ours(self, index: int, address: Address) -> bool:
        """Whether an interface has an address that this program put there."""
        found = self._addresses.get(index, {}).get(address)
        return found is not None and found.ours

    def is_foreign(self, index: int, address: Address) -> bool:
        """Whether an interface has an address that somebody else put there."""
        found = self._addresses.get(index, {}).get(address)
        return found is not None and not found.ours

    def primary_address(
        self, index: int, family: Family, virtual: Container[Address] = ()
    ) -> Address | None:
        """The address Advertisements come from, leaving out virtual ones.

        IPv4: the first primary address (RFC 9568 §5.1.1.1). IPv6: a link-local address that is not
        made from a virtual router MAC, which two routers would share (§5.1.2.1, §7.4).
        """
        return _first_source(self._addresses.get(index, {}).values(), family, virtual)


def _first_source(
    addresses: Iterable[InterfaceAddress], family: Family, virtual: Container[Address]
) -> Address | None:
    for candidate in addresses:
        ip = candidate.interface.ip
        if ip.version != family or not candidate.usable or ip in virtual:
            continue
        if family is Family.IPV4:
            if not candidate.secondary:
                return ip
        elif ip.is_link_local and ip.packed[8:14] != _VIRTUAL_MAC_INTERFACE_ID:
            return ip
    return None
