"""UDP_CHECK: no ICMP error comes back, or a fitting datagram does.

As in keepalived silence is success unless a reply is required, and takes all of `connect_timeout`;
a reply shorter than the pattern is compared as far as it goes; the length bounds count only
beside a pattern.
"""

from __future__ import annotations

import asyncio
import socket

from ..core.model import ProbeResult, UdpCheck
from .connect import CannotConnect, make_socket
from .datagram import connected_to, failure, within
from .interface import as_starter

__all__ = ["DEFAULT_PAYLOAD", "probe", "start"]

DEFAULT_PAYLOAD = b"health check: is anybody there?\n"
"""Sent when none is configured: 32 octets, as many as keepalived's, the text our own."""

_MOST_OCTETS = 1 << 16


async def probe(check: UdpCheck) -> ProbeResult:
    """One attempt, bounded by `connect_timeout`."""
    try:
        with connected_to(make_socket(check.target, socket.SOCK_DGRAM), check.target) as sock:
            reply = await within(check.target, _exchange(sock, check))
    except (CannotConnect, OSError) as exc:
        return failure(exc, check.target)
    if reply is not None:
        return _judge(check, reply)
    if check.require_reply:
        return failure(None, check.target)
    return ProbeResult(True, "no error")


async def _exchange(sock: socket.socket, check: UdpCheck) -> bytes:
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(sock, check.payload or DEFAULT_PAYLOAD)
    # One octet more than may come, to see that it is too long.
    wanted = max(len(check.reply), check.max_reply_length) + 1
    return await loop.sock_recv(sock, min(wanted, _MOST_OCTETS))


def _judge(check: UdpCheck, reply: bytes) -> ProbeResult:
    if not check.require_reply or not check.reply:
        return ProbeResult(True, "replied")
    if len(reply) < check.min_reply_length:
        return ProbeResult(False, f"reply of {len(reply)} octets is too short")
    if len(reply) > check.max_reply_length:
        return ProbeResult(False, f"reply is longer than {check.max_reply_length} octets")
    pairs = zip(reply, check.reply, check.mask, strict=False)  # the shortest ends it
    if any((got ^ wanted) & mask for got, wanted, mask in pairs):
        return ProbeResult(False, "reply does not match")
    return ProbeResult(True, "reply matches")


start = as_starter(probe, timeout=None)
