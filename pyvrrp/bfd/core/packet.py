"""BFD Control packet <-> bytes (RFC 5880 §4.1).

octet   0       version << 5 | diagnostic
        1       state << 6 | P | F | C | A | D | M
        2       detection multiplier
        3       length
        4-7     my discriminator
        8-11    your discriminator
        12-15   desired min TX interval, microseconds
        16-19   required min RX interval, microseconds
        20-23   required min echo RX interval, microseconds
        24-     authentication section, when A is set
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import Enum

from ...errors import PyvrrpError
from .model import SessionState

__all__ = ["ControlPacket", "DiscardReason", "PacketError", "decode", "encode"]

_PACKET = struct.Struct("!BBBBIIIII")
_VERSION = 1
_POLL, _FINAL, _CONTROL_PLANE, _AUTHENTICATION, _DEMAND, _MULTIPOINT = 32, 16, 8, 4, 2, 1
_STATES = tuple(SessionState)
_MICRO = 1_000_000


class DiscardReason(Enum):
    """Why a packet was thrown away; the value is the counter's label. In the checks' order."""

    TOO_SHORT = "too-short"
    VERSION = "version"
    LENGTH = "length"
    MULTIPLIER = "multiplier-zero"
    MULTIPOINT = "multipoint"
    MY_DISCRIMINATOR = "my-discriminator-zero"
    YOUR_DISCRIMINATOR = "your-discriminator-zero"
    POLL_AND_FINAL = "poll-and-final"
    NO_SESSION = "no-session"
    TTL = "ttl"
    AUTHENTICATION = "authentication"


class PacketError(PyvrrpError):
    """A packet that must be discarded, with the first check that failed."""

    def __init__(self, reason: DiscardReason, detail: str) -> None:
        super().__init__(f"{reason.value}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class ControlPacket:
    """A decoded packet without authentication. Intervals are seconds."""

    state: SessionState
    my_discriminator: int
    your_discriminator: int
    multiplier: int
    desired_min_tx: float
    required_min_rx: float
    required_min_echo_rx: float = 0.0
    diagnostic: int = 0
    poll: bool = False
    final: bool = False
    is_control_plane_independent: bool = False
    demand: bool = False


def encode(packet: ControlPacket) -> bytes:
    """24 octets. Raises: struct.error for numbers that the fields have no room for."""
    flags = (
        packet.state << 6
        | packet.poll << 5
        | packet.final << 4
        | packet.is_control_plane_independent << 3
        | packet.demand << 1
    )
    return _PACKET.pack(
        _VERSION << 5 | packet.diagnostic,
        flags,
        packet.multiplier,
        _PACKET.size,
        packet.my_discriminator,
        packet.your_discriminator,
        round(packet.desired_min_tx * _MICRO),
        round(packet.required_min_rx * _MICRO),
        round(packet.required_min_echo_rx * _MICRO),
    )


def decode(octets: bytes) -> ControlPacket:
    """Decode one UDP payload.

    Raises: PacketError, with the first check that failed of those of RFC 5880 §6.8.6 that need
    only the packet; octets behind the length it tells are not looked at. P together with F is
    refused as well (§6.8.7 forbids it), and so is authentication, of which we have none.
    """
    if len(octets) < _PACKET.size:
        raise PacketError(DiscardReason.TOO_SHORT, f"{len(octets)} of {_PACKET.size} octets")
    first, flags, multiplier, length, mine, yours, tx, rx, echo = _PACKET.unpack_from(octets)
    if first >> 5 != _VERSION:
        raise PacketError(DiscardReason.VERSION, f"version {first >> 5}, not {_VERSION}")
    least = _PACKET.size + (2 if flags & _AUTHENTICATION else 0)
    if not least <= length <= len(octets):
        raise PacketError(DiscardReason.LENGTH, f"says {length} of {len(octets)} octets")
    if not multiplier:
        raise PacketError(DiscardReason.MULTIPLIER, "a detection multiplier of 0")
    if flags & _MULTIPOINT:
        raise PacketError(DiscardReason.MULTIPOINT, "the M bit is set")
    if not mine:
        raise PacketError(DiscardReason.MY_DISCRIMINATOR, "My Discriminator is 0")
    state = _STATES[flags >> 6]
    if not yours and state > SessionState.DOWN:
        detail = f"Your Discriminator is 0 in state {state.word}"
        raise PacketError(DiscardReason.YOUR_DISCRIMINATOR, detail)
    if flags & _POLL and flags & _FINAL:
        raise PacketError(DiscardReason.POLL_AND_FINAL, "both the P and the F bit are set")
    if flags & _AUTHENTICATION:
        raise PacketError(DiscardReason.AUTHENTICATION, "the A bit is set; none is in use")
    return ControlPacket(
        state,
        mine,
        yours,
        multiplier,
        tx / _MICRO,
        rx / _MICRO,
        echo / _MICRO,
        first & 31,
        bool(flags & _POLL),
        bool(flags & _FINAL),
        bool(flags & _CONTROL_PLANE),
        bool(flags & _DEMAND),
    )
