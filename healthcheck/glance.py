"""A cheap look at the kernel's table: which services changed since the last look.

/proc/net/ip_vs is text of one line for each service and destination, made by the kernel in a fraction of the
time that the table takes over netlink, and compared without being understood. It lacks thresholds,
tunnel options and a granularity's meaning, so an unchanged look is no proof; a changed one says where
to read. Source: net/netfilter/ipvs/ip_vs_ctl.c (ip_vs_info_seq_show), Linux 6.1.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address
from typing import TypeAlias

from .core.table import Family, FirewallMark, Protocol, ServiceAddress, ServiceKey

__all__ = ["Glance", "Suspects"]

Suspects: TypeAlias = Mapping[ServiceKey, bool]
"""Services that changed: themselves (True), or only their destinations."""

_PATH = "/proc/thread-self/net/ip_vs"
_OCTETS_A_TURN = 1 << 16
_HEADING_LINES = 3


class Glance:
    """The file of the network namespace that the thread is in when this is made.

    Raises: OSError, when the kernel has no such file.
    """

    def __init__(self, path: str = _PATH) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._parts: list[bytes] = []
        self._text = b""
        self._seen: list[bytes] | None = None
        self.services: int | None = None
        """How many the last look showed: not all, it may be, when other network namespaces have
        some too. Linux 6.1 counts theirs on its way (ip_vs_info_seq_next), but not when it begins
        anew after 4 kB (ip_vs_info_array)."""

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def look_on(self) -> Suspects | None:
        """Read some 64 KiB on; None until the end of the file.

        Then what changed since the last end; the first time nothing. Raises: OSError.
        """
        octets = 0
        while octets < _OCTETS_A_TURN:
            part = os.read(self._descriptor, _OCTETS_A_TURN)
            if not part:
                return self._conclude()
            self._parts.append(part)
            octets += len(part)
        return None

    def _conclude(self) -> Suspects:
        text = b"".join(self._parts)
        self._parts = []
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        if text == self._text:
            return {}
        self._text = text
        now = [_lasting(line) for line in text.split(b"\n")[_HEADING_LINES:-1]]
        self.services = len(_services(now))
        before, self._seen = self._seen, now
        if before is None or before == now:
            return {}
        return _differences(_by_service(before), _by_service(now))


def _lasting(line: bytes) -> bytes:
    """The line without the numbers of connections."""
    return line.rsplit(None, 2)[0] if line.startswith(b"  ->") else line


def _by_service(lines: list[bytes]) -> dict[bytes, list[bytes]]:
    """Lines by the first two words of their service: protocol and address, or FWM and mark.

    A mark of both families is one entry: the file does not tell them apart.
    """
    services: dict[bytes, list[bytes]] = {}
    entry: list[bytes] = []
    for line in lines:
        if not line.startswith(b"  ->"):
            entry = services.setdefault(b" ".join(line.split(None, 2)[:2]), [])
        entry.append(line)
    return services


def _differences(before: dict[bytes, list[bytes]], now: dict[bytes, list[bytes]]) -> Suspects:
    suspects: dict[ServiceKey, bool] = {}
    for name in before.keys() | now.keys():
        old, new = before.get(name, []), now.get(name, [])
        if old != new:
            is_service = _services(old) != _services(new)
            suspects |= dict.fromkeys(_keys(name), is_service)
    return suspects


def _services(lines: list[bytes]) -> list[bytes]:
    return [line for line in lines if not line.startswith(b"  ->")]


def _keys(name: bytes) -> Iterator[ServiceKey]:
    """The services called so: `TCP C6120706:0050`, `UDP [2001:0db8:...]:0035`, `FWM 00000007`."""
    kind, _, where = name.decode("ascii", "replace").partition(" ")
    if kind == "FWM":
        yield from (FirewallMark(int(where, 16), family) for family in Family)
        return
    host, _, port = where.rpartition(":")
    with suppress(KeyError, ValueError):  # a protocol that is none of ours
        address = IPv6Address(host[1:-1]) if host[:1] == "[" else IPv4Address(int(host, 16))
        yield ServiceAddress(Protocol[kind], address, int(port, 16))
