"""A recording that costs the machine next to nothing: the kernel writes, nobody reads meanwhile.

Frames go, cut to their first octets, into a ring of memory; they are looked at when it is over.
Ten thousand frames a second would otherwise keep a reader busy on the cores that are measured.

Source: packet(7), Documentation/networking/packet_mmap.rst, include/uapi/linux/if_packet.h.
"""

from __future__ import annotations

import ctypes
import mmap
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from netnslab import Host, LabError
from netnslab.bpf import compile_filter

__all__ = ["Record", "Ring"]

_SOL_PACKET, _PACKET_RX_RING, _PACKET_STATISTICS, _PACKET_VERSION = 263, 5, 6, 10
_PACKET_IGNORE_OUTGOING, _SO_ATTACH_FILTER = 23, 26
_TPACKET_V2, _TP_STATUS_USER = 1, 1
_ETH_P_ALL = 0x0003
_FRAME, _BLOCK = 128, 1 << 16  # octets; headers take 66 of a frame
_HEAD = struct.Struct("=IIIHHII")  # status, length, kept, offset of the data, of IP, s, ns


@dataclass(frozen=True, slots=True)
class Record:
    """The beginning of one frame, and the kernel's time stamp in seconds since the epoch."""

    at: float
    data: bytes


class Ring:
    """Records what arrives on an interface, of the kinds of `netnslab.bpf`, until `stop`.

    `size` is the number of frames there is room for.
    """

    def __init__(self, host: Host, interface: str, kinds: tuple[str, ...], size: int) -> None:
        blocks = -(-size * _FRAME // _BLOCK)
        self._size = blocks * _BLOCK // _FRAME
        self._where = f"{host.name}:{interface}"
        with host.entered():
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
            self._socket.setsockopt(_SOL_PACKET, _PACKET_VERSION, _TPACKET_V2)
            self._socket.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)
            request = struct.pack("=IIII", _BLOCK, blocks, _FRAME, self._size)
            self._socket.setsockopt(_SOL_PACKET, _PACKET_RX_RING, request)
            self._attach(compile_filter(kinds))
            self._memory = mmap.mmap(self._socket.fileno(), blocks * _BLOCK)
            self._socket.bind((interface, _ETH_P_ALL))

    def _attach(self, program: bytes) -> None:
        buffer = ctypes.create_string_buffer(program, len(program))
        descriptor = struct.pack("@HP", len(program) // 8, ctypes.addressof(buffer))
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, descriptor)

    def stop(self) -> list[Record]:
        """What was recorded. Raises: LabError when there was no room for some of it."""
        statistics = self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8)
        _, lost = struct.unpack("=II", statistics)
        records = list(self._records())
        self._memory.close()
        self._socket.close()
        if lost:
            raise LabError(f"{self._where}: {lost} frames lost after {len(records)}: a larger ring")
        return records

    def _records(self) -> Iterator[Record]:
        for offset in range(0, self._size * _FRAME, _FRAME):
            status, _, kept, start, _, s, ns = _HEAD.unpack_from(self._memory, offset)
            if not status & _TP_STATUS_USER:
                return
            data = self._memory[offset + start : offset + start + kept]
            yield Record(s + ns / 1e9, data)
