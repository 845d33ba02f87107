"""What happens in a lab of two routers, taken down step by step as a trace."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_interface
from pathlib import Path

from netnslab import Capture, Frame, Lab, Process
from netnslab.decode import Advert, Announcement
from netnslab.watch import TimedChange
from tests.netns.interop.routers import Instance
from tests.netns.scenarios.frames import Said, said
from tests.netns.scenarios.model import FIFO
from tests.netns.scenarios.routing import RoutingWatch
from tests.netns.scenarios.trace import Happening, Kind, Trace, Wire

__all__ = ["Heard", "Watch", "virtual_addresses"]

_STATE = re.compile(rb"\((\w+)\) entering (\w+) state", re.IGNORECASE)
_EXCLUDED = "virtual_ipaddress_excluded {"
_OTHER = "other"
"""Whatever belongs to no Virtual Router."""

Ip = IPv4Address | IPv6Address


@dataclass(slots=True)
class Heard:
    """One Virtual Router on one host, as far as steps wait for it."""

    state: str = ""
    """As logged last."""
    told: str = ""
    """As told last."""
    held: set[Ip] = field(default_factory=set)
    adverts: list[Advert] = field(default_factory=list)
    """Since the step began."""
    announcements: int = 0
    """Since the step began."""
    silent_for: int = 0
    """Advertisements of others for this Virtual Router since its own last one."""


class Watch:
    """Reads logs, wires and kernel of a lab's hosts whenever it is asked to `look`.

    `routers` are the Virtual Routers of each host; `count` is that of `Wire`.
    """

    def __init__(
        self, lab: Lab, routers: Mapping[str, Iterable[Instance]], *, count: bool = False
    ) -> None:
        self.trace: Trace = {}
        self.adverts = 0
        """Those of anybody since the step began."""
        self._step = ""
        self._lab = lab
        self._count = count
        self._wires: dict[tuple[str, str], Wire] = {}
        self._heard: dict[tuple[str, str], Heard] = {}
        self._names: dict[tuple[str, int, int], str] = {}
        self._ports: dict[tuple[str, str], str] = {}
        self._owners: dict[tuple[str, Ip], str] = {}
        self._read: dict[object, int] = {}
        links = [link for host in lab.hosts.values() for link in host.links.values()]
        self._macs = {link.mac: "own MAC" for link in links}
        for host, instances in routers.items():
            self.know(host, instances)
        self._own = {name: set(self._own_addresses(name)) for name in lab.hosts}
        self._routing = {name: RoutingWatch(each) for name, each in lab.hosts.items()}
        self._fifos = {name: _open_fifo(each.directory / FIFO) for name, each in lab.hosts.items()}
        kinds = ["vrrp", "arp", "nd"]
        self._captures = {name: each.capture(kinds) for name, each in lab.bridges.items()}
        self._watches = {name: each.watch() for name, each in lab.hosts.items()}

    def know(self, host: str, instances: Iterable[Instance]) -> None:
        """Virtual Routers that a host has, or had."""
        for each in instances:
            port = f"{host}-{each.interface}"
            self._names[port, each.vrid, each.family] = each.name
            self._ports[host, each.name] = port
            for address in virtual_addresses(each):
                self._owners[host, address] = each.name

    def _own_addresses(self, host: str) -> Iterator[Ip]:
        """Those that a host has by itself; of an owner they are virtual addresses as well."""
        for address in self._lab[host].addresses():
            name = self._owners.get((host, address.ip))
            if name is None:
                yield address.ip
            else:
                self.heard(host, name).held.add(address.ip)

    def heard(self, host: str, name: str) -> Heard:
        """What is known of a Virtual Router on a host."""
        return self._heard.setdefault((host, name), Heard())

    def forget(self, host: str) -> None:
        """Its states belong to a daemon that is gone."""
        for (other, _), heard in self._heard.items():
            if other == host:
                heard.state = heard.told = ""

    def begin(self, step: str, silent: Iterable[str]) -> None:
        """What is seen from now on belongs to the next step; what the hosts that were `silent`
        before it say is news."""
        self._step = step
        self.adverts = 0
        silent = set(silent)
        for heard in self._heard.values():
            heard.adverts.clear()
            heard.announcements = 0
        for (host, _), wire in self._wires.items():
            if host in silent:
                wire.forget()

    def look(self) -> None:
        """Take down what is new."""
        for name, host in self._lab.hosts.items():
            for process in host.processes:
                self._look_at_log(name, process)
            self._look_at_fifo(name)
            for line in self._routing[name].read():
                self._note(name, "routing", "route", line)
            for change in self._new(name, self._watches[name].changes):
                self._note_address(name, change)
        for name, capture in self._captures.items():
            self._look_at_wire(self._lab.bridges[name].ports, capture)

    def stop(self) -> None:
        """Look a last time, when nothing is under way any more."""
        for each in (*self._captures.values(), *self._watches.values()):
            each.stop()
        self.look()
        for name, fifo in self._fifos.items():
            os.close(fifo)
            self._routing[name].close()

    def _new(self, source: object, all_of_it: list[TimedChange]) -> list[TimedChange]:
        start, self._read[source] = self._read.get(source, 0), len(all_of_it)
        return all_of_it[start:]

    def _look_at_log(self, host: str, process: Process) -> None:
        start = self._read.get(process.log, 0)
        with process.log.open("rb") as log:
            log.seek(start)
            text = log.read()
        end = text.rfind(b"\n") + 1
        self._read[process.log] = start + end
        for found in _STATE.finditer(text[:end]):
            name, state = (word.decode() for word in found.groups())
            heard, state = self.heard(host, name), state.upper()
            if state != heard.state:
                self._note(host, name, "state", state)
            heard.state = state

    def _look_at_fifo(self, host: str) -> None:
        """Lines are written whole; what they are about stands in quotes."""
        with suppress(BlockingIOError):
            for line in os.read(self._fifos[host], 1 << 16).decode().splitlines():
                _, name, rest = line.split('"')
                self.heard(host, name).told = rest.split()[0]
                self._note(host, name, "told", line)

    def _look_at_wire(self, ports: Mapping[str, str], capture: Capture) -> None:
        start = self._read.get(capture, 0)
        frames = capture.frames_from(start)
        self._read[capture] = start + len(frames)
        for frame in frames:
            host = ports.get(frame.interface)  # no name: the interface was gone when it was asked
            if host is not None and (found := said(frame.data, self._macs)):
                self._hear(host, frame, found)

    def _hear(self, host: str, frame: Frame, found: Said) -> None:
        fact = found.fact
        if isinstance(fact, Announcement):
            name = self._owners.get((host, fact.address), _OTHER)
            self.heard(host, name).announcements += 1
            if frame.interface != self._ports.get((host, name), frame.interface):
                name = f"{name} elsewhere"  # two switches have no common order
            words = self._wire(host, name).announce(found.words)
        else:
            key = frame.interface, fact.vrid, fact.source.version
            name = self._names.get(key, _OTHER)
            words = found.words if self._wire(host, name).is_news(found.words) else None
            self._count_advert(host, name, fact)
        if words is not None:
            self._note(host, name, "wire", words)

    def _count_advert(self, host: str, name: str, fact: Advert) -> None:
        for (other, others_name), heard in self._heard.items():
            if other != host and others_name == name:
                heard.silent_for += 1
        self.adverts += 1
        heard = self.heard(host, name)
        heard.silent_for = 0
        heard.adverts.append(fact)

    def _note_address(self, host: str, change: TimedChange) -> None:
        interface, added = change.change.address.interface, change.change.added
        name = self._owners.get((host, interface.ip), _OTHER)
        if interface.ip in self._own[host] or (name == _OTHER and interface.is_link_local):
            return
        held = self.heard(host, name).held
        (held.add if added else held.discard)(interface.ip)
        self._note(host, name, "address", f"{'+' if added else '-'} {interface}")

    def _wire(self, host: str, name: str) -> Wire:
        return self._wires.setdefault((host, name), Wire(self._count))

    def _note(self, host: str, name: str, kind: Kind, what: str) -> None:
        self.trace.setdefault((host, name, kind), []).append(Happening(self._step, what))


def _open_fifo(path: Path) -> int:
    """For reading; open for writing as well, it never ends."""
    os.mkfifo(path)
    return os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)


def virtual_addresses(instance: Instance, *, excluded: bool = True) -> list[Ip]:
    """Those that a Virtual Router holds, or those that it advertises."""
    found = list(instance.addresses)
    if excluded and _EXCLUDED in instance.more:
        start = instance.more.index(_EXCLUDED) + 1
        found += instance.more[start : instance.more.index("}", start)]
    return [ip_interface(each.split()[0]).ip for each in found]
