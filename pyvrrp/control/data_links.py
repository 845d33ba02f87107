"""The network interfaces, and who follows them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address

from ..conf.config import VrrpInstance
from ..conf.watched_links import watched_links
from ..core.model import Family, virtual_router_mac
from .data_delays import Debounce, spread, used_links
from .host import LinkFacts, LinkFlag
from .own_link import uses_virtual_mac, virtual_mac
from .whole import Whole
from .wording import weight

__all__ = ["lines"]

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


def lines(whole: Whole) -> Iterator[str]:
    """Every interface, and those that are named and not there (yet)."""
    tables = _Tables(whole)
    for link in whole.host.links:
        yield from _link(tables, link)
    for name in used_links(whole.config):
        if name not in whole.links:
            yield from _link(tables, LinkFacts(0, name))


class _Tables:
    """What is known of links by their name, so that many instances on many links take no longer."""

    def __init__(self, whole: Whole) -> None:
        config, links = whole.config, whole.host.links
        self.whole = whole
        self.followers = _followers(whole)
        self.spread = spread(config)
        self.debounce = Debounce(config)
        self.beats = {beat.name: beat for beat in config.linkbeat_interfaces}
        self.of_instances = {instance.interface for instance in config.instances}
        self.bearers = {link.parent for link in links if link.is_ours}
        self.arp = Counter(link.parent for link in links if _answers_arp(link))
        self.promoted = Counter(
            instance.interface
            for instance in config.instances
            if instance.promote_secondaries and instance.use_vmac is None
        )


def _link(tables: _Tables, link: LinkFacts) -> Iterator[str]:
    yield f" Name = {link.name}"
    yield f"   index = {link.index}{'' if link.index else ' (deleted)'}"
    yield from _addresses(link)
    if link.mac:
        yield f"   MAC = {link.mac.hex(':')}"
        yield f"   MAC broadcast = {link.broadcast.hex(':')}"
    yield f"   State = {_state(link.flags)}"
    yield f"   Seen up = {LinkFlag.UP in link.flags:d}"
    yield "   Delayed state change running = false"
    yield from tables.debounce.lines(link)
    yield from _kind(tables.whole, link)
    yield f"   MTU = {link.mtu}"
    yield f"   HW Type = {_HARDWARE.get(link.hardware, f'UNKNOWN ({link.hardware})')}"
    yield f"   {_watched(tables, link)}"
    yield from tables.spread.get(link.name, ())
    yield from _kernel_settings(tables, link)
    followers = tables.followers.get(link.name)
    if followers:
        yield "   Tracking VRRP instances :"
        yield from followers


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


def _kind(whole: Whole, link: LinkFacts) -> Iterator[str]:
    parent = whole.link(link.parent)
    if parent is not None:
        state = _state(parent.flags & (LinkFlag.UP | LinkFlag.RUNNING) | _ORDINARY)
        yield f"   VMAC type private, underlying interface = {parent.name}, state = {state}"
    if link.is_ours:
        yield "   I/f created by keepalived"
    elif whole.config.global_defs.allow_if_changes and link.kind is not None:
        yield "   Interface type/base can be changed"


def _watched(tables: _Tables, link: LinkFacts) -> str:
    """How its state is learned."""
    beat = tables.beats.get(link.name)
    all_polled = tables.whole.config.global_defs.linkbeat_use_polling
    is_polled = all_polled and link.name in tables.of_instances
    if not is_polled and (beat is None or link.name not in tables.followers):
        return "NIC netlink status update"
    return _METHODS[(beat.method if beat is not None else None) or "ETHTOOL"]


def _kernel_settings(tables: _Tables, link: LinkFacts) -> Iterator[str]:
    """What a virtual MAC link needs of itself, and of the link it stands on."""
    carried, own = tables.arp[link.name], _answers_arp(link)
    yield f"   Reset ARP config counter {carried}"
    yield f"   Original arp_ignore {carried > 0 or own:d}"
    yield f"   Original arp_filter {carried > 0:d}"
    if link.name in tables.bearers or link.is_ours or not link.index:
        yield "   rp_filter 0"
    yield f"   Original promote_secondaries {own:d}"
    yield f"   Reset promote_secondaries counter {tables.promoted[link.name]}"


def _answers_arp(link: LinkFacts) -> bool:
    """Whether it is a link of our own for IPv4 addresses."""
    return link.is_ours and not link.mac.startswith(_MAC_OF_IPV6)


def _followers(whole: Whole) -> dict[str, list[str]]:
    """By name of the link, in the order of the instances: its users first, then the entries."""
    found: dict[str, list[str]] = defaultdict(list)
    for instance in whole.config.instances:
        used = dict.fromkeys(_used(whole, instance), 0)
        main = _NOT_TRACKED if instance.dont_track_primary else 0
        used.update(dict.fromkeys(_main_links(whole, instance), main))
        for name, value in used.items():
            found[name].append(f"     {instance.name}, weight {value}")
        group = whole.group_of.get(instance.name)
        for entry in (*instance.track_interface, *(group.track_interface if group else ())):
            text = weight(entry.weight, entry.reverse)
            found[entry.name].append(f"     {instance.name}, weight {text}")
    return found


def _main_links(whole: Whole, instance: VrrpInstance) -> Iterator[str]:
    """The interface, and the link with the virtual MAC address on it."""
    if instance.interface is not None:
        yield instance.interface
    if instance.use_vmac is not None:
        own = whole.own_link(instance.interface, virtual_mac(instance))
        if own is not None:
            yield own.name


def _used(whole: Whole, instance: VrrpInstance) -> Iterator[str]:
    """What addresses and routes need; a virtual MAC link stands in for what is written."""
    for address in (*instance.virtual_ipaddress, *instance.virtual_ipaddress_excluded):
        if address.dev is not None and not address.no_track:
            own = None
            if uses_virtual_mac(instance, address):
                own = whole.own_link(address.dev, virtual_mac(instance))
            yield own.name if own is not None else address.dev
    yield from watched_links(whole.config, instance)
