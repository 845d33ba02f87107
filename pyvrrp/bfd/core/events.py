"""What can happen to a session. Facts, all of them; a closed union."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from .packet import ControlPacket

__all__ = ["Disabled", "Enabled", "Event", "PacketReceived", "Reconfigured", "Tick"]


@dataclass(frozen=True, slots=True)
class PacketReceived:
    """A packet for this session, from near enough."""

    packet: ControlPacket


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed. Before the session's deadline it does nothing."""


@dataclass(frozen=True, slots=True)
class Reconfigured:
    """`transition` is given other settings than before."""


@dataclass(frozen=True, slots=True)
class Disabled:
    """A person wants the session to be AdminDown (RFC 5880 §6.8.16)."""


@dataclass(frozen=True, slots=True)
class Enabled:
    """A person wants it to work again."""


Event: TypeAlias = PacketReceived | Tick | Reconfigured | Disabled | Enabled
