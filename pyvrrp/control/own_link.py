"""The link an instance makes for itself: with the virtual MAC address, or an IPVLAN."""

from __future__ import annotations

from ..conf.config import AddressFlag, VirtualAddress, VrrpInstance
from ..core.model import Family, virtual_router_mac
from .whole import Whole

__all__ = ["has_own_link", "own_name", "uses_virtual_mac", "virtual_mac"]


def has_own_link(instance: VrrpInstance) -> bool:
    """Whether it makes one."""
    return instance.use_vmac is not None or instance.use_ipvlan is not None


def own_name(whole: Whole, instance: VrrpInstance) -> str:
    """The name of its link: written, found, or the one that will be generated."""
    wanted = instance.use_vmac or instance.use_ipvlan
    if wanted is not None and wanted.name is not None:
        return wanted.name
    found = whole.own_link(instance.interface, virtual_mac(instance))
    if found is not None:
        return found.name
    return f"{whole.config.global_defs.vmac_prefix}.{instance.virtual_router_id}"


def virtual_mac(instance: VrrpInstance) -> bytes:
    """Its MAC address: the one that is written, else the RFC's."""
    if instance.use_vmac is not None and instance.use_vmac.mac is not None:
        return instance.use_vmac.mac
    return virtual_router_mac(Family(instance.family), instance.virtual_router_id)


def uses_virtual_mac(instance: VrrpInstance, address: VirtualAddress) -> bool:
    """Whether an address on another interface gets a virtual MAC link there."""
    return instance.use_vmac_addr or AddressFlag.USE_VMAC in address.flags
