"""Processes that begin, end or change their name: the kernel's process connector (cn_proc.h).

It speaks only to processes in the first network namespace.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple, Self

from ..errors import PyvrrpError

__all__ = ["EventsLost", "ProcessChange", "ProcessEvent", "ProcessEvents", "ProcessEventsError"]

_NETLINK_CONNECTOR = 11
_CN_PROC = 1  # index and value of the connector's id, and its multicast group
_LISTEN = 1
_DONE = 3
_HEADER = struct.Struct("=IHHII")  # nlmsghdr
_CONNECTOR = struct.Struct("=IIIIHH")  # cn_msg
_EVENT = struct.Struct("=IIQ")  # what, CPU, time
_PAIR = struct.Struct("=II")  # thread, process
_BODY = _HEADER.size + _CONNECTOR.size + _EVENT.size
_FORK, _EXEC, _COMM, _EXIT = 0x1, 0x2, 0x200, 0x80000000
_SO_RCVBUFFORCE = 33
_PACKET = 4096
_ANSWER_WITHIN = 0.5


class ProcessEventsError(PyvrrpError):
    """There are no events to be had here."""


class EventsLost(PyvrrpError):
    """More happened than was read; only a look at every process tells what is."""


class ProcessChange(Enum):
    """What happened."""

    FORKED = "forked"
    """A process began, still with its parent's name and command line."""
    NAMED = "named"
    """It runs another program, or calls itself something else."""
    ENDED = "ended"


class ProcessEvent(NamedTuple):
    """A change, and whose."""

    change: ProcessChange
    pid: int
    parent: int = 0
    """Of one that FORKED."""


class ProcessEvents:
    """A subscription. Raises: ProcessEventsError, when made."""

    def __init__(self, buffer: int = 0, *, force: bool = False) -> None:
        """`buffer`: octets the kernel keeps for us, with `force` beyond its limit; 0: its default."""
        self._socket: socket.socket | None = None
        try:
            self._socket = socket.socket(
                socket.AF_NETLINK, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, _NETLINK_CONNECTOR
            )
            self._socket.bind((0, _CN_PROC))
            if buffer:
                option = _SO_RCVBUFFORCE if force else socket.SO_RCVBUF
                self._socket.setsockopt(socket.SOL_SOCKET, option, buffer)
            self._subscribe()
        except OSError as exc:
            self.close()
            raise ProcessEventsError(f"no events of processes: {exc.strerror or exc}") from exc

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _subscribe(self) -> None:
        """The kernel confirms it with an event of its own; one without the connector never does."""
        if self._socket is None:
            return
        length = _HEADER.size + _CONNECTOR.size + 4
        message = _HEADER.pack(length, _DONE, 0, 0, os.getpid())
        message += _CONNECTOR.pack(_CN_PROC, _CN_PROC, 0, 0, 4, 0) + struct.pack("=I", _LISTEN)
        self._socket.send(message)
        self._socket.settimeout(_ANSWER_WITHIN)
        self._socket.recv(_PACKET)
        self._socket.setblocking(False)

    def fileno(self) -> int:
        """For waiting."""
        return -1 if self._socket is None else self._socket.fileno()

    def close(self) -> None:
        """End it. Harmless when ended."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def read(self, limit: int) -> Iterator[ProcessEvent]:
        """What happened since, of `limit` packets at most. Raises: EventsLost."""
        for _ in range(limit):
            if self._socket is None:
                return
            try:
                packet = self._socket.recv(_PACKET)
            except BlockingIOError:
                return
            except OSError as exc:  # ENOBUFS
                raise EventsLost(f"events of processes were lost: {exc.strerror}") from exc
            yield from _decode(packet)


def _decode(packet: bytes) -> Iterator[ProcessEvent]:
    if len(packet) < _BODY + 2 * _PAIR.size:
        return
    what, _, _ = _EVENT.unpack_from(packet, _BODY - _EVENT.size)
    thread, process = _PAIR.unpack_from(packet, _BODY)
    if what == _FORK:
        child_thread, child = _PAIR.unpack_from(packet, _BODY + _PAIR.size)
        if child_thread == child:
            yield ProcessEvent(ProcessChange.FORKED, child, process)
    elif thread == process and what in (_EXEC, _COMM):
        yield ProcessEvent(ProcessChange.NAMED, process)
    elif thread == process and what == _EXIT:
        yield ProcessEvent(ProcessChange.ENDED, process)
