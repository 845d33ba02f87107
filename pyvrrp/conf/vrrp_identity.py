"""Who an instance is and whom it talks to: VRID, interface, version, role, peers, virtual MAC."""

from __future__ import annotations

from .config import Address, UnicastPeer, Vmac
from .context import shown
from .diagnostics import ProblemClass, Severity
from .draft import OWNER, UNICAST, Draft

__all__ = [
    "check_authentication",
    "check_unicast",
    "has_identity",
    "settle_role",
    "settle_source",
    "settle_version",
    "settle_virtual_mac",
]


def has_identity(instance: Draft) -> bool:
    """A VRID, and an interface unless unicast works without one."""
    values, context = instance.values, instance.context
    is_complete = True
    if "virtual_router_id" not in values.set:
        message = f"{instance.name} has no usable virtual_router_id; 1..255 is needed"
        instance.complain("missing-vrid", "name", message, is_fatal=True)
        is_complete = False
    name = values.get("interface", "")
    reason = ""
    if name == "lo":
        reason = "is a loopback interface, which VRRP cannot use"
    elif name and not context.has_interface(name):
        reason = "does not exist"
    needs_one = not instance.is_set(UNICAST) or instance.is_set("vmac/wanted")
    if reason:
        context.problem(
            "unknown-interface",
            values.where("interface"),
            1,
            f"interface {shown(name)} {reason}",
            # keepalived stops at any interface that does not exist, needed or not.
            is_fatal=needs_one or name != "lo",
            hint=None if name == "lo" else context.interfaces(name),
        )
        instance.clear("interface")
    elif not name and needs_one:
        message = f"{instance.name} has no interface"
        instance.complain("missing-interface", "name", message, is_fatal=True)
    return is_complete and not (needs_one and "interface" not in values.set)


def settle_version(instance: Draft) -> None:
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


def settle_role(instance: Draft) -> None:
    """State and priority default from each other; strict mode wants them to agree."""
    values = instance.values
    if "priority" not in values.set and instance.state == "MASTER":
        instance.priority = OWNER
    if "state" not in values.set:
        instance.state = "MASTER" if instance.is_owner else "BACKUP"
    elif instance.strict and (instance.state == "MASTER") != instance.is_owner:
        message = "in strict mode state MASTER belongs to priority 255, and only to it"
        instance.complain("strict-mode", "state", message)
        instance.state = "MASTER" if instance.is_owner else "BACKUP"


def check_authentication(instance: Draft) -> None:
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
    if reason:
        instance.complain("no-authentication", "auth/type", f"{reason}; it is not used")
        instance.clear("auth/type")
    elif kind == "AH" and instance.state == "MASTER" and not instance.is_owner:
        message = "with AH the state cannot begin as MASTER; BACKUP is used"
        instance.complain("state-with-ah", "state", message)
        instance.state = "BACKUP"


def check_unicast(instance: Draft) -> bool:
    """False when the instance cannot work this way."""
    values, context = instance.values, instance.context
    has_peers = bool(values.items("unicast_peers", UnicastPeer))
    where = values.where(UNICAST if UNICAST in values.at else "unicast_peers")
    if instance.is_set(UNICAST) and not has_peers:
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


def _has_source(instance: Draft) -> bool:
    """Without interface the source must be known, and reach further than one link."""
    if "interface" in instance.values.set:
        return True
    source: Address | None = instance.values.get("source/address", None)
    if source is None:
        message = "unicast needs unicast_src_ip or interface"
        instance.complain("missing-source", UNICAST, message, is_fatal=True)
        return False
    if source.version == 6 and source.is_link_local:
        message = f"{source} is link-local; that needs an interface"
        instance.complain("missing-interface", "source/address", message, is_fatal=True)
        return False
    return True


def settle_source(instance: Draft) -> None:
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


def settle_virtual_mac(instance: Draft) -> None:
    """The virtual MAC interface, and what stands or falls with it."""
    values = instance.values
    if not instance.is_set("vmac/wanted"):
        if instance.is_set("vmac_xmit_base"):
            message = "vmac_xmit_base does nothing without use_vmac; ignored"
            instance.complain("no-vmac", "vmac_xmit_base", message)
            instance.clear("vmac_xmit_base")
        return
    _transmit_base(instance)
    if instance.is_set("promote_secondaries"):
        message = "promote_secondaries is set for every virtual MAC interface; ignored"
        instance.complain("promote-with-vmac", "promote_secondaries", message)
        instance.clear("promote_secondaries")
    values.set["use_vmac"] = Vmac(
        values.get("vmac/name", None),
        _mac(instance),
        instance.is_set("vmac/netlink_notify_msg"),
        values.get("vmac/group", None),
    )


def _transmit_base(instance: Draft) -> None:
    if instance.strict and instance.is_set("vmac_xmit_base"):
        message = "strict mode does not allow vmac_xmit_base; ignored"
        instance.complain("strict-mode", "vmac_xmit_base", message)
        instance.clear("vmac_xmit_base")
    elif instance.is_set(UNICAST) and not instance.is_set("vmac_xmit_base"):
        message = "use_vmac with unicast needs vmac_xmit_base, which is set"
        instance.complain("vmac-with-unicast", "vmac/wanted", message)
        instance.values.set["vmac_xmit_base"] = True


def _mac(instance: Draft) -> bytes | None:
    """The MAC address that was asked for; five octets are completed with the VRID."""
    mac: bytes | None = instance.values.get("vmac/mac", None)
    if mac is None or not instance.strict:
        vrid = instance.values.get("virtual_router_id", 0)
        return mac if mac is None or len(mac) == 6 else mac + bytes((vrid,))
    message = "strict mode does not allow a MAC address of one's own; ignored"
    instance.complain("strict-mode", "vmac/mac", message)
    return None
