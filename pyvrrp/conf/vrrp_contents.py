"""What an instance moves and what moves it: virtual addresses and trackers."""

from __future__ import annotations

from dataclasses import replace

from .config import TrackInterface, TrackScript, UnicastPeer, VirtualAddress, VrrpScript
from .context import shown
from .diagnostics import ProblemClass, Severity
from .draft import Draft

__all__ = ["check_trackers", "fit_addresses", "has_addresses", "weight_of"]

_MTU = 1500
_MOST_ADDRESSES = 255
"""Count IPvX Addr is one octet (RFC 9568 §5.2.5)."""


def fit_addresses(instance: Draft) -> None:
    """An Advertisement is one frame; what does not fit is installed, but not advertised."""
    values = instance.values
    addresses = values.items("virtual_ipaddress", VirtualAddress)
    first_is_local = not addresses or addresses[0].interface.ip.is_link_local
    if instance.family == 6 and not first_is_local:
        _first_should_be_link_local(instance)
    room = _MTU - (14 + 20 + 8 if instance.family == 4 else 14 + 40 + 8)
    if instance.version == 2:
        room -= 8 + (24 if values.get("auth/type", "") == "AH" else 0)
    most = min(room // (4 if instance.family == 4 else 16), _MOST_ADDRESSES)
    if len(addresses) <= most:
        return
    message = f"{len(addresses)} addresses, but {most} fit; the rest is not advertised"
    instance.complain("too-many-addresses", "virtual_ipaddress", message)
    values.set["virtual_ipaddress"] = addresses[:most]
    excluded = values.items("virtual_ipaddress_excluded", VirtualAddress)
    values.set["virtual_ipaddress_excluded"] = excluded + addresses[most:]


def _first_should_be_link_local(instance: Draft) -> None:
    values = instance.values
    if values.items("unicast_peers", UnicastPeer):
        return
    message = "the first IPv6 virtual address should be link-local (RFC 9568 5.2.9)"
    where = values.where("virtual_ipaddress")
    if instance.strict:
        instance.context.problem("not-link-local", where, 0, message)
    else:
        instance.context.remark("not-link-local", where, 0, message)


def has_addresses(instance: Draft) -> bool:
    values = instance.values
    may_lack = instance.is_set("addresses/none")
    if may_lack and instance.strict:
        message = "strict mode wants an address; no_virtual_ipaddress is ignored"
        where = values.where("addresses/none")
        instance.context.problem(
            "strict-mode",
            where,
            0,
            message,
            severity=Severity.WARNING,
            problem_class=ProblemClass.WARNING,
        )
        may_lack = False
    if may_lack or values.items("virtual_ipaddress", VirtualAddress):
        return True
    is_fatal = instance.version == 3 or instance.strict
    instance.context.problem(
        "no-addresses",
        values.where("virtual_ipaddress"),
        0,
        f"{instance.name} has no virtual address",
        severity=Severity.ERROR if is_fatal else Severity.WARNING,
        problem_class=ProblemClass.GENERAL if is_fatal else ProblemClass.WARNING,
        hint="no_virtual_ipaddress says that this is meant",
        is_fatal=is_fatal,
    )
    return not is_fatal


def check_trackers(instance: Draft) -> None:
    """Weights do nothing for the address owner, nor in a sync group that does not count them."""
    _own_interface(instance)
    group = instance.group
    in_group = group is not None and not group.weighted
    if not in_group and not instance.is_owner:
        return
    reason = "its sync group" if in_group else "priority 255"
    interfaces = instance.values.items("track_interface", TrackInterface)
    for tracked in interfaces:
        if tracked.weight:
            _weightless(instance, "track_interface", tracked.name, reason)
    # In a group the interface still counts, without its weight; the owner stops watching it.
    instance.values.set["track_interface"] = [
        TrackInterface(t.name, 0, t.reverse, t.span) if t.weight else t
        for t in interfaces
        if in_group or not t.weight
    ]
    scripts = instance.values.items("track_script", TrackScript)
    heavy = [t for t in scripts if weight_of(t, instance.context.scripts)]
    for script in heavy:
        _weightless(instance, "track_script", script.name, reason)
    instance.values.set["track_script"] = [t for t in scripts if t not in heavy]
    for field, reduced in (("track_file", 1), ("track_bfd", None)):
        if field in instance.values.set:
            _check_followed(instance, field, reduced, reason)


def _check_followed(instance: Draft, field: str, reduced: int | None, reason: str) -> None:
    """What has a weight is not followed; of weight `reduced`, the default, it is, without it."""
    from .tracking_config import Tracked

    tracked = instance.values.items(field, Tracked)
    for entry in tracked:
        if entry.weight:
            _weightless(instance, field, entry.name, reason)
    instance.values.set[field] = [
        replace(t, weight=0) if t.weight == reduced else t
        for t in tracked
        if t.weight in (0, reduced)
    ]


def _own_interface(instance: Draft) -> None:
    own = instance.values.get("interface", "")
    tracked = instance.values.items("track_interface", TrackInterface)
    if not own or all(t.name != own for t in tracked):
        return
    message = f"{own} is the instance's own interface, which is tracked anyway; ignored"
    instance.complain("tracks-itself", f"track_interface/{own}", message)
    instance.values.set["track_interface"] = [t for t in tracked if t.name != own]


def weight_of(tracked: TrackScript, scripts: dict[str, VrrpScript]) -> int:
    """The weight an entry has: its own, else the script's."""
    return scripts[tracked.name].weight if tracked.weight is None else tracked.weight


def _weightless(instance: Draft, field: str, name: str, reason: str) -> None:
    message = f"the weight of {shown(name)} does nothing because of {reason}"
    instance.complain("weight-without-effect", f"{field}/{name}", message)
