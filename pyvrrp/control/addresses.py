"""A virtual address in one line, as dump and JSON show it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..conf.config import AddressFlag, Interface, VirtualAddress, VrrpInstance
from .own_link import has_own_link, own_name, uses_virtual_mac, virtual_mac
from .whole import Whole

__all__ = ["shortened", "static_addresses", "virtual_addresses"]

_SCOPES = {0: "global", 200: "site", 253: "link", 254: "host", 255: "nowhere"}


def virtual_addresses(
    whole: Whole, instance: VrrpInstance, addresses: Iterable[VirtualAddress]
) -> Iterator[str]:
    """Address, interface, scope, options; whether it is installed, as far as that is known."""
    snapshot = whole.snapshot(instance)
    installed = () if snapshot is None else snapshot.installed
    for address in addresses:
        yield " ".join(_words(address, _device(whole, instance, address))) + (
            " set" if address.interface.ip in installed else ""
        )


def static_addresses(whole: Whole) -> Iterator[str]:
    """Addresses that are there as long as their interface is."""
    for static in whole.config.static_addresses:
        dev = str(static.address.dev)
        words = " ".join(_words(static.address, dev, static.track_group))
        yield words if whole.link(dev) is None else f"{words} set"


def _device(whole: Whole, instance: VrrpInstance, address: VirtualAddress) -> str:
    dev = address.dev
    if dev is None or dev == instance.interface:
        if has_own_link(instance):
            return f"{own_name(whole, instance)}@{instance.interface}"
        return str(dev or instance.interface)
    if uses_virtual_mac(instance, address):
        link = whole.own_link(dev, virtual_mac(instance))
        if link is not None:
            return f"{link.name}@{dev}"
    return dev


def _words(address: VirtualAddress, device: str, track_group: str | None = None) -> Iterator[str]:
    flags = address.flags
    yield str(address.interface.ip) if address.peer is not None else shortened(address.interface)
    if address.broadcast is not None:
        yield f"brd {address.broadcast}"
    yield f"dev {device}"
    if AddressFlag.USE_VMAC in flags:
        yield "use_vmac"
    yield f"scope {_SCOPES.get(address.scope, address.scope)}"
    if address.label is not None:
        yield f"label {address.label}"
    if address.peer is not None:
        yield f"peer {address.peer.with_prefixlen}"
    if AddressFlag.HOME in flags:
        yield "home"
    if not address.nodad:
        yield "-nodad"
    if AddressFlag.MNGTMPADDR in flags:
        yield "mngtmpaddr"
    if address.noprefixroute:
        yield "noprefixroute"
    if AddressFlag.AUTOJOIN in flags:
        yield "autojoin"
    if address.no_track:
        yield "no_track"
    if track_group is not None:
        yield f"track_group {track_group}"
    if address.interface.version == 6:
        yield _lifetime(address.preferred_lft)


def shortened(interface: Interface) -> str:
    """Without the length when that is the whole address."""
    network = interface.network
    whole = network.prefixlen == network.max_prefixlen
    return str(interface.ip) if whole else interface.with_prefixlen


def _lifetime(seconds: int | None) -> str:
    if seconds == 0:
        return "deprecated"
    return f"preferred_lft {'forever' if seconds is None else seconds}"
