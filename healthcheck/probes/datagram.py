"""What every probe over a connected datagram or raw socket does alike."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from ..core.model import ProbeResult, Target
from .connect import CannotConnect, no_answer, reason, socket_address

__all__ = ["connected_to", "failure", "within"]

_T = TypeVar("_T")

# Sending failed for a reason of this host, which says nothing of the server.
_OURS = frozenset({errno.ENOBUFS, errno.ENOMEM})

# linux/in.h, linux/in6.h: (level, option) by which every ICMP error is reported. Without, the kernel
# keeps back those that may pass, "host unreachable" above all, which keepalived's UDP_CHECK heeds.
_RECVERR = {4: (socket.IPPROTO_IP, 11), 6: (socket.IPPROTO_IPV6, 25)}


@contextmanager
def connected_to(sock: socket.socket, target: Target) -> Iterator[socket.socket]:
    """The socket, connected, so that the kernel drops what others send and reports ICMP errors.

    It is closed at the end. Raises: CannotConnect; OSError when there is no way (a verdict).
    """
    with sock:
        sock.setsockopt(*_RECVERR[target.address.version], 1)
        sock.connect(socket_address(target.address, target.port))
        yield sock


async def within(target: Target, exchange: Awaitable[_T]) -> _T | None:
    """What `exchange` answers, or None when `connect_timeout` ran out first."""
    limit = asyncio.timeout(target.connect_timeout)
    try:
        async with limit:
            return await exchange
    except TimeoutError:
        if not limit.expired():  # ETIMEDOUT, an OSError of the kernel
            raise
        return None


def failure(error: CannotConnect | OSError | None, target: Target) -> ProbeResult:
    """What an error says of the server; None: there was no answer."""
    if error is None:
        return ProbeResult(False, no_answer(target.connect_timeout))
    if isinstance(error, CannotConnect):
        return ProbeResult(False, error.detail, is_verdict=error.is_verdict)
    return ProbeResult(False, reason(error), is_verdict=error.errno not in _OURS)
