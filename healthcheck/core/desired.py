"""The table that a virtual server wants, from its settings and its state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

from .model import SorryServer, VirtualServer
from .service import ServiceState
from .table import (
    Destination,
    DestinationSettings,
    FirewallMark,
    Forwarding,
    Method,
    Service,
    ServiceKey,
    Table,
)

__all__ = ["configured", "desired", "merge"]

Entry = tuple[Destination, DestinationSettings]


def desired(config: VirtualServer, state: ServiceState) -> Table:
    """Entries for all keys of a virtual server.

    Services with the same destinations share one mapping: do not change it.
    """
    entries = _entries(config, state)
    by_port: dict[int, Mapping[Destination, DestinationSettings]] = {}
    table: dict[ServiceKey, Service] = {}
    for key in config.keys:
        port = _port(key)
        if port not in by_port:
            by_port[port] = _placed(entries, port)
        table[key] = Service(config.settings, by_port[port])
    return table


def configured(config: VirtualServer) -> Mapping[ServiceKey, AbstractSet[Destination]]:
    """Every destination that a virtual server can put into the table, up or down: these are ours.

    So one of a former life that is down by now is removed too, and one that somebody else adds.
    """
    methods = [(server.address, server.method) for server in config.real_servers]
    if config.sorry_server is not None:
        methods.append((config.sorry_server.address, config.sorry_server.method))
    by_port = {
        port: frozenset(_place(address, method, port) for address, method in methods)
        for port in {_port(key) for key in config.keys}
    }
    return {key: by_port[_port(key)] for key in config.keys}


def merge(parts: Iterable[Table]) -> Table:
    """One table of several. Where two have the same service, the first one's settings count.

    Destinations are united; where both have one, again the first counts.
    """
    table: dict[ServiceKey, Service] = {}
    for part in parts:
        for key, service in part.items():
            first = table.get(key)
            if first is None:
                table[key] = service
            else:
                united = {**service.destinations, **first.destinations}
                table[key] = Service(first.settings, united)
    return table


def _placed(entries: list[Entry], port: int) -> Mapping[Destination, DestinationSettings]:
    """Destinations of one key. Where two entries fall on one, that of the server in use stays."""
    placed: dict[Destination, DestinationSettings] = {}
    for address, settings in entries:
        placed.setdefault(_place(address, settings.method, port), settings)
    return placed


def _entries(config: VirtualServer, state: ServiceState) -> list[Entry]:
    """Destinations with their settings, those that take connections first."""
    sorry = config.sorry_server
    is_sorry = sorry is not None and not state.has_quorum
    live: list[Entry] = []
    idle: list[Entry] = []
    for server in config.real_servers:
        now = state.servers[server.address]
        bounds = server.upper_threshold, server.lower_threshold
        if now.is_up and not is_sorry:
            live.append((server.address, DestinationSettings(now.weight, server.method, *bounds)))
        elif server.inhibit:
            idle.append((server.address, DestinationSettings(0, server.method, *bounds)))
    if sorry is None:
        return live + idle
    if is_sorry:
        return [_sorry(sorry, 1), *idle]
    return [*live, *idle, _sorry(sorry, 0)] if sorry.inhibit else live + idle


def _sorry(server: SorryServer, weight: int) -> Entry:
    return server.address, DestinationSettings(weight, server.method)


def _port(key: ServiceKey) -> int:
    return 0 if isinstance(key, FirewallMark) else key.port


def _place(address: Destination, method: Method, port: int) -> Destination:
    """Only masquerading can change the port; direct routing and tunnels keep the service's."""
    if method.forwarding is Forwarding.MASQUERADING and address.port:
        return address
    return address if address.port == port else Destination(address.address, port)
