"""Where an instance stands: its link, its source address, its multicast group."""

from __future__ import annotations

from collections.abc import Iterator

from ..conf.config import VrrpInstance
from .addresses import shortened
from .host import LinkFlag
from .own_link import own_name
from .whole import Whole
from .wording import truth

__all__ = ["place"]


def place(whole: Whole, instance: VrrpInstance) -> Iterator[str]:
    """Which link, and how it is used; an instance's own link replaces the one that is written."""
    name = own_name(whole, instance)
    link = whole.link(name)
    is_up = link is not None and LinkFlag.UP in link.flags
    yield from _vmac(instance, name, is_up=is_up)
    if instance.use_vmac_addr:
        yield "   Use VMAC for VIPs on other interfaces"
    else:
        yield from _ipvlan(instance, name, is_up=is_up)
    if instance.use_vmac is not None:
        base = ", xmit base i/f" if instance.vmac_xmit_base else ""
        yield f"   Interface = {name}, vmac on {instance.interface}{base}"
    elif instance.use_ipvlan is not None:
        yield f"   Interface = {name}, ipvlan on {instance.interface}"
    else:
        yield f"   Interface = {instance.interface or 'not configured'}"
    if instance.vrf is not None:
        yield f"   VRF = {instance.vrf}"
    if instance.dont_track_primary:
        yield "   VRRP interface tracking disabled"
    if instance.skip_check_adv_addr:
        yield "   Skip checking advert IP addresses"
    if instance.strict:
        yield "   Enforcing strict VRRP compliance"
    yield f"   Using src_ip = {_source(whole, instance)}"
    yield from _group(whole, instance)


def _vmac(instance: VrrpInstance, name: str, *, is_up: bool) -> Iterator[str]:
    if instance.use_vmac is None:
        return
    base = instance.vmac_xmit_base
    yield f"   Use VMAC, i/f name {name}, is_up = {truth(is_up)}, xmit_base = {truth(base)}"
    mac = instance.use_vmac.mac
    if mac is not None:
        uses_vrid = mac[5] == instance.virtual_router_id
        yield f"     MAC = {mac.hex(':')}{' (using VRID)' if uses_vrid else ''}"


def _ipvlan(instance: VrrpInstance, name: str, *, is_up: bool) -> Iterator[str]:
    ipvlan = instance.use_ipvlan
    if ipvlan is None:
        return
    address = "" if ipvlan.address is None else f", i/f address = {shortened(ipvlan.address)}"
    yield f"   Use IPVLAN, i/f {name}, is_up = {truth(is_up)}{address}, type {ipvlan.mode}"


def _source(whole: Whole, instance: VrrpInstance) -> str:
    configured = instance.unicast_src_ip or instance.mcast_src_ip
    if instance.use_ipvlan is not None and instance.use_ipvlan.address is not None:
        configured = instance.use_ipvlan.address.ip
    if configured is not None:
        return f"{configured} (from configuration)"
    snapshot = whole.snapshot(instance)
    if snapshot is not None:
        return str(snapshot.source)
    link = whole.link(instance.interface)
    found = None if link is None else link.first4 if instance.family == 4 else link.first6
    return "(none)" if found is None else str(found)


def _group(whole: Whole, instance: VrrpInstance) -> Iterator[str]:
    if instance.unicast_peers:
        return
    if instance.family == 4:
        yield f"   Multicast address {instance.mcast_dst_ip}"
    else:
        link = whole.link(instance.interface)
        index = 0 if link is None else link.index
        yield f"   Multicast address {instance.mcast_dst_ip}, ifindex {index}"
