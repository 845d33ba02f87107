"""`nftables_ipvs`: one IPVS service by firewall mark for all addresses of a group.

Marks are handed out in the order of the file, one for each group and transport
(quirk: marks-in-order).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from healthcheck.core.table import FirewallMark, ServiceAddress

from ..lvs.mark_settings import Mark, MarkSettings

if TYPE_CHECKING:
    from ...conf.global_config import Nftables
    from ...conf.lvs_config import LvsService

__all__ = ["marked_groups"]


def marked_groups(
    words: Nftables, services: Iterable[LvsService]
) -> tuple[MarkSettings, tuple[LvsService, ...]]:
    """What is to be marked, and the services with marks in place of such addresses.

    Left as they are: groups that have marks of their own, and those with port 0, every port.
    """
    found: dict[tuple[str, int], int] = {}
    marks: list[Mark] = []
    changed = []
    for service in services:
        addresses = _addresses(service)
        if addresses is None or service.group is None:
            changed.append(service)
            continue
        key = (service.group, addresses[0].protocol)
        mark = found.setdefault(key, words.ipvs_start_fwmark + len(found))
        marks += (Mark(a.protocol, a.address, a.port, mark) for a in addresses)
        families = dict.fromkeys(address.family for address in addresses)
        keys = tuple(FirewallMark(mark, family) for family in families)
        changed.append(replace(service, server=replace(service.server, keys=keys)))
    settings = MarkSettings(
        words.ipvs_table or MarkSettings().table,
        words.ipvs_priority,
        words.counters,
        tuple(dict.fromkeys(marks)),
    )
    return settings, tuple(changed)


def _addresses(service: LvsService) -> tuple[ServiceAddress, ...] | None:
    """All that the service is at; None when it is at something else, too."""
    keys = service.server.keys
    addresses = tuple(key for key in keys if isinstance(key, ServiceAddress) and key.port)
    return addresses if len(addresses) == len(keys) else None
