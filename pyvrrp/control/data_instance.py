"""One `vrrp_instance`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from ..conf.auth_hmac import AuthHmac
from ..conf.config import UnicastPeer, VrrpInstance
from ..core.actions import StateName
from ..snapshot import VirtualRouterSnapshot
from .addresses import virtual_addresses
from .data_followed import followed, script_weight
from .data_place import place
from .data_routes import route_text, rule_text
from .own_link import uses_virtual_mac
from .states import state_word, wanted_word
from .whole import Whole
from .wording import MASK, enabled, script, truth, yes

__all__ = ["lines"]


def lines(whole: Whole, instance: VrrpInstance) -> Iterator[str]:
    """As it was configured; with a snapshot also what became of it."""
    snapshot = whole.snapshot(instance)
    group = whole.group_of.get(instance.name)
    yield f" VRRP Instance = {instance.name}"
    yield f"   VRRP Version = {instance.version}"
    if group is not None:
        yield f"   Sync group = {group.name}"
    if instance.family == 6:
        yield "   Using Native IPv6"
    if snapshot is not None:
        yield from _state(instance, snapshot)
    yield from _flags(instance)
    yield f"   Wantstate = {wanted_word(whole, instance)}"
    lacks_peers = instance.unicast_fault_no_peer and not instance.unicast_peers
    yield f"   Number of config faults = {lacks_peers:d}"
    if snapshot is not None:
        yield from _history(snapshot, _unknown_scripts(whole, instance))
    yield from place(whole, instance)
    yield from _announcements(instance)
    yield from _protocol(instance, snapshot)
    yield from _addresses(whole, instance)
    yield from _unicast(instance)
    if snapshot is None:
        yield "   No sockets allocated"
    yield from _routing(instance)
    yield from followed(whole, instance)
    yield from _notifications(whole, instance)


def _state(instance: VrrpInstance, snapshot: VirtualRouterSnapshot) -> Iterator[str]:
    yield f"   State = {state_word(snapshot)}"
    if snapshot.state is StateName.BACKUP:
        active = snapshot.active_router
        yield f"   Master router = {'0.0.0.0' if active is None else active.address}"
        yield f"   Master priority = {0 if active is None else active.priority}"
        if instance.version == 3:
            interval = instance.advert_int if active is None else active.interval
            yield f"   Master advert int = {interval:.2f} sec"


def _flags(instance: VrrpInstance) -> Iterator[str]:
    """Only three of them have a name of their own, but any makes the line."""
    is_unicast = bool(instance.unicast_peers)
    unicast = (
        *(instance.unicast_src_ip, instance.unicast_fault_no_peer),
        instance.old_unicast_checksum is not None,
    )
    others = (
        *(instance.dont_track_primary, instance.skip_check_adv_addr, instance.track_src_ip),
        *(instance.mcast_src_ip, instance.promote_secondaries, instance.nopreempt),
        *(instance.use_vmac, instance.use_vmac_addr, instance.vmac_xmit_base),
        *(instance.use_ipvlan, instance.garp.extra_if_all, instance.check_unicast_src),
    )
    if not (is_unicast or any(unicast) or any(others)):
        yield "   Flags: none"
        return
    yield "   Flags:"
    if is_unicast:
        yield "     Using unicast"
    elif any(unicast):
        yield "     Unicast config option specified but using multicast"
    if instance.unicast_fault_no_peer:
        yield "     If unicast go to fault state if no peers"


def _unknown_scripts(whole: Whole, instance: VrrpInstance) -> int:
    """Scripts whose first result decides whether it can start."""
    group = whole.group_of.get(instance.name)
    entries = (*instance.track_script, *(group.track_script if group is not None else ()))
    return sum(
        script_weight(entry, whole.scripts[entry.name])[0] == 0
        and entry.name in whole.tracked_scripts
        and not whole.tracked_scripts[entry.name].is_known
        for entry in entries
    )


def _history(snapshot: VirtualRouterSnapshot, unknown_scripts: int) -> Iterator[str]:
    faulty = snapshot.reason is not None and snapshot.reason.is_fault
    yield f"   Number of interface and track script faults = {faulty:d}"
    yield f"   Number of track scripts init = {unknown_scripts}"
    at = datetime.fromtimestamp(snapshot.changed_at or 0.0)
    seconds = f"{snapshot.changed_at or 0.0:.6f}"
    yield f"   Last transition = {seconds} ({at:%a %b %e %H:%M:%S.%f %Y})"


def _announcements(instance: VrrpInstance) -> Iterator[str]:
    garp = instance.garp
    yield f"   Gratuitous ARP delay = {int(garp.master_delay)}"
    yield f"   Gratuitous ARP repeat = {garp.master_repeat}"
    yield f"   Gratuitous ARP refresh = {int(garp.master_refresh)}"
    yield f"   Gratuitous ARP refresh repeat = {garp.master_refresh_repeat}"
    yield f"   Gratuitous ARP lower priority delay = {int(garp.lower_prio_delay)}"
    yield f"   Gratuitous ARP lower priority repeat = {garp.lower_prio_repeat}"
    yield f"   Down timer adverts = {instance.down_timer_adverts}"
    if garp.extra_if and _has_extra(instance):
        kind = "i/f" if garp.extra_if_all else "VMAC"
        yield f"   Gratuitous ARP for each secondary {kind} = {int(garp.extra_if)}"
    answers = not instance.lower_prio_no_advert
    yield f"   Send advert after receive lower priority advert = {truth(answers)}"
    resigns = instance.higher_prio_send_advert
    yield f"   Send advert after receive higher priority advert = {truth(resigns)}"


def _has_extra(instance: VrrpInstance) -> bool:
    """Whether an address is on another interface, with a virtual MAC link unless all count."""
    return any(
        instance.garp.extra_if_all or uses_virtual_mac(instance, address)
        for address in (*instance.virtual_ipaddress, *instance.virtual_ipaddress_excluded)
        if address.dev not in (None, instance.interface)
    )


def _protocol(instance: VrrpInstance, snapshot: VirtualRouterSnapshot | None) -> Iterator[str]:
    yield f"   Virtual Router ID = {instance.virtual_router_id}"
    yield f"   Priority = {instance.priority}"
    if snapshot is not None:
        yield f"   Effective priority = {snapshot.priority}"
        yield f"   Total priority = {snapshot.priority}"
    if instance.version == 2:
        yield f"   Advert interval = {int(instance.advert_int)} sec"
    else:
        yield f"   Advert interval = {instance.advert_int * 1000:.0f} milli-sec"
        if snapshot is not None and snapshot.state is StateName.BACKUP:
            active = snapshot.active_router
            learned = instance.advert_int if active is None else active.interval
            yield f"   Master advert interval = {learned * 1000:.0f} milli-sec"
    yield f"   Accept = {enabled(instance.accept)}"
    yield f"   Preempt = {enabled(not instance.nopreempt)}"
    if instance.preempt_delay:
        yield f"   Preempt delay = {instance.preempt_delay:g} secs"
    yield f"   Promote_secondaries = {enabled(instance.promote_secondaries)}"
    yield from _authentication(instance)
    if instance.kernel_rx_buf_size:
        yield f"   Kernel rx buffer size = {instance.kernel_rx_buf_size}"
    if instance.debug:
        yield f"   Debug level = {instance.debug}"


def _authentication(instance: VrrpInstance) -> Iterator[str]:
    found = instance.authentication
    if found is None:
        if instance.version == 2:
            yield "   Authentication type = none"
    elif found.auth_type == "AH":
        yield "   Authentication type = IPSEC_AH"
    else:
        yield "   Authentication type = SIMPLE_PASSWORD"
        yield f"   Password = {MASK}"
    if instance.auth_hmac is not None:
        yield from _hmac(instance.auth_hmac)


def _hmac(settings: AuthHmac) -> Iterator[str]:
    """The words of keepalived 2.4."""
    yield "   Authentication extension = HMAC-SHA256-128"
    yield f"     Keys = {len(settings.keys)}, active key id = {settings.active_key}"
    yield f"     Mode = {settings.mode}"
    if settings.anti_replay == "time":
        yield f"     Anti replay = time, window = {settings.time_window} sec"
    else:
        yield "     Anti replay = monotonic"


def _addresses(whole: Whole, instance: VrrpInstance) -> Iterator[str]:
    for title, addresses in (
        (f"Virtual IP ({len(instance.virtual_ipaddress)}):", instance.virtual_ipaddress),
        ("Virtual IP Excluded :", instance.virtual_ipaddress_excluded),
    ):
        if addresses:
            yield f"   {title}"
        for text in virtual_addresses(whole, instance, addresses):
            yield f"     {text}"


def _routing(instance: VrrpInstance) -> Iterator[str]:
    for title, texts in (
        ("Routes", [route_text(route) for route in instance.virtual_routes]),
        ("Rules", [rule_text(rule) for rule in instance.virtual_rules]),
    ):
        if texts:
            yield f"   Virtual {title} :"
        yield from (f"     {text}" for text in texts)


def _unicast(instance: VrrpInstance) -> Iterator[str]:
    if not instance.unicast_peers:
        return
    yield f"   Unicast TTL = {instance.unicast_ttl}"
    yield f"   Check unicast src : {yes(_checks_source(instance))}"
    yield "   Unicast Peer :"
    yield from (f"     {_peer(peer)}" for peer in instance.unicast_peers)
    form = {None: "no", True: "config", False: "never"}[instance.old_unicast_checksum]
    yield f"   Unicast checksum compatibility = {form}"


def _checks_source(instance: VrrpInstance) -> bool:
    return instance.check_unicast_src or any(
        p.min_ttl is not None or p.max_ttl is not None for p in instance.unicast_peers
    )


def _peer(peer: UnicastPeer) -> str:
    highest = 255 if peer.max_ttl is None else peer.max_ttl
    return f"{peer.address} min_ttl {peer.min_ttl or 0} max_ttl {highest}"


def _notifications(whole: Whole, instance: VrrpInstance) -> Iterator[str]:
    yield f"   Using smtp notification = {yes(instance.smtp_alert)}"
    deleted = instance.notify_deleted or instance.notify_deleted_script is not None
    yield f"   Notify deleted = {'Deleted' if deleted else 'Fault'}"
    for what, found in (
        ("Backup", instance.notify_backup),
        ("Master", instance.notify_master),
        ("Fault", instance.notify_fault),
        ("Stop", instance.notify_stop),
        ("Deleted", instance.notify_deleted_script),
        ("Generic", instance.notify),
        ("Master rx lower pri", instance.notify_master_rx_lower_pri),
    ):
        label = f"   {what} state transition script"
        yield from script(whole.config.global_defs, whole.host, label, found)
    yield f"   Notify priority changes = {truth(instance.notify_priority_changes)}"
