"""Addresses, routes and rules, from the words of the configuration to what goes into the kernel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ...settings import StaticSettings, TrackedInterface, VirtualAddress

if TYPE_CHECKING:
    from ...conf.config import Config, VrrpInstance
    from ...conf.config import VirtualAddress as ConfiguredAddress
    from ...routing import Route, Rule

__all__ = ["address", "routes", "rules", "statics", "watched"]

_FLAGS = {"HOME": 0x10, "MNGTMPADDR": 0x100, "AUTOJOIN": 0x400}
"""linux/if_addr.h: IFA_F_HOMEADDRESS, IFA_F_MANAGETEMPADDR, IFA_F_MCAUTOJOIN."""


def address(a: ConfiguredAddress, *, own_mac: bool) -> VirtualAddress:
    """keepalived has lifetimes in IPv6 only. `own_mac`: it has a virtual MAC link for itself."""
    return VirtualAddress(
        interface=a.interface,
        dev=a.dev,
        scope=a.scope,
        label=a.label,
        broadcast=a.broadcast,
        peer=a.peer,
        nodad=a.nodad,
        noprefixroute=a.noprefixroute,
        preferred_lft=a.preferred_lft if a.interface.version == 6 else None,
        flags=sum(bit for name, bit in _FLAGS.items() if name in (f.name for f in a.flags)),
        no_track=a.no_track,
        own_mac=own_mac,
    )


def routes(found: Iterable[Route]) -> tuple[Route, ...]:
    """Without the places where they were written: those would be a difference of no matter."""
    return tuple(replace(route, span=None) for route in found)


def rules(found: Iterable[Rule]) -> tuple[Rule, ...]:
    """As `routes`."""
    return tuple(replace(rule, span=None) for rule in found)


def statics(config: Config) -> StaticSettings:
    """What does not depend on any Virtual Router."""
    return StaticSettings(
        tuple(address(static.address, own_mac=False) for static in config.static_addresses),
        routes(config.static_routes),
        rules(config.static_rules),
    )


def watched(config: Config, instance: VrrpInstance) -> Iterator[TrackedInterface]:
    """Interfaces whose failure is one of the instance, since something watched is on them."""
    from ...conf.watched_links import watched_links

    everything = (*instance.virtual_ipaddress, *instance.virtual_ipaddress_excluded)
    devices = {a.dev for a in everything if a.dev is not None and not a.no_track}
    devices.discard(instance.interface)
    devices.update(watched_links(config, instance))
    if not instance.dont_track_primary:
        devices.discard(instance.interface)
    yield from (TrackedInterface(name) for name in sorted(devices))
