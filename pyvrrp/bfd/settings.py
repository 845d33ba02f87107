"""What a person decides about one session."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import TypeAlias

from .core.model import SessionConfig

__all__ = ["Address", "BfdSettings", "Path"]

Address: TypeAlias = IPv4Address | IPv6Address
Path: TypeAlias = tuple[Address, Address | None, bool]
"""Neighbour, source, multihop."""

_DEFAULT = SessionConfig()


@dataclass(frozen=True, slots=True)
class BfdSettings:
    """One session with one neighbour; a link-local address has its interface as scope."""

    name: str
    neighbor: Address
    source: Address | None = None
    """None: the kernel chooses."""
    ttl: int = 255
    """What we send, and what the neighbour is taken to send."""
    max_hops: int | None = 0
    """So many hops a packet may have come; None: as many as it likes."""
    is_multihop: bool = False
    """RFC 5883, on the port of its own."""
    protocol: SessionConfig = _DEFAULT

    @property
    def path(self) -> Path:
        """What two sessions may not share.

        Another path is another session (quirk: bfd-other-path).
        """
        return self.neighbor, self.source, self.is_multihop

    def is_near(self, ttl: int | None) -> bool:
        """Whether a packet with this TTL or hop limit came from near enough (RFC 5881 §5).

        keepalived's rule: one that starts with a lower TTL than ours is taken for a far one.
        """
        return ttl is None or self.max_hops is None or ttl + self.max_hops >= self.ttl
