"""What a daemon tells others of its changes: scripts called, lines in FIFOs, mails.

Host `r` has two interfaces and runs the daemon; beside it `peer` says what it is told to over VRRP,
and takes mails.
"""

from __future__ import annotations

import os
import signal
import socket
import struct
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from netnslab import Lab, Process, wait_until
from tests.unit.daemon.mail_server import MailServer

__all__ = ["PROGRAMS", "Fifo", "Site"]

PROGRAMS = {
    "keepalived": Path("/usr/sbin/keepalived"),
    "ours": Path(sys.executable).with_name("keepalived"),
}
_GROUP = socket.inet_aton("224.0.0.18")
_PATIENCE = 20.0


class Site:
    """A daemon, and all that it says."""

    def __init__(self, lab: Lab, directory: Path, program: Path, *, silent: bool = False) -> None:
        """`silent`: the mail server takes connections and does not speak."""
        self._lab = lab
        self._directory = directory
        self._program = program
        directory.chmod(0o755)
        host, self._peer = lab.host("r"), lab.host("peer")
        for number in (0, 1):
            lan = lab.bridge(f"lan{number}")
            host.connect(lan, f"eth{number}", addresses=[f"192.0.{2 + number}.1/24"])
            self._peer.connect(lan, f"eth{number}", addresses=[f"192.0.{2 + number}.9/24"])
        self.cable = host.link("eth1")
        self._calls_file = directory / "calls"
        self._calls_file.touch()
        script = directory / "note"
        script.write_text(f'#!/bin/sh\necho "$*" >> {self._calls_file}\n')
        script.chmod(0o755)
        with self._peer.entered():
            listener = socket.create_server(("192.0.2.9", 25))
        self.mail_server = MailServer(listener, silent=silent)
        self._calls_seen = self._mails_seen = 0

    def write(self, text: str) -> None:
        """The configuration: NOTE is a script that writes its words down, DIR the directory."""
        text = text.replace("DIR", str(self._directory))
        text = text.replace("NOTE", str(self._directory / "note"))
        (self._directory / "conf").write_text(text)

    def start(self, text: str) -> Process:
        """The daemon, with that configuration."""
        self.write(text)
        names = {"-f": "conf", "-p": "parent.pid", "-r": "vrrp.pid", "-c": "checkers.pid"}
        files = [word for f, name in names.items() for word in (f, str(self._directory / name))]
        command = [str(self._program), "-nlDG", *files]
        self.process = self._lab["r"].start(command, wait="(?i)startup complete", timeout=_PATIENCE)
        self.fifos = [Fifo(self._directory / name) for name in ("common", "vrrp")]
        return self.process

    def reload(self, text: str) -> None:
        """Take that configuration; it may take a while."""
        self.write(text)
        self.process.signal(signal.SIGHUP)

    def lines(self, count: int) -> list[str]:
        """The next lines of the FIFOs, which are the same."""
        common, vrrp = (fifo.take(count) for fifo in self.fifos)
        assert common == vrrp
        return common

    def calls(self, count: int) -> list[str]:
        """The words of the next calls, sorted: keepalived starts scripts in no order."""

        def new() -> list[str]:
            return self._calls_file.read_text().splitlines()[self._calls_seen :]

        wait_until(
            lambda: len(new()) >= count, what=lambda: f"{count} calls: {new()}", timeout=_PATIENCE
        )
        found = new()
        self._calls_seen += len(found)
        return sorted(found)

    def mails(self, count: int) -> list[tuple[str, str]]:
        """Subjects and bodies of the next mails, sorted."""
        mails = self.mail_server.mails
        wait_until(
            lambda: len(mails) - self._mails_seen >= count,
            what=lambda: f"{count} mails: {[each.subject for each in mails[self._mails_seen :]]}",
            timeout=_PATIENCE,
        )
        found = mails[self._mails_seen :]
        self._mails_seen += len(found)
        return sorted((each.subject, each.body) for each in found)

    def advertise(self, vrid: int, priority: int, address: str) -> None:
        """The peer sends one Advertisement of VRRPv3 on its eth0."""
        source = socket.inet_aton("192.0.2.9")
        head = struct.pack("!BBBBH", 0x31, vrid, priority, 1, 10)
        body = socket.inet_aton(address)
        summed = source + _GROUP + struct.pack("!HH", 112, 12) + head + bytes(2) + body
        total = sum(struct.unpack(f"!{len(summed) // 2}H", summed))
        total = (total & 0xFFFF) + (total >> 16)
        message = head + struct.pack("!H", ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF) + body
        with self._peer.entered(), socket.socket(socket.AF_INET, socket.SOCK_RAW, 112) as raw:
            raw.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
            raw.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, source)
            raw.sendto(message, (socket.inet_ntoa(_GROUP), 0))

    def close(self) -> None:
        """End the mail server and the readers."""
        self.mail_server.close()
        for fifo in self.fifos:
            fifo.close()


@dataclass
class Fifo:
    """A FIFO that is read, also when another takes its place."""

    path: Path

    def __post_init__(self) -> None:
        self._descriptors: list[int] = []
        self._octets = b""
        self._taken = 0
        wait_until(lambda: bool(self._follow()), what=f"{self.path}", timeout=_PATIENCE)

    def take(self, count: int) -> list[str]:
        """The next lines, at least so many."""
        wait_until(
            lambda: len(self._lines()) >= count,
            what=lambda: f"{count} lines: {self._lines()}",
            timeout=_PATIENCE,
        )
        found = self._lines()
        self._taken += len(found)
        return found

    def close(self) -> None:
        """Read no more."""
        for descriptor in self._descriptors:
            os.close(descriptor)

    def _lines(self) -> Sequence[str]:
        for descriptor in self._follow():
            try:
                self._octets += os.read(descriptor, 1 << 16)
            except BlockingIOError:
                continue
        return self._octets.decode().splitlines()[self._taken :]

    def _follow(self) -> list[int]:
        try:
            found = self.path.stat()
            known = [os.fstat(each) for each in self._descriptors]
            if not any(os.path.samestat(found, each) for each in known):
                self._descriptors.append(os.open(self.path, os.O_RDONLY | os.O_NONBLOCK))
        except FileNotFoundError:
            pass
        return self._descriptors
