"""Entries of `track_interface`, `track_script` and `unicast_peer`."""

from __future__ import annotations

from collections.abc import Mapping

from .addresses import read_address
from .blocks import Statement
from .config import Address, TrackInterface, TrackScript, UnicastPeer, VrrpScript
from .context import Context, shown
from .known import Block
from .schema import Keyword
from .shapes import integer
from .values import Values

__all__ = ["TRACK_INTERFACE", "TRACK_SCRIPT", "UNICAST_PEER"]

_LIMIT = 253


def _weight(
    context: Context, entry: Statement, directions: Mapping[str, bool]
) -> tuple[int | None, bool | None] | None:
    """`weight W [reverse]` behind a name: weight and direction, None where nothing was said.

    The result is None when the entry is of no use. Just past the limit keepalived clamps.
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
    weight = integer(context, entry, 2, -_LIMIT - 1, _LIMIT + 1, "weight")
    if weight is not None and abs(weight) > _LIMIT:
        nearest = _LIMIT if weight > 0 else -_LIMIT
        message = f"weight {weight} is not in -{_LIMIT}..{_LIMIT}; {nearest} is used"
        context.problem("value-out-of-range", entry, 2, message)
        weight = nearest
    if len(words) == 3:
        return weight, None
    direction = directions.get(words[3])
    if direction is None:
        expected = " or ".join(directions)
        message = f"{shown(words[3])} behind a weight is not {expected}; ignored"
        context.problem("unknown-option", entry, 3, message)
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
            context.problem("unknown-interface", entry, 0, message, is_fatal=True)
            continue
        options = (
            _weight(context, entry, {"reverse": True}) if _once(context, entry, names) else None
        )
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
            _unknown_script(context, entry, context.scripts)
            continue
        options = None
        if _once(context, entry, names):
            options = _weight(context, entry, {"reverse": True, "noreverse": False})
        if options is None:
            continue
        names.add(name)
        values.at[f"track_script/{name}"] = entry
        found.append(TrackScript(name, *options, entry.span()))
    values.set["seen/scripts"] = names
    values.extend("track_script", found, statement)


def _unknown_script(context: Context, entry: Statement, scripts: Mapping[str, VrrpScript]) -> None:
    name = entry.words[0]
    later = context.later_scripts.get(name)
    if later is not None:
        hint: str | None = f"it is defined at {later.span()}; that must come first"
    else:
        hint = context.similar(name, scripts)
    message = f"there is no vrrp_script {shown(name)} yet; it is not tracked"
    context.problem("unknown-script", entry, 0, message, hint=hint)


def _unicast_peer(context: Context, statement: Statement, values: Values) -> None:
    values.set["unicast/configured"] = True
    seen = values.get("seen/peers", set[Address]())
    found = []
    for entry in statement.block or ():
        address = read_address(context, entry, 0)
        if address is None or not _is_of_family(context, entry, values, address):
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


def _is_of_family(context: Context, entry: Statement, values: Values, address: Address) -> bool:
    family = values.set.setdefault("family", address.version)
    if family == address.version:
        return True
    message = f"{address} is IPv{address.version}, the instance is IPv{family}; ignored"
    context.problem("other-family", entry, 0, message)
    return False


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
