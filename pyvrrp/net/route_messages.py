"""Routes and policy rules as rtnetlink messages: pure, from `pyvrrp.routing` to octets.

A message is made with the indexes that links have at the time, so it holds until one of them is
replaced. Removing asks for what tells one route from another only, as ip(8) does.

Source: rtnetlink(7), include/uapi/linux/{rtnetlink,fib_rules,lwtunnel,mpls_iptunnel,ila}.h.
"""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Iterator, Mapping

from ..core.model import Address
from ..routing import (
    PROTOCOL_KEEPALIVED,
    Action,
    Encap,
    IlaEncap,
    IpEncap,
    Metric,
    MetricKind,
    NextHop,
    Route,
    Rule,
)
from .rtnetlink import Change, attribute

__all__ = [
    "add_route",
    "add_rule",
    "remove_route",
    "remove_rule",
    "removed_route",
    "removed_rule",
    "replace_route",
]

_RTM_NEWROUTE, _RTM_DELROUTE, _RTM_NEWRULE, _RTM_DELRULE = 24, 25, 32, 33
_NLM_F_REPLACE, _NLM_F_EXCL, _NLM_F_CREATE, _NLM_F_APPEND = 0x100, 0x200, 0x400, 0x800
_POSITIONS = {
    "add": _NLM_F_CREATE | _NLM_F_EXCL,
    "prepend": _NLM_F_CREATE,
    "append": _NLM_F_CREATE | _NLM_F_APPEND,
}
_SCOPE_UNIVERSE, _SCOPE_NOWHERE = 0, 255

_RTA_DST, _RTA_SRC, _RTA_OIF, _RTA_GATEWAY, _RTA_PRIORITY = 1, 2, 4, 5, 6
_RTA_PREFSRC, _RTA_METRICS, _RTA_MULTIPATH, _RTA_FLOW, _RTA_TABLE = 7, 8, 9, 11, 15
_RTA_VIA, _RTA_PREF, _RTA_ENCAP_TYPE, _RTA_ENCAP, _RTA_EXPIRES = 18, 20, 21, 22, 23
_RTA_TTL_PROPAGATE = 26
_RTAX_LOCK = 1
_RTNH_F_ONLINK = 4
_ENCAP_MPLS, _ENCAP_IP, _ENCAP_ILA, _ENCAP_IP6 = 1, 2, 3, 4

_FRA_DST, _FRA_SRC, _FRA_IIFNAME, _FRA_GOTO, _FRA_PRIORITY = 1, 2, 3, 4, 6
_FRA_FWMARK, _FRA_FLOW, _FRA_TUN_ID, _FRA_SUPPRESS_IFGROUP = 10, 11, 12, 13
_FRA_SUPPRESS_PREFIXLEN, _FRA_TABLE, _FRA_FWMASK, _FRA_OIFNAME = 14, 15, 16, 17
_FRA_L3MDEV, _FRA_UID_RANGE, _FRA_PROTOCOL, _FRA_IP_PROTO = 19, 20, 21, 22
_FRA_SPORT_RANGE, _FRA_DPORT_RANGE = 23, 24
_FIB_RULE_INVERT = 2

_RTMSG = struct.Struct("=BBBBBBBBI")
_FIB_RULE = struct.Struct("=BBBBBxxBI")
_NEXTHOP = struct.Struct("=HBBi")

_THERE = frozenset((errno.EEXIST,))
_GONE = frozenset((errno.ESRCH, errno.ENOENT, errno.ENODEV))


def add_route(route: Route, links: Mapping[str, int], table: int | None = None) -> Change:
    """Install a route; `links` are the indexes of links by name, `table` is that of its `vrf`.

    Raises: KeyError, for a link that is not among them.
    """
    payload, flags = _route_payload(route, links, table), _POSITIONS[route.position]
    return Change(f"add route {_named(route)}", _RTM_NEWROUTE, flags, payload, _THERE)


def replace_route(route: Route, links: Mapping[str, int], table: int | None = None) -> Change:
    """Put a route in the place of the one with its destination, type of service and metric."""
    payload, flags = _route_payload(route, links, table), _NLM_F_CREATE | _NLM_F_REPLACE
    return Change(f"replace route {_named(route)}", _RTM_NEWROUTE, flags, payload)


def remove_route(route: Route, links: Mapping[str, int], table: int | None = None) -> Change:
    """Take a route away; as in `add_route`."""
    scope = _SCOPE_NOWHERE if route.scope is None else route.scope
    payload = _route_head(route, scope, table) + _attributes(_route_identity(route, links, table))
    return Change(f"remove route {_named(route)}", _RTM_DELROUTE, 0, payload, _GONE)


def removed_route(payload: bytes, table: int | None = None) -> Change:
    """As `remove_route`, from the payload of such a change that was kept."""
    if table is not None:
        payload += attribute(_RTA_TABLE, _u32(table))
    return Change("remove a route of an earlier run", _RTM_DELROUTE, 0, payload, _GONE)


def removed_rule(payload: bytes) -> Change:
    """As `remove_rule`, from the payload of such a change that was kept."""
    return Change("remove a rule of an earlier run", _RTM_DELRULE, 0, payload, _GONE)


def add_rule(rule: Rule) -> Change:
    """Install a rule; it names links, which need not be there."""
    flags = _NLM_F_CREATE | _NLM_F_EXCL
    return Change(f"add {_rule_name(rule)}", _RTM_NEWRULE, flags, _rule_payload(rule), _THERE)


def remove_rule(rule: Rule) -> Change:
    """Take a rule away."""
    return Change(f"remove {_rule_name(rule)}", _RTM_DELRULE, 0, _rule_payload(rule), _GONE)


def _named(route: Route) -> str:
    return f"{route.destination} in table {route.table}"


def _rule_name(rule: Rule) -> str:
    return f"IPv{rule.family} rule of preference {rule.preference}"


def _attributes(pairs: Iterator[tuple[int, bytes]]) -> bytes:
    return b"".join(attribute(kind, value) for kind, value in pairs)


def _u8(value: int) -> bytes:
    return struct.pack("=B", value)


def _u16(value: int) -> bytes:
    return struct.pack("=H", value)


def _u32(value: int) -> bytes:
    return struct.pack("=I", value)


def _family(version: int) -> int:
    return socket.AF_INET if version == 4 else socket.AF_INET6


def _route_payload(route: Route, links: Mapping[str, int], table: int | None) -> bytes:
    scope = _SCOPE_UNIVERSE if route.scope is None else route.scope
    payload = _route_head(route, scope, table) + _attributes(_route_identity(route, links, table))
    return payload + _attributes(_route_options(route, links))


def _route_head(route: Route, scope: int, table: int | None) -> bytes:
    number = route.table if table is None else table
    return _RTMSG.pack(
        _family(route.family),
        route.destination.prefixlen,
        0 if route.source is None else route.source.prefixlen,
        route.tos or 0,
        number if number < 256 else 0,
        PROTOCOL_KEEPALIVED if route.protocol is None else route.protocol,
        scope,
        route.type,
        _RTNH_F_ONLINK if route.onlink else 0,
    )


def _route_identity(
    route: Route, links: Mapping[str, int], table: int | None
) -> Iterator[tuple[int, bytes]]:
    """What tells a route from another."""
    number = route.table if table is None else table
    if number >= 256:
        yield _RTA_TABLE, _u32(number)
    if route.destination.prefixlen:
        yield _RTA_DST, route.destination.network_address.packed
    if route.source is not None and route.source.prefixlen:
        yield _RTA_SRC, route.source.network_address.packed
    if route.src is not None:
        yield _RTA_PREFSRC, route.src.packed
    if route.metric is not None:
        yield _RTA_PRIORITY, _u32(route.metric)
    if route.via is not None:
        yield _gateway(route.via, route.family)
    if route.dev is not None:
        yield _RTA_OIF, _u32(links[route.dev])
    if route.nexthops:
        yield (
            _RTA_MULTIPATH,
            b"".join(_nexthop(hop, route.family, links) for hop in route.nexthops),
        )


def _route_options(route: Route, links: Mapping[str, int]) -> Iterator[tuple[int, bytes]]:
    if route.encap is not None:
        yield from _encap(route.encap)
    if route.realms:
        yield _RTA_FLOW, _u32(route.realms)
    if route.expires is not None:
        yield _RTA_EXPIRES, _u32(route.expires)
    if route.pref is not None:
        yield _RTA_PREF, _u8(route.pref)
    if route.ttl_propagate is not None:
        yield _RTA_TTL_PROPAGATE, _u8(route.ttl_propagate)
    if route.metrics:
        yield _RTA_METRICS, _attributes(_metrics(route.metrics))


def _metrics(metrics: tuple[Metric, ...]) -> Iterator[tuple[int, bytes]]:
    locked = sum(1 << metric.kind for metric in metrics if metric.locked)
    if locked:
        yield _RTAX_LOCK, _u32(locked)
    for metric in metrics:
        if metric.kind is MetricKind.CC_ALGO:
            yield metric.kind, str(metric.value).encode() + b"\0"
        else:
            yield metric.kind, _u32(int(metric.value))


def _gateway(address: Address, family: int) -> tuple[int, bytes]:
    if address.version == family:
        return _RTA_GATEWAY, address.packed
    return _RTA_VIA, _u16(_family(address.version)) + address.packed


def _nexthop(hop: NextHop, family: int, links: Mapping[str, int]) -> bytes:
    body = _attributes(_nexthop_attributes(hop, family))
    flags = _RTNH_F_ONLINK if hop.onlink else 0
    index = 0 if hop.dev is None else links[hop.dev]
    weight = (hop.weight or 1) - 1
    return _NEXTHOP.pack(_NEXTHOP.size + len(body), flags, weight, index) + body


def _nexthop_attributes(hop: NextHop, family: int) -> Iterator[tuple[int, bytes]]:
    if hop.via is not None:
        yield _gateway(hop.via, family)
    if hop.realms:
        yield _RTA_FLOW, _u32(hop.realms)
    if hop.encap is not None:
        yield from _encap(hop.encap)


def _encap(encap: Encap) -> Iterator[tuple[int, bytes]]:
    if isinstance(encap, IpEncap):
        kind = _ENCAP_IP if encap.family == 4 else _ENCAP_IP6
        body = _attributes(_ip_encap(encap))
    elif isinstance(encap, IlaEncap):
        kind, body = _ENCAP_ILA, attribute(1, encap.locator.to_bytes(8))
    else:
        kind = _ENCAP_MPLS
        last = len(encap.labels) - 1
        # RFC 3032: label 20 bits, traffic class 3, bottom of stack 1, TTL 8.
        entries = (
            (label << 12 | (n == last) << 8).to_bytes(4) for n, label in enumerate(encap.labels)
        )
        body = attribute(1, b"".join(entries))
    yield _RTA_ENCAP, body
    yield _RTA_ENCAP_TYPE, _u16(kind)


def _ip_encap(encap: IpEncap) -> Iterator[tuple[int, bytes]]:
    """LWTUNNEL_IP_*; in IPv6 the same numbers under other names."""
    if encap.id is not None:
        yield 1, encap.id.to_bytes(8)
    if encap.dst is not None:
        yield 2, encap.dst.packed
    if encap.src is not None:
        yield 3, encap.src.packed
    if encap.ttl is not None:
        yield 4, _u8(encap.ttl)
    if encap.tos is not None:
        yield 5, _u8(encap.tos)
    if encap.flags is not None:
        yield 6, encap.flags.to_bytes(2)


def _rule_payload(rule: Rule) -> bytes:
    source, destination = rule.source, rule.destination
    table = rule.table or 0
    head = _FIB_RULE.pack(
        _family(rule.family),
        0 if destination is None else destination.prefixlen,
        0 if source is None else source.prefixlen,
        rule.tos,
        table if table < 256 else 0,
        rule.action,
        _FIB_RULE_INVERT if rule.invert else 0,
    )
    return head + _attributes(_rule_attributes(rule))


def _rule_attributes(rule: Rule) -> Iterator[tuple[int, bytes]]:
    yield _FRA_PRIORITY, _u32(rule.preference)
    for kind, network in ((_FRA_DST, rule.destination), (_FRA_SRC, rule.source)):
        if network is not None and network.prefixlen:
            yield kind, network.network_address.packed
    for kind, name in ((_FRA_IIFNAME, rule.iif), (_FRA_OIFNAME, rule.oif)):
        if name is not None:
            yield kind, name.encode(errors="surrogateescape") + b"\0"
    if rule.l3mdev:
        yield _FRA_L3MDEV, _u8(1)
    yield from _rule_numbers(rule)
    if rule.tunnel_id:
        yield _FRA_TUN_ID, rule.tunnel_id.to_bytes(8)
    if rule.uidrange is not None:
        yield _FRA_UID_RANGE, struct.pack("=II", *rule.uidrange)
    for kind, ports in ((_FRA_SPORT_RANGE, rule.sport), (_FRA_DPORT_RANGE, rule.dport)):
        if ports is not None:
            yield kind, struct.pack("=HH", *ports)
    protocol = PROTOCOL_KEEPALIVED if rule.protocol is None else rule.protocol
    yield _FRA_PROTOCOL, _u8(protocol)
    if rule.ipproto is not None:
        yield _FRA_IP_PROTO, _u8(rule.ipproto)


def _rule_numbers(rule: Rule) -> Iterator[tuple[int, bytes]]:
    for kind, value in (
        (_FRA_TABLE, rule.table if (rule.table or 0) >= 256 else None),
        (_FRA_GOTO, rule.goto if rule.action is Action.GOTO else None),
        (_FRA_FWMARK, rule.fwmark),
        (_FRA_FWMASK, rule.fwmask),
        (_FRA_FLOW, rule.realms),
        (_FRA_SUPPRESS_PREFIXLEN, rule.suppress_prefixlength),
        (_FRA_SUPPRESS_IFGROUP, rule.suppress_ifgroup),
    ):
        if value is not None:
            yield kind, _u32(value)
