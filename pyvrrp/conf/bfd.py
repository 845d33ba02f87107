"""`bfd_instance NAME { ... }`; few configurations have one."""

from __future__ import annotations

from contextlib import suppress
from ipaddress import IPv6Address

from .addresses import read_address
from .bfd_config import BfdInstance
from .blocks import Statement
from .config import Address
from .context import Context, shown
from .schema import Keyword, read_block, table, value
from .shapes import Bool, Flag, Int, Seconds, integer
from .values import Values, make

__all__ = ["BFD_INSTANCE", "read_bfd_instance"]

_MAX_NAME = 31
_MAX_MILLISECONDS = 4294967
_MAX_SENSIBLE = 10.0
_MAX_WEIGHT = 253


def _interval(name: str, low: int) -> Keyword:
    """Written in milliseconds, kept in seconds."""
    shape = Seconds(low, _MAX_MILLISECONDS, digits=3, unit="milliseconds")

    def read(context: Context, statement: Statement, values: Values) -> None:
        milliseconds = shape.read(context, statement)
        if not isinstance(milliseconds, float):
            return
        seconds = milliseconds / 1000
        if seconds > _MAX_SENSIBLE:
            message = f"{name} of {seconds:g} seconds is very long"
            context.remark("unusual-value", statement, 1, message)
        values.put(name, seconds, statement)

    return Keyword(name, read)


def _zoned(context: Context, statement: Statement) -> Address | None:
    """An address, a link-local one with its interface behind % (quirk: bfd-zone)."""
    word = "".join(statement.words[1:2])
    if "%" in word:
        with suppress(ValueError):
            return IPv6Address(word)
    return read_address(context, statement)


def _address(name: str, field: str) -> Keyword:
    def read(context: Context, statement: Statement, values: Values) -> None:
        address = _zoned(context, statement)
        if address is not None:
            values.put(field, address, statement)

    return Keyword(name, read)


def _weight(context: Context, statement: Statement, values: Values) -> None:
    weight = integer(context, statement, 1, -_MAX_WEIGHT, _MAX_WEIGHT)
    if weight is not None:
        values.put("weight", weight, statement)
    if statement.words[2:3] == ["reverse"]:
        values.put("reverse", True, statement)
    elif len(statement.words) > 2:
        message = f"{shown(statement.words[2])} behind a weight is not reverse; ignored"
        context.problem("unknown-option", statement, 2, message)


BFD_INSTANCE = table(
    "bfd_instance",
    (
        _address("neighbor_ip", "neighbor_ip"),
        _address("neighbour_ip", "neighbor_ip"),
        _address("source_ip", "source_ip"),
        _interval("min_rx", 1),
        _interval("min_tx", 1),
        _interval("idle_tx", 1000),
        value("multiplier", Int(1, 255)),
        value("passive", Flag()),
        value("ttl", Int(1, 255)),
        value("hoplimit", Int(1, 255), "ttl"),
        value("max_hops", Int(-1, 255)),
        value("multihop", Bool()),
        Keyword("weight", _weight),
        value("vrrp", Flag(), "only/vrrp"),
        value("checker", Flag(), "only/checker"),
    ),
)


def read_bfd_instance(context: Context, statement: Statement, _: Values) -> None:
    """One session; dropped when it has no peer, or when its name or its peer is taken."""
    name = context.word(statement)
    if name is None:
        return
    context.arrived("bfd_instance", name)
    if len(name) > _MAX_NAME:
        message = f"{shown(name)} is longer than {_MAX_NAME} characters; the session is dropped"
        context.problem("too-long", statement, 1, message)
        return
    first = context.bfd_instances.get(name)
    if first is not None:
        message = f"bfd_instance {shown(name)} is defined already; this one is dropped"
        remark = f"the first stands at {first.span}"
        context.problem("duplicate-name", statement, 1, message, remark=remark)
        return
    values = Values(statement)
    read_block(context, statement.block or (), BFD_INSTANCE, values)
    peer: Address | None = values.get("neighbor_ip", None)
    if peer is None:
        message = f"bfd_instance {shown(name)} has no neighbor_ip; it is dropped"
        context.problem("no-neighbor", statement, 1, message)
    elif _has_path(context, peer, values):
        session = context.bfd_instances[str(name)] = _built(context, peer, values)
        if session.vrrp:
            context.vrrp_sessions[session.name] = session


def _has_path(context: Context, peer: Address, values: Values) -> bool:
    """False when both ends do not fit, or when another session has them; without source, any."""
    source: Address | None = values.get("source_ip", None)
    name = values.owner.words[1]
    if source is not None and source.version != peer.version:
        message = f"source_ip {source} is not IPv{peer.version} as neighbor_ip is"
        where = values.where("source_ip")
        context.problem("other-family", where, 1, f"{message}; {shown(name)} is dropped")
        return False
    way = (peer, values.get("multihop", False))
    taken = context.bfd_paths.setdefault(way, {})
    other = taken.get(source) or taken.get(None)
    if source is None and taken:
        other = next(iter(taken.values()))
    if other:
        message = f"{other} leads to {peer} already; {shown(name)} is dropped"
        context.problem("duplicate-neighbor", values.where("neighbor_ip"), 1, message)
        return False
    taken[source] = str(name)
    return True


def _built(context: Context, peer: Address, values: Values) -> BfdInstance:
    fields = {field: v for field, v in values.set.items() if "/" not in field}
    ttl = values.get("ttl", 255 if peer.version == 4 else 64)
    hops = values.get("max_hops", 0)
    if hops > ttl:
        message = f"max_hops {hops} is more than the TTL {ttl}; {ttl} is used"
        context.problem("value-out-of-range", values.where("max_hops"), 1, message)
        fields["max_hops"] = ttl
    only = {kind: f"only/{kind}" in values.set for kind in ("vrrp", "checker")}
    if any(only.values()):
        fields |= only
    name, span = str(values.owner.words[1]), values.owner.span(1)
    return make(BfdInstance, {**fields, "name": name, "span": span, "ttl": ttl})
