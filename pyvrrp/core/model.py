"""Settings of one Virtual Router, as the protocol sees them.

Everything here is frozen: a changed setting is a new value, and `machine.Reconfigured` tells the
state machine about it. Names are RFC 9568's (section 6.1); the words of keepalived.conf are
translated once, in `pyvrrp.daemon.translate.vrrp`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, IntEnum
from ipaddress import IPv4Address, IPv6Address
from typing import TypeAlias

from .authentication import HmacSettings

__all__ = [
    "AH_PROTOCOL",
    "OWNER_PRIORITY",
    "PROTOCOL",
    "Address",
    "AnnounceSchedule",
    "ChecksumForm",
    "Family",
    "Peer",
    "Version",
    "VirtualRouterConfig",
    "virtual_router_mac",
    "vrrp_group",
]

PROTOCOL = 112
"""IP protocol / next header number of VRRP (RFC 9568 §5.1.1.4)."""

AH_PROTOCOL = 51
"""IP protocol number of the authentication header (RFC 2402)."""

OWNER_PRIORITY = 255

Address: TypeAlias = IPv4Address | IPv6Address


class Family(IntEnum):
    """Address family of a Virtual Router; the value is the IP version."""

    IPV4 = 4
    IPV6 = 6

    @property
    def address_size(self) -> int:
        """Octets of one address on the wire."""
        return 4 if self is Family.IPV4 else 16


class Version(IntEnum):
    """Protocol version: RFC 3768 (2) or RFC 9568 (3)."""

    V2 = 2
    V3 = 3


class ChecksumForm(Enum):
    """How a VRRPv3 checksum over IPv4 is computed; version 2 and IPv6 know only one form each.

    RFC 9568 §5.2.8 sums the message alone; RFC 5798 §5.2.8 was read by keepalived, FRR, scapy and
    tcpdump as including an IPv4 pseudo-header.
    """

    PSEUDO_HEADER = "pseudo-header"
    MESSAGE_ONLY = "message-only"
    OLD_UNICAST = "old unicast"
    """A unicast message whose pseudo-header names the VRRP group: keepalived before 1.3.7."""


_RFC_CHECKSUMS = frozenset({ChecksumForm.PSEUDO_HEADER, ChecksumForm.MESSAGE_ONLY})
"""Shared by all Virtual Routers; a factory would make a set for each."""

_GROUPS: dict[Family, Address] = {
    Family.IPV4: IPv4Address("224.0.0.18"),
    Family.IPV6: IPv6Address("ff02::12"),
}


def vrrp_group(family: Family) -> Address:
    """The multicast group Advertisements go to (RFC 9568 §5.1.1.2, §5.1.2.2)."""
    return _GROUPS[family]


def virtual_router_mac(family: Family, vrid: int) -> bytes:
    """The Virtual Router MAC address, 6 octets (RFC 9568 §7.3)."""
    return bytes((0x00, 0x00, 0x5E, 0x00, 0x01 if family is Family.IPV4 else 0x02, vrid))


@dataclass(frozen=True, slots=True)
class Peer:
    """A unicast peer and the TTLs / hop limits accepted from it."""

    address: Address
    min_ttl: int = 0
    max_ttl: int = 255


@dataclass(frozen=True, slots=True)
class AnnounceSchedule:
    """How often the Active Router tells its link where the addresses are.

    `repeat` announcements per address on becoming Active, the same again `delay` seconds later,
    then `refresh_repeat` every `refresh` seconds (0: never). Hearing a losing Advertisement costs
    `lower_priority_repeat` more, and again after `lower_priority_delay`. RFC 9568 asks for one;
    the defaults are keepalived's.
    """

    repeat: int = 5
    delay: float = 5.0
    refresh: float = 0.0
    refresh_repeat: int = 1
    lower_priority_repeat: int = 5
    lower_priority_delay: float = 5.0


@dataclass(frozen=True, slots=True)
class VirtualRouterConfig:
    """One Virtual Router: one VRID, one address family, one interface (RFC 9568 §6.1).

    `priority` is the effective one, after tracked objects had their say. `source` is the address
    our own Advertisements come from: it decides ties, and an edge fills it in when it knows it.
    Times are seconds.

    Raises ValueError when a value is outside what the wire can carry, naming the VRID.
    """

    vrid: int
    family: Family
    addresses: tuple[Address, ...]
    source: Address
    priority: int = 100
    version: Version = Version.V3
    advertisement_interval: float = 1.0
    preempt_mode: bool = True
    preempt_delay: float = 0.0
    """While it runs, a losing Active Router is left alone (RFC 8347 hold time, CF EL-10)."""
    accept_mode: bool = True
    missed_advertisements: int = 3
    """Intervals of silence before a Backup Router takes over; the RFCs say 3."""
    start_as_active: bool = False
    """keepalived's `state MASTER`: wait one interval at start instead of a whole
    Active_Down_Interval. Not in the RFC."""
    answer_lower_priority: bool = True
    """Answer a losing Advertisement at once (RFC 9568 §6.4.3; RFC 3768 stays silent)."""
    advertise_before_yielding: bool = False
    """keepalived's `higher_prio_send_advert`: one more Advertisement before becoming Backup."""
    owner_ignores_advertisements: bool = False
    """Published 9568 and 3768 let an owner discard; erratum 8298 lets two owners resolve."""
    skip_repeated_address_check: bool = False
    """keepalived's `skip_check_adv_addr`: compare address lists only on a new sender."""
    checksum: ChecksumForm = ChecksumForm.PSEUDO_HEADER
    """Form we send over IPv4 in version 3."""
    accepted_checksums: frozenset[ChecksumForm] = _RFC_CHECKSUMS
    password: bytes | None = None
    """RFC 2338 simple text authentication, version 2 only: 8 octets, zero-padded."""
    ah_key: bytes | None = field(default=None, repr=False)
    """RFC 2402 authentication header before each message, version 2 only: 8 octets, zero-padded."""
    hmac: HmacSettings | None = None
    """Sign Advertisements and check signatures."""
    peers: tuple[Peer, ...] = ()
    """Unicast peers; empty means multicast."""
    check_unicast_source: bool = True
    group: Address | None = None
    """Multicast destination when it is not the VRRP group of the family."""
    announce: AnnounceSchedule = AnnounceSchedule()
    synchronized: bool = False
    """Member of a sync group: asks the group before becoming Active."""
    yield_to_priority: int | None = None
    """keepalived's `timer_expired_backup`: after a stall in which a router of this Priority takes
    over, step back without having heard one. None: only when one is heard (`stall`)."""
    addressless: bool = False
    """No address is meant (keepalived's `no_virtual_ipaddress`), and none is expected of others."""
    link_local_first: bool = True
    """IPv6 address lists start with a link-local address, ours and others' (RFC 9568 §5.2.9,
    erratum 8300). False is keepalived's leniency in both directions."""

    def __post_init__(self) -> None:
        for wrong in _faults(self):
            raise ValueError(f"Virtual Router {self.vrid} ({self.family.name}): {wrong}")

    @property
    def is_owner(self) -> bool:
        """True for the address owner, whose priority is 255 (RFC 9568 §5.2.4)."""
        return self.priority == OWNER_PRIORITY

    @property
    def authentication_type(self) -> int:
        """What version 2 says of it: 0 none, 1 a password, 2 a header before the message."""
        if self.password is not None:
            return 1
        return 0 if self.ah_key is None else 2

    @property
    def destination_group(self) -> Address:
        """Where multicast Advertisements go."""
        return self.group or vrrp_group(self.family)


def _faults(cfg: VirtualRouterConfig) -> list[str]:
    """Reasons why the wire cannot carry this configuration (conformance CF-01, CF-02, CF-04)."""
    faults = []
    if not isinstance(cfg.version, Version):
        faults.append(f"version {cfg.version!r} is no Version")
    if not 1 <= cfg.vrid <= 255:
        faults.append(f"VRID {cfg.vrid} is not in 1..255")
    if not 1 <= cfg.priority <= 255:
        faults.append(f"priority {cfg.priority} is not in 1..255")
    if cfg.version is Version.V3 and not 0.01 <= cfg.advertisement_interval <= 40.95:
        faults.append(f"interval {cfg.advertisement_interval} s is not in 0.01..40.95")
    if cfg.version is Version.V2:
        if cfg.advertisement_interval not in range(1, 256):
            faults.append(f"version 2 interval {cfg.advertisement_interval} s is not 1..255 whole")
        if cfg.family is Family.IPV6:
            faults.append("version 2 carries IPv4 only")
    elif cfg.password is not None:
        faults.append("version 3 has no authentication")
    if not cfg.addresses and not cfg.addressless:
        faults.append("at least one virtual address is needed")
    if len(cfg.addresses) > 255:
        faults.append(f"{len(cfg.addresses)} addresses are more than the 255 a message can count")
    if any(a.version != cfg.family for a in (*cfg.addresses, cfg.source)):
        faults.append("addresses and source must be of the Virtual Router's family")
    wants_link_local = cfg.family is Family.IPV6 and cfg.link_local_first
    if wants_link_local and not all(a.is_link_local for a in cfg.addresses[:1]):
        faults.append(f"the first address, {cfg.addresses[0]}, must be link-local")
    if cfg.password is not None and len(cfg.password) != 8:
        faults.append("the password must be 8 octets, zero-padded")
    if cfg.ah_key is not None and cfg.version is not Version.V2:
        faults.append("version 3 has no authentication header")
    if sum(each is not None for each in (cfg.password, cfg.ah_key, cfg.hmac)) > 1:
        faults.append("a password, an authentication header and signatures exclude each other")
    if cfg.missed_advertisements < 1:
        faults.append("missed_advertisements must be at least 1")
    return faults
