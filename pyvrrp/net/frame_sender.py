"""A packet socket that sends whole Ethernet frames out of one interface.

Source: packet(7).
"""

from __future__ import annotations

import contextlib
import socket

from .vrrp_socket import SocketError

__all__ = ["FrameSender"]

_SEND_BUFFER = 1 << 20  # octets; a takeover announces every address of every Virtual Router at once
_SO_SNDBUFFORCE = 32


class FrameSender:
    """Sends frames; hears nothing. Raises: SocketError when it cannot be opened."""

    def __init__(self, interface: str) -> None:
        try:
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK)
        except OSError as error:
            raise SocketError("open a packet socket", error) from error
        try:
            self._socket.bind((interface, 0))  # protocol 0: no frame is ever queued for us
        except OSError as error:
            self._socket.close()
            raise SocketError(f"bind a packet socket to {interface}", error) from error
        with contextlib.suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_SNDBUFFORCE, _SEND_BUFFER)
        self.send = self._socket.send
        """Send one frame; raises OSError."""

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
