"""Virtual MAC links: a macvlan that answers for the Virtual Router MAC address.

The link exists as long as the Virtual Router does, but it is up only while that is Active: a link
that is down takes no frame for its MAC address and sends none, which is what RFC 9568 §6.4.2 asks
of a Backup Router. Advertisements do not pass through it (see `advertisement_frame`).

pyroute2 is loaded here, on first use.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from ..core.model import Family, virtual_router_mac
from ..errors import PyvrrpError
from ..settings import VirtualRouterSettings
from .monitor import InterfaceTable
from .rtnetlink import Link
from .sysctl import Sysctl, SysctlError, write_sysctl

__all__ = ["VirtualMacError", "base_sysctls", "create", "delete"]

_NAME_SIZE = 15


class VirtualMacError(PyvrrpError):
    """A virtual MAC link that could not be made or removed."""

    def __init__(self, verb: str, name: str, error: Exception) -> None:
        super().__init__(f"{verb} the virtual MAC link {name}: {error}")
        self.name = name


def base_sysctls(interface: str, family: Family) -> tuple[Sysctl, ...]:
    """What the interface below needs, or it answers ARP for the virtual addresses itself.

    `arp_announce`: an answer sent from a virtual address leaves by the interface below, and its
    ARP request must not tell everybody that the virtual address is at that interface's own MAC
    address (keepalived 2.2.7 leaves this one to the administrator; quirks: foreign-arp, sysctls-left).
    """
    if family is Family.IPV6:
        return ()
    where = f"ipv4/conf/{interface}"
    wanted = {"arp_ignore": "1", "arp_filter": "1", "arp_announce": "2"}
    return tuple(Sysctl(f"{where}/{name}", value) for name, value in wanted.items())


def _link_sysctls(name: str, family: Family) -> Iterator[Sysctl]:
    if family is Family.IPV6:
        yield Sysctl(f"ipv6/conf/{name}/addr_gen_mode", "1")  # no address made from the shared MAC
        yield Sysctl(f"ipv6/conf/{name}/accept_ra", "0")
        return
    yield Sysctl(f"ipv6/conf/{name}/disable_ipv6", "1")
    yield Sysctl(f"ipv4/conf/{name}/arp_ignore", "1")
    yield Sysctl(f"ipv4/conf/{name}/accept_local", "1")
    yield Sysctl(f"ipv4/conf/{name}/rp_filter", "0")
    yield Sysctl(f"ipv4/conf/{name}/promote_secondaries", "1")


def candidates(settings: VirtualRouterSettings) -> Iterator[str]:
    """Names to try: the configured one only, or keepalived's sequence of made-up ones."""
    wanted, vrid = settings.virtual_mac, settings.protocol.vrid
    if wanted is None:
        return
    if wanted.name is not None:
        yield wanted.name
        return
    yield f"{wanted.prefix}.{vrid}"
    if settings.protocol.family is Family.IPV6:
        yield f"{wanted.prefix}6.{vrid}"
    for number in range(1, 256):
        yield f"{wanted.prefix}{number}.{vrid}"


async def create(settings: VirtualRouterSettings, base: Link, table: InterfaceTable) -> str:
    """Make the link, down and set up, and say its name; a leftover of an earlier run is reused.

    Raises: VirtualMacError.
    """
    family = settings.protocol.family
    mac = virtual_router_mac(family, settings.protocol.vrid)
    name = ""
    for name in candidates(settings):
        existing = table.by_name(name)
        if existing is None:
            break
        if (existing.kind, existing.mac, existing.parent_index) == ("macvlan", mac, base.index):
            await delete(name)
            break
    else:
        raise VirtualMacError("make", name, FileExistsError("the name is taken"))
    if len(name) > _NAME_SIZE:
        raise VirtualMacError("make", name, ValueError(f"longer than {_NAME_SIZE} characters"))
    await _add(name, base.index, mac)
    try:
        for setting in _link_sysctls(name, family):
            with contextlib.suppress(FileNotFoundError):
                write_sysctl(setting)
    except SysctlError as error:
        await delete(name)
        raise VirtualMacError("set up", name, error) from error
    return name


async def _add(name: str, base_index: int, mac: bytes) -> None:
    import pyroute2

    request: dict[str, Any] = {
        "ifname": name,
        "kind": "macvlan",
        "link": base_index,
        # In private mode, keepalived's, what another Active Router sends from the same MAC address
        # reaches this link alone; whoever listens on the interface below would never step back (quirk: vmac-mode).
        "macvlan_mode": "vepa",
        "address": mac.hex(":"),
    }
    try:
        async with pyroute2.AsyncIPRoute() as route:
            await route.link("add", **request)
    except (pyroute2.NetlinkError, OSError) as error:
        raise VirtualMacError("make", name, error) from error


async def delete(name: str) -> None:
    """Remove the link; one that is gone already is fine. Raises: VirtualMacError."""
    import pyroute2

    try:
        async with pyroute2.AsyncIPRoute() as route:
            found = await route.link_lookup(ifname=name)
            if found:
                await route.link("del", index=found[0])
    except (pyroute2.NetlinkError, OSError) as error:
        raise VirtualMacError("remove", name, error) from error
