"""Attempts to connect, seen on the loopback device: those to closed ports, too.

Source: packet(7); Documentation/networking/filter.rst.
"""

from __future__ import annotations

import asyncio
import ctypes
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress

from netnslab import Host

__all__ = ["Attempts"]

_ETH_P_IP = 0x0800
_SO_ATTACH_FILTER = 26
_SO_TIMESTAMPNS = 35
_TIME = struct.Struct("@qq")
_LOAD_OCTET, _JUMP_IF_EQUAL, _RETURN = 0x30, 0x15, 0x06
_PROTOCOL, _TCP = 23, 6  # offset in the frame, and what is wanted there
_FLAGS, _SYN = 47, 2  # an IPv4 header without options before it
_DESTINATION = slice(30, 34)
_PROGRAM = (
    (_LOAD_OCTET, 0, 0, _PROTOCOL),
    (_JUMP_IF_EQUAL, 0, 3, _TCP),
    (_LOAD_OCTET, 0, 0, _FLAGS),
    (_JUMP_IF_EQUAL, 0, 1, _SYN),
    (_RETURN, 0, 0, _DESTINATION.stop),
    (_RETURN, 0, 0, 0),
)


class Attempts:
    """Calls `seen(address, age)` for the first segment of each TCP connection over IPv4 on a host;
    `age` is how many seconds ago that was."""

    def __init__(self, host: Host, seen: Callable[[str, float], object]) -> None:
        self._seen = seen
        with host.entered():
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            self._attach()
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
            self._socket.bind(("lo", _ETH_P_IP))
        self._socket.setblocking(False)
        asyncio.get_running_loop().add_reader(self._socket, self._read)

    def _attach(self) -> None:
        code = b"".join(struct.pack("=HBBI", *each) for each in _PROGRAM)
        kept = ctypes.create_string_buffer(code)
        program = struct.pack("HP", len(_PROGRAM), ctypes.addressof(kept))
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)

    def _read(self) -> None:
        with suppress(BlockingIOError):
            while True:
                frame, extra, _, (_, _, kind, *_) = self._socket.recvmsg(_DESTINATION.stop, 64)
                if kind != socket.PACKET_OUTGOING:  # loopback shows each twice
                    seconds, nanoseconds = _TIME.unpack(extra[0][2])
                    age = time.time() - seconds - nanoseconds / 1e9
                    self._seen(socket.inet_ntoa(frame[_DESTINATION]), age)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()
