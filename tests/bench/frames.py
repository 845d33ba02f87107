"""The few facts the benchmarks read from an Ethernet frame, without a decoder's cost."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Advert", "advert", "announced_address"]

_IPV4, _ARP = b"\x08\x00", b"\x08\x06"


@dataclass(frozen=True, slots=True)
class Advert:
    """A VRRP Advertisement over IPv4, from a header without options."""

    source: bytes
    vrid: int
    priority: int


def advert(frame: bytes) -> Advert | None:
    """The Advertisement in a frame, if it is one (RFC 9568 §5.1)."""
    if frame[12:14] != _IPV4 or frame[23] != 112:
        return None
    return Advert(frame[26:30], frame[35], frame[36])


def announced_address(frame: bytes) -> bytes | None:
    """The IPv4 address a gratuitous ARP speaks of: sender and target are the same (RFC 5944 §4.6)."""
    if frame[12:14] == _ARP and frame[28:32] == frame[38:42]:
        return frame[28:32]
    return None
