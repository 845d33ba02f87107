"""Links of a Virtual Router's own: a macvlan with a MAC address that moves with it, or an ipvlan.

A link is there as long as the Virtual Router is. A macvlan is up only while that is Active: a link
that is down takes no frame for its MAC address and sends none, which is what RFC 9568 §6.4.2 asks
of a Backup Router. So no bridge ever learns the MAC address from a Backup, and no IGMP or MLD
report has to be kept back from one (keepalived has nftables do that; quirk: vmac-down).
Advertisements and announcements leave by the interface below with the right MAC address (see
`advertisement_frame`), so that no address is needed on the link to send from, not even for IPv6.
"""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from ..core.model import Family, virtual_router_mac
from ..settings import Interface, IpvlanMode, VirtualRouterSettings
from .rtnetlink import RTM_DELLINK, RTM_NEWLINK, Change, Link, attribute
from .sysctl import Sysctl

__all__ = ["OwnLink", "Place", "base_sysctls", "made", "removed", "told_again", "wanted"]

Place: TypeAlias = tuple[str, Family]
"""Name of the interface below, and family of the addresses that go on the link."""

_MAX_NAMES = 255
_CREATE, _EXCLUSIVE = 0x400, 0x200
_NESTED = 0x8000
_ADDRESS, _NAME, _LINK, _MASTER, _LINK_INFO, _GROUP = 1, 3, 5, 10, 18, 27
_KIND, _DATA = 1, 2
_MACVLAN_MODE, _IPVLAN_MODE, _IPVLAN_FLAGS = 1, 1, 2
# MACVLAN_MODE_VEPA. In private mode, keepalived's, what another Active Router sends from the same MAC
# address reaches this link alone; whoever listens on the interface below would never step back
# (quirk: vmac-mode).
_VEPA = 2
_L2 = 0  # IPVLAN_MODE_L2
_MODES: dict[IpvlanMode, int] = {"bridge": 0, "private": 1, "vepa": 2}
_HEADER = struct.Struct("=BxHiII")


@dataclass(frozen=True, slots=True)
class OwnLink:
    """A link to be made. Without `mac` it is an ipvlan, whose MAC address is that below.

    `name` None: made from `prefix` and VRID. `group` None: that of the link below. `address` is the
    ipvlan's own. `is_told`: the link below is to be told of again when this one comes or goes,
    since some drivers do not tell that they take more MAC addresses now.
    """

    family: Family
    vrid: int
    prefix: str
    mac: bytes | None
    name: str | None = None
    group: int | None = None
    mode: IpvlanMode = "bridge"
    address: Interface | None = None
    is_told: bool = False

    @property
    def kind(self) -> str:
        """As the kernel calls it."""
        return "ipvlan" if self.mac is None else "macvlan"

    def names(self) -> Iterator[str]:
        """Names to try: the configured one only, or keepalived's sequence of made-up ones."""
        if self.name is not None:
            yield self.name
            return
        yield f"{self.prefix}.{self.vrid}"
        if self.family is Family.IPV6:
            yield f"{self.prefix}6.{self.vrid}"
        for number in range(1, _MAX_NAMES + 1):
            yield f"{self.prefix}{number}.{self.vrid}"

    def sysctls(self, name: str) -> Iterator[Sysctl]:
        """What the link needs once it has its name."""
        if self.family is Family.IPV6:
            if self.mac is not None:
                # No address made from the MAC address, which all routers share.
                yield Sysctl(f"ipv6/conf/{name}/addr_gen_mode", "1")
                yield Sysctl(f"ipv6/conf/{name}/accept_ra", "0")
            return
        yield Sysctl(f"ipv6/conf/{name}/disable_ipv6", "1")
        yield Sysctl(f"ipv4/conf/{name}/promote_secondaries", "1")
        if self.mac is not None:
            yield Sysctl(f"ipv4/conf/{name}/arp_ignore", "1")
            yield Sysctl(f"ipv4/conf/{name}/accept_local", "1")
            yield Sysctl(f"ipv4/conf/{name}/rp_filter", "0")

    def is_like(self, link: Link, base: Link) -> bool:
        """Whether a link is one that an earlier run made for the same purpose."""
        is_ours = (link.kind, link.parent_index) == (self.kind, base.index)
        return is_ours and self.mac in (None, link.mac)


def wanted(settings: VirtualRouterSettings) -> dict[Place, OwnLink]:
    """All links of a Virtual Router, its main one at `settings.place`."""
    family, vrid = settings.protocol.family, settings.protocol.vrid
    links: dict[Place, OwnLink] = {}
    mac, ipvlan = settings.virtual_mac, settings.ipvlan
    if mac is not None:
        links[settings.place] = OwnLink(
            family,
            vrid,
            mac.prefix,
            settings.mac,
            mac.name,
            mac.group,
            is_told=mac.tells_base,
        )
    elif ipvlan is not None:
        links[settings.place] = OwnLink(
            family,
            vrid,
            ipvlan.prefix,
            None,
            ipvlan.name,
            ipvlan.group,
            ipvlan.mode,
            ipvlan.address,
        )
    for place in settings.address_places:
        chosen = mac.mac if mac is not None else None
        shared = chosen or virtual_router_mac(place[1], vrid)
        links.setdefault(place, OwnLink(place[1], vrid, settings.address_prefix, shared))
    return links


def base_sysctls(place: Place, own: OwnLink) -> tuple[Sysctl, ...]:
    """What the interface below needs, or it answers ARP for the virtual addresses itself.

    `arp_announce`: an answer sent from a virtual address leaves by the interface below, and its
    ARP request must not tell everybody that the virtual address is at that interface's own MAC
    address (keepalived 2.2.7 leaves this one to the administrator; quirks: foreign-arp, sysctls-left).
    """
    if own.mac is None or own.family is Family.IPV6:
        return ()
    needed = {"arp_ignore": "1", "arp_filter": "1", "arp_announce": "2"}
    return tuple(Sysctl(f"ipv4/conf/{place[0]}/{name}", value) for name, value in needed.items())


def made(own: OwnLink, name: str, base: Link, master: Link | None) -> Change:
    """The message that makes the link, down; it is in the VRF that the one below is in."""
    body = _header(0) + _number(_LINK, base.index) + attribute(_NAME, name.encode() + b"\0")
    body += _number(_GROUP, base.group if own.group is None else own.group)
    if own.mac is not None:
        body += attribute(_ADDRESS, own.mac)
        data = _number(_MACVLAN_MODE, _VEPA)
    else:
        data = attribute(_IPVLAN_MODE, struct.pack("=H", _L2))
        data += attribute(_IPVLAN_FLAGS, struct.pack("=H", _MODES[own.mode]))
    if master is not None and master.kind == "vrf":
        body += _number(_MASTER, master.index)
    info = attribute(_KIND, own.kind.encode()) + attribute(_DATA | _NESTED, data)
    body += attribute(_LINK_INFO | _NESTED, info)
    return Change(f"make the link {name}", RTM_NEWLINK, _CREATE | _EXCLUSIVE, body)


def removed(link: Link) -> Change:
    """The message that removes it; one that is gone already is fine."""
    return Change(
        f"remove the link {link.name}",
        RTM_DELLINK,
        0,
        _header(link.index),
        frozenset((errno.ENODEV,)),
    )


def told_again(base: Link) -> Change:
    """A message that changes nothing and makes the kernel tell everybody of the link."""
    body = _header(base.index) + _number(_GROUP, base.group)
    return Change(f"have {base.name} told of", RTM_NEWLINK, 0, body, frozenset((errno.ENODEV,)))


def _header(index: int) -> bytes:
    return _HEADER.pack(socket.AF_UNSPEC, 0, index, 0, 0)


def _number(kind: int, value: int) -> bytes:
    return attribute(kind, struct.pack("=I", value))
