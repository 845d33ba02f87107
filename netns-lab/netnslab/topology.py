"""A lab written down: hosts, bridges, cables, files and programs in a TOML file.

    [bridges.lan]
    mtu = 1500                      # the default

    [bridges.far]
    uplinks = ["lan"]               # cables to other bridges

    [hosts.r1]
    sysctls = { "net.ipv4.ip_forward" = 1 }
    routes = ["default via 192.0.2.254"]            # in ip(8)'s words
    start = ["keepalived -nlf keepalived.conf"]     # shell lines, kept running

    [hosts.r1.links.eth0]
    to = "lan"                      # a bridge, or "r2:eth1": another host's interface
    addresses = ["192.0.2.1/24", "2001:db8::1/64"]
    mtu = 1500
    mac = "02:00:00:00:01:01"       # the default: host and interface number

    [hosts.r1.files]
    "keepalived.conf" = "..."       # written into the host's directory, where programs start

A cable between two hosts may be described at both ends.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from .errors import LabError

__all__ = [
    "BridgeSpec",
    "HostSpec",
    "LinkSpec",
    "Topology",
    "TopologyError",
    "parse_topology",
    "read_topology",
]

T = TypeVar("T")
Table = Mapping[str, Any]


class TopologyError(LabError):
    """The file is no topology. `where` is the dotted path of what is wrong, empty for the whole."""

    def __init__(self, source: str, where: str, problem: str) -> None:
        super().__init__(f"{source}: {where}: {problem}" if where else f"{source}: {problem}")
        self.source = source
        self.where = where
        self.problem = problem


@dataclass(frozen=True, slots=True)
class BridgeSpec:
    """A switch, and the other switches it has cables to."""

    name: str
    mtu: int
    uplinks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LinkSpec:
    """One interface of a host. `far_interface` is None when `to` is a bridge."""

    interface: str
    to: str
    far_interface: str | None
    addresses: tuple[str, ...]
    mtu: int
    mac: str | None


@dataclass(frozen=True, slots=True)
class HostSpec:
    """A host. `files` and `sysctls` are pairs; `start` holds shell lines."""

    name: str
    links: tuple[LinkSpec, ...]
    routes: tuple[str, ...]
    sysctls: tuple[tuple[str, str], ...]
    files: tuple[tuple[str, str], ...]
    start: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Topology:
    """A whole lab, not yet made."""

    name: str
    bridges: tuple[BridgeSpec, ...]
    hosts: tuple[HostSpec, ...]


def read_topology(path: Path) -> Topology:
    """Read a topology file; its name without `.toml` is the lab's. Raises: TopologyError."""
    try:
        return parse_topology(path.read_text(), path.stem, str(path))
    except OSError as error:
        raise TopologyError(str(path), "", error.strerror or str(error)) from error


def parse_topology(text: str, name: str, source: str = "topology") -> Topology:
    """Read a topology's text. Raises: TopologyError, at the first problem."""
    try:
        root = _Reader(source, "", tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise TopologyError(source, "", str(error)) from error
    bridges = tuple(_bridge(each, key) for key, each in root.tables("bridges"))
    hosts = tuple(_host(each, key) for key, each in root.tables("hosts"))
    root.finish()
    _check_ends(source, bridges, hosts)
    return Topology(name, bridges, hosts)


class _Reader:
    """One table; takes its keys out one by one, and knows at the end which nobody wanted."""

    def __init__(self, source: str, where: str, table: Table) -> None:
        self.source = source
        self.where = where
        self._left = dict(table)

    def fail(self, key: str, problem: str) -> TopologyError:
        return TopologyError(self.source, f"{self.where}.{key}" if self.where else key, problem)

    def take(self, key: str, kind: type[T], default: T) -> T:
        value = self._left.pop(key, default)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise self.fail(key, f"{value!r} is not {_KIND_NAMES[kind]}")
        return value

    def words(self, key: str) -> tuple[str, ...]:
        values: list[object] = self.take(key, list, [])
        for value in values:
            if not isinstance(value, str):
                raise self.fail(key, f"{value!r} is not a string")
        return tuple(str(value) for value in values)

    def pairs(self, key: str) -> tuple[tuple[str, str], ...]:
        values: dict[str, object] = self.take(key, dict, {})
        for name, value in values.items():
            if not isinstance(value, str | int):
                raise self.fail(f"{key}.{name}", f"{value!r} is neither a string nor a number")
        return tuple((name, str(value)) for name, value in values.items())

    def tables(self, key: str) -> list[tuple[str, _Reader]]:
        found = []
        for name, value in self.take(key, dict, {}).items():
            if not isinstance(value, dict):
                raise self.fail(f"{key}.{name}", f"{value!r} is not a table")
            where = f"{self.where}.{key}" if self.where else key
            found.append((name, _Reader(self.source, f"{where}.{name}", value)))
        return found

    def finish(self) -> None:
        for key in self._left:
            raise self.fail(key, "no such key")


_KIND_NAMES: dict[type, str] = {
    str: "a string",
    int: "a whole number",
    list: "a list",
    dict: "a table",
}


def _bridge(reader: _Reader, name: str) -> BridgeSpec:
    spec = BridgeSpec(name, reader.take("mtu", int, 1500), reader.words("uplinks"))
    reader.finish()
    return spec


def _host(reader: _Reader, name: str) -> HostSpec:
    spec = HostSpec(
        name=name,
        links=tuple(_link(each, key) for key, each in reader.tables("links")),
        routes=reader.words("routes"),
        sysctls=reader.pairs("sysctls"),
        files=reader.pairs("files"),
        start=reader.words("start"),
    )
    reader.finish()
    return spec


def _link(reader: _Reader, interface: str) -> LinkSpec:
    to, colon, far_interface = reader.take("to", str, "").partition(":")
    if not to:
        raise reader.fail("to", "missing: a bridge, or HOST:INTERFACE")
    spec = LinkSpec(
        interface=interface,
        to=to,
        far_interface=far_interface if colon else None,
        addresses=reader.words("addresses"),
        mtu=reader.take("mtu", int, 1500),
        mac=reader.take("mac", str, "") or None,
    )
    reader.finish()
    return spec


def _check_ends(source: str, bridges: tuple[BridgeSpec, ...], hosts: tuple[HostSpec, ...]) -> None:
    """Every cable ends at something that exists, and both ends tell the same."""
    bridge_names = {bridge.name for bridge in bridges}
    ends = {(host.name, link.interface): link for host in hosts for link in host.links}
    for bridge in bridges:
        for uplink in bridge.uplinks:
            if uplink not in bridge_names - {bridge.name}:
                where = f"bridges.{bridge.name}.uplinks"
                raise TopologyError(source, where, f"there is no other bridge {uplink}")
    for (host, interface), link in ends.items():
        where = f"hosts.{host}.links.{interface}.to"
        if link.far_interface is None:
            if link.to not in bridge_names:
                known = ", ".join(sorted(bridge_names)) or "none"
                raise TopologyError(source, where, f"no bridge {link.to}; there are: {known}")
            continue
        if link.to not in {each.name for each in hosts} - {host}:
            raise TopologyError(source, where, f"there is no other host {link.to}")
        back = ends.get((link.to, link.far_interface))
        if back is not None and (back.to, back.far_interface) != (host, interface):
            raise TopologyError(
                source, where, f"{link.to}:{link.far_interface} goes to {back.to} instead"
            )
