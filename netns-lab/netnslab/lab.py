"""A lab: hosts and switches on this machine, made in milliseconds and taken away for certain."""

from __future__ import annotations

import atexit
import os
import re
import secrets
from pathlib import Path

from . import namespaces, record
from .bridge import Bridge
from .errors import LabError, NotPermitted
from .guardian import Guardian
from .host import Host
from .link import Cable, Link

__all__ = ["Lab"]

_MEMBER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


class Lab:
    """Hosts and bridges, each in a network namespace named `LAB.MEMBER`.

    A context manager; left out, the lab goes away when the interpreter ends. Should this process
    be killed, a guardian process clears what is left at once; should that be killed too, the next
    lab to start on this machine does. Several labs may run at once; without `name` one is made up.
    `owned=False` leaves the lab running until `close`, or `netnslab down NAME`.
    Raises: NotPermitted without root; LabError when a lab of that name runs; ValueError for a name
    with other signs than letters, digits, `-`, `_` and `.`.
    """

    def __init__(self, name: str | None = None, *, owned: bool = True) -> None:
        _need_root()
        record.sweep()
        name = name or f"lab-{secrets.token_hex(3)}"
        owner = record.Owner.of(os.getpid()) if owned else None
        self._adopt(record.claim(name, owner), owned)

    @classmethod
    def attach(cls, name: str) -> Lab:
        """The lab of that name that runs already, perhaps of another process, to look at and to
        break; it goes on when this one ends. `close` takes it down.

        Its running processes are not in `Host.processes`; see `Host.process_ids`.
        Raises: NotPermitted; LabError when there is none.
        """
        _need_root()
        lab = cls.__new__(cls)
        lab._adopt(record.find(name), owned=False)
        return lab

    def _adopt(self, found: record.Record, owned: bool) -> None:
        self.name = found.name
        self.hosts: dict[str, Host] = {}
        self.bridges: dict[str, Bridge] = {}
        self._record = found
        self._process = os.getpid()
        self._closed = False
        self._guardian = Guardian() if owned else None
        if owned:
            atexit.register(self.close)
        for member in found.members:
            self._add(member)
        for cable in found.cables:
            self._lay(cable)

    def __repr__(self) -> str:
        return f"<Lab {self.name}: {', '.join([*self.hosts, *self.bridges])}>"

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getitem__(self, name: str) -> Host:
        """The host of that name. Raises: LabError."""
        try:
            return self.hosts[name]
        except KeyError:
            known = ", ".join(self.hosts) or "none"
            raise LabError(f"lab {self.name} has no host {name}; it has: {known}") from None

    @property
    def directory(self) -> Path:
        """The lab's files, a directory for each host in it; it goes away with the lab."""
        return self._record.directory

    def host(self, name: str) -> Host:
        """Add a host. Raises: ValueError for a bad or taken name; LabError."""
        self._create(record.Member(name, "host"))
        host = self.hosts[name]
        host.directory.mkdir()
        return host

    def bridge(self, name: str, *, mtu: int = 1500) -> Bridge:
        """Add a switch. Raises: ValueError for a bad or taken name; LabError."""
        self._create(record.Member(name, "bridge"))
        bridge = self.bridges[name]
        bridge.create(mtu)
        return bridge

    def link(self, member: str, interface: str) -> Link:
        """An interface of a host, or a bridge's port to another bridge. Raises: LabError."""
        if member in self.bridges:
            links = self.bridges[member].links
        else:
            links = self[member].links
        if interface not in links:
            known = ", ".join(links) or "none"
            raise LabError(f"{member} has no interface {interface}; it has: {known}")
        return links[interface]

    def close(self) -> None:
        """End every process in the lab and take everything away. May be repeated; does nothing in
        a child that this process forked.

        Raises: LabError when a process survives SIGKILL.
        """
        if self._closed or os.getpid() != self._process:
            return
        for host in self.hosts.values():
            host.close()
        for bridge in self.bridges.values():
            bridge.close()
        record.tear_down(self._record)
        if self._guardian is not None:
            self._guardian.dismiss()
        self._closed = True  # last, so that a close cut short by Ctrl-C is done again at exit
        atexit.unregister(self.close)

    def _create(self, member: record.Member) -> None:
        """Write the namespace down first, then make it: a crash in between leaves no stray."""
        name = member.name
        if not _MEMBER_NAME.fullmatch(name):
            raise ValueError(f"name {name!r}: letters, digits, '-' and '_' only")
        if name in self.hosts or name in self.bridges:
            raise ValueError(f"lab {self.name} has a member {name} already")
        namespace = self._record.namespace_of(name)
        if namespaces.inode(namespace) is not None:
            raise LabError(f"a network namespace {namespace} exists that is not this lab's")
        self._record = self._record.with_member(member)
        record.write(self._record)
        namespaces.create(namespace)
        self._add(member)

    def _add(self, member: record.Member) -> None:
        name, namespace = member.name, self._record.namespace_of(member.name)
        if member.kind == "bridge":
            self.bridges[name] = Bridge(name, namespace, self._note_cable)
        else:
            number = len(self.hosts) + 1
            directory = self.directory / name
            self.hosts[name] = Host(name, namespace, directory, number, self._note_cable)

    def _note_cable(self, cable: Cable) -> None:
        self._record = self._record.with_cable(cable)
        record.write(self._record)

    def _lay(self, cable: Cable) -> None:
        """Take up a cable that is there already."""
        if cable.member in self.bridges:
            self.bridges[cable.member].links[cable.near.interface] = Link(cable)
            return
        self.hosts[cable.member].links[cable.near.interface] = Link(cable)
        for bridge in self.bridges.values():
            if bridge.namespace == cable.far.namespace:
                bridge.ports[cable.far.interface] = cable.member


def _need_root() -> None:
    if os.geteuid() != 0:
        raise NotPermitted("a lab makes network namespaces: run it as root (sudo)")
