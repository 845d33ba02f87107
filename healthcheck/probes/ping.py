"""PING_CHECK: an echo request is answered.

A ping socket (icmp(7)) needs no privilege but a group within `net.ipv4.ping_group_range`. Outside
of it a raw socket is tried (quirk: ping-group-range).
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import struct
from dataclasses import replace
from typing import NamedTuple

from ..core.model import PingCheck, ProbeResult, Target
from .connect import CannotConnect, make_socket
from .datagram import connected_to, failure, within
from .interface import as_starter

__all__ = ["probe", "start"]

_HEADER = struct.Struct("!BBHHH")  # type, code, checksum, identifier, sequence number
_TOKEN = 16
_MOST_OCTETS = 256

# linux/icmp.h, linux/icmpv6.h: filters of raw sockets, a bit set for each type that is dropped.
_SOL_RAW, _ICMP_FILTER, _ICMPV6_FILTER = 255, 1, 1


_NOT_PERMITTED = (
    "no ping socket: net.ipv4.ping_group_range leaves our group out, and CAP_NET_RAW is missing"
)


class _Echo(NamedTuple):
    """Numbers of RFC 792 and RFC 4443 section 4."""

    protocol: int
    request: int
    reply: int


_ECHO = {
    4: _Echo(socket.IPPROTO_ICMP, 8, 0),
    6: _Echo(socket.IPPROTO_ICMPV6, 128, 129),
}


async def probe(check: PingCheck) -> ProbeResult:
    """One attempt, bounded by `connect_timeout`. Other echo replies are ignored until then."""
    # On these sockets a port would be the identifier, which two probes may not share.
    target = replace(check.target, port=0, bind_port=0)
    echo = _ECHO[target.address.version]
    try:
        with connected_to(_make_socket(target, echo), target) as sock:
            is_raw = sock.type == socket.SOCK_RAW
            answer = await within(target, _exchange(sock, echo, is_raw=is_raw))
    except (CannotConnect, OSError) as exc:
        return failure(exc, target)
    if answer is None:
        return failure(None, target)
    return ProbeResult(True, "echo reply")


def _make_socket(target: Target, echo: _Echo) -> socket.socket:
    """Raises: CannotConnect."""
    try:
        return make_socket(target, socket.SOCK_DGRAM, echo.protocol)
    except CannotConnect as exc:
        if not _has_cause(exc, errno.EACCES):  # what the range's rule answers, and only that
            raise
    try:
        sock = make_socket(target, socket.SOCK_RAW, echo.protocol)
    except CannotConnect as exc:
        if not _has_cause(exc, errno.EPERM):
            raise
        raise CannotConnect(_NOT_PERMITTED, is_verdict=False) from exc
    _admit_replies_only(sock, echo)
    return sock


def _has_cause(error: CannotConnect, number: int) -> bool:
    return isinstance(error.__cause__, OSError) and error.__cause__.errno == number


def _admit_replies_only(sock: socket.socket, echo: _Echo) -> None:
    if echo.protocol == socket.IPPROTO_ICMP:
        dropped = ~(1 << echo.reply) & 0xFFFFFFFF
        sock.setsockopt(_SOL_RAW, _ICMP_FILTER, struct.pack("=I", dropped))
        return
    words = [0xFFFFFFFF] * 8
    words[echo.reply >> 5] &= ~(1 << (echo.reply & 31))
    sock.setsockopt(socket.IPPROTO_ICMPV6, _ICMPV6_FILTER, struct.pack("=8I", *words))


async def _exchange(sock: socket.socket, echo: _Echo, *, is_raw: bool) -> bool:
    """True as soon as the reply is there. The random data tells it from everything else."""
    loop = asyncio.get_running_loop()
    token = os.urandom(_TOKEN)
    sequence = int.from_bytes(os.urandom(2), "big")
    identifier = int.from_bytes(os.urandom(2), "big")  # a ping socket puts its own
    await loop.sock_sendall(sock, _request(echo, identifier, sequence, token))
    has_ip_header = is_raw and echo.protocol == socket.IPPROTO_ICMP
    while True:
        message = await loop.sock_recv(sock, _MOST_OCTETS)
        if has_ip_header and message:
            message = message[(message[0] & 15) * 4 :]
        if _is_reply(message, echo, sequence, token):
            return True
        # Receiving does not suspend while datagrams wait: a flood may not keep the loop.
        await asyncio.sleep(0)


def _request(echo: _Echo, identifier: int, sequence: int, token: bytes) -> bytes:
    """The message; over IPv6, and on ping sockets, the kernel puts the checksum itself."""
    blank = _HEADER.pack(echo.request, 0, 0, identifier, sequence) + token
    return _HEADER.pack(echo.request, 0, _checksum(blank), identifier, sequence) + token


def _checksum(message: bytes) -> int:
    """RFC 1071, of an even number of octets."""
    total: int = sum(struct.unpack(f"!{len(message) // 2}H", message))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def _is_reply(message: bytes, echo: _Echo, sequence: int, token: bytes) -> bool:
    if len(message) < _HEADER.size:
        return False
    kind, code, _, _, number = _HEADER.unpack_from(message)
    return (kind, code, number) == (echo.reply, 0, sequence) and message[_HEADER.size :] == token


start = as_starter(probe, timeout=None)
