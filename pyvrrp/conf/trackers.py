"""Entries of the `track_*` blocks and of `unicast_peer`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, Protocol

from .addresses import is_of_family, read_address
from .blocks import Statement
from .config import Address, TrackInterface, TrackScript, UnicastPeer
from .context import Context, shown
from .known import Block
from .schema import Keyword
from .shapes import integer
from .values import Values

__all__ = [
    "TRACK_BFD",
    "TRACK_FILE",
    "TRACK_INTERFACE",
    "TRACK_PROCESS",
    "TRACK_SCRIPT",
    "UNICAST_PEER",
]

_KIND = {
    "vrrp_script": "script",
    "bfd_instance": "bfd-instance",
    "track_file": "track-file",
    "vrrp_track_process": "track-process",
}


class _Weights(NamedTuple):
    """What an entry may say behind `weight`.

    Numbers past `most` and up to `accepted` are clamped. `strict`: a wrong word behind the number
    costs the entry.
    """

    most: int
    accepted: int
    directions: Mapping[str, bool]
    strict: bool = False


_BOTH = {"reverse": True, "noreverse": False}
_OF_INTERFACES = _Weights(253, 254, {"reverse": True})
_OF_SCRIPTS = _Weights(253, 254, _BOTH)


def _weight(
    context: Context, entry: Statement, weights: _Weights
) -> tuple[int | None, bool | None] | None:
    """`weight W [reverse]` behind a name: weight and direction, None where nothing was said.

    The result is None when the entry is of no use.
    """
    words = entry.words
    if len(words) < 2:
        return None, None
    if words[1] != "weight":
        message = f"unknown option {shown(words[1])} of a tracked object; the entry is ignored"
        hint = context.similar(words[1], ("weight",)) or "the option here is weight"
        context.problem("unknown-option", entry, 1, message, hint=hint)
        return None
    if len(words) == 2:
        context.problem("missing-value", entry, 1, "weight needs a value; the entry is ignored")
        return None
    weight = integer(context, entry, 2, -weights.accepted, weights.accepted, "weight")
    if weight is not None and abs(weight) > weights.most:
        nearest = weights.most if weight > 0 else -weights.most
        message = f"weight {weight} is not in -{weights.most}..{weights.most}; {nearest} is used"
        context.problem("value-out-of-range", entry, 2, message)
        weight = nearest
    if len(words) == 3:
        return weight, None
    direction = weights.directions.get(words[3])
    if direction is None:
        what = "the entry is ignored" if weights.strict else "ignored"
        message = f"{shown(words[3])} behind a weight is not {' or '.join(weights.directions)}"
        context.problem("unknown-option", entry, 3, f"{message}; {what}")
        if weights.strict:
            return None
    return weight, direction


def _once(context: Context, entry: Statement, names: set[str]) -> bool:
    name = entry.words[0]
    if name in names:
        message = f"{shown(name)} is tracked already; this entry is ignored"
        context.problem("duplicate-tracker", entry, 0, message)
        return False
    return True


def _track_interface(context: Context, statement: Statement, values: Values) -> None:
    names = values.get("seen/interfaces", set[str]())
    found = []
    for entry in statement.block or ():
        name = str(entry.words[0])
        if not context.has_interface(name):
            message = f"interface {shown(name)} does not exist; it is not tracked"
            hint = context.interfaces(name)
            context.problem("unknown-interface", entry, 0, message, is_fatal=True, hint=hint)
            continue
        options = _weight(context, entry, _OF_INTERFACES) if _once(context, entry, names) else None
        if options is None:
            continue
        names.add(name)
        values.at[f"track_interface/{name}"] = entry
        found.append(TrackInterface(name, options[0] or 0, bool(options[1]), entry.span()))
    values.set["seen/interfaces"] = names
    values.extend("track_interface", found, statement)


def _track_script(context: Context, statement: Statement, values: Values) -> None:
    names = values.get("seen/scripts", set[str]())
    found = []
    for entry in statement.block or ():
        name = str(entry.words[0])
        if name not in context.scripts:
            _unknown(context, entry, "vrrp_script", context.scripts)
            continue
        options = _weight(context, entry, _OF_SCRIPTS) if _once(context, entry, names) else None
        if options is None:
            continue
        names.add(name)
        values.at[f"track_script/{name}"] = entry
        found.append(TrackScript(name, *options, entry.span()))
    values.set["seen/scripts"] = names
    values.extend("track_script", found, statement)


def _unknown(context: Context, entry: Statement, keyword: str, known: Iterable[str]) -> None:
    name = entry.words[0]
    later = context.later.get((keyword, name))
    message = f"there is no {keyword} {shown(name)} yet; it is not tracked"
    hint: str | None = None
    if later is not None:
        hint = f"it is defined at {later.span()}; that must come first"
    elif keyword == "bfd_instance" and name in context.bfd_instances:
        message = f"bfd_instance {shown(name)} is only for checkers; it is not tracked"
    else:
        hint = context.similar(name, known)
    context.problem(f"unknown-{_KIND[keyword]}", entry, 0, message, hint=hint)


class _Followed(Protocol):
    """Something that a `track_*` block may name."""

    @property
    def weight(self) -> int: ...

    @property
    def reverse(self) -> bool: ...


def _follow(
    name: str,
    keyword: str,
    weights: _Weights,
    known: Callable[[Context], Mapping[str, _Followed]],
) -> Keyword:
    """A `track_*` block whose entries name `keyword` blocks that stand before it."""

    def read(context: Context, statement: Statement, values: Values) -> None:
        from .tracking_config import Tracked

        names = values.get(f"seen/{name}", set[str]())
        found = []
        for entry in statement.block or ():
            followed = known(context).get(entry.words[0])
            if followed is None:
                _unknown(context, entry, keyword, known(context))
                continue
            options = _weight(context, entry, weights) if _once(context, entry, names) else None
            if options is None:
                continue
            own = str(entry.words[0])
            names.add(own)
            values.at[f"{name}/{own}"] = entry
            weight = followed.weight if options[0] is None else options[0]
            reverse = followed.reverse if options[1] is None else options[1]
            found.append(Tracked(own, weight, reverse, entry.span()))
        values.set[f"seen/{name}"] = names
        values.extend(name, found, statement)

    return Keyword(name, read, Block.ENTRIES)


def _unicast_peer(context: Context, statement: Statement, values: Values) -> None:
    values.set["unicast/configured"] = True
    seen = values.get("seen/peers", set[Address]())
    found = []
    for entry in statement.block or ():
        address = read_address(context, entry, 0)
        if address is None or not is_of_family(context, entry, 0, values, address):
            continue
        limits = _ttl_limits(context, entry)
        if limits:
            values.set["check_unicast_src"] = True
        if address in seen:
            message = f"{address} is a peer already; ignored"
            context.problem("duplicate-peer", entry, 0, message)
            continue
        seen.add(address)
        low, high = limits.get("min_ttl"), limits.get("max_ttl")
        if low is not None and high is not None and low > high:
            message = f"min_ttl {low} is above max_ttl {high}: everything would be dropped"
            context.problem("value-out-of-range", entry, 2, message)
        found.append(UnicastPeer(address, low, high, entry.span()))
    values.set["seen/peers"] = seen
    values.extend("unicast_peers", found, statement)


def _ttl_limits(context: Context, entry: Statement) -> dict[str, int]:
    """`min_ttl N` and `max_ttl N`; reading stops at a word that is neither."""
    limits: dict[str, int] = {}
    for index in range(1, len(entry.words), 2):
        name = entry.words[index]
        if name not in ("min_ttl", "max_ttl"):
            hint = context.similar(name, ("min_ttl", "max_ttl"))
            message = f"unknown option {shown(name)} of a peer"
            context.problem("unknown-option", entry, index, message, hint=hint)
            break
        if index + 1 == len(entry.words):
            context.problem("missing-value", entry, index, f"{name} needs a value")
            break
        ttl = integer(context, entry, index + 1, 0, 255, name)
        if ttl is not None:
            limits[name] = ttl
    return limits


UNICAST_PEER = Keyword("unicast_peer", _unicast_peer, Block.ENTRIES)
TRACK_INTERFACE = Keyword("track_interface", _track_interface, Block.ENTRIES)
TRACK_SCRIPT = Keyword("track_script", _track_script, Block.ENTRIES)
TRACK_FILE = _follow(
    "track_file", "track_file", _Weights(254, 254, _BOTH, strict=True), lambda c: c.track_files
)
TRACK_BFD = _follow(
    "track_bfd",
    "bfd_instance",
    _Weights(253, 253, _BOTH, strict=True),
    lambda c: c.vrrp_sessions,
)
TRACK_PROCESS = _follow(
    "track_process", "vrrp_track_process", _Weights(254, 254, _BOTH), lambda c: c.track_processes
)
