"""What the kernel keeps for a netlink socket until it is read."""

from __future__ import annotations

import contextlib
import socket

from ..settings import SocketBuffer

__all__ = ["enlarge"]

_SO_RCVBUFFORCE = 33


def enlarge(sock: socket.socket, buffer: SocketBuffer) -> None:
    """Never smaller than it is. A refusal, beyond the system's limit, leaves it as it is."""
    if (
        not buffer.octets
        or sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) >= 2 * buffer.octets
    ):
        return
    option = _SO_RCVBUFFORCE if buffer.force else socket.SO_RCVBUF
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, option, buffer.octets)
