"""`static_ipaddress`, `static_routes`, `static_rules`, `track_group`: there as long as the daemon runs."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import TypedDict

from ..routing import Route, Rule
from .blocks import Statement
from .context import Context, shown
from .diagnostics import ProblemClass
from .routes import read_routes
from .routing_config import StaticAddress, TrackGroup
from .routing_options import known_track_group
from .rules import read_rules
from .schema import read_block, table
from .values import Values
from .virtual_addresses import ADDRESS_FLAGS, ADDRESS_OPTIONS, AddressEntry, read_address_entry
from .vrrp import VRRP_SYNC_GROUP

__all__ = ["TRACK_GROUP", "Statics", "finish_statics", "read_static"]

_FLAGS = {word: flag for word, flag in ADDRESS_FLAGS.items() if word != "use_vmac"}
TRACK_GROUP = table("track_group", (VRRP_SYNC_GROUP.rows["group"],))


def read_static(context: Context, statement: Statement, values: Values) -> None:
    """Read one block of these kinds into the field of `Config` it belongs to."""
    kind = statement.words[0]
    values.put("statics", True, statement)
    if kind == "track_group":
        _track_group(context, statement)
    elif kind == "static_routes":
        values.extend("static_routes", read_routes(context, statement, is_static=True), statement)
    elif kind == "static_rules":
        values.extend("static_rules", read_rules(context, statement, is_static=True), statement)
    else:
        values.extend("static_addresses", _addresses(context, statement), statement)


class Statics(TypedDict, total=False):
    """Fields of `Config`."""

    static_addresses: tuple[StaticAddress, ...]
    static_routes: tuple[Route, ...]
    static_rules: tuple[Rule, ...]
    track_groups: tuple[TrackGroup, ...]


def finish_statics(context: Context, values: Values, instances: Collection[str]) -> Statics:
    """What the blocks of these kinds said, once it is known which instances there are."""
    return {
        "static_addresses": tuple(values.items("static_addresses", StaticAddress)),
        "static_routes": tuple(values.items("static_routes", Route)),
        "static_rules": tuple(values.items("static_rules", Rule)),
        "track_groups": tuple(_track_groups(context, instances)),
    }


def _addresses(context: Context, statement: Statement) -> Iterator[StaticAddress]:
    for entry in statement.block or ():
        found = _address(context, entry)
        if found is not None:
            yield found


def _address(context: Context, statement: Statement) -> StaticAddress | None:
    groups: list[str] = []

    def track_group(entry: AddressEntry, index: int, _: str) -> None:
        if groups:
            entry.complain("given-twice", index, "track_group was given already; ignored")
        elif name := known_track_group(context, statement, index):
            groups.append(name)

    options = {**ADDRESS_OPTIONS, "track_group": track_group}
    address = read_address_entry(context, statement, options, _FLAGS)
    if address is None:
        return None
    if address.dev is None:
        if not _has_default_interface(context, statement):
            return None
        address = replace(address, dev=context.default_interface)
    return StaticAddress(address, groups[0] if groups else None)


def _has_default_interface(context: Context, statement: Statement) -> bool:
    name = context.default_interface
    if context.has_interface(name):
        return True
    context.problem(
        "unknown-interface",
        statement,
        0,
        f"no dev, and the default interface {shown(name)} does not exist; the address is dropped",
        problem_class=ProblemClass.FATAL,
        hint="write dev, or default_interface in global_defs",
        is_fatal=True,
    )
    return False


def _track_group(context: Context, statement: Statement) -> None:
    groups = context.routing.groups
    if len(statement.words) != 2:
        index = min(2, len(statement.words) - 1)
        context.problem("bad-name", statement, index, "track_group takes one name; it is dropped")
        return
    name = str(statement.words[1])
    context.arrived("track_group", name)
    if name in groups:
        message = f"track_group {shown(name)} is defined already; this one is dropped"
        remark = f"the first stands at {groups[name].owner.span(1)}"
        context.problem("duplicate-name", statement, 1, message, remark=remark)
        return
    groups[name] = Values(statement)
    read_block(context, statement.block or (), TRACK_GROUP, groups[name])


def _track_groups(context: Context, instances: Collection[str]) -> Iterator[TrackGroup]:
    """The track groups, each with those of its members that exist."""
    for name, values in context.routing.groups.items():
        yield TrackGroup(name, values.owner.span(1), _members(context, values, instances))


def _members(context: Context, values: Values, instances: Collection[str]) -> tuple[str, ...]:
    wanted: list[tuple[str, Statement, int]] = values.get("members", [])
    for name, entry, index in wanted:
        if name not in instances:
            message = f"there is no vrrp_instance {shown(name)}; it is left out"
            context.remark("unknown-instance", entry, index, message)
    members = tuple(name for name, _, _ in wanted if name in instances)
    if not members:
        context.remark("empty-group", values.owner, 1, "the track_group has no members")
    return members
