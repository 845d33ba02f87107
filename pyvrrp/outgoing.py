"""Ways out, and what goes there."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from .core.model import Address

__all__ = ["Outgoing", "Way"]

Outgoing: TypeAlias = tuple[Callable[[bytes], object], bytes]
"""How to send, and the octets."""


class Way(NamedTuple):
    """Where to, how to send there, what comes around the message, and the TTL there."""

    destination: Address
    send: Callable[[bytes], object]
    wrap: Callable[[bytes], bytes]
    ttl: int = 255
