"""Ask this machine what a dump adds to the configuration: links, accounts, names."""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Iterator
from contextlib import closing

from ...conf.config import Address, Config
from ...control.host import HostFacts, LinkFacts, LinkFlag
from ...control.own_link import virtual_mac
from ...net.rtnetlink import Link, RouteSocket

__all__ = ["host_facts"]

_SHOWN = int(~LinkFlag(0))
_LOOPBACK_HARDWARE = 772


def host_facts(config: Config) -> HostFacts:
    """Of the network namespace the caller runs in. Takes milliseconds. Raises: NetlinkError."""
    return HostFacts(
        name=os.uname().nodename,
        user=pwd.getpwuid(os.geteuid()).pw_name,
        links=tuple(_links(config)),
        users={user.pw_name: (user.pw_uid, user.pw_gid) for user in pwd.getpwall()},
        groups={group.gr_name: group.gr_gid for group in grp.getgrall()},
    )


def _links(config: Config) -> Iterator[LinkFacts]:
    macs = {virtual_mac(i) for i in config.instances}
    virtual = set(_virtual_addresses(config))
    with closing(RouteSocket()) as kernel:
        links, addresses = kernel.links(), kernel.addresses()
    names = {link.index: link.name for link in links}
    for link in links:
        own = [a.interface.ip for a in addresses if a.index == link.index and not a.ours]
        yield _facts(link, tuple(a for a in own if a not in virtual), names, macs)


def _virtual_addresses(config: Config) -> Iterator[Address]:
    """Linux before 5.18 does not say who set an address."""
    for instance in config.instances:
        for address in (*instance.virtual_ipaddress, *instance.virtual_ipaddress_excluded):
            yield address.interface.ip
    yield from (static.address.interface.ip for static in config.static_addresses)


def _facts(
    link: Link, addresses: tuple[Address, ...], names: dict[int, str], macs: set[bytes]
) -> LinkFacts:
    is_macvlan = link.kind == "macvlan"
    has_mac = link.hardware != _LOOPBACK_HARDWARE
    return LinkFacts(
        index=link.index,
        name=link.name,
        flags=LinkFlag(link.flags & _SHOWN),
        mtu=link.mtu,
        hardware=link.hardware,
        mac=link.mac if has_mac else b"",
        broadcast=link.broadcast if has_mac else b"",
        addresses=tuple(a for a in addresses if not a.is_loopback or a.version == 4),
        kind=link.kind,
        parent=names.get(link.parent_index or 0) if is_macvlan else None,
        is_ours=is_macvlan and link.mac in macs,
    )
