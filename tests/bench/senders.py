"""Datagrams from a great many addresses and ports, faster than a packet each could be made by hand.

All datagrams of one source address share their headers up to IPv4's, and all addresses share the UDP
headers, one for each port: 1,000 datagrams leave by one call, for which 6 octets are written.

Source: sendmmsg(2), packet(7), RFC 791 §3.1, RFC 768.
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct

__all__ = ["Sender"]

_BATCH = 1000  # messages a call; the kernel takes 1,024
_FIRST_PORT = 1024
_FIRST_SOURCE = int.from_bytes(socket.inet_aton("10.128.0.1"), "big")
_IP = struct.Struct("!BBHHHBBH4s4s")


class _Vector(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Message(ctypes.Structure):  # struct mmsghdr: a struct msghdr and what was sent
    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint32),
        ("vectors", ctypes.c_void_p),
        ("vector_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
        ("sent", ctypes.c_uint),
    )


class Sender:
    """Sends from `interface` to a station and a UDP address; a context manager.

    The station's answers are nobody's: no source address is on the interface.
    """

    def __init__(self, interface: str, own: str, station: str, to: tuple[str, int]) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self._socket.bind((interface, 0))
        self._ethernet = bytes.fromhex((station + own).replace(":", "")) + b"\x08\x00"
        self._to = socket.inet_aton(to[0])
        self._headers = ctypes.create_string_buffer(len(self._ethernet) + _IP.size)
        ports = (struct.pack("!HHHH", _FIRST_PORT + n, to[1], 8, 0) for n in range(_BATCH))
        self._datagrams = ctypes.create_string_buffer(b"".join(ports), 8 * _BATCH)
        self._vectors = (_Vector * (2 * _BATCH))()
        self._messages = (_Message * _BATCH)()
        for number, message in enumerate(self._messages):
            first, second = self._vectors[2 * number], self._vectors[2 * number + 1]
            first.base, first.length = ctypes.addressof(self._headers), len(self._headers)
            second.base, second.length = ctypes.addressof(self._datagrams) + 8 * number, 8
            message.vectors, message.vector_count = ctypes.addressof(first), 2

    def __enter__(self) -> Sender:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, count: int) -> None:
        """Send so many, no two from the same address and port. Raises: OSError."""
        for number in range(-(-count // _BATCH)):
            self._headers.raw = self._ethernet + self._ip(_FIRST_SOURCE + number)
            self._send_batch(min(_BATCH, count - number * _BATCH))

    def _send_batch(self, count: int) -> None:
        done = 0
        while done < count:
            start = ctypes.byref(self._messages, done * ctypes.sizeof(_Message))
            sent = self._libc.sendmmsg(self._socket.fileno(), start, count - done, 0)
            if sent < 0:
                code = ctypes.get_errno()
                raise OSError(code, os.strerror(code))
            done += sent

    def _ip(self, source: int) -> bytes:
        own = source.to_bytes(4, "big")
        fields = [0x45, 0, 28, 0, 0, 64, socket.IPPROTO_UDP, 0, own, self._to]
        words = struct.unpack("!10H", _IP.pack(*fields))
        total = sum(words)
        fields[7] = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
        return _IP.pack(*fields)
