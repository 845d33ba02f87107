"""Watch a whole lab: every switch's wire, every host's addresses, a client's pings."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Protocol

from .bridge import Bridge
from .capture import Capture
from .host import Host
from .lab import Lab
from .ping import PingStream, Probe
from .timeline import Event, Note, from_changes, from_frames, from_probes, merge
from .watch import AddressWatch

__all__ = ["Observation"]

_KINDS = ("vrrp", "arp", "nd")


class Observation:
    """Records from its making until `stop`; also a context manager. Of one thread at a time.

    `pings` says which host pings which address, every `interval` seconds; a reply that takes
    longer than `deadline` seconds is lost.
    """

    def __init__(
        self,
        lab: Lab,
        pings: Mapping[str, str] | None = None,
        *,
        interval: float = 0.01,
        deadline: float = 0.1,
    ) -> None:
        self.start = time.monotonic()
        self.end: float | None = None
        """When it was stopped."""
        self._events: list[Event] = []
        self._unread: list[Event] = []
        self._notes: list[Event] = []
        self._pings: list[_Pings] = []
        self._sources: list[_Source] = [
            *(_Wire(bridge) for bridge in lab.bridges.values()),
            *(_HostWatch(host) for host in lab.hosts.values()),
        ]
        for name, target in (pings or {}).items():
            self.ping(lab[name], target, interval=interval, deadline=deadline)

    def __enter__(self) -> Observation:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def events(self) -> list[Event]:
        """What `poll` and `stop` have collected so far, in the order of time."""
        return merge(self._events)

    @property
    def probes(self) -> dict[str, list[Probe]]:
        """The pings of each pinging host; the last ones may be under way."""
        return {each.host: each.stream.probes() for each in self._pings}

    def ping(
        self, host: Host, target: str, *, interval: float = 0.01, deadline: float = 0.1
    ) -> PingStream:
        """Let a host ping `target` from now on; its losses are part of the record."""
        pings = _Pings(host, target, interval, deadline)
        self._pings.append(pings)
        self._sources.insert(0, pings)  # `stop` ends pings first, so that their losses are seen
        return pings.stream

    def note(self, host: str, text: str) -> None:
        """Put a remark into the time line: a fault, a start, a stop."""
        self._notes.append(Event(time.monotonic(), host, Note(text)))

    def poll(self) -> list[Event]:
        """What is new since the last call, in the order of time. A run of lost pings is told when
        it has ended. After `stop`, the rest."""
        if self.end is None:
            self._collect()
        new, self._unread = self._unread, []
        return merge(new)

    def stop(self) -> list[Event]:
        """End the recording; return every event in the order of time. May be repeated."""
        if self.end is None:
            self.end = time.monotonic()
            for each in self._sources:
                each.stop()
            self._collect()
        return self.events

    def _collect(self) -> None:
        notes, self._notes = self._notes, []
        for part in (notes, *(each.poll() for each in self._sources)):
            self._events += part
            self._unread += part


class _Source(Protocol):
    """Something that records events."""

    def poll(self) -> list[Event]:
        """What is new since the last call."""

    def stop(self) -> None:
        """End the recording; one more `poll` gets the rest."""


class _Wire:
    """The frames of one switch."""

    def __init__(self, bridge: Bridge) -> None:
        self._hosts = bridge.ports
        self._capture: Capture = bridge.capture(_KINDS)
        self._told = 0

    def poll(self) -> list[Event]:
        new = self._capture.frames_from(self._told)
        self._told += len(new)
        return from_frames(new, self._hosts)

    def stop(self) -> None:
        self._capture.stop()


class _HostWatch:
    """The addresses of one host."""

    def __init__(self, host: Host) -> None:
        self._host = host.name
        self._watch: AddressWatch = host.watch()
        self._told = 0

    def poll(self) -> list[Event]:
        new = self._watch.changes[self._told :]
        self._told += len(new)
        return from_changes(self._host, new)

    def stop(self) -> None:
        self._watch.stop()


class _Pings:
    """The pings of one host."""

    def __init__(self, host: Host, target: str, interval: float, deadline: float) -> None:
        self.host = host.name
        self.target = target
        self.stream: PingStream = host.ping(target, interval=interval, deadline=deadline)
        self._stopped = False
        self._told = 0

    def poll(self) -> list[Event]:
        """The outages that are over, each once; at the end also the one that is not.

        The pings looked at end with the last answered one that is older than the deadline: behind
        it a reply may still come.
        """
        probes = self.stream.probes_from(self._told)
        if not self._stopped:
            settled = time.monotonic() - self.stream.deadline
            while probes and (probes[-1].received is None or probes[-1].sent > settled):
                probes.pop()
        self._told += len(probes)
        return from_probes(self.host, self.target, probes)

    def stop(self) -> None:
        self.stream.stop()
        self._stopped = True
