"""What the machine and the process add to a configuration before it can be shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntFlag
from ipaddress import IPv4Address, IPv6Address

from ..conf.config import Address
from ..conf.host import SCRIPT_ACCOUNT

__all__ = ["UNKNOWN", "HostFacts", "LinkFacts", "LinkFlag"]


class LinkFlag(IntFlag):
    """The kernel's IFF_*."""

    UP = 0x1
    BROADCAST = 0x2
    LOOPBACK = 0x8
    POINTOPOINT = 0x10
    RUNNING = 0x40
    NOARP = 0x80
    MULTICAST = 0x1000


_NONE = LinkFlag(0)


@dataclass(frozen=True, slots=True)
class LinkFacts:
    """One network interface; `hardware` is the kernel's ARPHRD_*, 1 for Ethernet, 772 for loopback."""

    index: int
    name: str
    flags: LinkFlag = _NONE
    mtu: int = 0
    hardware: int = 0
    mac: bytes = b""
    broadcast: bytes = b""
    addresses: tuple[Address, ...] = ()
    """Those of others than us, in the kernel's order."""
    kind: str | None = None
    """What it is when it is no device: "veth", "macvlan"."""
    parent: str | None = None
    """Name of the link a MACVLAN stands on."""
    is_ours: bool = False

    @property
    def first4(self) -> IPv4Address | None:
        """The address IPv4 packets come from."""
        return next((a for a in self.addresses if isinstance(a, IPv4Address)), None)

    @property
    def first6(self) -> IPv6Address | None:
        """The link-local address."""
        found = (a for a in self.addresses if isinstance(a, IPv6Address))
        return next((a for a in found if a.is_link_local), None)


@dataclass(frozen=True, slots=True)
class HostFacts:
    """`users` has the number of each user and of his group, `groups` the number of each group."""

    name: str = ""
    user: str = "root"
    """Who runs this process."""
    links: tuple[LinkFacts, ...] = ()
    users: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    groups: Mapping[str, int] = field(default_factory=dict)

    def identity(self, user: str | None, group: str | None) -> tuple[int, int]:
        """User and group number; those of nobody known are 0, as for `root`."""
        if user is None:
            user = SCRIPT_ACCOUNT if SCRIPT_ACCOUNT in self.users else "root"
        number, own_group = self.users.get(user, (int(user) if user.isdecimal() else 0, 0))
        if group is None:
            return number, own_group
        return number, self.groups.get(group, int(group) if group.isdecimal() else 0)


UNKNOWN = HostFacts()
"""Where nobody asked the machine."""
