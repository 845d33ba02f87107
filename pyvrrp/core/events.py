"""What can happen to a Virtual Router. Facts, all of them; a closed union."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from .model import VirtualRouterConfig
from .packet import Advertisement

__all__ = [
    "AdvertisementReceived",
    "Awoke",
    "Demoted",
    "Dispossessed",
    "Event",
    "InitializeReason",
    "Promoted",
    "Reconfigured",
    "Shutdown",
    "Startup",
    "Tick",
]


class InitializeReason(Enum):
    """Why a Virtual Router is in Initialize. All but the first three are keepalived's FAULT."""

    NOT_STARTED = "not started"
    STOPPED = "stopped"
    AWAITING_TRACKED = "waiting for the first result of a tracked object"
    INTERFACE_DOWN = "interface down"
    INTERFACE_MISSING = "interface missing"
    NO_SOURCE_ADDRESS = "no usable source address"
    NO_PEERS = "no unicast peers"
    TRACKED_OBJECT_DOWN = "tracked object down"
    SYNC_GROUP = "a member of the sync group is in fault"

    @property
    def is_fault(self) -> bool:
        """True where keepalived says FAULT."""
        return self not in _NO_FAULTS


_NO_FAULTS = (
    InitializeReason.NOT_STARTED,
    InitializeReason.STOPPED,
    InitializeReason.AWAITING_TRACKED,
)


@dataclass(frozen=True, slots=True)
class Startup:
    """The Virtual Router may take part: configured, interface up, source address known."""


@dataclass(frozen=True, slots=True)
class Shutdown:
    """The Virtual Router must leave (RFC 9568 §6.4: Shutdown event)."""

    reason: InitializeReason = InitializeReason.STOPPED


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed. Before the machine's deadline it does nothing."""


@dataclass(frozen=True, slots=True)
class Awoke:
    """The process did not run for `slept` seconds, at least; what came meanwhile comes next."""

    slept: float


@dataclass(frozen=True, slots=True)
class AdvertisementReceived:
    """`receive.admit` let this message through."""

    advertisement: Advertisement


@dataclass(frozen=True, slots=True)
class Reconfigured:
    """The machine's settings changed from `previous` (effective priority included)."""

    previous: VirtualRouterConfig


@dataclass(frozen=True, slots=True)
class Promoted:
    """The whole sync group is ready: become Active now."""


@dataclass(frozen=True, slots=True)
class Demoted:
    """Another member of the sync group lost its role: step back to Backup."""


@dataclass(frozen=True, slots=True)
class Dispossessed:
    """Somebody took away what an Active Router has, so it does not answer for all it claims."""


Event: TypeAlias = (
    Startup
    | Shutdown
    | Tick
    | Awoke
    | AdvertisementReceived
    | Reconfigured
    | Promoted
    | Demoted
    | Dispossessed
)
