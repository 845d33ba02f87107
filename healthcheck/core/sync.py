"""What of IPVS is no service: how long connections are remembered, and the daemons that share them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from .table import Address

__all__ = ["SyncDaemon", "SyncState", "Timeouts"]


class SyncState(IntEnum):
    """IP_VS_STATE_*."""

    MASTER = 1
    BACKUP = 2


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds that an idle connection is remembered: established TCP, TCP after FIN, UDP.

    To set them, 0 leaves one as it is.
    """

    tcp: int = 0
    tcp_fin: int = 0
    udp: int = 0


@dataclass(frozen=True, slots=True)
class SyncDaemon:
    """One sync daemon. To start one, 0 and None mean the kernel's defaults, as in ipvsadm(8).

    `sync_id` 0..255: both sides must have the same, and a backup with 0 takes all. `max_length` is
    octets of UDP payload, by default the interface's MTU less the headers; `group` is 224.0.0.81, `port`
    8848, `ttl` 1. Linux before 4.3 has only the first three settings.
    """

    state: SyncState
    interface: str
    sync_id: int = 0
    max_length: int = 0
    port: int = 0
    ttl: int = 0
    group: Address | None = None
