"""The network interfaces, and who follows them."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address

from ..conf.config import Config, GlobalDefs, VrrpInstance
from ..core.model import Family, virtual_router_mac
from .data_delays import debounce, spread, used_links
from .data_routes import watched_links
from .host import HostFacts, LinkFacts, LinkFlag
from .own_link import uses_virtual_mac, virtual_mac
from .wording import weight

__all__ = ["lines", "missing"]

_HARDWARE = {1: "ETHERNET", 772: "LOOPBACK"}
_ORDINARY = LinkFlag.BROADCAST | LinkFlag.MULTICAST
_MAC_OF_IPV6 = virtual_router_mac(Family.IPV6, 0)[:5]
_METHODS = {
    "MII": "NIC support MII regs",
    "ETHTOOL": "NIC support ETHTOOL GLINK interface",
    "IOCTL": "NIC ioctl refresh polling",
}
_NOT_TRACKED = 255
"""Weight of an interface that is used and, by `dont_track_primary`, not followed."""


def lines(config: Config, link: LinkFacts, host: HostFacts) -> Iterator[str]:
    """One interface."""
    yield f" Name = {link.name}"
    yield f"   index = {link.index}{'' if link.index else ' (deleted)'}"
    yield from _addresses(link)
    if link.mac:
        yield f"   MAC = {link.mac.hex(':')}"
        yield f"   MAC broadcast = {link.broadcast.hex(':')}"
    yield f"   State = {_state(link.flags)}"
    yield f"   Seen up = {LinkFlag.UP in link.flags:d}"
    yield "   Delayed state change running = false"
    yield from debounce(config, link)
    yield from _kind(config.global_defs, link, host)
    yield f"   MTU = {link.mtu}"
    yield f"   HW Type = {_HARDWARE.get(link.hardware, f'UNKNOWN ({link.hardware})')}"
    followers = tuple(_followers(config, link))
    yield f"   {_watched(config, link, is_followed=bool(followers))}"
    yield from spread(config, link)
    yield from _kernel_settings(config, link, host)
    if followers:
        yield "   Tracking VRRP instances :"
        yield from followers


def missing(config: Config, host: HostFacts) -> Iterator[LinkFacts]:
    """Interfaces that are named and not there (yet)."""
    for name in used_links(config):
        if host.link(name) is None:
            yield LinkFacts(0, name)


def _addresses(link: LinkFacts) -> Iterator[str]:
    yield f"   IPv4 address = {link.first4 or '(none)'}"
    others4 = [a for a in link.addresses if isinstance(a, IPv4Address) and a != link.first4]
    if others4:
        yield "   Additional IPv4 addresses :"
        yield from (f"     {address}" for address in others4)
    yield f"   IPv6 address = {link.first6 or '(none)'}"
    others6 = [a for a in link.addresses if isinstance(a, IPv6Address) and a != link.first6]
    if others6:
        yield "   Additional IPv6 addresses :"
        yield from (f"     {address}" for address in others6)


def _state(flags: LinkFlag) -> str:
    words = [
        "UP" if LinkFlag.UP in flags else "not UP",
        "RUNNING" if LinkFlag.RUNNING in flags else "not RUNNING",
    ]
    words += ["no broadcast"] if LinkFlag.BROADCAST not in flags else []
    words += ["loopback"] if LinkFlag.LOOPBACK in flags else []
    words += ["point to point"] if LinkFlag.POINTOPOINT in flags else []
    words += ["no arp"] if LinkFlag.NOARP in flags else []
    words += ["no multicast"] if LinkFlag.MULTICAST not in flags else []
    return ", ".join(words)


def _kind(defs: GlobalDefs, link: LinkFacts, host: HostFacts) -> Iterator[str]:
    parent = host.link(link.parent)
    if parent is not None:
        state = _state(parent.flags & (LinkFlag.UP | LinkFlag.RUNNING) | _ORDINARY)
        yield f"   VMAC type private, underlying interface = {parent.name}, state = {state}"
    if link.is_ours:
        yield "   I/f created by keepalived"
    elif defs.allow_if_changes and link.kind is not None:
        yield "   Interface type/base can be changed"


def _watched(config: Config, link: LinkFacts, *, is_followed: bool) -> str:
    """How its state is learned."""
    beat = next((b for b in config.linkbeat_interfaces if b.name == link.name), None)
    polled = config.global_defs.linkbeat_use_polling and any(
        instance.interface == link.name for instance in config.instances
    )
    if not polled and (beat is None or not is_followed):
        return "NIC netlink status update"
    return _METHODS[(beat.method if beat is not None else None) or "ETHTOOL"]


def _kernel_settings(config: Config, link: LinkFacts, host: HostFacts) -> Iterator[str]:
    """What a virtual MAC link needs of itself, and of the link it stands on."""
    carried = sum(_answers_arp(other) and other.parent == link.name for other in host.links)
    own = _answers_arp(link)
    promoted = sum(
        instance.promote_secondaries and instance.use_vmac is None
        for instance in config.instances
        if instance.interface == link.name
    )
    yield f"   Reset ARP config counter {carried}"
    yield f"   Original arp_ignore {carried > 0 or own:d}"
    yield f"   Original arp_filter {carried > 0:d}"
    has_own = any(other.is_ours and other.parent == link.name for other in host.links)
    if has_own or link.is_ours or not link.index:
        yield "   rp_filter 0"
    yield f"   Original promote_secondaries {own:d}"
    yield f"   Reset promote_secondaries counter {promoted}"


def _answers_arp(link: LinkFacts) -> bool:
    """Whether it is a link of our own for IPv4 addresses."""
    return link.is_ours and not link.mac.startswith(_MAC_OF_IPV6)


def _followers(config: Config, link: LinkFacts) -> Iterator[str]:
    groups = {member: group for group in config.sync_groups for member in group.members}
    for instance in config.instances:
        if link.name == instance.interface or _is_own(instance, link):
            ignored = instance.dont_track_primary
            yield f"     {instance.name}, weight {_NOT_TRACKED if ignored else 0}"
        elif _is_used_by(instance, link) or link.name in watched_links(config, instance):
            yield f"     {instance.name}, weight 0"
        group = groups.get(instance.name)
        for entry in (*instance.track_interface, *(group.track_interface if group else ())):
            if entry.name == link.name:
                yield f"     {instance.name}, weight {weight(entry.weight, entry.reverse)}"


def _is_used_by(instance: VrrpInstance, link: LinkFacts) -> bool:
    """Whether an address needs it; a virtual MAC link stands in for the one that is written."""
    return any(
        address.dev == (link.parent if uses_virtual_mac(instance, address) else link.name)
        for address in (*instance.virtual_ipaddress, *instance.virtual_ipaddress_excluded)
        if address.dev is not None and not address.no_track
    )


def _is_own(instance: VrrpInstance, link: LinkFacts) -> bool:
    return (
        instance.use_vmac is not None
        and (link.is_ours and link.parent == instance.interface)
        and link.mac == virtual_mac(instance)
    )
