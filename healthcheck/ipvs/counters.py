"""Traffic counters and connection counts as the kernel keeps them.

Source: include/uapi/linux/ip_vs.h, IPVS_STATS_ATTR_* and IPVS_DEST_ATTR_*.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..core.table import Destination, ServiceKey
from .genetlink import attributes, to_number
from .octets import destination_in, key_in, nested

__all__ = [
    "Counters",
    "DestinationStatistics",
    "ServiceStatistics",
    "parse_destination_statistics",
    "parse_service_counters",
]

_SVC_STATS, _SVC_STATS64 = 10, 12
_DEST_STATS, _DEST_STATS64 = 10, 12
_ACTIVE, _INACTIVE, _PERSISTENT = 7, 8, 9
_FIRST, _LAST = 1, 10  # IPVS_STATS_ATTR_CONNS to IPVS_STATS_ATTR_OUTBPS


@dataclass(frozen=True, slots=True)
class Counters:
    """Totals since the entry was made or set to 0, and rates: averages a second of the last seconds.

    The kernel brings both up to date every 2 s. In: from clients. Out: to clients, which the director sees under masquerading only. Linux before
    4.1 counts packets and connections modulo 2^32.
    """

    connections: int = 0
    packets_in: int = 0
    packets_out: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    connections_per_second: int = 0
    packets_in_per_second: int = 0
    packets_out_per_second: int = 0
    bytes_in_per_second: int = 0
    bytes_out_per_second: int = 0


@dataclass(frozen=True, slots=True)
class DestinationStatistics:
    """Of one destination. The connection counts are of this moment, over its whole service."""

    counters: Counters = Counters()
    active_connections: int = 0
    inactive_connections: int = 0
    persistent_connections: int = 0


@dataclass(frozen=True, slots=True)
class ServiceStatistics:
    """Of one service, and its destinations."""

    counters: Counters = Counters()
    destinations: Mapping[Destination, DestinationStatistics] = field(default_factory=dict)


def parse_service_counters(data: bytes, start: int, end: int) -> tuple[ServiceKey | None, Counters]:
    """One message of a dump of services; None: of no kind known here."""
    found = nested(data, start, end)
    return key_in(found), _counters(found.get(_SVC_STATS64) or found[_SVC_STATS])


def parse_destination_statistics(
    data: bytes, start: int, end: int, family: int
) -> tuple[Destination, DestinationStatistics]:
    """One message of a dump of destinations of a service of the AF_* `family`."""
    found = nested(data, start, end)
    return destination_in(found, family), DestinationStatistics(
        _counters(found.get(_DEST_STATS64) or found[_DEST_STATS]),
        *(to_number(found[kind]) for kind in (_ACTIVE, _INACTIVE, _PERSISTENT)),
    )


def _counters(data: bytes) -> Counters:
    """From a nest in either width: a number says its own."""
    found = attributes(data, 0, len(data))
    return Counters(*(to_number(found[kind]) for kind in range(_FIRST, _LAST + 1)))
