"""Routes and rules in one line each, as dump and JSON show them.

The words are those of keepalived's own dump, which are near to ip(8)'s, with numbers for names.
Source: keepalived 2.2.7 and 2.4, format_iproute and format_iprule. Whether something is installed
is not told here.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..conf.config import Address
from ..routing import (
    PROTOCOL_KEEPALIVED,
    TABLE_MAIN,
    Action,
    Encap,
    IlaEncap,
    IpEncap,
    Metric,
    MetricKind,
    Network,
    NextHop,
    Range,
    Route,
    RouteType,
    Rule,
)

__all__ = ["route_text", "rule_text"]

_KINDS = (
    *(MetricKind.CC_ALGO, MetricKind.RTT, MetricKind.RTTVAR, MetricKind.RTO_MIN),
    *(MetricKind.FEATURES, MetricKind.MTU, MetricKind.WINDOW, MetricKind.SSTHRESH),
    *(MetricKind.CWND, MetricKind.ADVMSS, MetricKind.REORDERING, MetricKind.HOPLIMIT),
    *(MetricKind.INITCWND, MetricKind.INITRWND, MetricKind.QUICKACK),
)
"""In the order shown; what belongs to no family of metrics for keepalived follows later."""

_NAMES = {MetricKind.CC_ALGO: "congctl"}
_PER_MS = {MetricKind.RTT: 8, MetricKind.RTTVAR: 4, MetricKind.RTO_MIN: 1}
_PREFERENCES = {0: "medium", 1: "high", 3: "low"}


def route_text(route: Route) -> str:
    """A route; every value that was written, and the protocol of a watched one.

    What differs from 2.2.7 has a reason (quirks: type-adds, congctl-lock).
    """
    return " ".join(_route(route))


def _route(route: Route) -> Iterator[str]:
    yield route.position
    if route.type != RouteType.UNICAST:
        yield _type(route.type)
    yield _network(route.destination)
    if route.source is not None:
        yield f"from {_network(route.source)}"
    if route.src is not None:
        yield f"src {route.src}"
    if route.tos is not None:
        yield f"tos {route.tos}"
    if route.encap is not None:
        yield from _encap(route.encap)
    if route.via is not None:
        yield _via(route.via)
    if route.dev is not None:
        yield f"dev {route.dev}"
    if route.table != TABLE_MAIN:
        yield f"table {route.table}"
    if route.protocol is not None or not route.no_track:
        yield f"proto {PROTOCOL_KEEPALIVED if route.protocol is None else route.protocol}"
    if route.scope is not None:
        yield f"scope {route.scope}"
    if route.metric is not None:
        yield f"metric {route.metric}"
    if route.onlink and route.family == 4:
        yield "onlink"
    if route.realms is not None:
        yield _realms(route.realms, has_source=route.realms > 0xFFFF)
    if route.expires is not None:
        yield f"expires {route.expires}sec"
    yield from _options(route)
    for hop in route.nexthops:
        yield from _nexthop(hop, has_source=(route.realms or 0) > 0xFFFF)
    yield from _tracking(route)


def _options(route: Route) -> Iterator[str]:
    metrics = {metric.kind: metric for metric in route.metrics}
    yield from (_metric(metrics[kind]) for kind in _KINDS if kind in metrics)
    if route.pref is not None:
        yield f"pref {_PREFERENCES.get(route.pref, 'unknown')}"
    if MetricKind.FASTOPEN_NO_COOKIE in metrics:
        yield _metric(metrics[MetricKind.FASTOPEN_NO_COOKIE])
    if route.ttl_propagate is not None:
        yield f"ttl-propagate {'enabled' if route.ttl_propagate else 'disabled'}"


def _metric(metric: Metric) -> str:
    name = _NAMES.get(metric.kind, metric.kind.name.lower())
    value = str(metric.value)
    if metric.kind is MetricKind.FEATURES:
        value = "ecn"
    elif metric.kind in _PER_MS and isinstance(metric.value, int):
        ms = metric.value / _PER_MS[metric.kind]
        value = f"{ms / 1000:g}s" if ms >= 1000 else f"{ms:g}ms"
    return f"{name} {'lock ' if metric.locked else ''}{value}"


def _type(number: int) -> str:
    known = number in RouteType.__members__.values()
    return RouteType(number).name.lower() if known else str(number)


def _network(network: Network) -> str:
    """Without the length when that is the whole address."""
    whole = network.prefixlen == network.max_prefixlen
    return str(network.network_address) if whole else network.with_prefixlen


def _via(address: Address) -> str:
    return f"via {'inet6' if address.version == 6 else 'inet'} {address}"


def _realms(realms: int, *, has_source: bool) -> str:
    """keepalived shows the source realm of a next hop only when the route itself has one."""
    if has_source:
        return f"realms {realms >> 16}/{realms & 0xFFFF}"
    return f"realm {realms & 0xFFFF}"


def _nexthop(hop: NextHop, *, has_source: bool) -> Iterator[str]:
    yield "nexthop"
    if hop.via is not None:
        yield _via(hop.via)
    if hop.dev is not None:
        yield f"dev {hop.dev}"
    if hop.weight is not None:
        yield f"weight {hop.weight}"
    if hop.onlink:
        yield "onlink"
    if hop.realms is not None:
        yield _realms(hop.realms, has_source=has_source)
    if hop.encap is not None:
        yield from _encap(hop.encap)


def _encap(encap: Encap) -> Iterator[str]:
    if isinstance(encap, IpEncap):
        yield from _ip_encap(encap)
    elif isinstance(encap, IlaEncap):
        # The number as it lies in the memory of a little-endian machine.
        yield f"encap ila {int.from_bytes(encap.locator.to_bytes(8), 'little')}"
    else:
        last = len(encap.labels) - 1
        # Whole label stack entries: the label above 12 bits, of which one tells the last.
        entries = (label << 12 | (n == last) << 8 for n, label in enumerate(encap.labels))
        yield f"encap mpls {'/'.join(f'{entry:x}' for entry in entries)}"


def _ip_encap(encap: IpEncap) -> Iterator[str]:
    tos, ttl = ("tos", "ttl") if encap.family == 4 else ("tc", "hoplimit")
    yield "encap ip" if encap.family == 4 else "encap ip6"
    for name, value in (
        ("id", encap.id),
        ("dst", encap.dst),
        ("src", encap.src),
        (tos, encap.tos),
        (ttl, encap.ttl),
    ):
        if value is not None:
            yield f"{name} {value}"
    if encap.flags is not None:
        yield f"flags 0x{encap.flags:x}"


def rule_text(rule: Rule) -> str:
    """A rule; every value that was written, the type of service always."""
    return " ".join(_rule(rule))


def _rule(rule: Rule) -> Iterator[str]:
    if rule.family == 6 and rule.source is None and rule.destination is None:
        yield "inet6"
    if rule.invert:
        yield "not"
    yield f"from {'all' if rule.source is None else _network(rule.source)}"
    if rule.destination is not None:
        yield f"to {_network(rule.destination)}"
    yield f"priority {rule.preference} tos 0x{rule.tos:x}"
    yield from _selectors(rule)
    if rule.realms is not None:
        yield _realms(rule.realms, has_source=True)
    yield _action(rule)
    yield from _tracking(rule)


def _selectors(rule: Rule) -> Iterator[str]:
    if rule.fwmark is not None:
        mask = "" if rule.fwmask in (None, 0xFFFFFFFF) else f"/0x{rule.fwmask:x}"
        yield f"fwmark 0x{rule.fwmark:x}{mask}"
    protocol = rule.protocol
    if protocol is None and not rule.no_track:
        protocol = PROTOCOL_KEEPALIVED
    for name, value in (
        ("iif", rule.iif),
        ("oif", rule.oif),
        ("suppress_prefixlen", rule.suppress_prefixlength),
        ("suppress_ifgroup", rule.suppress_ifgroup),
        ("tunnel-id", rule.tunnel_id or None),
        ("uidrange", rule.uidrange),
        ("l3mdev", rule.l3mdev or None),
        ("protocol", protocol),
        ("ipproto", rule.ipproto),
        ("sport", rule.sport),
        ("dport", rule.dport),
    ):
        if value is True:
            yield name
        elif isinstance(value, Range):
            yield f"{name} {value.first}-{value.last}"
        elif value is not None:
            yield f"{name} {value}"


def _action(rule: Rule) -> str:
    if rule.action is Action.TABLE:
        return f"lookup {rule.table or 0}"
    if rule.action is Action.GOTO:
        return f"goto {rule.goto}"
    name = rule.action.name.lower()
    return name if rule.action is Action.NOP else f"type {name}"


def _tracking(entry: Route | Rule) -> Iterator[str]:
    """A route without an interface has none to be tracked."""
    if entry.no_track or (isinstance(entry, Route) and entry.dev is None):
        yield "no_track"
    if entry.track_group is not None:
        yield f"track_group {entry.track_group}"
