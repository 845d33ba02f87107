"""Words of the protocol, and what a person decides about one session."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

__all__ = ["SLOW", "Diagnostic", "SessionConfig", "SessionState", "diagnosis"]

SLOW = 1.0
"""Seconds: what is sent at least apart while a session is not up (RFC 5880 §6.8.3)."""
_MAX_INTERVAL = 0xFFFFFFFF / 1_000_000
"""Seconds; the wire has microseconds in 32 bits."""


class SessionState(IntEnum):
    """The State field (RFC 5880 §4.1)."""

    ADMIN_DOWN = 0
    DOWN = 1
    INIT = 2
    UP = 3

    @property
    def word(self) -> str:
        """As the RFC writes it."""
        return _STATE_WORDS[self]


_STATE_WORDS = ("AdminDown", "Down", "Init", "Up")


class Diagnostic(IntEnum):
    """Why a session last left Up (RFC 5880 §4.1). Others may come from the wire."""

    NONE = 0
    TIME_EXPIRED = 1
    ECHO_FAILED = 2
    NEIGHBOR_DOWN = 3
    FORWARDING_RESET = 4
    PATH_DOWN = 5
    CONCATENATED_PATH_DOWN = 6
    ADMIN_DOWN = 7
    REVERSE_CONCATENATED_PATH_DOWN = 8


_DIAGNOSES = (
    "No Diagnostic",
    "Control Detection Time Expired",
    "Echo Function Failed",
    "Neighbor Signaled Session Down",
    "Forwarding Plane Reset",
    "Path Down",
    "Concatenated Path Down",
    "Administratively Down",
    "Reverse Concatenated Path Down",
)


def diagnosis(code: int) -> str:
    """A Diagnostic code in the RFC's words; those reserved for later are Unknown."""
    return _DIAGNOSES[code] if code < len(_DIAGNOSES) else "Unknown"


@dataclass(frozen=True, slots=True)
class SessionConfig:
    """Times are seconds. Raises: ValueError for what the wire cannot carry."""

    desired_min_tx: float = 0.01
    """How often we would like to send."""
    required_min_rx: float = 0.01
    """How often we are able to receive."""
    idle_tx: float = SLOW
    """How often we send while the session is not up."""
    multiplier: int = 5
    """So many of our packets have to be lost before the neighbour gives up."""
    is_passive: bool = False
    """Wait to be spoken to (RFC 5880 §6.1)."""

    def __post_init__(self) -> None:
        """Check the bounds."""
        for interval in (self.desired_min_tx, self.required_min_rx, self.idle_tx):
            if not 0 < interval <= _MAX_INTERVAL:
                raise ValueError(f"interval {interval} s is not in 0.000001..{_MAX_INTERVAL}")
        if self.idle_tx < SLOW:
            raise ValueError(f"idle_tx {self.idle_tx} s is below {SLOW} s (RFC 5880 §6.8.3)")
        if not 1 <= self.multiplier <= 255:
            raise ValueError(f"multiplier {self.multiplier} is not in 1..255")
