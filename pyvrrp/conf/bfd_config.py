"""BFD sessions (RFC 5880)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .diagnostics import Span

if TYPE_CHECKING:
    from .config import Address

__all__ = ["BfdInstance"]


@dataclass(frozen=True, slots=True)
class BfdInstance:
    """`bfd_instance NAME { ... }`. Times are seconds.

    `max_hops` -1: the TTL that arrives is not looked at. `weight` and `reverse` are for VRRP
    instances that do not say it themselves. `vrrp` and `checker` tell who hears of its state.
    """

    name: str
    span: Span = field(compare=False)
    neighbor_ip: Address
    ttl: int
    source_ip: Address | None = None
    min_rx: float = 0.01
    min_tx: float = 0.01
    idle_tx: float = 1.0
    multiplier: int = 5
    passive: bool = False
    max_hops: int = 0
    multihop: bool = False
    weight: int = 0
    reverse: bool = False
    vrrp: bool = True
    checker: bool = True
