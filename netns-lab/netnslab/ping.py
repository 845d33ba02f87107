"""Echo requests at a steady pace, each with the moment it left and the moment of its reply.

Exact where the ping program is not: the pace holds whatever the replies do, an unreachable target
is a lost ping and no error, and replies carry the kernel's time stamps.

Source: RFC 792, RFC 4443, icmp(7), raw(7), include/uapi/linux/icmp{,v6}.h.
"""

from __future__ import annotations

import itertools
import os
import socket
import struct
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address

from . import namespaces
from .reader import SocketReader, clock_difference

__all__ = ["Outage", "PingStream", "Probe", "outages"]

_SO_TIMESTAMPNS = 35
_ICMP_FILTER, _ICMPV6_FILTER = 1, 1
_REQUEST = {4: 8, 6: 128}
_REPLY = {4: 0, 6: 129}
_numbers = itertools.count(os.getpid())


@dataclass(frozen=True, slots=True)
class Probe:
    """One echo request. Times are seconds of `time.monotonic`."""

    sequence: int
    sent: float
    received: float | None
    """None: no reply within the deadline."""


@dataclass(frozen=True, slots=True)
class Outage:
    """A run of lost pings."""

    start: float
    """When the first lost request was sent, in seconds of `time.monotonic`."""
    end: float | None
    """When the next answered request was sent; None when none was answered any more."""
    lost: int

    @property
    def seconds(self) -> float | None:
        """How long the target did not answer, exact to two intervals; None while it lasts."""
        return None if self.end is None else self.end - self.start


def outages(probes: Sequence[Probe]) -> list[Outage]:
    """The runs of lost pings in the order of time."""
    found: list[Outage] = []
    run: list[Probe] = []
    for probe in probes:
        if probe.received is None:
            run.append(probe)
        elif run:
            found.append(Outage(run[0].sent, probe.sent, len(run)))
            run = []
    return [*found, Outage(run[0].sent, None, len(run))] if run else found


class PingStream:
    """Sends from its making until `stop`; also a context manager. Made by `Host.ping`.

    `interval` and `deadline` (how long a reply may take) are seconds.
    """

    def __init__(self, namespace: str, target: str, interval: float, deadline: float) -> None:
        if interval <= 0:
            raise ValueError(f"ping interval of {interval} s")
        address = ip_address(target)
        self.target = target
        self.interval = interval
        self.deadline = deadline
        self._version = address.version
        self._identifier = next(_numbers) & 0xFFFF
        self._sent: list[float] = []
        self._replies: dict[int, float] = {}
        self._arrived = threading.Condition()
        self._socket = _open(namespace, self._version)
        self._stop = threading.Event()
        self._sender = threading.Thread(target=self._send_all, name=f"ping {target}", daemon=True)
        self._reader = SocketReader(self._socket, self._receive, f"pong {target}")
        self._sender.start()

    def __enter__(self) -> PingStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def probes(self) -> list[Probe]:
        """What is known so far; the last ones may still be under way, and look lost."""
        return self.probes_from(0)

    def probes_from(self, number: int) -> list[Probe]:
        """What is known so far, but for the first `number` requests."""
        with self._arrived:
            return [self._probe(each, self._sent[each]) for each in range(number, len(self._sent))]

    def wait_reply(self, timeout: float = 5.0) -> bool:
        """Wait for the reply to a request sent from now on; False when none comes in time."""
        with self._arrived:
            first = len(self._sent)
            return self._arrived.wait_for(
                lambda: any(number >= first for number in self._replies), timeout
            )

    def stop(self) -> list[Probe]:
        """Send no more, wait until every request is answered or given up, return them all.

        May be repeated."""
        if not self._reader.is_stopped:
            self._stop.set()
            self._sender.join()
            with self._arrived:
                self._arrived.wait_for(self._is_settled, self.deadline)
            self._reader.stop()
        return self.probes()

    def _probe(self, number: int, sent: float) -> Probe:
        received = self._replies.get(number)
        if received is not None and received - sent > self.deadline:
            received = None
        return Probe(number, sent, received)

    def _is_settled(self) -> bool:
        """Whether no request may still be answered in time."""
        oldest = time.monotonic() - self.deadline
        for number in range(len(self._sent) - 1, -1, -1):
            if self._sent[number] < oldest:
                break
            if number not in self._replies:
                return False
        return True

    def _send_all(self) -> None:
        """On an absolute schedule; the turns a stalled machine missed are left out."""
        due = time.monotonic()
        while not self._stop.wait(max(0.0, due - time.monotonic())):
            self._send()
            late = time.monotonic() - due
            due += self.interval * (1 + late // self.interval)

    def _send(self) -> None:
        """A request that cannot leave (no route, no carrier) counts as sent, and lost."""
        with self._arrived:
            number = len(self._sent)
            self._sent.append(time.monotonic())
        header = struct.pack(
            "!BBHHH", _REQUEST[self._version], 0, 0, self._identifier, number & 0xFFFF
        )
        message = header + struct.pack("!Q", number)
        if self._version == 4:
            message = message[:2] + _checksum(message) + message[4:]
        with suppress(OSError):
            self._socket.sendto(message, (self.target, 0))

    def _receive(self) -> None:
        data, control, *_ = self._socket.recvmsg(2048, 64, socket.MSG_DONTWAIT)
        difference = clock_difference()
        seconds, nanoseconds = struct.unpack("=qq", control[0][2])
        self._note(data, (seconds * 1_000_000_000 + nanoseconds + difference) / 1e9)

    def _note(self, data: bytes, when: float) -> None:
        icmp = data[(data[0] & 0x0F) * 4 :] if self._version == 4 else data
        if len(icmp) != 16 or icmp[0] != _REPLY[self._version]:
            return
        identifier, _, number = struct.unpack("!HHQ", icmp[4:])
        with self._arrived:
            if identifier == self._identifier and number < len(self._sent):
                self._replies.setdefault(number, when)
                self._arrived.notify_all()


def _open(namespace: str, version: int) -> socket.socket:
    """A raw ICMP socket that gets nothing but echo replies."""
    kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC
    with namespaces.entered(namespace):
        if version == 4:
            opened = socket.socket(socket.AF_INET, kind, socket.IPPROTO_ICMP)
        else:
            opened = socket.socket(socket.AF_INET6, kind, socket.IPPROTO_ICMPV6)
    opened.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    if version == 4:
        opened.setsockopt(255, _ICMP_FILTER, struct.pack("=I", 0xFFFFFFFF & ~(1 << _REPLY[4])))
    else:
        words = [0xFFFFFFFF] * 8
        words[_REPLY[6] >> 5] &= ~(1 << (_REPLY[6] & 31))
        opened.setsockopt(socket.IPPROTO_ICMPV6, _ICMPV6_FILTER, struct.pack("=8I", *words))
    return opened


def _checksum(message: bytes) -> bytes:
    """RFC 1071; the kernel does it for ICMPv6."""
    total = sum(struct.unpack(f"!{len(message) // 2}H", message))
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!H", ~total & 0xFFFF)
