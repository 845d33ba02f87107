"""A kernel with IPVS behind a generic netlink socket: a table of raw attributes.

It knows the octets from include/uapi/linux/ip_vs.h and the refusals from Linux 6.1, and nothing of the
code under test. It can be told to lose, disturb and withhold answers.
"""

from __future__ import annotations

import errno
import struct
from collections import deque
from collections.abc import Iterable

__all__ = ["FakeKernel", "error", "message", "parse", "put"]

FAMILY_ID = 0x22
Attributes = dict[int, bytes]

SCHEDULERS = b"rr wrr lc wlc lblc lblcr sh mh dh fo ovf sed nq".split()
IDENTITY = (1, 2, 3, 4, 5)  # AF, PROTOCOL, ADDR, PORT, FWMARK
SVC_AF, SVC_SCHED_NAME, SVC_FLAGS, SVC_NETMASK = 1, 6, 7, 9
DEST_ADDR, DEST_PORT, DEST_FWD, DEST_UPPER, DEST_LOWER, DEST_FAMILY = 1, 2, 3, 5, 6, 11
AF_INET6 = 10
NO_COUNTERS = b"".join(
    struct.pack("=HHQ", 12, kind, 0) if kind in (4, 5) else struct.pack("=HHI", 8, kind, 0)
    for kind in range(1, 11)
)


def put(kind: int, value: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def parse(data: bytes) -> Attributes:
    found = {}
    while data:
        length, kind = struct.unpack_from("=HH", data)
        found[kind & 0x3FFF] = data[4:length]
        data = data[(length + 3) & ~3 :]
    return found


def message(kind: int, flags: int, sequence: int, payload: bytes) -> bytes:
    return struct.pack("=IHHII", 16 + len(payload), kind, flags, sequence, 77) + payload


def error(sequence: int, code: int) -> bytes:
    """NLMSG_ERROR, with the header of what it answers and no more (NETLINK_CAP_ACK)."""
    return message(2, 0x100, sequence, struct.pack("=i", -code) + bytes(16))


def number(value: bytes) -> int:
    return int.from_bytes(value, "little")


class FakeKernel:
    """`sent` has every datagram; each of `troubles` is an error number for one of the next reads."""

    def __init__(self, *, has_ipvs: bool = True, part: int = 20) -> None:
        self.has_ipvs = has_ipvs
        self.family = FAMILY_ID
        self.part = part  # messages of a dump in one datagram
        self.sent: list[bytes] = []
        self.troubles: deque[int] = deque()
        self.disturbed = 0  # dumps to come with NLM_F_DUMP_INTR
        self.is_closed = False
        self.answers: deque[bytes] = deque()
        self.services: dict[bytes, tuple[Attributes, dict[bytes, Attributes]]] = {}
        self.timeouts: Attributes = {4: b"\0" * 4, 5: b"\0" * 4, 6: b"\0" * 4}

    def __call__(self, timeout: float) -> FakeKernel:
        return self

    def close(self) -> None:
        self.is_closed = True

    def send(self, data: bytes) -> int:
        self.sent.append(data)
        rest = data
        while rest:
            length, kind, flags, sequence, _ = struct.unpack_from("=IHHII", rest)
            command, version = rest[16], rest[17]
            assert version == 1
            self._take(kind, flags, sequence, command, parse(rest[20:length]))
            rest = rest[(length + 3) & ~3 :]
        return len(data)

    def recv(self, size: int) -> bytes:
        if self.troubles:
            code = self.troubles.popleft()
            if code:
                raise OSError(code, "trouble")
        if not self.answers:
            raise BlockingIOError(errno.EAGAIN, "nothing to read")
        assert len(self.answers[0]) <= size
        return self.answers.popleft()

    def _take(self, kind: int, flags: int, sequence: int, command: int, sent: Attributes) -> None:
        if kind == 0x10:
            self._resolve(sequence, command, sent)
            return
        if kind != self.family:
            self.answers.append(error(sequence, errno.ENOENT))
            return
        if flags & 0x300:
            self._dump(sequence, command, sent)
            return
        if command == 13:
            body = b"".join(put(kind, value) for kind, value in self.timeouts.items())
            self.answers.append(message(self.family, 0, sequence, bytes((12, 1, 0, 0)) + body))
            return
        code = self._change(command, sent)
        if code or flags & 4:
            self.answers.append(error(sequence, code))

    def _resolve(self, sequence: int, command: int, sent: Attributes) -> None:
        assert command == 3
        if not self.has_ipvs or sent[2] != b"IPVS\0":
            self.answers.append(error(sequence, errno.ENOENT))
            return
        body = put(2, sent[2]) + put(1, struct.pack("=H", self.family))
        self.answers.append(message(0x10, 0, sequence, b"\x01\x02\0\0" + body))

    def _dump(self, sequence: int, command: int, sent: Attributes) -> None:
        parts = [bytes((command - 3, 1, 0, 0)) + each for each in self._entries(command, sent)]
        flags = 2
        if self.disturbed:
            self.disturbed -= 1
            flags |= 0x10
        messages = [message(self.family, flags, sequence, each) for each in parts]
        for start in range(0, len(messages), self.part):
            self.answers.append(b"".join(messages[start : start + self.part]))
        self.answers.append(message(3, flags, sequence, bytes(4)))

    def _entries(self, command: int, sent: Attributes) -> Iterable[bytes]:
        if command == 4:
            for service, _ in self.services.values():
                yield put(1, packed(service) + put(10, NO_COUNTERS))
            return
        assert command == 8
        _, destinations = self.services.get(identity(parse(sent[1])), ({}, {}))
        for each in destinations.values():
            counts = b"".join(put(kind, bytes(4)) for kind in (7, 8, 9))
            yield put(2, packed(each) + counts + put(10, NO_COUNTERS))

    def _change(self, command: int, sent: Attributes) -> int:
        if command == 17:
            self.services.clear()
            return 0
        if command == 12:
            self.timeouts |= sent
            return 0
        if command == 16 and 1 not in sent:
            return 0
        service = parse(sent[1])
        key = identity(service)
        if command in (1, 2):
            return self._put_service(command, key, service)
        if key not in self.services:
            return errno.ESRCH
        if command == 3:
            del self.services[key]
        if command in (5, 6, 7):
            return self._change_destination(command, key, parse(sent[2]))
        return 0

    def _put_service(self, command: int, key: bytes, service: Attributes) -> int:
        if command == 1 and key in self.services:
            return errno.EEXIST
        if command == 2 and key not in self.services:
            return errno.ESRCH
        if service[SVC_SCHED_NAME].rstrip(b"\0") not in SCHEDULERS:
            return errno.ENOENT
        if number(service[SVC_AF]) == AF_INET6 and not 1 <= number(service[SVC_NETMASK]) <= 128:
            return errno.EINVAL
        flags, mask = struct.unpack("=II", service[SVC_FLAGS])
        assert mask == 0xFFFFFFFF
        service[SVC_FLAGS] = struct.pack("=II", flags | 2, mask)  # IP_VS_SVC_F_HASHED
        _, destinations = self.services.get(key, ({}, {}))
        self.services[key] = (service, destinations)
        return 0

    def _change_destination(self, command: int, key: bytes, sent: Attributes) -> int:
        service, destinations = self.services[key]
        name = sent[DEST_FAMILY] + sent[DEST_ADDR] + sent[DEST_PORT]
        if command == 7:
            return 0 if destinations.pop(name, None) else errno.ENOENT
        if sent[DEST_FAMILY] != service[SVC_AF] and number(sent[DEST_FWD]) != 2:
            return errno.EINVAL
        if number(sent[DEST_LOWER]) > number(sent[DEST_UPPER]):
            return errno.ERANGE
        if (command == 5) == (name in destinations):
            return errno.EEXIST if command == 5 else errno.ENOENT
        destinations[name] = sent
        return 0


def identity(service: Attributes) -> bytes:
    return b"".join(put(kind, service[kind]) for kind in IDENTITY if kind in service)


def packed(attributes: Attributes) -> bytes:
    return b"".join(put(kind, value) for kind, value in attributes.items())
