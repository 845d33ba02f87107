"""The kernel's IPVS table as values: what is desired, and what is read back.

A `Table` maps each virtual service to its settings and destinations. The reconciler compares two of
them; `healthcheck.ipvs` reads one from the kernel and carries out the difference.
Source: include/uapi/linux/ip_vs.h.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, IntFlag
from ipaddress import IPv4Address, IPv6Address
from typing import TypeAlias

__all__ = [
    "Address",
    "Destination",
    "DestinationSettings",
    "Family",
    "FirewallMark",
    "Forwarding",
    "Method",
    "Protocol",
    "Service",
    "ServiceAddress",
    "ServiceFlag",
    "ServiceKey",
    "ServiceSettings",
    "Table",
    "TunnelChecksum",
    "TunnelType",
]

Address: TypeAlias = IPv4Address | IPv6Address


class Family(IntEnum):
    """Address family by IP version; the kernel's AF_* number is in `healthcheck.ipvs`."""

    IPV4 = 4
    IPV6 = 6


class Protocol(IntEnum):
    """Transport of a service: the IP protocol number."""

    TCP = 6
    UDP = 17
    SCTP = 132


@dataclass(frozen=True, slots=True)
class ServiceAddress:
    """A virtual service by address and port. Port 0: every port, which makes sense with persistence."""

    protocol: Protocol
    address: Address
    port: int

    @property
    def family(self) -> Family:
        """Family of the service."""
        return Family(self.address.version)

    def __hash__(self) -> int:
        # As for a destination; few services differ in the protocol alone.
        return hash((int(self.address), self.port))

    def __str__(self) -> str:
        return f"[{self.address}]:{self.protocol.name.lower()}:{self.port}"


@dataclass(frozen=True, slots=True)
class FirewallMark:
    """A virtual service by the mark that the packet filter put on packets; `mark` 1..2^32-1."""

    mark: int
    family: Family

    def __str__(self) -> str:
        return f"FWM {self.mark} IPv{self.family:d}"


ServiceKey: TypeAlias = ServiceAddress | FirewallMark


@dataclass(frozen=True, slots=True)
class Destination:
    """A real server of a service. Its family may differ from the service's under tunnelling."""

    address: Address
    port: int

    def __hash__(self) -> int:
        # The generated one takes the address's own, which is that of its hexadecimal text: 3 x.
        return hash((int(self.address), self.port))

    def __str__(self) -> str:
        return f"[{self.address}]:{self.port}"


class Forwarding(IntEnum):
    """How packets reach a real server: IP_VS_CONN_F_FWD_MASK.

    LOCAL_NODE and BYPASS are never wanted, but other programs may have set them.
    """

    MASQUERADING = 0
    LOCAL_NODE = 1
    TUNNELLING = 2
    DIRECT_ROUTING = 3
    BYPASS = 4


class TunnelType(IntEnum):
    """IP_VS_CONN_F_TUNNEL_TYPE_*."""

    IPIP = 0
    GUE = 1
    GRE = 2


class TunnelChecksum(IntFlag):
    """IP_VS_TUNNEL_ENCAP_FLAG_*: none, checksum, remote checksum offload."""

    NONE = 0
    CSUM = 1
    REMCSUM = 2


@dataclass(frozen=True, slots=True)
class Method:
    """A forwarding method; the tunnel fields count only under tunnelling (port: GUE only)."""

    forwarding: Forwarding = Forwarding.MASQUERADING
    tunnel_type: TunnelType = TunnelType.IPIP
    tunnel_port: int = 0
    tunnel_checksum: TunnelChecksum = TunnelChecksum.NONE


class ServiceFlag(IntFlag):
    """IP_VS_SVC_F_*. The scheduler flags mean fallback and port for sh and mh."""

    NONE = 0
    PERSISTENT = 0x1
    ONE_PACKET = 0x4
    SCHEDULER_1 = 0x8
    SCHEDULER_2 = 0x10
    SCHEDULER_3 = 0x20


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """What the kernel keeps of a service.

    `persistence_timeout` is seconds and counts with PERSISTENT; `granularity` is the prefix length
    by which clients are grouped, None: single hosts.
    """

    scheduler: str = "wlc"
    flags: ServiceFlag = ServiceFlag.NONE
    persistence_timeout: int = 0
    granularity: int | None = None
    persistence_engine: str | None = None


@dataclass(frozen=True, slots=True)
class DestinationSettings:
    """What the kernel keeps of a destination. Thresholds count connections, 0: none."""

    weight: int = 1
    method: Method = Method()
    upper_threshold: int = 0
    lower_threshold: int = 0


@dataclass(frozen=True, slots=True)
class Service:
    """One entry of a table."""

    settings: ServiceSettings = ServiceSettings()
    destinations: Mapping[Destination, DestinationSettings] = field(default_factory=dict)


Table: TypeAlias = Mapping[ServiceKey, Service]
