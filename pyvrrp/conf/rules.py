"""Entries of `virtual_rules` and `static_rules`: selectors and an action, as in ip-rule(8).

Slips of keepalived that are not followed: a family word keeps the word behind it, `any` fits
either family, one port is a range, and an IP protocol may be above 127.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..routing import Action, Range, Rule
from .blocks import Statement
from .context import Context, shown
from .diagnostics import ProblemClass
from .iproute_names import DSFIELD, GROUP, IP_PROTOCOL, TABLE, c_number
from .routes import route_type
from .routing_entry import Entry
from .routing_options import (
    Option,
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

__all__ = ["ACTIONS", "STATIC_RULE", "read_rules"]

ACTIONS = ("goto", "nop", "blackhole", "prohibit", "unreachable")
_EXPECTED = f"table, {', '.join(ACTIONS[:-1])} or {ACTIONS[-1]}"
_NEEDS_TABLE = ("realms", "suppress_prefixlength", "suppress_ifgroup")
"""What only a look into a table can do."""


def _network(field: str) -> Option:
    def read(entry: Entry) -> None:
        entry.fields[field] = entry.network()

    return read


def _range(field: str, high: int, *, may_be_one: bool) -> Option:
    """`A-B`; one number may stand for both."""

    def read(entry: Entry) -> None:
        name, word = entry.word, entry.value()
        ends = [c_number(part, 10) for part in word.split("-", 1)]
        found = [end for end in ends if end is not None and end <= high]
        if len(found) != len(ends) or (len(ends) == 1 and not may_be_one):
            message = f"{name} {shown(word)} is not a range A-B in 0..{high}"
            raise entry.useless("bad-range", message)
        if found[0] > found[-1]:
            # keepalived takes it, and is told only by the kernel that this is no range.
            message = f"{name} {word} ends before it begins"
            raise entry.useless("bad-range", message, problem_class=ProblemClass.NONE)
        entry.fields[field] = Range(found[0], found[-1])

    return read


def _act(entry: Entry, action: Action) -> None:
    if "action" in entry.fields:
        raise entry.useless("second-action", "a rule has one action; this is its second")
    entry.fields["action"] = action


def _table(entry: Entry) -> None:
    table = entry.named(TABLE, entry.word)
    if table == 0:
        raise entry.useless("value-out-of-range", "table 0 is no table")
    _act(entry, Action.TABLE)
    entry.fields["table"] = table


def _l3mdev(entry: Entry) -> None:
    _act(entry, Action.TABLE)
    entry.fields["l3mdev"] = True


def _action(entry: Entry) -> None:
    """Whatever is no selector: an action, perhaps behind `type`, or a mistake."""
    word = entry.value() if entry.word == "type" else entry.word
    kind = route_type(word)
    if word == "goto":
        _act(entry, Action.GOTO)
        entry.fields["goto"] = entry.number("goto")
    elif word == "nop":
        _act(entry, Action.NOP)
    elif kind in (Action.BLACKHOLE, Action.UNREACHABLE, Action.PROHIBIT):
        _act(entry, Action(kind))
    elif kind is not None:
        message = f"{shown(word)} is not an action of a rule"
        raise entry.useless("unknown-value", message, hint=f"write {_EXPECTED}")
    else:
        hint = entry.context.similar(word, (*_RULE, *ACTIONS))
        if word == "track_group":
            hint = "track_group is for static_rules"
        raise entry.useless("unknown-option", f"unknown word {shown(word)} in a rule", hint=hint)


def _fwmark(entry: Entry) -> None:
    word = entry.value()
    numbers = [c_number(part) for part in word.split("/", 1)]
    found = [number for number in numbers if number is not None and number < 2**32]
    if len(found) != len(numbers):
        message = f"fwmark {shown(word)} is not MARK or MARK/MASK in 0..{2**32 - 1}"
        raise entry.useless("bad-number", message)
    entry.fields["fwmark"] = found[0]
    entry.fields["fwmask"] = found[1] if len(found) > 1 else None


_RULE: Options = {
    "inet": family,
    "inet6": family,
    "not": flag("invert"),
    "from": _network("source"),
    "to": _network("destination"),
    "table": _table,
    "lookup": _table,
    "l3mdev": _l3mdev,
    **{word: number("preference", base=0) for word in ("preference", "order", "priority")},
    **{word: named("tos", DSFIELD) for word in ("tos", "dsfield")},
    "fwmark": _fwmark,
    "realms": realms,
    **{
        word: number("suppress_prefixlength", 2**31 - 1)
        for word in ("suppress_prefixlength", "sup_pl")
    },
    **{word: named("suppress_ifgroup", GROUP) for word in ("suppress_ifgroup", "sup_group")},
    "dev": interface("iif"),
    "iif": interface("iif"),
    "oif": interface("oif"),
    "tunnel-id": number("tunnel_id", 2**64 - 1),
    "uidrange": _range("uidrange", 2**32 - 1, may_be_one=False),
    "protocol": number("protocol", 255),
    "ipproto": named("ipproto", IP_PROTOCOL),
    "sport": _range("sport", 65535, may_be_one=True),
    "dport": _range("dport", 65535, may_be_one=True),
    "no_track": flag("no_track"),
}

STATIC_RULE: Options = {**_RULE, "track_group": track_group}


def _check_action(entry: Entry) -> None:
    fields = entry.fields
    action = fields.get("action")
    if action is None:
        message = "the rule has no action"
        raise entry.useless("no-action", message, index=0, hint=f"write {_EXPECTED}")
    if action is Action.GOTO:
        _check_goto(entry)
    tied = [name for name in _NEEDS_TABLE if fields.get(name) is not None]
    if action is not Action.TABLE and tied:
        message = f"{tied[0]} goes together with a table only"
        raise entry.useless("no-table", message, index=0)


def _check_goto(entry: Entry) -> None:
    index = entry.place("goto")
    if "preference" not in entry.fields:
        raise entry.useless("no-preference", "goto needs a preference", index=index)
    preference, target = entry.fields["preference"], entry.fields["goto"]
    if isinstance(preference, int) and isinstance(target, int) and preference >= target:
        message = f"goto {target} does not lead beyond preference {preference}"
        raise entry.useless("goto-backwards", message, index=index + 1)


def _finish(entry: Entry) -> Rule:
    _check_action(entry)
    check_tracking(entry, "iif")
    fields = entry.fields
    fields["family"] = version = entry.family or 4
    if "preference" not in fields:
        preference = entry.context.routing.next_preference(version)
        message = f"the rule has no preference; {preference} is used, hardly what is meant"
        entry.complain("no-preference", message, index=0)
        fields["preference"] = preference
    for name in ("source", "destination"):
        if name in fields:
            fields[name] = either_family(entry, name)
    return make(Rule, {**fields, "span": entry.statement.span()})


def read_rules(context: Context, statement: Statement, *, is_static: bool) -> Iterator[Rule]:
    """The usable rules of a block; a `track_group` is for static ones only."""
    options = STATIC_RULE if is_static else _RULE
    return read_entries(context, statement, "rule", options, _action, _finish)
