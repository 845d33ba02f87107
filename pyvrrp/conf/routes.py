"""Entries of `virtual_routes` and `static_routes`: `[TYPE] DESTINATION` and options, as in ip-route(8).

Three slips of keepalived are not followed: a family word keeps the word behind it, a type may
stand behind `to`, and `default` fits either family wherever it stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv6Network

from ..routing import NextHop, Route, RouteType
from .blocks import Statement
from .context import Context, shown
from .iproute_names import DSFIELD, PROTOCOL, SCOPE, TABLE, c_number
from .route_encaps import read_encap
from .route_metrics import METRICS, settle_metrics
from .routing_entry import ANYWHERE, Entry, Useless
from .routing_options import (
    Options,
    check_tracking,
    either_family,
    family,
    flag,
    interface,
    named,
    number,
    read_entries,
    realms,
    track_group,
)
from .values import make

__all__ = ["STATIC_ROUTE", "read_routes", "route_type"]

_TYPES = {kind.name.lower(): kind for kind in RouteType if kind} | {"brd": RouteType.BROADCAST}
_PREFERENCES = {"low": 3, "medium": 0, "high": 1}
_TTL_PROPAGATE = {"enabled": True, "disabled": False}


def route_type(word: str) -> int | None:
    """The kernel's number of a type of route, from its name or a number; None when it is none."""
    if word in _TYPES:
        return _TYPES[word]
    kind = c_number(word)
    return kind if kind is not None and kind <= 255 else None


def _destination(entry: Entry) -> None:
    """Whatever is no option: a type, a destination, or a mistake."""
    if entry.word == "to":
        entry.value()
    kind = route_type(entry.word)
    if kind is not None:
        entry.fields["type"] = kind
        entry.value()
    word = entry.word
    if not (word[:1].isdecimal() or ":" in word or "/" in word or word in ANYWHERE):
        hint = entry.context.similar(word, (*_ROUTE, *_TYPES))
        if word == "track_group":
            hint = "track_group is for static_routes"
        raise entry.useless("unknown-option", f"unknown word {shown(word)} in a route", hint=hint)
    if "destination" in entry.fields:
        entry.remark("given-twice", f"{shown(word)} replaces the destination given before")
    entry.index -= 1
    entry.fields["destination"] = entry.network()


def _source(entry: Entry) -> None:
    network = entry.network()
    if not isinstance(network, IPv6Network):
        raise entry.useless("not-for-ipv4", "a route has a source network in IPv6 only")
    entry.fields["source"] = network


def _src(entry: Entry) -> None:
    entry.fields["src"] = entry.address()


def _via(entry: Entry) -> None:
    if entry.skip("inet", "inet6"):
        family(entry)
    entry.fields["via"] = entry.address()


def _gw(entry: Entry) -> None:
    entry.complain("deprecated", "gw is an old word for via", hint="write via")
    _via(entry)


def _vrf(entry: Entry) -> None:
    name = entry.value()
    if not entry.context.has_interface(name):
        raise entry.useless("unknown-interface", f"vrf {shown(name)} does not exist")
    entry.fields["vrf"] = str(name)


def _encap(entry: Entry) -> None:
    entry.fields["encap"] = read_encap(entry)


def _expires(entry: Entry) -> None:
    entry.belongs_to(6)
    entry.fields["expires"] = entry.number("expires")


def _pref(entry: Entry) -> None:
    entry.belongs_to(6)
    word = entry.value()
    pref = _PREFERENCES[word] if word in _PREFERENCES else c_number(word, 10)
    if pref is None or pref > 255:
        names = ", ".join(_PREFERENCES)
        message = f"pref {shown(word)} is none of {names} and 0..255"
        raise entry.useless("unknown-value", message)
    entry.fields["pref"] = pref


def _ttl_propagate(entry: Entry) -> None:
    word = entry.value()
    if word in _TTL_PROPAGATE:
        entry.fields["ttl_propagate"] = _TTL_PROPAGATE[word]
    else:
        message = f"ttl-propagate {shown(word)} is neither enabled nor disabled; ignored"
        entry.complain("unknown-value", message)


def _as(entry: Entry) -> None:
    index = entry.index
    if not entry.skip("to") or entry.peek() is not None:
        entry.value()
    entry.complain("not-supported", "as is for MPLS routes only; ignored", index=index)


def _or(entry: Entry) -> None:
    """An old way to write a second gateway."""
    message = "or is an old word for a second gateway"
    entry.complain("deprecated", message, hint="write nexthop via A nexthop via B")
    if "nexthops" in entry.fields:
        entry.value()
        message = "or was given already; this gateway is ignored"
        entry.complain("given-twice", message)
        return
    hops = [make(NextHop, {"via": entry.fields.pop("via", None)}), NextHop(via=entry.address())]
    entry.fields["nexthops"] = [hop for hop in hops if hop.via is not None]


def _nexthops(entry: Entry) -> None:
    """All that is left belongs to next hops; a broken one costs itself (quirk: broken-nexthop)."""
    if "nexthops" in entry.fields:
        raise entry.useless("given-twice", "nexthop does not go together with or")
    start = entry.index
    entry.index -= 1
    hops = list(_legs(entry))
    if not hops:
        raise entry.useless("no-nexthop", "no nexthop is left of the route", index=start)
    entry.fields["nexthops"] = hops


def _legs(entry: Entry) -> Iterator[NextHop]:
    while entry.skip("nexthop"):
        leg = Entry(entry.context, entry.statement, "nexthop")
        leg.index, leg.family = entry.index, entry.family
        try:
            while leg.peek() not in (None, "nexthop"):
                leg.index += 1
                _NEXTHOP.get(leg.word, _not_in_a_leg)(leg)
            yield make(NextHop, leg.fields)
        except Useless:
            while leg.peek() not in (None, "nexthop"):
                leg.index += 1
        entry.index, entry.family = leg.index, leg.family


def _not_in_a_leg(leg: Entry) -> None:
    hint = leg.context.similar(leg.word, _NEXTHOP)
    if leg.word in _ROUTE:
        hint = f"{leg.word} belongs before the first nexthop"
    raise leg.useless("unknown-option", f"unknown word {shown(leg.word)} in a nexthop", hint=hint)


def _as_in_a_leg(entry: Entry) -> None:
    entry.value()
    raise entry.useless("not-supported", "as is for MPLS routes only")


_NEXTHOP: Options = {
    "via": _via,
    "dev": interface("dev"),
    "weight": number("weight", 256, low=1),
    "onlink": flag("onlink"),
    "encap": _encap,
    "realms": realms,
    "as": _as_in_a_leg,
}

_ROUTE: Options = {
    "inet": family,
    "inet6": family,
    "src": _src,
    "via": _via,
    "gw": _gw,
    "dev": interface("dev"),
    "oif": interface("dev"),
    "vrf": _vrf,
    "from": _source,
    **{word: named("tos", DSFIELD) for word in ("tos", "dsfield")},
    "table": named("table", TABLE),
    "protocol": named("protocol", PROTOCOL),
    "scope": named("scope", SCOPE),
    **{word: number("metric") for word in ("metric", "priority", "preference")},
    "onlink": flag("onlink"),
    "encap": _encap,
    "expires": _expires,
    "realms": realms,
    "pref": _pref,
    "ttl-propagate": _ttl_propagate,
    "as": _as,
    "or": _or,
    "nexthop": _nexthops,
    **{word: flag("position", word) for word in ("add", "prepend", "append")},
    "no_track": flag("no_track"),
    **METRICS,
}

STATIC_ROUTE: Options = {**_ROUTE, "track_group": track_group}


def _finish(entry: Entry) -> Route:
    fields = entry.fields
    if "destination" not in fields:
        raise entry.useless("no-destination", "the route has no destination", index=0)
    check_tracking(entry, "dev")
    fields["destination"] = either_family(entry, "destination")
    settle_metrics(fields)
    return make(Route, {**fields, "span": entry.statement.span()})


def read_routes(context: Context, statement: Statement, *, is_static: bool) -> Iterator[Route]:
    """The usable routes of a block; a `track_group` is for static ones only."""
    options = STATIC_ROUTE if is_static else _ROUTE
    return read_entries(context, statement, "route", options, _destination, _finish)
