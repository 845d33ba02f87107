"""scapy, loaded by whoever needs a second opinion on a frame, never before."""

from __future__ import annotations

from scapy.all import conf
from scapy.layers import inet6, vrrp  # noqa: F401  (loading binds their protocol numbers)
from scapy.layers.l2 import Ether
from scapy.packet import Packet

__all__ = ["ethernet"]

conf.ipv6_enabled = True


def ethernet(data: bytes) -> Packet:
    """Decode one Ethernet frame, all the layers scapy knows."""
    return Ether(data)
