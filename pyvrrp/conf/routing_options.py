"""Options that routes and rules have in common, and the walk over the entries of a block."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network
from typing import TypeVar

from ..routing import PROTOCOL_KEEPALIVED, Network
from .blocks import Statement
from .context import Context, shown
from .iproute_names import Space
from .routing_entry import Entry, Useless

__all__ = [
    "Option",
    "Options",
    "check_tracking",
    "either_family",
    "family",
    "flag",
    "interface",
    "known_track_group",
    "named",
    "number",
    "read_entries",
    "realms",
    "track_group",
]

T = TypeVar("T")

Option = Callable[[Entry], None]
"""Takes the values of the option in hand and sets fields. Raises: Useless, after a report."""

Options = Mapping[str, Option]
"""What takes the values of each option."""


def flag(field: str, value: object = True) -> Option:
    """An option that stands alone."""

    def read(entry: Entry) -> None:
        entry.fields[field] = value

    return read


def number(field: str, high: int = 2**32 - 1, *, low: int = 0, base: int = 10) -> Option:
    """A number in a range; base 0: as C writes numbers."""

    def read(entry: Entry) -> None:
        entry.fields[field] = entry.number(entry.word, low, high, base)

    return read


def named(field: str, space: Space) -> Option:
    """A number that may have a name."""

    def read(entry: Entry) -> None:
        entry.fields[field] = entry.named(space, entry.word)

    return read


def interface(field: str) -> Option:
    """The name of a link."""

    def read(entry: Entry) -> None:
        entry.fields[field] = entry.interface()

    return read


def family(entry: Entry) -> None:
    """`inet` and `inet6`: the word in hand tells the family."""
    entry.belongs_to(6 if entry.word == "inet6" else 4)


def realms(entry: Entry) -> None:
    """`realms [FROM/]TO`; realm 0 is none."""
    entry.fields["realms"] = entry.realms() or None


def track_group(entry: Entry) -> None:
    """`track_group NAME`; without it the entry still counts."""
    entry.value()
    if "track_group" in entry.fields:
        raise entry.useless("given-twice", "track_group was given already")
    name = known_track_group(entry.context, entry.statement, entry.index)
    if name is not None:
        entry.fields["track_group"] = name


def known_track_group(context: Context, statement: Statement, index: int) -> str | None:
    """Word `index` as the name of a track group that stands further up; None after a report."""
    name = str(statement.words[index])
    groups = context.routing.groups
    if name in groups:
        return name
    later = context.later.get(("track_group", name))
    hint: str | None = f"it is defined at {later.span()}; that must come first" if later else None
    hint = hint or context.similar(name, groups)
    message = f"no track_group {shown(name)} is defined before this; ignored"
    context.problem("unknown-group", statement, index, message, hint=hint)
    return None


def check_tracking(entry: Entry, dev: str) -> None:
    """What is watched bears keepalived's protocol; a track group watches the link in field `dev`."""
    fields = entry.fields
    is_watched = "no_track" not in fields
    if is_watched and fields.get("protocol", PROTOCOL_KEEPALIVED) != PROTOCOL_KEEPALIVED:
        message = f"a {entry.kind} that is watched has protocol {PROTOCOL_KEEPALIVED}; that is used"
        hint = "no_track lets it have another"
        entry.complain("protocol-and-track", message, index=entry.place("protocol"), hint=hint)
        del fields["protocol"]
    if "track_group" not in fields:
        return
    if dev not in fields:
        message = f"a track_group needs a {entry.kind} with a dev; the group is ignored"
        entry.complain("group-without-dev", message, index=entry.place("track_group"))
        del fields["track_group"]
    elif not is_watched:
        entry.index = entry.place("track_group")
        entry.remark("group-and-no-track", "no_track makes this track_group do nothing")


def either_family(entry: Entry, field: str) -> Network:
    """The network in a field; a word for any is all of the entry's family, IPv4 by default."""
    network = entry.fields[field]
    if isinstance(network, IPv4Network | IPv6Network):
        return network
    return IPv6Network("::/0") if entry.family == 6 else IPv4Network("0.0.0.0/0")


def read_entries(
    context: Context,
    statement: Statement,
    kind: str,
    options: Options,
    otherwise: Option,
    finish: Callable[[Entry], T],
) -> Iterator[T]:
    """What `finish` makes of each usable entry; `otherwise` gets the words that are no option."""
    for words in statement.block or ():
        entry = Entry(context, words, kind)
        try:
            while entry.peek() is not None:
                entry.index += 1
                options.get(entry.word, otherwise)(entry)
            yield finish(entry)
        except Useless:
            continue
