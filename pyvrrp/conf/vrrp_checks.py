"""What one `vrrp_instance` must agree with: itself, the globals, its sync group.

Each step looks at one subject, reports what does not fit and corrects it the way keepalived does;
their order is keepalived's, because later steps see what earlier ones corrected. Problems point at
the statement that is to blame.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from .config import (
    Address,
    Authentication,
    Family,
    GarpSettings,
    GlobalDefs,
    Secret,
    TrackInterface,
    TrackScript,
    UnicastPeer,
    VirtualAddress,
    Vmac,
    VrrpInstance,
    VrrpScript,
)
from .diagnostics import ProblemClass, Severity
from .schema import Context, Values, make, shown

__all__ = ["Group", "finish_instance", "weight_of"]

_OWNER = 255
_UNICAST = "unicast/configured"
_MTU = 1500
_MOST_ADDRESSES = 255
"""Count IPvX Addr is one octet (RFC 9568 §5.2.5)."""


@dataclass(frozen=True, slots=True)
class Group:
    """What an instance must know of the sync group it is in."""

    name: str
    weighted: bool
    """Weights of members' trackers count."""
    notify_priority_changes: bool | None


class _Instance:
    """One instance while it is completed."""

    def __init__(
        self, context: Context, values: Values, defs: GlobalDefs, group: Group | None
    ) -> None:
        self.context = context
        self.values = values
        self.defs = defs
        self.group = group
        self.strict = values.get("strict", defs.vrrp_strict)
        self.family: Family = values.get("family", 4)
        self.version: Literal[2, 3] = 2
        self.priority = values.get("priority", 100)
        self.state: Literal["MASTER", "BACKUP"] = values.get("state", "BACKUP")

    def complain(self, id: str, field: str, message: str, *, is_fatal: bool = False) -> None:
        """Report a problem at the statement that set `field`."""
        self.context.problem(id, self.values.where(field), 0, message, is_fatal=is_fatal)

    def clear(self, field: str) -> None:
        """Back to the default."""
        self.values.set.pop(field, None)

    def is_set(self, field: str) -> bool:
        """True for a flag that was given."""
        return bool(self.values.get(field, False))

    @property
    def is_owner(self) -> bool:
        """The address owner: priority 255."""
        return self.priority == _OWNER


def finish_instance(
    context: Context, values: Values, defs: GlobalDefs, group: Group | None
) -> VrrpInstance | None:
    """The finished instance; None when keepalived would refuse to start with it."""
    instance = _Instance(context, values, defs, group)
    if not _has_identity(instance):
        return None
    _version(instance)
    _role(instance)
    _authentication(instance)
    if not _unicast(instance):
        return None
    _source(instance)
    _virtual_mac(instance)
    _addresses_that_fit(instance)
    _preemption(instance)
    _strict_timers(instance)
    _inherited(instance)
    _owner_adverts(instance)
    _advert_interval(instance)
    if not _has_addresses(instance):
        return None
    _trackers(instance)
    return _built(instance)


def _has_identity(instance: _Instance) -> bool:
    """A VRID, and an interface unless unicast works without one."""
    values, context = instance.values, instance.context
    is_complete = True
    if "virtual_router_id" not in values.set:
        message = f"{_name(instance)} has no virtual_router_id"
        instance.complain("missing-vrid", "name", message, is_fatal=True)
        is_complete = False
    name = values.get("interface", "")
    reason = ""
    if name == "lo":
        reason = "is a loopback interface, which VRRP cannot use"
    elif name and not context.has_interface(name):
        reason = "does not exist"
    needs_one = not instance.is_set(_UNICAST) or instance.is_set("vmac/wanted")
    if reason:
        context.problem(
            "unknown-interface",
            values.where("interface"),
            1,
            f"interface {shown(name)} {reason}",
            is_fatal=needs_one,
        )
        instance.clear("interface")
    elif not name and needs_one:
        message = f"{_name(instance)} has no interface"
        instance.complain("missing-interface", "name", message, is_fatal=True)
    return is_complete and not (needs_one and "interface" not in values.set)


def _name(instance: _Instance) -> str:
    return f"vrrp_instance {instance.values.owner.words[1]}"


def _version(instance: _Instance) -> None:
    wanted = instance.values.get("version", 3 if instance.family == 6 else 0)
    if instance.family == 6 and wanted == 2:
        where = instance.values.where("version")
        message = "IPv6 needs VRRP version 3, which is used"
        if instance.strict:
            instance.context.problem("version-conflict", where, 0, message)
        else:
            instance.context.remark("version-conflict", where, 0, message)
        wanted = 3
    version = wanted or instance.defs.vrrp_version
    instance.version = 3 if version == 3 else 2


def _role(instance: _Instance) -> None:
    """State and priority default from each other; strict mode wants them to agree."""
    values = instance.values
    if "priority" not in values.set and instance.state == "MASTER":
        instance.priority = _OWNER
    if "state" not in values.set:
        instance.state = "MASTER" if instance.is_owner else "BACKUP"
    elif instance.strict and (instance.state == "MASTER") != instance.is_owner:
        message = "in strict mode state MASTER belongs to priority 255, and only to it"
        instance.complain("strict-mode", "state", message)
        instance.state = "MASTER" if instance.is_owner else "BACKUP"


def _authentication(instance: _Instance) -> None:
    values = instance.values
    kind = values.get("auth/type", "")
    if not kind:
        if "auth/pass" in values.set:
            where = values.where("auth/pass")
            message = "auth_pass does nothing without auth_type"
            instance.context.remark("no-authentication", where, 0, message)
        return
    reason = ""
    if instance.strict:
        reason = "strict mode does not support authentication"
    elif instance.version == 3:
        reason = "VRRP version 3 does not support authentication"
    elif not values.get("auth/pass", b"").rstrip(b"\0"):
        reason = "authentication without auth_pass"
    elif instance.family == 6 and kind == "AH":
        reason = "AH does not work with IPv6"
    if reason:
        instance.complain("no-authentication", "auth/type", f"{reason}; it is not used")
        instance.clear("auth/type")
    elif kind == "AH" and instance.state == "MASTER" and not instance.is_owner:
        message = "with AH the state cannot begin as MASTER; BACKUP is used"
        instance.complain("state-with-ah", "state", message)
        instance.state = "BACKUP"


def _unicast(instance: _Instance) -> bool:
    """False when the instance cannot work this way."""
    values, context = instance.values, instance.context
    has_peers = bool(values.items("unicast_peers", UnicastPeer))
    where = values.where(_UNICAST if _UNICAST in values.at else "unicast_peers")
    if instance.is_set(_UNICAST) and not has_peers:
        if instance.is_set("unicast_fault_no_peer"):
            context.remark("no-unicast-peer", where, 0, "there is no unicast peer: FAULT")
        else:
            context.problem(
                "no-unicast-peer",
                where,
                0,
                f"{where.words[0]} without unicast peers; multicast is used",
                severity=Severity.WARNING,
                problem_class=ProblemClass.DEPRECATED,
            )
    if "unicast_ttl" in values.set and not has_peers:
        instance.complain("no-unicast-peer", "unicast_ttl", "unicast_ttl needs unicast peers")
        instance.clear("unicast_ttl")
    if has_peers and "mcast_dst_ip" in values.set:
        message = "mcast_dst_ip does nothing with unicast peers; ignored"
        instance.complain("multicast-and-unicast", "mcast_dst_ip", message)
        instance.clear("mcast_dst_ip")
    if "vrf" in values.set and not (has_peers and "interface" not in values.set):
        instance.complain("vrf-without-unicast", "vrf", "vrf is for unicast without interface")
        instance.clear("vrf")
    if instance.strict and has_peers and "interface" in values.set:
        message = "strict mode does not support unicast peers"
        instance.complain("strict-mode", "unicast_peers", message, is_fatal=True)
        return False
    return _has_source(instance)


def _has_source(instance: _Instance) -> bool:
    """Without interface the source must be known, and reach further than one link."""
    if "interface" in instance.values.set:
        return True
    source: Address | None = instance.values.get("source/address", None)
    if source is None:
        message = "unicast needs unicast_src_ip or interface"
        instance.complain("missing-source", _UNICAST, message, is_fatal=True)
        return False
    if source.version == 6 and source.is_link_local:
        message = f"{source} is link-local; that needs an interface"
        instance.complain("missing-interface", "source/address", message, is_fatal=True)
        return False
    return True


def _source(instance: _Instance) -> None:
    """keepalived keeps one source, whichever of the two keywords came last."""
    values = instance.values
    source: Address | None = values.get("source/address", None)
    is_unicast = bool(values.items("unicast_peers", UnicastPeer))
    values.set["unicast_src_ip"] = source if is_unicast else None
    values.set["mcast_src_ip"] = None if is_unicast else source
    if source is None and instance.is_set("track_src_ip"):
        where = values.where("track_src_ip")
        message = "track_src_ip does nothing without mcast_src_ip or unicast_src_ip"
        instance.context.remark("missing-source", where, 0, message)
        instance.clear("track_src_ip")


def _virtual_mac(instance: _Instance) -> None:
    values = instance.values
    if not instance.is_set("vmac/wanted"):
        return
    mac: bytes | None = values.get("vmac/mac", None)
    if mac is not None and instance.strict:
        instance.complain("strict-mode", "vmac/mac", "strict mode has no MAC address of one's own")
        mac = None
    elif mac is not None and len(mac) == 5:
        mac += bytes((values.get("virtual_router_id", 0),))
    is_unicast = instance.is_set(_UNICAST)
    if is_unicast and not instance.is_set("vmac_xmit_base"):
        message = "use_vmac with unicast needs vmac_xmit_base, which is set"
        instance.complain("vmac-with-unicast", "vmac/wanted", message)
        values.set["vmac_xmit_base"] = True
    values.set["use_vmac"] = Vmac(
        values.get("vmac/name", None),
        mac,
        instance.is_set("vmac/netlink_notify_msg"),
        values.get("vmac/group", None),
    )


def _addresses_that_fit(instance: _Instance) -> None:
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


def _first_should_be_link_local(instance: _Instance) -> None:
    values = instance.values
    if values.items("unicast_peers", UnicastPeer):
        return
    message = "the first IPv6 virtual address should be link-local (RFC 9568 5.2.9)"
    where = values.where("virtual_ipaddress")
    if instance.strict:
        instance.context.problem("not-link-local", where, 0, message)
    else:
        instance.context.remark("not-link-local", where, 0, message)


def _preemption(instance: _Instance) -> None:
    values = instance.values
    reason = ""
    if instance.is_owner:
        reason = "priority 255"
    elif instance.state == "MASTER":
        reason = "state MASTER"
    if reason and instance.is_set("nopreempt"):
        message = f"nopreempt does not work with {reason}; ignored"
        instance.complain("preemption", "nopreempt", message)
        instance.clear("nopreempt")
    if not values.get("preempt_delay", 0.0):
        return
    if instance.state == "MASTER":
        reason = "state MASTER"
    elif instance.strict:
        reason = "strict mode"
    elif instance.is_set("nopreempt"):
        reason = "nopreempt"
    else:
        return
    message = f"preempt_delay does not work with {reason}; ignored"
    instance.complain("preemption", "preempt_delay", message)
    instance.clear("preempt_delay")


def _strict_timers(instance: _Instance) -> None:
    """What strict mode allows only at its RFC value."""
    values = instance.values
    adverts = values.get("down_timer_adverts", instance.defs.vrrp_down_timer_adverts)
    if instance.strict and adverts != 3:
        message = f"strict mode wants down_timer_adverts 3, not {adverts}"
        instance.complain("strict-mode", "down_timer_adverts", message)
        adverts = 3
    values.set["down_timer_adverts"] = adverts
    accept = values.get("accept", instance.is_owner or not instance.strict)
    if accept and instance.strict and instance.version == 2 and not instance.is_owner:
        message = "in strict mode version 2 does not accept packets to the addresses"
        instance.complain("strict-mode", "accept", message)
        accept = False
    values.set["accept"] = accept


def _inherited(instance: _Instance) -> None:
    """What the globals say where the instance is silent, and strict mode forbids."""
    values, defs, strict = instance.values, instance.defs, instance.strict
    for field, otherwise, wanted in (
        ("lower_prio_no_advert", defs.vrrp_lower_prio_no_advert, True),
        ("higher_prio_send_advert", defs.vrrp_higher_prio_send_advert, False),
        ("garp/lower_prio_delay", defs.garp.lower_prio_delay, 0.0),
        ("garp/lower_prio_repeat", defs.garp.lower_prio_repeat, 0),
    ):
        said = field in values.set
        if not said:
            values.set[field] = wanted if strict else otherwise
        elif strict and values.set[field] != wanted:
            keyword = values.where(field).words[0]
            instance.complain("strict-mode", field, f"strict mode does not allow {keyword} here")
            values.set[field] = wanted
    values.set.setdefault("skip_check_adv_addr", defs.vrrp_skip_check_adv_addr)
    values.set.setdefault("check_unicast_src", defs.vrrp_check_unicast_src)
    values.set.setdefault("v3_checksum_as_v2", defs.v3_checksum_as_v2)
    is_mailed = defs.smtp_alert if defs.smtp_alert_vrrp is None else defs.smtp_alert_vrrp
    values.set.setdefault("smtp_alert", bool(is_mailed))
    notify = instance.group.notify_priority_changes if instance.group else None
    notify = defs.vrrp_notify_priority_changes if notify is None else notify
    values.set.setdefault("notify_priority_changes", notify)
    group = defs.vrrp_mcast_group4 if instance.family == 4 else defs.vrrp_mcast_group6
    values.set.setdefault("mcast_dst_ip", group)


def _owner_adverts(instance: _Instance) -> None:
    field = "owner_ignore_adverts"
    said: bool | None = instance.values.get(field, None)
    if said is None:
        ignores = instance.strict or instance.defs.vrrp_owner_ignore_adverts
        instance.values.set[field] = instance.is_owner and ignores
    elif said and not instance.is_owner:
        message = f"owner_ignore_adverts belongs to priority 255, not {instance.priority}; ignored"
        instance.complain("not-owner", field, message)
        instance.values.set[field] = False
    elif not said and instance.is_owner and instance.strict:
        instance.complain("strict-mode", field, "strict mode does not allow this; it is turned on")
        instance.values.set[field] = True


def _advert_interval(instance: _Instance) -> None:
    """Version 2 counts seconds, version 3 hundredths of them, up to 40.95 s."""
    seconds = instance.values.get("advert_int", 1.0)
    microseconds = round(seconds * 1_000_000)
    step, most = (1_000_000, 255) if instance.version == 2 else (10_000, 4095)
    units, rest = divmod(microseconds, step)
    reason = ""
    if rest:
        units += 2 * rest >= step
        reason = "is whole seconds" if instance.version == 2 else "goes in steps of 0.01 s"
    if units > most:
        reason = f"is at most {most * step / 1e6:g} s"
    units = min(max(units, 1), most)
    used = units * step / 1_000_000
    if reason:
        message = f"advert_int of version {instance.version} {reason}; {used:g} s is used"
        instance.complain("value-out-of-range", "advert_int", message)
    instance.values.set["advert_int"] = used


def _has_addresses(instance: _Instance) -> bool:
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
        f"{_name(instance)} has no virtual address",
        severity=Severity.ERROR if is_fatal else Severity.WARNING,
        problem_class=ProblemClass.GENERAL if is_fatal else ProblemClass.WARNING,
        hint="no_virtual_ipaddress says that this is meant",
        is_fatal=is_fatal,
    )
    return not is_fatal


def _trackers(instance: _Instance) -> None:
    """Weights do nothing for the address owner, nor in a sync group that does not count them."""
    group = instance.group
    in_group = group is not None and not group.weighted
    if not in_group and not instance.is_owner:
        return
    reason = "priority 255" if not in_group else "its sync group"
    interfaces = instance.values.items("track_interface", TrackInterface)
    kept: list[TrackInterface] = []
    for tracked in interfaces:
        if not tracked.weight:
            kept.append(tracked)
            continue
        _weightless(instance, "track_interface", tracked.name, reason)
        if in_group:
            kept.append(TrackInterface(tracked.name, 0, tracked.reverse, tracked.span))
    instance.values.set["track_interface"] = kept
    scripts: list[TrackScript] = []
    for script in instance.values.items("track_script", TrackScript):
        if weight_of(script, instance.context.scripts):
            _weightless(instance, "track_script", script.name, reason)
        else:
            scripts.append(script)
    instance.values.set["track_script"] = scripts


def weight_of(tracked: TrackScript, scripts: dict[str, VrrpScript]) -> int:
    """The weight an entry has: its own, else the script's."""
    return scripts[tracked.name].weight if tracked.weight is None else tracked.weight


def _weightless(instance: _Instance, field: str, name: str, reason: str) -> None:
    message = f"the weight of {shown(name)} does nothing because of {reason}"
    instance.complain("weight-without-effect", field, message)


def _built(instance: _Instance) -> VrrpInstance:
    values = instance.values
    fields = {name: v for name, v in values.set.items() if "/" not in name}
    if "auth/type" in values.set:
        secret = Secret(values.get("auth/pass", b""))
        span = values.where("auth/type").span()
        fields["authentication"] = Authentication(values.get("auth/type", "PASS"), secret, span)
    fields |= {
        "name": str(values.owner.words[1]),
        "span": values.owner.span(1),
        "interface": values.get("interface", None),
        "family": instance.family,
        "version": instance.version,
        "state": instance.state,
        "priority": instance.priority,
        "strict": instance.strict,
        "garp": _garp(instance),
        "kept": tuple(values.kept),
    }
    return make(VrrpInstance, fields)


def _garp(instance: _Instance) -> GarpSettings:
    """The global settings themselves where nothing differs: most instances share one object."""
    defs = asdict(instance.defs.garp)
    given = {
        name.removeprefix("garp/"): v
        for name, v in instance.values.set.items()
        if name.startswith("garp/")
    }
    if defs == {**defs, **given}:
        return instance.defs.garp
    return make(GarpSettings, {**defs, **given})
