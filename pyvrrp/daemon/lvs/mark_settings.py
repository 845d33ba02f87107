"""What `mark_table` is to do; apart from it, for whoever marks nothing."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

__all__ = ["Mark", "MarkSettings"]


@dataclass(frozen=True, slots=True)
class Mark:
    """What packets for an address and a port get; `transport` is the IP protocol's number."""

    transport: int
    address: IPv4Address | IPv6Address
    port: int
    mark: int


@dataclass(frozen=True, slots=True)
class MarkSettings:
    """`priority` is where the chains stand; IPVS looks at packets at 99."""

    table: str = "keepalived_ipvs"
    priority: int = -1
    counters: bool = False
    marks: tuple[Mark, ...] = ()
