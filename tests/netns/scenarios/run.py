"""One scenario with two daemons of given makers, in a lab of its own."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from ipaddress import ip_address

from netnslab import DeadlinePassed, Lab, wait_until
from tests.netns.interop.routers import OURS, THEIRS, Instance, Keepalived, Maker
from tests.netns.scenarios.model import DIRECTORY, Scenario, Side, Step, Want, WantsOf
from tests.netns.scenarios.trace import Trace, story
from tests.netns.scenarios.watch import Heard, Watch, virtual_addresses

__all__ = ["HOSTS", "Run", "run"]

HOSTS = ("a", "b")

_PATIENCE = 30.0  # s, for anything
_LOOK = 0.04  # s
_SILENT = 3
"""So many Advertisements of others are heard before somebody counts as silent."""
_GLOBAL = "global_defs {\nvrrp_priority -20\nvrrp_garp_master_delay 0\n}\n"
"""The processes are not to wait for a busy machine; no second burst at a time of its own."""


class Run:
    """A scenario under way. Stimuli act on `lab` and `daemons`."""

    def __init__(self, lab: Lab, scenario: Scenario, makers: Mapping[str, Maker]) -> None:
        self.lab = lab
        self.sides: dict[str, Side] = {"a": scenario.a, "b": scenario.b}
        self._scenario = scenario
        self._running: list[str] = []
        self._wants: dict[str, WantsOf] = {}
        self._wire_up()
        programs = {host: OURS if makers[host] == "ours" else THEIRS for host in HOSTS}
        self.daemons = {host: Keepalived(lab[host], programs[host]) for host in HOSTS}
        routers = {host: side.instances for host, side in self.sides.items()}
        self.watch = Watch(lab, routers, count=scenario.count)

    def go(self) -> Trace:
        """All steps, and the end. Raises: DeadlinePassed, with what happened until then."""
        try:
            for step in self._scenario.steps:
                self._take(step)
            self._end()
        finally:
            self.watch.stop()
        return self.watch.trace

    def start(self, host: str) -> None:
        """Start the daemon of a host."""
        side = self.sides[host]
        self.watch.forget(host)
        self.daemons[host].begin(side.instances, self._blocks(host))
        self._running.append(host)

    def stop(self, host: str) -> None:
        """TERM, and wait for its end."""
        self._running.remove(host)
        self.daemons[host].stop()

    def crash(self, host: str) -> None:
        """KILL to all its processes at once."""
        self._running.remove(host)
        self.daemons[host].crash()

    def kill_parent(self, host: str) -> None:
        """KILL to it alone."""
        self._running.remove(host)
        self.daemons[host].process.signal(signal.SIGKILL)

    def reload(self, host: str, side: Side) -> None:
        """Write another configuration, and send HUP."""
        self.sides[host] = side
        self.watch.know(host, side.instances)
        self.daemons[host].write(side.instances, self._blocks(host))
        self.daemons[host].reload()

    def _blocks(self, host: str) -> str:
        directory = str(self.lab[host].directory)
        return _GLOBAL + self.sides[host].more.replace(DIRECTORY, directory)

    def addresses(self, host: str, interface: str) -> list[str]:
        """The own addresses of a host."""
        number = HOSTS.index(host) + 1
        if interface == "eth1":
            return [f"198.51.100.{number}/24"]
        return [f"192.0.2.{number}/24", f"2001:db8::{number}/64"]

    def connect(self, host: str, interface: str = "eth0") -> None:
        """Lay the cable of an interface that is not there."""
        bridge = self.lab.bridges["lan" if interface == "eth0" else "outside"]
        self.lab[host].connect(bridge, interface, addresses=self.addresses(host, interface))

    def _wire_up(self) -> None:
        self.lab.bridge("lan")
        if self._scenario.outside:
            self.lab.bridge("outside")
        for host in HOSTS:
            made = self.lab.host(host)
            # Otherwise the kernel drops what an owner sends from an address that this host has taken.
            made.sysctl("net.ipv4.conf.all.accept_local", 1)
            made.sysctl("net.ipv4.conf.all.promote_secondaries", 1)  # as systemd does
            made.sysctl("net.ipv6.conf.all.forwarding", int(self._scenario.forwarding))
            self.connect(host)
            if self._scenario.outside:
                self.connect(host, "eth1")

    def _take(self, step: Step) -> None:
        silent = [host for host in HOSTS if not _may_speak(self._wants.get(host))]
        self.watch.begin(step.name, silent)
        step.act(self)
        self._wants |= step.wants
        self._wants = {host: self._wants[host] for host in self._wants if host in self._running}
        self._wait(step)

    def _wait(self, step: Step) -> None:
        def is_reached() -> bool:
            self.watch.look()
            return self.watch.adverts >= step.adverts and all(
                self._is_as_wanted(host, wants) for host, wants in step.wants.items()
            )

        try:
            wait_until(
                is_reached, what=f"{step.name}: {step.wants}", timeout=_PATIENCE, interval=_LOOK
            )
        except DeadlinePassed as late:
            logs = [
                f"{each}:\n{each.tail()}" for host in HOSTS for each in self.lab[host].processes
            ]
            raise DeadlinePassed("\n".join([str(late), *story(self.watch.trace), *logs])) from None

    def _is_as_wanted(self, host: str, wants: WantsOf) -> bool:
        return all(
            _is_as(
                self.watch.heard(host, each.name),
                _of(wants, each.name),
                each,
                self._has_peer(host, each),
            )
            for each in self.sides[host].instances
        )

    def _has_peer(self, host: str, instance: Instance) -> bool:
        """Whether another host is to be heard for this Virtual Router."""
        others = {other: self._wants[other] for other in self._wants if other != host}
        return any(
            each.name == instance.name and _of(wants, each.name).state == "MASTER"
            for other, wants in others.items()
            for each in self.sides[other].instances
        )

    def _end(self) -> None:
        self.watch.begin("end", ())
        for host in sorted(self._running, key=lambda host: _may_speak(self._wants.get(host))):
            self.stop(host)


def _of(wants: WantsOf, name: str) -> Want:
    return wants if isinstance(wants, Want) else wants[name]


def _may_speak(wants: WantsOf | None) -> bool:
    if wants is None:
        return False
    each = [wants] if isinstance(wants, Want) else list(wants.values())
    return any(want.state == "MASTER" for want in each)


def _is_as(heard: Heard, want: Want, instance: Instance, has_peer: bool) -> bool:
    if (heard.told or heard.state) != want.state:
        return False
    if want.state != "MASTER":
        is_silent = not has_peer or heard.silent_for >= _SILENT
        return is_silent and heard.held == set(map(ip_address, want.holding or ()))
    addresses = virtual_addresses(instance) if want.holding is None else want.holding
    number = min(want.adverts, 2) if instance.version == 2 else want.adverts
    last = heard.adverts[-number:] if number else []
    return (
        heard.held == set(map(ip_address, addresses))
        and heard.announcements >= want.announcements
        and len(last) == number
        and all(each.priority != 0 for each in last)
        and all(
            list(each.addresses) == virtual_addresses(instance, excluded=False) for each in last
        )
        and all(want.priority in (None, each.priority) for each in last)
        and all(want.interval in (None, each.interval) for each in last)
    )


def run(scenario: Scenario, makers: Mapping[str, Maker]) -> Trace:
    """Run it. Raises: DeadlinePassed, CommandFailed."""
    with Lab() as lab:
        return Run(lab, scenario, makers).go()
