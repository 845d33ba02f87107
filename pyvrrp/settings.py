"""What a person decides about one Virtual Router: the protocol's settings and the host's.

The daemon makes these from keepalived.conf (`pyvrrp.daemon.translate.vrrp`); embedders make them with
`VirtualRouterSettings.of`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface, ip_interface
from typing import Any, Literal, Self, TypeAlias

from .core.model import Address, Family, VirtualRouterConfig, virtual_router_mac
from .routing import Route, Rule

__all__ = [
    "UNSPECIFIED",
    "AnnouncementGaps",
    "ExtraAnnouncements",
    "FilterSettings",
    "GapGroup",
    "HostSettings",
    "Interface",
    "Ipvlan",
    "IpvlanMode",
    "LinkDelay",
    "SocketBuffer",
    "StaticSettings",
    "TrackedInterface",
    "TrackedKind",
    "TrackedObject",
    "VirtualAddress",
    "VirtualMac",
    "VirtualRouterSettings",
]

Interface: TypeAlias = IPv4Interface | IPv6Interface

UNSPECIFIED: dict[Family, Address] = {
    Family.IPV4: IPv4Address(0),
    Family.IPV6: IPv6Address(0),
}
"""As a source: whatever primary address the interface has at the time."""


@dataclass(frozen=True, slots=True)
class VirtualAddress:
    """A virtual address as the kernel gets it. `dev` None: the Virtual Router's interface.

    `preferred_lft` is seconds, None for ever; 0 keeps the address from being chosen as a source.
    `flags` are further IFA_F_* of the kernel. `no_track`: it does not matter when somebody else
    takes it away.
    `own_mac`: it goes on a macvlan with the Virtual Router MAC address over `dev`.
    """

    interface: Interface
    dev: str | None = None
    scope: int = 0
    label: str | None = None
    broadcast: IPv4Address | None = None
    peer: Interface | None = None
    nodad: bool = True
    noprefixroute: bool = False
    preferred_lft: int | None = None
    flags: int = 0
    no_track: bool = False
    own_mac: bool = False


@dataclass(frozen=True, slots=True)
class TrackedInterface:
    """A further interface to watch; what weight and direction mean says `core.priority.effect`."""

    name: str
    weight: int = 0
    reverse: bool = False


class TrackedKind(Enum):
    """What may be tracked besides interfaces, and what it counts as until somebody said.

    One that is awaited keeps a Virtual Router from starting, though not one that runs from going on.
    """

    SCRIPT = "script"
    """Up or down. Awaited when it may be a fault; with a weight it adds nothing at first."""
    PROCESS = "process"
    """Up or down, and awaited: who watches it knows at once."""
    FILE = "file"
    """A number, and awaited like a process."""
    BFD = "bfd"
    """Up or down, and down at first."""


@dataclass(frozen=True, slots=True)
class TrackedObject:
    """Something that others watch and tell of (`VrrpRouter.set_tracked`).

    `weight` and `reverse`: `core.priority.effect`, for FILE `core.priority.effect_of_number`.
    """

    kind: TrackedKind
    name: str
    weight: int = 0
    reverse: bool = False

    @property
    def key(self) -> tuple[TrackedKind, str]:
        """What it is known by on this host."""
        return self.kind, self.name


@dataclass(frozen=True, slots=True)
class VirtualMac:
    """Use a macvlan with the Virtual Router MAC address (RFC 9568 §7.3).

    `name` None: made from `prefix` and the VRID. `transmit_on_base`: Advertisements keep the
    interface's own MAC address (keepalived's `vmac_xmit_base`). `mac` None: the one of RFC 9568.
    `group` None: the interface group of the interface below. `tells_base`: that one is told of
    again when the link comes or goes (`netlink_notify_msg`).
    """

    name: str | None = None
    prefix: str = "vrrp"
    transmit_on_base: bool = False
    mac: bytes | None = None
    group: int | None = None
    tells_base: bool = False


IpvlanMode: TypeAlias = Literal["bridge", "private", "vepa"]


@dataclass(frozen=True, slots=True)
class Ipvlan:
    """Use an ipvlan: a link that shares the MAC address of the interface below.

    `address` is its own, and the source of Advertisements unless they have another one; an IPv4
    Virtual Router needs it. `name` and `group` as in `VirtualMac`.
    """

    name: str | None = None
    prefix: str = "vrrp"
    address: Interface | None = None
    mode: IpvlanMode = "bridge"
    group: int | None = None


@dataclass(frozen=True, slots=True)
class FilterSettings:
    """nftables' tables that see to Accept_Mode false.

    `priority` is where their chains stand, None: where IPVS is not in the way. `by_index`:
    interfaces of link-local addresses are told by index instead of name.
    """

    table: str = "keepalived"
    priority: int | None = None
    by_index: bool = False
    counters: bool = False


@dataclass(frozen=True, slots=True)
class GapGroup:
    """Interfaces that share gaps, in seconds; 0: none."""

    interfaces: tuple[str, ...]
    arp: float = 0.0
    na: float = 0.0


@dataclass(frozen=True, slots=True)
class AnnouncementGaps:
    """Least seconds between two gratuitous ARPs, or unsolicited NAs, of each interface; 0: none.

    For interfaces in `groups` only what these say counts.
    """

    arp: float = 0.0
    na: float = 0.0
    groups: tuple[GapGroup, ...] = ()


@dataclass(frozen=True, slots=True)
class ExtraAnnouncements:
    """A frame every `period` seconds on other interfaces with addresses: on virtual MAC links, or
    `everywhere`."""

    period: float
    everywhere: bool = False


@dataclass(frozen=True, slots=True)
class StaticSettings:
    """What is in the kernel as long as the daemon runs. Each address names its interface."""

    addresses: tuple[VirtualAddress, ...] = ()
    routes: tuple[Route, ...] = ()
    rules: tuple[Rule, ...] = ()

    @property
    def interfaces(self) -> frozenset[str]:
        """Names of the links that have to be there for it."""
        links = (name for route in self.routes for name in (*route.links, route.vrf) if name)
        return frozenset((*(a.dev for a in self.addresses if a.dev is not None), *links))


@dataclass(frozen=True, slots=True)
class LinkDelay:
    """An interface whose changes count once they lasted for so many seconds."""

    name: str
    up: float
    down: float


@dataclass(frozen=True, slots=True)
class SocketBuffer:
    """Octets that the kernel keeps for a socket, at least; `force`: past the system's limit."""

    octets: int = 0
    force: bool = False


@dataclass(frozen=True, slots=True)
class HostSettings:
    """What all Virtual Routers of a host have in common.

    Without `igmp_reports` the kernel reports no membership in link-local groups (224.0.0.0/24).
    """

    filter: FilterSettings = FilterSettings()
    igmp_reports: bool = True
    statics: StaticSettings = StaticSettings()
    start_delay: float = 0.0
    """Seconds after the start before anybody takes part."""
    delay_after_boot: float = 0.0
    """The same, since the host was started: the longer wait counts."""
    command_buffer: SocketBuffer = SocketBuffer()
    """Of the socket that changes addresses, routes and rules."""
    monitor_buffer: SocketBuffer = SocketBuffer()
    """Of the one that hears what others change."""
    logs_unknown_vrids: bool = False
    """Tell of Advertisements that are for no Virtual Router here, each VRID once a minute."""
    restores: bool = False
    """What somebody else takes away is put back at once. Without, who has lost something resigns,
    and is back after Skew_Time if nobody better took over: keepalived's rule."""
    gaps: AnnouncementGaps = AnnouncementGaps()
    link_delays: tuple[LinkDelay, ...] = ()


@dataclass(frozen=True, slots=True)
class VirtualRouterSettings:
    """One Virtual Router on one interface of this host.

    `protocol.source` may be unspecified: the interface's primary address then. Its priority is the
    one before tracking. `addresses` are all addresses to install, also those not advertised.
    `interface` empty: unicast peers are heard on all interfaces; there is a source then, and each
    address has a `dev`.
    """

    name: str
    interface: str
    protocol: VirtualRouterConfig
    addresses: tuple[VirtualAddress, ...]
    tracked_interfaces: tuple[TrackedInterface, ...] = ()
    tracked: tuple[TrackedObject, ...] = ()
    track_primary: bool = True
    """Leave for Initialize while the interface is down (keepalived: not `dont_track_primary`)."""
    virtual_mac: VirtualMac | None = None
    ipvlan: Ipvlan | None = None
    address_prefix: str = "vrrp"
    """Of the names of virtual MAC links for addresses elsewhere."""
    extra_announcements: ExtraAnnouncements | None = None
    sync_group: str | None = None
    unicast_ttl: int = 255
    needs_peers: bool = False
    """Without unicast peers it takes no part (keepalived: `unicast_fault_no_peer`)."""
    track_source: bool = False
    """A configured source address has to be on the interface (keepalived: `track_src_ip`)."""
    receive_buffer: int = 0
    """Octets of messages that the kernel keeps for it, at least."""
    receive_frames: int = 0
    """The same in frames of the interface's MTU."""
    routes: tuple[Route, ...] = ()
    """There while Active, as the addresses are; `rules` too."""
    rules: tuple[Rule, ...] = ()
    promote_secondaries: bool = False
    """The interface keeps the other addresses of a network when the first one leaves."""

    @classmethod
    def of(
        cls,
        name: str,
        interface: str,
        vrid: int,
        addresses: Iterable[str | Interface],
        **protocol: Any,
    ) -> Self:
        """Settings from the few facts most Virtual Routers need.

        `addresses` are "192.0.2.1/24" and the like, all of one family; without a prefix length
        they are /32 or /128. Further keywords are fields of `core.model.VirtualRouterConfig`.
        Raises: ValueError for what the wire cannot carry or an address that does not parse.
        """
        interfaces = tuple(ip_interface(a) for a in addresses)
        if not interfaces:
            raise ValueError(f"Virtual Router {name}: at least one virtual address is needed")
        family = Family(interfaces[0].version)
        protocol.setdefault("source", UNSPECIFIED[family])
        advertised = tuple(i.ip for i in interfaces)
        config = VirtualRouterConfig(vrid=vrid, family=family, addresses=advertised, **protocol)
        return cls(name, interface, config, tuple(VirtualAddress(i) for i in interfaces))

    @property
    def identity(self) -> tuple[str, Family, int]:
        """What two Virtual Routers of one host may not share (conformance CF-03)."""
        return self.interface, self.protocol.family, self.protocol.vrid

    @property
    def mac(self) -> bytes | None:
        """The MAC address of its virtual MAC link."""
        if self.virtual_mac is None:
            return None
        own = virtual_router_mac(self.protocol.family, self.protocol.vrid)
        return self.virtual_mac.mac or own

    @property
    def place(self) -> tuple[str, Family]:
        """Where it is: the interface and the family."""
        return self.interface, self.protocol.family

    @property
    def address_places(self) -> tuple[tuple[str, Family], ...]:
        """Where addresses want virtual MAC links and the Virtual Router itself has no link."""
        places = (
            (a.dev or self.interface, Family(a.interface.version))
            for a in self.addresses
            if a.own_mac
        )
        taken = self.place if self.has_link else None
        return tuple(dict.fromkeys(place for place in places if place != taken))

    @property
    def has_link(self) -> bool:
        """Whether its addresses go on a link of its own."""
        return self.virtual_mac is not None or self.ipvlan is not None

    @property
    def interfaces(self) -> frozenset[str]:
        """Names of all interfaces whose state matters here."""
        devices = (a.dev for a in self.addresses if a.dev is not None)
        links = (name for route in self.routes for name in (*route.links, route.vrf) if name)
        tracked = (t.name for t in self.tracked_interfaces)
        return frozenset((self.interface, *devices, *links, *tracked))

    @property
    def _address_links(self) -> tuple[object, ...]:
        return self.address_places, self.address_prefix if self.address_places else None

    def restart_reason(self, new: VirtualRouterSettings) -> str | None:
        """Why a Virtual Router cannot take `new` over in place; None when it can."""
        old, p, q = self, self.protocol, new.protocol
        changes = (
            ("identity", old.identity, new.identity),
            ("virtual MAC", old.virtual_mac, new.virtual_mac),
            ("ipvlan", old.ipvlan, new.ipvlan),
            ("links of addresses", old._address_links, new._address_links),
            ("multicast group", p.group, q.group),
            ("choice of multicast or unicast", bool(p.peers), bool(q.peers)),
            ("version", p.version, q.version),
            ("sync group", old.sync_group, new.sync_group),
            ("authentication header", p.ah_key is None, q.ah_key is None),
        )
        return next((f"the {what} changed" for what, was, is_ in changes if was != is_), None)
