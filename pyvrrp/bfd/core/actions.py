"""What a session may ask its edge to do. In order; a closed union."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from .model import SessionState
from .packet import ControlPacket

__all__ = [
    "Action",
    "DetectionTimeChanged",
    "Expired",
    "ReachabilityChanged",
    "Send",
    "StateChanged",
]


@dataclass(frozen=True, slots=True)
class Send:
    """Send this packet to the neighbour now."""

    packet: ControlPacket


@dataclass(frozen=True, slots=True)
class ReachabilityChanged:
    """Whoever follows the session has to know. It stands before everything else."""

    is_reachable: bool


@dataclass(frozen=True, slots=True)
class Expired:
    """Nothing was heard for too long. Both are seconds."""

    silence: float
    overdue: float
    """How late we noticed."""


@dataclass(frozen=True, slots=True)
class StateChanged:
    """`diagnostic` is ours, `remote_diagnostic` what the neighbour said last."""

    previous: SessionState
    current: SessionState
    diagnostic: int
    remote_diagnostic: int


@dataclass(frozen=True, slots=True)
class DetectionTimeChanged:
    """Seconds of silence until the session is given up."""

    previous: float
    current: float


Action: TypeAlias = Send | ReachabilityChanged | Expired | StateChanged | DetectionTimeChanged
