"""What one process of the daemon hands to another: settings in a memfd, words on a channel.

The loader writes the settings once, into anonymous memory that is sealed afterwards, a section for
each kind of child. A child reads its own section only, so that it never loads the other half's
code, and record by record, so that a thousand Virtual Routers are no single long step. All
processes run the same program, hence pickles; magic, version and sizes guard against mixing
releases and against half a file.

The channel between parent and child is a SOCK_SEQPACKET pair: one word, one packet. Its
end-of-file is how a child learns that the parent is gone.

What is shown to people, the `Config` and the state of the children, goes from hand to hand in
memfds too, which are plain: one record after the other.
"""

from __future__ import annotations

import fcntl
import os
import pickle
import socket
import struct
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from typing import BinaryIO

from ..errors import PyvrrpError
from .options import Options
from .packing import pack

__all__ = [
    "ACTIVE",
    "DUMP",
    "DUMP_WANTED",
    "GO",
    "READY",
    "REFUSED",
    "RELOAD",
    "RELOADED",
    "RELOAD_WANTED",
    "SIBLING",
    "SNAPSHOTS",
    "UNAVAILABLE",
    "ChildStart",
    "HandoffError",
    "Message",
    "Section",
    "append",
    "channel",
    "new_memory",
    "read",
    "read_packed",
    "receive",
    "records",
    "send",
    "unpack",
    "write",
]

GO = b"go"
"""Parent to child, before anything else: the configuration is good, begin; a text follows."""
RELOAD = b"reload"
"""Parent to child, with the descriptor of the new settings."""
READY = b"ready"
"""Child to parent: it listens."""
RELOADED = b"reloaded"
"""Child to parent: the new settings are in use."""
RELOAD_WANTED = b"reload-wanted"
"""Child to parent: the child itself got SIGHUP."""
REFUSED = b"refused"
"""Child to parent: the new settings cannot be used, the old ones stay; a text follows."""
ACTIVE = b"active"
"""VRRP child to parent to checker child: the Virtual Router that is followed is Active; its name
follows, nothing when it is not."""
DUMP = b"dump"
"""Parent to child: say what you are now. Kind of the dump and the request's number follow."""
SNAPSHOTS = b"snapshots"
"""Child to parent: the answer, with the descriptor of the records; the number follows."""
DUMP_WANTED = b"dump-wanted"
"""Child to parent: the child itself got the signal; the kind of the dump follows."""
SIBLING = b"sibling"
"""Parent to child, with the descriptor of a new link to another child; its section's name follows."""
UNAVAILABLE = b"unavailable"
"""Child to parent, before it ends: this system lacks what it needs; another start is no use."""


class Section(IntEnum):
    """Whose settings: the place of the section in the stream."""

    VRRP = 0
    """ProcessSettings and HostSettings, then a VirtualRouterSettings for each Virtual Router."""
    CHECKERS = 1
    """CheckerSettings, then a ServiceSettings for each virtual server."""
    SCRIPTS = 2
    """ScriptsSettings, then what is tracked and who is told of changes."""
    BFD = 3
    """ProcessSettings, then a ToldSession for each session."""


_MAGIC = b"pyvrrp\0\4"
"""The last octet is the version of this format."""
_HEADER = struct.Struct("=8sQ" + "QI" * len(Section))
"""Magic, size of the whole, then offset and number of records of each section."""
_LENGTH = struct.Struct("=I")
_DESCRIPTOR = struct.Struct("i")
_WINDOW = 1 << 16
_MAX_RECORD = 256 * 1024 * 1024
_MAX_MESSAGE = 2048


_UNPICKLING = (
    pickle.UnpicklingError,
    ArithmeticError,
    AttributeError,
    EOFError,
    ImportError,
    LookupError,
    TypeError,
    ValueError,
)
"""What octets that are not a pickle of ours may raise (pickle's documentation: "not limited to")."""


class HandoffError(PyvrrpError):
    """Settings in memory that are not whole, or not of this program."""


@dataclass(frozen=True, slots=True)
class ChildStart:
    """What a child is given. The descriptors and the socket are its own to close."""

    configuration_fd: int
    """For `read`."""
    control: socket.socket
    """Blocking; the child may change that."""
    options: Options
    journal_path: str
    """What a crashed predecessor may have left in the kernel, for `journal.read`."""
    ledger_path: str
    """What it may have left running, for `keep_ledger`."""
    is_restart: bool = False
    """This daemon had a child of the kind before."""
    ipvs_namespace: str | None = None
    """Network namespace of the IPVS table, None: the daemon's own."""


@dataclass(frozen=True, slots=True)
class Message:
    """One packet of the channel. `descriptor` is the receiver's to close."""

    word: bytes
    text: str = ""
    descriptor: int | None = None


def new_memory() -> int:
    """Descriptor of an empty memfd for `write`, close-on-exec. Raises: OSError."""
    return os.memfd_create("pyvrrp-settings", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)


def write(descriptor: int, *sections: Iterable[object]) -> None:
    """Fill a memfd and seal it against change.

    `sections` are in the order of `Section`; missing ones are empty.
    The header is written last, so a writer that died leaves something `read` refuses.
    Raises: OSError.
    """
    places: list[tuple[int, int]] = []
    with os.fdopen(os.dup(descriptor), "wb") as file:
        file.seek(_HEADER.size)
        for section in (*sections, *[()] * (len(Section) - len(sections))):
            offset, count = file.tell(), 0
            for record in section:
                _write_record(file, record)
                count += 1
            places.append((offset, count))
        file.flush()
        numbers = (number for place in places for number in place)
        os.pwrite(descriptor, _HEADER.pack(_MAGIC, file.tell(), *numbers), 0)
    _seal(descriptor)


def _write_record(file: BinaryIO, record: object) -> None:
    octets = pack(record)
    file.write(_LENGTH.pack(len(octets)) + octets)


def _seal(descriptor: int) -> None:
    seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
    # An ordinary file, as tests use, has no seals.
    with suppress(OSError):
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)


def read(descriptor: int, section: Section) -> Iterator[object]:
    """The records of one section, one by one.

    The descriptor's offset is neither used nor moved: several processes share it.
    Raises: HandoffError when it is not such a stream, or when it ends early.
    """
    return map(unpack, read_packed(descriptor, section))


def read_packed(descriptor: int, section: Section) -> Iterator[bytes]:
    """Like `read`, each record as `unpack` takes it: equal octets are equal records."""
    window = _Window(descriptor)
    magic, size, *places = _HEADER.unpack(window.exactly(_HEADER.size, 0))
    if magic != _MAGIC:
        raise HandoffError(f"settings in memory: they start with {magic!r}, not {_MAGIC!r}")
    found = os.fstat(descriptor).st_size
    if found < size:
        raise HandoffError(f"settings in memory end early: {found} of {size} octets")
    offset, count = places[2 * section : 2 * section + 2]
    for _ in range(count):
        (length,) = _LENGTH.unpack(window.exactly(_LENGTH.size, offset))
        offset += _LENGTH.size
        if length > _MAX_RECORD:
            raise HandoffError(f"settings in memory: a record of {length} octets, at {offset}")
        yield window.exactly(length, offset)
        offset += length


def unpack(record: bytes) -> object:
    """What a record of `read_packed` stands for. Raises: HandoffError."""
    try:
        return pickle.loads(record)
    except _UNPICKLING as exc:
        raise HandoffError(f"settings in memory: a record is damaged: {exc}") from exc


class _Window:
    """Reads more than it is asked for: most records cost no system call."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._start = 0
        self._octets = b""

    def exactly(self, length: int, offset: int) -> bytes:
        """So many octets from a place on. Raises: HandoffError, when they are not there."""
        start = offset - self._start
        if start < 0 or start + length > len(self._octets):
            self._octets = os.pread(self._descriptor, max(length, _WINDOW), offset)
            self._start, start = offset, 0
        octets = self._octets[start : start + length]
        if len(octets) < length:
            raise HandoffError(
                f"settings in memory end early: {len(octets)} of {length} octets at {offset}"
            )
        return octets


def append(descriptor: int, record: object) -> None:
    """Add one record to a plain memfd. Raises: OSError."""
    octets = pack(record)
    os.write(descriptor, _LENGTH.pack(len(octets)) + octets)


def records(descriptor: int) -> Iterator[object]:
    """What was appended to a plain memfd, wherever its offset is.

    Raises: HandoffError when its last record is not whole.
    """
    window = _Window(descriptor)
    offset, end = 0, os.fstat(descriptor).st_size
    while offset < end:
        (length,) = _LENGTH.unpack(window.exactly(_LENGTH.size, offset))
        offset += _LENGTH.size
        yield unpack(window.exactly(length, offset))
        offset += length


def channel() -> tuple[socket.socket, socket.socket]:
    """The parent's end and the child's end."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def send(
    control: socket.socket, word: bytes, text: str = "", descriptor: int | None = None
) -> None:
    """Send one packet; the descriptor stays the sender's too. Raises: OSError."""
    packet = word + (b" " + text.encode("utf-8", "surrogateescape") if text else b"")
    ancillary: list[tuple[int, int, bytes]] = []
    if descriptor is not None:
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, _DESCRIPTOR.pack(descriptor))]
    control.sendmsg([packet[:_MAX_MESSAGE]], ancillary, socket.MSG_NOSIGNAL)


def receive(control: socket.socket) -> Message | None:
    """The next packet; None at end-of-file: the other process is gone.

    Raises: BlockingIOError on a non-blocking socket without a packet; OSError.
    """
    try:
        packet, ancillary = _receive(control)
    except ConnectionResetError:
        # It ended without having read all that we said. What it said before comes after this error.
        packet, ancillary = _receive(control)
    if not packet:
        return None
    word, _, text = packet.partition(b" ")
    received = [octets for level, kind, octets in ancillary if kind == socket.SCM_RIGHTS]
    descriptor = _DESCRIPTOR.unpack(received[0][: _DESCRIPTOR.size])[0] if received else None
    return Message(word, text.decode("utf-8", "surrogateescape"), descriptor)


def _receive(control: socket.socket) -> tuple[bytes, list[tuple[int, int, bytes]]]:
    packet, ancillary, _, _ = control.recvmsg(
        _MAX_MESSAGE, socket.CMSG_SPACE(_DESCRIPTOR.size), socket.MSG_CMSG_CLOEXEC
    )
    return packet, ancillary
