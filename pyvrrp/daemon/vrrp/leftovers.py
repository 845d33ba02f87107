"""Undoing what a crashed predecessor left in the kernel, as its journal tells."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import ip_interface

from ...net.address_messages import RemoveAddress
from ...net.monitor import InterfaceTable
from ...net.own_link import removed
from ...net.route_messages import removed_route, removed_rule
from ...net.rtnetlink import Link, Operation
from ...net.sysctl import Sysctl, SysctlError, write_sysctl
from ...vrrp_router import VrrpRouter
from . import journal

__all__ = ["clear"]

logger = logging.getLogger(__name__)


def clear(journal_path: str, router: VrrpRouter) -> None:
    """Nothing is left of it afterwards; what is gone already is no failure."""
    try:
        found = journal.read(journal_path)
    except journal.JournalError as error:
        logger.error("%s", error)
        return
    if found is None:
        return
    table = router.table
    links = map(removed, _links(found, table))
    router.change_kernel((*_routing(found, table), *_addresses(found, table), *links))
    for name, value in found.sysctls:
        with suppress(SysctlError):  # the interface is gone, and its settings with it
            write_sysctl(Sysctl(name, value))


def _routing(found: journal.Leftovers, table: InterfaceTable) -> Iterator[Operation]:
    yield from (removed_rule(bytes.fromhex(message)) for _, message in found.rules)
    for vrf, message in found.routes:
        link = table.by_name(vrf) if vrf else None
        if link is not None or not vrf:
            yield removed_route(bytes.fromhex(message), None if link is None else link.table)


def _addresses(found: journal.Leftovers, table: InterfaceTable) -> Iterator[Operation]:
    for name, text in found.addresses:
        link, address = table.by_name(name), ip_interface(text)
        if link is not None and table.is_ours(link.index, address.ip):
            yield RemoveAddress(link.index, address)


def _links(found: journal.Leftovers, table: InterfaceTable) -> Iterator[Link]:
    wanted = {(table.by_name(below), mark) for below, mark in found.links}
    for link in table.links():
        below = table.by_index(link.parent_index) if link.parent_index is not None else None
        if below is not None and (below, journal.mark(link.kind, link.mac, link.name)) in wanted:
            yield link
