"""One description of Virtual Routers, run by any of three makers' daemons.

`ours` and `keepalived` read the same file; FRR's vrrpd gets the same facts in its own words, with
the macvlan links its manual asks for.
"""

from __future__ import annotations

import shutil
import signal
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_interface
from pathlib import Path
from typing import Literal, Protocol

from netnslab import Host, Process

__all__ = ["OURS", "THEIRS", "Daemon", "Frr", "Instance", "Keepalived", "Maker", "daemon"]

Maker = Literal["ours", "keepalived", "frr"]

OURS = Path(sys.executable).with_name("keepalived")
THEIRS = Path("/usr/sbin/keepalived")
_FRR = Path("/usr/lib/frr")


@dataclass(frozen=True, slots=True)
class Instance:
    """One Virtual Router. `interval` is seconds; `more` are further lines of keepalived.conf."""

    vrid: int
    addresses: tuple[str, ...]
    priority: int = 100
    version: int = 3
    interval: float = 0.2
    interface: str = "eth0"
    more: tuple[str, ...] = ()
    preempt: bool = True

    @property
    def family(self) -> int:
        """4 or 6."""
        return ip_interface(self.addresses[0]).version

    @property
    def name(self) -> str:
        """Unique in one file: VRID, family and interface."""
        name = f"vr{self.vrid}_{self.family}"
        return name if self.interface == "eth0" else f"{name}_{self.interface}"

    def having(self, priority: int) -> Instance:
        """The same with another priority."""
        return replace(self, priority=priority)

    def keepalived(self) -> str:
        """In the words of keepalived.conf."""
        lines = [
            "state BACKUP",
            f"interface {self.interface}",
            f"virtual_router_id {self.vrid}",
            f"priority {self.priority}",
            f"version {self.version}",
            f"advert_int {self.interval:g}",
            *(() if self.preempt else ("nopreempt",)),
            *self.more,
            "virtual_ipaddress {",
            *self.addresses,
            "}",
        ]
        return "\n".join([f"vrrp_instance {self.name} {{", *lines, "}\n"])

    def frr(self) -> list[str]:
        """In the words of FRR's vrrpd, below `interface`."""
        word = "ip" if self.family == 4 else "ipv6"
        addresses = (ip_interface(address).ip for address in self.addresses)
        lines = [
            f"version {self.version}",
            f"priority {self.priority}",
            f"advertisement-interval {self.interval * 1000:.0f}",
            *(f"{word} {address}" for address in addresses),
        ]
        wanted = [f" vrrp {self.vrid} {line}" for line in lines]
        return wanted if self.preempt else [*wanted, f" no vrrp {self.vrid} preempt"]


class Daemon(Protocol):
    """A VRRP daemon on one host; may be started again after it ended."""

    host: Host
    process: Process

    def begin(self, instances: Iterable[Instance], more: str = "") -> None:
        """Write its configuration and start it, without waiting for it."""

    def wait_started(self) -> None:
        """Wait until it has read its configuration."""

    def stop(self) -> None:
        """End it in order (TERM)."""

    def crash(self) -> None:
        """SIGKILL to all its processes at once."""


class Keepalived:
    """keepalived, or our daemon under its name."""

    def __init__(self, host: Host, program: Path) -> None:
        self.host = host
        self.process: Process
        self._program = program

    @property
    def configuration(self) -> Path:
        """The file it reads."""
        return self.host.directory / "keepalived.conf"

    def write(self, instances: Iterable[Instance], more: str = "") -> None:
        """Write the file; `more` are further blocks."""
        self.configuration.write_text(more + "".join(each.keepalived() for each in instances))

    def begin(self, instances: Iterable[Instance], more: str = "") -> None:
        self.write(instances, more)
        flags = {"-f": self.configuration.name}
        flags |= {"-p": "pid", "-r": "vrrp", "-c": "check", "-b": "bfd"}
        files = [w for f, n in flags.items() for w in (f, str(self.host.directory / n))]
        command = [str(self._program), "-nlDG", *files]
        self.process = self.host.start(command)

    def wait_started(self) -> None:
        self.process.wait_for_log("Startup complete", timeout=15)

    def start(self, instances: Iterable[Instance], more: str = "") -> None:
        """Begin, and wait."""
        self.begin(instances, more)
        self.wait_started()

    def reload(self) -> None:
        """SIGHUP to the parent."""
        self.process.signal(signal.SIGHUP)

    def child(self) -> int:
        """The process id of the VRRP child."""
        return int((self.host.directory / "vrrp").read_text())

    def stop(self) -> None:
        assert self.process.stop(timeout=10) == 0

    def crash(self) -> None:
        self.process.kill()


class Frr:
    """zebra and vrrpd."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.process: Process
        self._zebra: Process | None = None
        self._directory = host.directory / "frr"

    def begin(self, instances: Iterable[Instance], more: str = "") -> None:
        self._directory.mkdir(exist_ok=True)
        instances = list(instances)
        lines = ["log stdout", "interface eth0", *(line for i in instances for line in i.frr())]
        (self._directory / "vrrpd.conf").write_text("\n".join([*lines, ""]) + more)
        (self._directory / "zebra.conf").write_text("log stdout\n")
        for path in (self._directory, *self._directory.iterdir()):
            shutil.chown(path, "frr", "frr")
        for instance in instances:
            self._link(instance)
        socket = self._directory / "zebra.sock"
        if self._zebra is None or not self._zebra.is_running:
            socket.unlink(missing_ok=True)
            self._zebra = self._run("zebra", socket)
        self._zebra.wait_ready(socket.exists, timeout=15)
        self.process = self._run("vrrpd", socket)

    def wait_started(self) -> None:
        self.process.wait_ready((self._directory / "vrrpd.vty").exists, timeout=15)

    def stop(self) -> None:
        assert self.process.stop(timeout=10) == 0

    def crash(self) -> None:
        self.process.kill()

    def _run(self, program: str, socket: Path) -> Process:
        command = [str(_FRR / program), "-z", str(socket), "--vty_socket", str(self._directory)]
        for flag, suffix in (("-f", "conf"), ("-i", "pid")):
            command += [flag, str(self._directory / f"{program}.{suffix}")]
        return self.host.start(command)

    def _link(self, instance: Instance) -> None:
        """FRR finds its macvlan by MAC address and virtual address."""
        name, host = f"vrrp{instance.family}-{instance.vrid}", self.host
        if name in self._links():
            return
        mac = f"00:00:5e:00:0{1 if instance.family == 4 else 2}:{instance.vrid:02x}"
        words = f"link add {name} link {instance.interface} address {mac} type macvlan mode bridge"
        host.ip(*words.split())
        for address in instance.addresses:
            nodad = ("nodad",) if instance.family == 6 else ()
            host.ip("addr", "add", address, "dev", name, *nodad)
        host.ip("link", "set", name, "up")

    def _links(self) -> Sequence[str]:
        return self.host.ip("-br", "link").replace("@", " ").split()


def daemon(maker: Maker, host: Host) -> Daemon:
    """A daemon of that maker on a host."""
    if maker == "frr":
        return Frr(host)
    return Keepalived(host, OURS if maker == "ours" else THEIRS)
