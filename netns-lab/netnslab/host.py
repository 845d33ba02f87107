"""A host of a lab: a network namespace with interfaces, in which programs run."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from ipaddress import IPv4Interface, IPv6Interface, ip_address
from pathlib import Path
from typing import TypeVar

from . import interfaces, iproute, namespaces, residents
from .bridge import Bridge
from .capture import ALL_KINDS, Capture
from .errors import CommandFailed, DeadlinePassed, LabError
from .link import Cable, End, Link
from .ping import PingStream
from .process import Process, Ready
from .waiting import wait_until
from .watch import AddressWatch

__all__ = ["Host"]

Reader = TypeVar("Reader", Capture, PingStream, AddressWatch)

_LONGEST_NAME = 15  # IFNAMSIZ, less the final 0


class Host:
    """One machine of the lab; made by `Lab.host`.

    `directory` holds its logs and whatever files a lab puts there; it goes away with the lab.
    """

    def __init__(
        self,
        name: str,
        namespace: str,
        directory: Path,
        number: int,
        on_cable: Callable[[Cable], None],
    ) -> None:
        self.name = name
        self.namespace = namespace
        self.directory = directory
        self.links: dict[str, Link] = {}
        self.processes: list[Process] = []
        self._crashed: list[int] = []
        self._number = number
        self._on_cable = on_cable
        self._readers: list[Capture | PingStream | AddressWatch] = []

    def __repr__(self) -> str:
        return f"<Host {self.name} ({self.namespace})>"

    def connect(
        self,
        to: Bridge | Host,
        interface: str = "eth0",
        *,
        addresses: Sequence[str] = (),
        mtu: int = 1500,
        mac: str | None = None,
        far_interface: str | None = None,
    ) -> Link:
        """Lay a cable from a new interface to a bridge, or to a new interface of another host.

        `addresses` are given as `192.0.2.1/24`; `far_interface` names the other end (of a bridge:
        its port), by default after this host, or `eth0`, `eth1` ... in a host.
        Raises: CommandFailed when the kernel refuses; ValueError for a name that is too long.
        """
        mac = mac or self._next_mac()
        if isinstance(to, Bridge):
            far = End(to.namespace, far_interface or to.port_name(self.name, interface))
        else:
            far = End(to.namespace, far_interface or f"eth{len(to.links)}")
        _check_names(interface, far.interface)
        peer = f"peer name {far.interface} netns {far.namespace} mtu {mtu}"
        far_mac = "" if isinstance(to, Bridge) else f" address {to._next_mac()}"
        create = f"link add {interface} mtu {mtu} address {mac} type veth {peer}{far_mac}"
        on = [f"addr add {address} dev {interface}" for address in addresses]
        iproute.batch(self.namespace, [create, f"link set {interface} up", *on])
        link = self.links[interface] = Link(Cable(self.name, End(self.namespace, interface), far))
        self._on_cable(link.cable)
        if isinstance(to, Bridge):
            to.attach(far.interface, self.name)
        else:
            to.links[far.interface] = Link(Cable(to.name, far, link.near))
            self._on_cable(to.links[far.interface].cable)
            iproute.batch(far.namespace, [f"link set {far.interface} up"])
        link.wait_carrier()
        self._wait_settled()
        return link

    def link(self, interface: str) -> Link:
        """The interface of that name. Raises: LabError when `connect` made none."""
        if interface not in self.links:
            names = ", ".join(self.links) or "none"
            raise LabError(f"{self.name} has no interface {interface}; it has: {names}")
        return self.links[interface]

    def process_ids(self) -> list[int]:
        """Every process that lives in this host, whoever started it."""
        return residents.process_ids([self.namespace])

    def crash(self) -> None:
        """SIGKILL to every process in this host as one, until none is left. Raises: LabError."""
        self._crashed += self.process_ids()
        residents.kill([self.namespace])
        for process in self.processes:
            process.wait()

    def ip(self, *arguments: str) -> str:
        """Run ip(8) in this host, as `host.ip("route", "add", ...)`; return what it printed."""
        return iproute.call(self.namespace, arguments)

    def add_address(self, interface: str, address: str) -> None:
        """Put `192.0.2.1/24` on an interface; return when the kernel answers for it."""
        iproute.batch(self.namespace, [f"addr add {address} dev {interface}"])
        self._wait_settled()

    def remove_address(self, interface: str, address: str) -> None:
        """Take `192.0.2.1/24` off an interface."""
        iproute.batch(self.namespace, [f"addr del {address} dev {interface}"])

    def add_route(self, route: str) -> None:
        """Add a route in ip(8)'s words, as `default via 192.0.2.254`."""
        iproute.batch(self.namespace, [f"route add {route}"])

    def addresses(self, interface: str | None = None) -> list[IPv4Interface | IPv6Interface]:
        """The addresses of an interface, or of all but loopback, link-local ones too; read in
        some 0.1 ms, so it can be polled."""
        if interface is not None:
            return self.link(interface).addresses()
        found = interfaces.read_addresses(self.namespace)
        return [each.interface for each in found if not each.interface.is_loopback]

    def has_address(self, address: str) -> bool:
        """Whether `address` (without prefix length) is on any interface now."""
        wanted = ip_address(address)
        found = interfaces.read_addresses(self.namespace)
        return any(each.interface.ip == wanted for each in found)

    def wait_address(self, address: str, present: bool = True, timeout: float = 5.0) -> None:
        """Wait until `address` is there, or gone. Raises: DeadlinePassed."""
        what = f"{address} {'on' if present else 'gone from'} {self.name}"
        wait_until(lambda: self.has_address(address) == present, what=what, timeout=timeout)

    def sysctl(self, name: str, value: str | int | None = None) -> str:
        """Read a sysctl of this host, as `net.ipv4.ip_forward`, after writing `value` if given.

        A `/` separates like a dot, so an interface name with a dot can be written.
        Raises: LabError when there is no such sysctl or it does not take the value.
        """
        path = Path("/proc/sys", *(name.split("/") if "/" in name else name.split(".")))
        try:
            with self.entered():
                if value is not None:
                    path.write_text(str(value))
                return path.read_text().strip()
        except OSError as error:
            raise LabError(f"{self.name}: sysctl {name}: {error.strerror}") from error

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Put the calling thread into this host for the `with` block: sockets opened and children
        started inside stay there. Never `await` inside."""
        with namespaces.entered(self.namespace):
            yield

    def run(
        self, command: Sequence[str], *, check: bool = True, timeout: float = 10.0
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end in this host, its output and errors apart, as text.

        Raises: CommandFailed for a status other than 0, unless `check` is false; DeadlinePassed
        when it has to be killed after `timeout` seconds; LabError when there is no such program.
        """
        try:
            done = subprocess.run(
                [*self._prefix(command), *command],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=timeout,
            )
        except subprocess.TimeoutExpired:
            text = " ".join(command)
            raise DeadlinePassed(f"{self.name}: {text}: not done after {timeout:g} s") from None
        if check and done.returncode != 0:
            raise CommandFailed(self.name, command, done.returncode, done.stdout + done.stderr)
        return done

    def start(
        self,
        command: Sequence[str],
        *,
        name: str | None = None,
        wait: Ready = None,
        timeout: float = 5.0,
        environment: Mapping[str, str] | None = None,
    ) -> Process:
        """Start a program that keeps running, with its output in `directory/NAME.log`.

        It has to stay in the foreground; what it forks is found and ended with the lab all the
        same. `wait` is a condition, or a pattern in its log, to wait for; `environment` is added
        to this process's.
        Raises: LabError when there is no such program; CommandFailed when it ends before it is
        ready; DeadlinePassed when it is not ready after `timeout` seconds.
        """
        killed = [pid for process in self.processes for pid in process.killed]
        residents.wait_buried([*self._crashed, *killed])
        log = self._log_file(name or Path(command[0]).name)
        process = Process(
            self.name,
            command,
            log,
            prefix=self._prefix(command),
            environment=environment,
            directory=self.directory,
        )
        self.processes.append(process)
        process.wait_ready(wait, timeout)
        return process

    def capture(self, interface: str, kinds: Sequence[str] = ALL_KINDS) -> Capture:
        """Start to record frames on an interface, in and out; `kinds` as in `Capture`."""
        return self._keep(Capture(self.namespace, interface, kinds))

    def ping(self, target: str, *, interval: float = 0.01, deadline: float = 0.1) -> PingStream:
        """Start an echo request every `interval` seconds; a reply counts within `deadline`.

        The kernel keeps a request while it asks who has the address, so with a long deadline pings
        sent before the target was there count as answered."""
        return self._keep(PingStream(self.namespace, target, interval, deadline))

    def watch(self) -> AddressWatch:
        """Start to record when addresses appear on this host and go away."""
        return self._keep(AddressWatch(self.namespace))

    def close(self) -> None:
        """End captures, pings and processes; the lab does it."""
        for reader in self._readers:
            reader.stop()
        for process in self.processes:
            process.kill()

    def _wait_settled(self) -> None:
        """Even without duplicate address detection the kernel joins the multicast group by which
        an IPv6 address is asked for a moment later; a question before that costs a second."""

        def is_settled() -> bool:
            found = interfaces.read_addresses(self.namespace)
            return not any(address.is_tentative for address in found)

        wait_until(is_settled, what=f"the IPv6 addresses of {self.name}", interval=0.001)

    def _keep(self, reader: Reader) -> Reader:
        self._readers.append(reader)
        return reader

    def _prefix(self, command: Sequence[str]) -> list[str]:
        """`ip netns exec` also mounts the namespace's own /sys, then becomes the program."""
        if shutil.which(command[0]) is None:
            raise LabError(f"{self.name}: there is no program {command[0]} on this machine")
        return ["ip", "netns", "exec", self.namespace]

    def _next_mac(self) -> str:
        """The same address in every run of a lab, so that time lines and captures compare."""
        return f"02:00:00:00:{self._number:02x}:{len(self.links) + 1:02x}"

    def _log_file(self, name: str) -> Path:
        taken = {process.log.name for process in self.processes}
        log, number = f"{name}.log", 1
        while log in taken:
            number += 1
            log = f"{name}-{number}.log"
        return self.directory / log


def _check_names(*interfaces_: str) -> None:
    for name in interfaces_:
        if len(name) > _LONGEST_NAME:
            raise ValueError(f"interface name {name!r} is longer than {_LONGEST_NAME} characters")
