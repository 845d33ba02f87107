"""The kernel's IPVS tables of the directors, read as everyone may read them.

Source: /proc/net/ip_vs and /proc/net/ip_vs_conn_sync, as the kernel's net/netfilter/ipvs prints them:
addresses and ports are hexadecimal.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from ipaddress import IPv4Address
from pathlib import Path

from netnslab import Host
from netnslab.timeline import Event

from .record import PoolChange
from .site import SERVERS

__all__ = ["PoolWatch", "has_learned", "parse_connections", "parse_pool", "pool_of"]

_DIRECTORY = Path("/proc/thread-self/net")
_INTERVAL = 0.02
_NAMES = {address: name for name, address in SERVERS.items()}


def parse_pool(text: str) -> frozenset[str]:
    """The addresses of the servers in the table that get new connections: their weight is not 0."""
    found = set()
    for line in text.splitlines():
        words = line.split()
        if len(words) == 6 and words[0] == "->" and words[3].isdigit() and int(words[3]) > 0:
            found.add(_address(words[1].partition(":")[0]))
    return frozenset(found)


def parse_connections(text: str) -> list[tuple[int, str, str, str]]:
    """Client's port, server's address, state, and `LOCAL` or `SYNC`, of each connection."""
    return [
        (int(words[2], 16), _address(words[5]), words[7], words[8])
        for words in map(str.split, text.splitlines()[1:])
        if words[0] == "TCP"
    ]


def pool_of(director: Host) -> Collection[str]:
    """The names of the servers that get new connections."""
    return {_NAMES[address] for address in parse_pool(_read(director, "ip_vs"))}


def has_learned(director: Host, port: int) -> bool:
    """Whether it knows of the client's connection from `port` from the other director."""
    connections = parse_connections(_read(director, "ip_vs_conn_sync"))
    return any(each[0] == port and each[2:] == ("ESTABLISHED", "SYNC") for each in connections)


class PoolWatch:
    """Tells when the servers in a director's table change."""

    def __init__(self, director: Host) -> None:
        self._director = director
        self._known: frozenset[str] = frozenset()
        self._due = 0.0

    def poll(self) -> list[Event]:
        """What has changed since the last look."""
        now = time.monotonic()
        if now < self._due:
            return []
        self._due = now + _INTERVAL
        before, self._known = self._known, frozenset(pool_of(self._director))
        return [
            Event(now, self._director.name, _change(server, server in self._known))
            for server in sorted(before ^ self._known)
        ]


def _change(server: str, present: bool) -> PoolChange:
    text = f"IPVS table: {server} {'enters' if present else 'leaves'} the pool"
    return PoolChange(text, server, present)


def _read(director: Host, name: str) -> str:
    with director.entered():
        return (_DIRECTORY / name).read_text()


def _address(digits: str) -> str:
    return str(IPv4Address(int(digits, 16)))
