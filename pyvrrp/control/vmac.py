"""Which virtual MAC link an instance has."""

from __future__ import annotations

from ..conf.config import AddressFlag, Config, VirtualAddress, VrrpInstance
from ..core.model import Family, virtual_router_mac
from .host import HostFacts, LinkFacts

__all__ = ["uses_virtual_mac", "virtual_mac", "vmac_link", "vmac_name"]


def vmac_name(config: Config, instance: VrrpInstance, host: HostFacts) -> str:
    """The name of its own link: written, found, or the one that will be generated."""
    if instance.use_vmac is not None and instance.use_vmac.name is not None:
        return instance.use_vmac.name
    found = vmac_link(instance, instance.interface, host)
    if found is not None:
        return found.name
    return f"{config.global_defs.vmac_prefix}.{instance.virtual_router_id}"


def virtual_mac(instance: VrrpInstance) -> bytes:
    """Its MAC address: the one that is written, else the RFC's."""
    if instance.use_vmac is not None and instance.use_vmac.mac is not None:
        return instance.use_vmac.mac
    return virtual_router_mac(Family(instance.family), instance.virtual_router_id)


def vmac_link(instance: VrrpInstance, parent: str | None, host: HostFacts) -> LinkFacts | None:
    """The link with the instance's virtual MAC address on `parent`."""
    mac = virtual_mac(instance)
    return next((x for x in host.links if x.parent == parent and x.is_ours and x.mac == mac), None)


def uses_virtual_mac(instance: VrrpInstance, address: VirtualAddress) -> bool:
    """Whether an address on another interface gets a virtual MAC link there."""
    return instance.use_vmac_addr or AddressFlag.USE_VMAC in address.flags
