"""The link an instance makes for itself: with the virtual MAC address, or an IPVLAN."""

from __future__ import annotations

from ..conf.config import AddressFlag, Config, VirtualAddress, VrrpInstance
from ..core.model import Family, virtual_router_mac
from .host import HostFacts, LinkFacts

__all__ = ["has_own_link", "link_with_mac", "own_name", "uses_virtual_mac", "virtual_mac"]


def has_own_link(instance: VrrpInstance) -> bool:
    """Whether it makes one."""
    return instance.use_vmac is not None or instance.use_ipvlan is not None


def own_name(config: Config, instance: VrrpInstance, host: HostFacts) -> str:
    """The name of its link: written, found, or the one that will be generated."""
    wanted = instance.use_vmac or instance.use_ipvlan
    if wanted is not None and wanted.name is not None:
        return wanted.name
    found = link_with_mac(instance, instance.interface, host)
    if found is not None:
        return found.name
    return f"{config.global_defs.vmac_prefix}.{instance.virtual_router_id}"


def virtual_mac(instance: VrrpInstance) -> bytes:
    """Its MAC address: the one that is written, else the RFC's."""
    if instance.use_vmac is not None and instance.use_vmac.mac is not None:
        return instance.use_vmac.mac
    return virtual_router_mac(Family(instance.family), instance.virtual_router_id)


def link_with_mac(instance: VrrpInstance, parent: str | None, host: HostFacts) -> LinkFacts | None:
    """The link on `parent` that has the instance's virtual MAC address."""
    mac = virtual_mac(instance)
    return next((x for x in host.links if x.parent == parent and x.is_ours and x.mac == mac), None)


def uses_virtual_mac(instance: VrrpInstance, address: VirtualAddress) -> bool:
    """Whether an address on another interface gets a virtual MAC link there."""
    return instance.use_vmac_addr or AddressFlag.USE_VMAC in address.flags
