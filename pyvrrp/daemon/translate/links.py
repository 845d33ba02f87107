"""From keepalived's words to links of a Virtual Router's own, and to what addresses go on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...settings import Ipvlan, VirtualMac

if TYPE_CHECKING:
    from ...conf.config import GlobalDefs, VirtualAddress, VrrpInstance

__all__ = ["address_prefix", "has_own_mac", "ipvlan", "virtual_mac"]


def virtual_mac(instance: VrrpInstance, words: GlobalDefs) -> VirtualMac | None:
    """`use_vmac`."""
    vmac = instance.use_vmac
    if vmac is None:
        return None
    return VirtualMac(
        vmac.name,
        words.vmac_prefix,
        instance.vmac_xmit_base,
        vmac.mac,
        vmac.group,
        vmac.netlink_notify_msg,
    )


def ipvlan(instance: VrrpInstance, words: GlobalDefs) -> Ipvlan | None:
    """`use_ipvlan`."""
    own = instance.use_ipvlan
    if own is None:
        return None
    return Ipvlan(own.name, words.vmac_prefix, own.address, own.mode, own.group)


def address_prefix(words: GlobalDefs) -> str:
    """Of the names of links that are made for addresses."""
    return words.vmac_addr_prefix or words.vmac_prefix


def has_own_mac(instance: VrrpInstance, address: VirtualAddress) -> bool:
    """`use_vmac_addr` and `use_vmac` of an address, which is for where `use_vmac` of the instance is
    not: other interfaces, and the other family."""
    from ...conf.config import AddressFlag

    is_elsewhere = address.dev not in (None, instance.interface)
    if is_elsewhere or address.interface.version != instance.family:
        return instance.use_vmac_addr or AddressFlag.USE_VMAC in address.flags
    return AddressFlag.USE_VMAC in address.flags and instance.use_vmac is None
