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

__all__ = ["Lab"]

_MEMBER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


class Lab:
    """Hosts and bridges, each in a network namespace named `LAB.MEMBER`.

    A context manager; left out, the lab goes away when the interpreter ends. Should this process
    be killed, a guardian process clears what is left at once; should that be killed too, the next
    lab to start on this machine does. Several labs may run at
    once; without `name` one is made up. `owned=False` leaves the lab running until `close`, or
    `netnslab down NAME`.
    Raises: NotPermitted without root; LabError when a lab of that name runs; ValueError for a bad name.
    """

    def __init__(self, name: str | None = None, *, owned: bool = True) -> None:
        if os.geteuid() != 0:
            raise NotPermitted("a lab makes network namespaces: run it as root (sudo)")
        record.sweep()
        self.name = name or f"lab-{secrets.token_hex(3)}"
        self.hosts: dict[str, Host] = {}
        self.bridges: dict[str, Bridge] = {}
        self._process = os.getpid()
        self._record = record.claim(self.name, record.Owner.of(self._process) if owned else None)
        self._closed = False
        self._guardian = Guardian() if owned else None
        if owned:
            atexit.register(self.close)

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
        namespace = self._new_member(name)
        directory = self.directory / name
        directory.mkdir()
        host = self.hosts[name] = Host(name, namespace, directory, len(self.hosts) + 1)
        return host

    def bridge(self, name: str, *, mtu: int = 1500) -> Bridge:
        """Add a switch. Raises: ValueError for a bad or taken name; LabError."""
        bridge = self.bridges[name] = Bridge(name, self._new_member(name), mtu)
        return bridge

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

    def _new_member(self, name: str) -> str:
        """Write the namespace down first, then make it: a crash in between leaves no stray."""
        if not _MEMBER_NAME.fullmatch(name):
            raise ValueError(f"name {name!r}: letters, digits, '-' and '_' only")
        if name in self.hosts or name in self.bridges:
            raise ValueError(f"lab {self.name} has a member {name} already")
        namespace = f"{self.name}.{name}"
        if namespaces.inode(namespace) is not None:
            raise LabError(f"a network namespace {namespace} exists that is not this lab's")
        self._record = self._record.with_namespace(namespace)
        record.write(self._record)
        namespaces.create(namespace)
        return namespace
