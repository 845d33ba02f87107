"""Routes and policy rules: what a person decides about them, before the kernel hears of it.

Tables, protocols, scopes, groups, types and actions are the kernel's numbers (rtnetlink(7),
linux/rtnetlink.h, linux/fib_rules.h). None means that nothing was said; the kernel, or keepalived
where a field says so, has a default then. `span` is where it was written, for messages; it does
not take part in comparison.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from ipaddress import IPv4Network, IPv6Network
from typing import Literal, NamedTuple, TypeAlias

from .core.model import Address

__all__ = [
    "PROTOCOL_KEEPALIVED",
    "TABLE_MAIN",
    "Action",
    "Encap",
    "IlaEncap",
    "IpEncap",
    "Metric",
    "MetricKind",
    "MplsEncap",
    "Network",
    "NextHop",
    "Range",
    "Route",
    "RouteType",
    "Rule",
]

Network: TypeAlias = IPv4Network | IPv6Network

TABLE_MAIN = 254
"""RT_TABLE_MAIN."""

PROTOCOL_KEEPALIVED = 18
"""RTPROT_KEEPALIVED: who installed a route or rule, unless told otherwise."""


class RouteType(IntEnum):
    """rtnetlink's RTN_*."""

    UNSPEC = 0
    UNICAST = 1
    LOCAL = 2
    BROADCAST = 3
    ANYCAST = 4
    MULTICAST = 5
    BLACKHOLE = 6
    UNREACHABLE = 7
    PROHIBIT = 8
    THROW = 9
    NAT = 10
    XRESOLVE = 11


class Action(IntEnum):
    """What a rule does: FR_ACT_*."""

    TABLE = 1
    GOTO = 2
    NOP = 3
    BLACKHOLE = 6
    UNREACHABLE = 7
    PROHIBIT = 8


class MetricKind(IntEnum):
    """rtnetlink's RTAX_*: what a route tells the transport protocols."""

    MTU = 2
    WINDOW = 3
    RTT = 4
    RTTVAR = 5
    SSTHRESH = 6
    CWND = 7
    ADVMSS = 8
    REORDERING = 9
    HOPLIMIT = 10
    INITCWND = 11
    FEATURES = 12
    RTO_MIN = 13
    INITRWND = 14
    QUICKACK = 15
    CC_ALGO = 16
    FASTOPEN_NO_COOKIE = 17


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric of a route; `locked`: the kernel does not adjust it.

    RTT is in 1/8 ms, RTTVAR in 1/4 ms, RTO_MIN in ms, FEATURES are bits (1: ECN), CC_ALGO is the
    name of an algorithm; the others are numbers as written.
    """

    kind: MetricKind
    value: int | str
    locked: bool = False


@dataclass(frozen=True, slots=True)
class IpEncap:
    """`encap ip` and `encap ip6`: metadata for a tunnel that takes it from the route.

    `family` is the tunnel's own, `tos` and `ttl` are tc and hoplimit in IPv6.
    """

    family: Literal[4, 6]
    id: int | None = None
    dst: Address | None = None
    src: Address | None = None
    tos: int | None = None
    ttl: int | None = None
    flags: int | None = None


@dataclass(frozen=True, slots=True)
class MplsEncap:
    """`encap mpls`: labels, outermost first."""

    labels: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class IlaEncap:
    """`encap ila`: the upper 64 bits of the address that is put in."""

    locator: int


Encap: TypeAlias = IpEncap | MplsEncap | IlaEncap


@dataclass(frozen=True, slots=True)
class NextHop:
    """One leg of a route with several; `weight` is 1..256, `realms` as in `Route`."""

    via: Address | None = None
    dev: str | None = None
    weight: int | None = None
    onlink: bool = False
    encap: Encap | None = None
    realms: int | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """One entry of `virtual_routes` or `static_routes`.

    `source` is keepalived's `from`. `position` is not touched by a `type` (quirk: type-adds).
    `table` is not looked at when a `vrf` is named. `protocol` None is PROTOCOL_KEEPALIVED. `realms`
    has the source realm in its upper 16 bits. `expires` is seconds, `pref` RFC 4191's number
    (ICMPV6_ROUTER_PREF_*). `metrics` are in the order of their kinds.
    """

    destination: Network
    span: object = field(default=None, compare=False)
    type: int = RouteType.UNICAST
    position: Literal["add", "prepend", "append"] = "prepend"
    source: IPv6Network | None = None
    src: Address | None = None
    via: Address | None = None
    dev: str | None = None
    nexthops: tuple[NextHop, ...] = ()
    table: int = TABLE_MAIN
    vrf: str | None = None
    protocol: int | None = None
    scope: int | None = None
    tos: int | None = None
    metric: int | None = None
    onlink: bool = False
    encap: Encap | None = None
    realms: int | None = None
    expires: int | None = None
    pref: int | None = None
    ttl_propagate: bool | None = None
    metrics: tuple[Metric, ...] = ()
    no_track: bool = False
    track_group: str | None = None

    @property
    def family(self) -> Literal[4, 6]:
        """The family of the route."""
        return self.destination.version

    @property
    def links(self) -> frozenset[str]:
        """Names of the links that have to be there for it."""
        devices = (self.dev, *(hop.dev for hop in self.nexthops))
        return frozenset(name for name in devices if name is not None)


class Range(NamedTuple):
    """Both ends are part of it."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Rule:
    """One entry of `virtual_rules` or `static_rules`.

    `table` belongs to Action.TABLE (None with `l3mdev`), `goto` to Action.GOTO. `source` and
    `destination` are keepalived's `from` and `to`. `realms` has the source realm in its upper 16
    bits. `protocol` None is PROTOCOL_KEEPALIVED (quirk: unwatched-rule).
    """

    family: Literal[4, 6]
    preference: int
    action: Action
    span: object = field(default=None, compare=False)
    table: int | None = None
    goto: int | None = None
    l3mdev: bool = False
    invert: bool = False
    source: Network | None = None
    destination: Network | None = None
    tos: int = 0
    fwmark: int | None = None
    fwmask: int | None = None
    iif: str | None = None
    oif: str | None = None
    tunnel_id: int | None = None
    uidrange: Range | None = None
    ipproto: int | None = None
    sport: Range | None = None
    dport: Range | None = None
    realms: int | None = None
    suppress_prefixlength: int | None = None
    suppress_ifgroup: int | None = None
    protocol: int | None = None
    no_track: bool = False
    track_group: str | None = None
