"""Frames as the kernel saw them, with its time stamps, recorded by a thread.

Clocks: the kernel stamps CLOCK_REALTIME when a frame arrives at, or leaves, the device. At each
read that is moved to `time.monotonic`'s clock by the difference of the two clocks at that moment,
which is exact to about a microsecond unless the wall clock is stepped in between.

Source: packet(7), socket(7) SO_TIMESTAMPNS, include/uapi/linux/{if_packet,filter}.h.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from . import bpf, namespaces
from .errors import DeadlinePassed, LabError
from .pcap import write_pcap
from .reader import SocketReader, clock_difference

if TYPE_CHECKING:
    from scapy.packet import Packet

__all__ = ["ALL_KINDS", "Capture", "Frame"]

ALL_KINDS: tuple[str, ...] = tuple(bpf.KINDS)

_ETH_P_ALL = 0x0003
_SOL_PACKET, _PACKET_STATISTICS, _PACKET_IGNORE_OUTGOING = 263, 6, 23
_SO_TIMESTAMPNS, _SO_RCVBUFFORCE, _SO_ATTACH_FILTER = 35, 33, 26
_PACKET_OUTGOING = 4
_BUFFER = 1 << 24
_LONGEST_FRAME = 65_550

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Frame:
    """One recorded Ethernet frame."""

    wall: int
    """Nanoseconds since the epoch, the kernel's stamp."""
    monotonic: float
    """The same moment in seconds of `time.monotonic`."""
    interface: str
    """Where it was seen; of a bridge, the port it came in by."""
    outgoing: bool
    """Sent by the host that was listened in, rather than received."""
    data: bytes
    """From the destination hardware address on, without the checksum."""

    def packet(self) -> Packet:
        """The frame decoded by scapy, which is loaded at the first call (0.2 s, 40 MB)."""
        from .scapy_layers import ethernet

        return ethernet(self.data)


class Capture:
    """Records from its making until `stop`; also a context manager.

    `interface` None listens on all of the namespace, incoming frames only. `kinds` names the
    frames that are kept, of `vrrp`, `arp`, `nd`, `icmp`; none at all keeps every frame.
    """

    def __init__(
        self,
        namespace: str,
        interface: str | None,
        kinds: Collection[str] = ALL_KINDS,
        *,
        ignore: Sequence[str] = (),
    ) -> None:
        self.namespace = namespace
        self._ignore = frozenset(ignore)
        self._frames: list[Frame] = []
        self._arrived = threading.Condition()
        self._socket = _open(namespace, interface, kinds)
        self._dropped = 0
        self._reader = SocketReader(self._socket, self._drain, f"capture {namespace}")

    def __enter__(self) -> Capture:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def frames(self) -> list[Frame]:
        """What arrived so far, in the order of arrival."""
        self._reader.read_now()
        with self._arrived:
            return list(self._frames)

    def frames_from(self, number: int) -> list[Frame]:
        """The frames that arrived so far, but for the first `number`."""
        self._reader.read_now()
        with self._arrived:
            return self._frames[number:]

    @property
    def dropped(self) -> int:
        """Frames lost because the reader was too slow; known after `stop`."""
        return self._dropped

    def wait(
        self, wanted: Callable[[Frame], object], *, what: str, timeout: float = 5.0, start: int = 0
    ) -> Frame:
        """The first frame for which `wanted` is true, of those recorded from number `start` on,
        as soon as it is there. Raises: DeadlinePassed."""
        deadline = time.monotonic() + timeout
        with self._arrived:
            while True:
                for frame in self._frames[start:]:
                    if wanted(frame):
                        return frame
                start = len(self._frames)
                if not self._arrived.wait(deadline - time.monotonic()):
                    raise DeadlinePassed(f"{self.namespace}: waited {timeout:g} s for {what}")

    def stop(self) -> list[Frame]:
        """End the recording, with all that arrived before; return the frames. May be repeated."""
        self._reader.stop(self._note_drops)
        return self.frames

    def write_pcap(self, path: Path) -> None:
        """Write what was recorded so far as a pcap file with nanoseconds."""
        write_pcap(path, [(frame.wall, frame.data) for frame in self.frames])

    def _drain(self) -> None:
        batch = []
        with suppress(BlockingIOError):
            while True:
                try:
                    batch.append(self._socket.recvmsg(_LONGEST_FRAME, 64, socket.MSG_DONTWAIT))
                except OSError as error:
                    if error.errno != errno.ENETDOWN:  # told once; frames come again when it is up
                        raise
        difference = clock_difference()
        frames = [
            self._frame(data, control, sender, difference) for data, control, _, sender in batch
        ]
        with self._arrived:
            self._frames += [each for each in frames if each.interface not in self._ignore]
            self._arrived.notify_all()

    def _note_drops(self) -> None:
        statistics = self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8)
        _, self._dropped = struct.unpack("=II", statistics)

    def _frame(
        self,
        data: bytes,
        control: list[tuple[int, int, bytes]],
        sender: tuple[str, int, int, int, bytes],
        difference: int,
    ) -> Frame:
        seconds, nanoseconds = struct.unpack("=qq", control[0][2])
        wall = seconds * 1_000_000_000 + nanoseconds
        name, _, kind, *_ = sender
        return Frame(wall, (wall + difference) / 1e9, name, kind == _PACKET_OUTGOING, data)


def _open(namespace: str, interface: str | None, kinds: Collection[str]) -> socket.socket:
    """A packet socket that has seen nothing before its filter was in place."""
    with namespaces.entered(namespace):
        opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
        try:
            opened.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER)
            opened.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
            if kinds:
                _attach_filter(opened, bpf.compile_filter(kinds))
            if interface is None:
                opened.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)
            _bind(opened, 0 if interface is None else socket.if_nametoindex(interface))
        except BaseException as error:
            opened.close()
            if isinstance(error, OSError):
                where = f"{namespace}:{interface or 'all'}"
                raise LabError(f"cannot capture on {where}: {error.strerror or error}") from error
            raise
    return opened


def _bind(opened: socket.socket, index: int) -> None:
    """bind(2) by hand: Python's own knows no "every interface", and creating the socket with the
    protocol would let frames in before the filter."""
    address = struct.pack("=HHiHBB8x", socket.AF_PACKET, socket.htons(_ETH_P_ALL), index, 0, 0, 0)
    if _libc.bind(opened.fileno(), address, len(address)) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _attach_filter(opened: socket.socket, program: bytes) -> None:
    buffer = ctypes.create_string_buffer(program, len(program))
    descriptor = struct.pack("@HP", len(program) // 8, ctypes.addressof(buffer))
    opened.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, descriptor)
