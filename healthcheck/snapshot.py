"""The state of an agent as a frozen value, for whoever shows it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .core.model import Check, ProbeResult, VirtualServer
from .core.table import Destination, ServiceKey
from .lateness import Lateness
from .monitored import MonitoredService

__all__ = [
    "AgentSnapshot",
    "CheckSnapshot",
    "ServerSnapshot",
    "ServiceSnapshot",
    "snapshots_of",
]


@dataclass(frozen=True, slots=True)
class CheckSnapshot:
    """One check. `failures` counts those in a row; `last` is the latest result, None: none yet."""

    check: Check
    is_up: bool
    failures: int
    last: ProbeResult | None


@dataclass(frozen=True, slots=True)
class ServerSnapshot:
    """One real server. `weight` is the one in effect while it is up."""

    destination: Destination
    is_up: bool
    weight: int
    checks: tuple[CheckSnapshot, ...]


@dataclass(frozen=True, slots=True)
class ServiceSnapshot:
    """One virtual server. `live_weight` is what its live servers weigh together."""

    config: VirtualServer
    has_quorum: bool
    live_weight: int
    is_suspended: bool
    servers: tuple[ServerSnapshot, ...]


@dataclass(frozen=True, slots=True)
class AgentSnapshot:
    """Everything at one moment. `refused` are services that the kernel would not take."""

    services: tuple[ServiceSnapshot, ...]
    refused: tuple[ServiceKey, ...]
    probes_in_flight: int
    lateness: Lateness


def snapshots_of(services: Iterable[MonitoredService]) -> Iterator[ServiceSnapshot]:
    """The state of each service when it is asked for."""
    for each in services:
        yield ServiceSnapshot(
            each.config,
            each.state.has_quorum,
            each.state.live_weight,
            each.is_suspended,
            tuple(_server(each, server.address) for server in each.config.real_servers),
        )


def _server(monitored: MonitoredService, address: Destination) -> ServerSnapshot:
    state = monitored.state.servers[address]
    checks = tuple(
        CheckSnapshot(run.check, run.state.is_up, run.state.failures, run.last)
        for run in monitored.runs[address]
    )
    return ServerSnapshot(address, state.is_up, state.weight, checks)
