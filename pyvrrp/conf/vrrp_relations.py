"""How instances relate to each other: sync groups, Virtual Router IDs, names of virtual MACs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from .blocks import Statement
from .config import GlobalDefs, SyncGroup, TrackInterface, TrackScript, VrrpInstance
from .context import Context, shown
from .draft import OWNER, Group
from .values import Values, make
from .vrrp_contents import weight_of

__all__ = ["Membership", "check_conflicts", "finish_group", "resolve_groups"]

_FOLLOWED = ("track_file", "track_process", "track_bfd")


@dataclass(slots=True)
class Membership:
    """Who belongs to a `vrrp_sync_group`, and what its members must know of it."""

    values: Values
    group: Group
    members: tuple[str, ...]


def resolve_groups(
    context: Context, groups: Iterable[Values], instances: Mapping[str, Values]
) -> list[Membership]:
    """The groups that have members; an instance belongs to the first group that names it."""
    taken: dict[str, str] = {}
    found = []
    for values in groups:
        name = str(values.owner.words[1])
        members = tuple(_members(context, name, values, instances, taken))
        if not members:
            where = values.where("members")
            message = f"vrrp_sync_group {name} has no members; it is dropped"
            context.problem("empty-group", where, 0, message)
            continue
        wanted: list[tuple[str, Statement, int]] = values.get("members", [])
        if len(members) == 1 and len(wanted) == 1:
            where = values.where("members")
            message = f"vrrp_sync_group {name} has one member; that synchronises nothing"
            context.problem("group-of-one", where, 0, message)
        notify: bool | None = values.get("notify_priority_changes", None)
        group = Group(name, values.get("sync_group_tracking_weight", False), notify)
        found.append(Membership(values, group, members))
    return found


def _members(
    context: Context,
    group: str,
    values: Values,
    instances: Mapping[str, Values],
    taken: dict[str, str],
) -> Iterable[str]:
    wanted: list[tuple[str, Statement, int]] = values.get("members", [])
    named = {name for name, _, _ in wanted}
    for name, entry, index in wanted:
        if name not in instances:
            hint = context.similar(name, (other for other in instances if other not in named))
            message = f"there is no vrrp_instance {shown(name)}; it is left out of {group}"
            context.problem("unknown-instance", entry, index, message, hint=hint)
        elif name in taken:
            message = f"{shown(name)} is in {taken[name]} already; it is left out of {group}"
            context.problem("duplicate-member", entry, index, message)
        else:
            taken[name] = group
            yield name


def finish_group(
    context: Context,
    membership: Membership,
    instances: Mapping[str, VrrpInstance],
    defs: GlobalDefs,
) -> SyncGroup:
    """The finished group; weights do nothing when a member is the address owner."""
    values = membership.values
    fields = {name: v for name, v in values.set.items() if "/" not in name}
    priorities = {instances[m].priority for m in membership.members if m in instances}
    if OWNER in priorities:
        if priorities != {OWNER}:
            message = "some members have priority 255 and some have not; this does not work"
            context.problem("mixed-group", values.where("members"), 0, message)
        _weightless(context, values, fields)
    is_mailed = defs.smtp_alert if defs.smtp_alert_vrrp is None else defs.smtp_alert_vrrp
    fields.setdefault("smtp_alert", bool(is_mailed))
    fields.setdefault("notify_priority_changes", defs.vrrp_notify_priority_changes)
    fields |= {
        "name": membership.group.name,
        "span": values.owner.span(1),
        "members": membership.members,
    }
    return make(SyncGroup, fields)


def _weightless(context: Context, values: Values, fields: dict[str, object]) -> None:
    interfaces = values.items("track_interface", TrackInterface)
    scripts = values.items("track_script", TrackScript)
    heavy = {
        "track_interface": [t.name for t in interfaces if t.weight],
        "track_script": [t.name for t in scripts if weight_of(t, context.scripts)],
    }
    fields["track_interface"] = [replace(t, weight=0) for t in interfaces]
    fields["track_script"] = [replace(t, weight=0) for t in scripts]
    for field in (name for name in _FOLLOWED if name in values.set):
        from .tracking_config import Tracked

        tracked = values.items(field, Tracked)
        heavy[field] = [t.name for t in tracked if t.weight]
        fields[field] = [replace(t, weight=0) for t in tracked]
    for field, names in heavy.items():
        for name in names:
            message = f"the weight of {shown(name)} is cleared: a member has priority 255"
            where = values.where(f"{field}/{name}")
            context.problem("weight-without-effect", where, 0, message)


def check_conflicts(
    context: Context, instances: Iterable[VrrpInstance], statements: Mapping[str, Values]
) -> None:
    """Report Virtual Routers that cannot be told apart, and virtual MACs of one name."""
    routers: dict[object, str] = {}
    links: dict[str, str] = {}
    for instance in instances:
        values = statements[instance.name]
        for identity in _identities(instance):
            other = routers.setdefault(identity, instance.name)
            if other != instance.name:
                message = (
                    f"{instance.name} and {other} both use VRID {instance.virtual_router_id}"
                    f" with IPv{instance.family} on {instance.interface or 'no interface'}"
                )
                where = values.where("virtual_router_id")
                first = statements[other].where("virtual_router_id").span(1)
                remark = f"{other} says so at {first}"
                context.problem("duplicate-vrid", where, 1, message, remark=remark, is_fatal=True)
                break
        link = instance.use_vmac or instance.use_ipvlan
        name = link.name if link else None
        if name is not None and links.setdefault(name, instance.name) != instance.name:
            kind = "vmac" if instance.use_vmac else "ipvlan"
            message = f"{shown(name)} is the interface of {links[name]} already"
            context.problem("duplicate-vmac", values.where(f"{kind}/name"), 1, message)


def _identities(instance: VrrpInstance) -> Iterable[object]:
    """What no two Virtual Routers of one host may share."""
    common = (instance.family, instance.virtual_router_id, instance.interface)
    if not instance.unicast_peers:
        yield (*common, instance.mcast_dst_ip)
        return
    for peer in instance.unicast_peers:
        yield (*common, instance.unicast_src_ip, peer.address)
