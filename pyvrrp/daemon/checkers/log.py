"""The lines keepalived's checker process writes, to the log and to FIFOs, as others look for them.

Source: keepalived 2.2.7, seen running.
"""

from __future__ import annotations

from collections.abc import Iterator

from healthcheck.core.model import (
    FollowedCheck,
    TcpCheck,
    VirtualServer,
)
from healthcheck.core.service import Notice, QuorumDown, QuorumUp, ServerDown, ServerUp
from healthcheck.core.table import Destination, ServiceAddress
from healthcheck.events import CheckFailed, CheckRecovered

from ..lvs.check_names import keyword

__all__ = ["activations", "fifo_line", "lines", "server_name"]


def activations(config: VirtualServer) -> Iterator[str]:
    """What is said when the checks of a virtual server begin: a line for each."""
    for server in config.real_servers:
        name = server_name(config, server.address)
        for _ in (c for c in server.checks if not isinstance(c, FollowedCheck)):
            yield f"Activating healthchecker for service {name} for VS {config.name}"


def lines(event: Notice | CheckFailed | CheckRecovered, config: VirtualServer) -> Iterator[str]:
    """What is said of something that happened to a virtual server, in order."""
    vs = config.name
    match event:
        case CheckFailed(check=FollowedCheck(name)) | CheckRecovered(check=FollowedCheck(name)):
            word = "UP" if isinstance(event, CheckRecovered) else "DOWN"
            yield f"BFD check of [{name}] RS({server_name(config, event.destination)}) is {word}"
        case CheckFailed():
            yield _failed(event, config)
        case CheckRecovered():
            yield f"{_attempt(event, config)} success."
        case ServerUp():
            verb = "Enabling" if _is_inhibited(config, event.destination) else "Adding"
            yield f"{verb} service {server_name(config, event.destination)} to VS {vs}"
        case ServerDown():
            verb = "Disabling" if _is_inhibited(config, event.destination) else "Removing"
            yield f"{verb} service {server_name(config, event.destination)} from VS {vs}"
        case QuorumUp():
            bound = config.quorum + config.hysteresis
            numbers = f"{config.quorum}+{config.hysteresis}={bound} <= {event.weight}"
            yield f"Gained quorum {numbers} for VS {vs}"
        case QuorumDown():
            bound = config.quorum - config.hysteresis
            numbers = f"{config.quorum}-{config.hysteresis}={bound} > {event.weight}"
            yield f"Lost quorum {numbers} for VS {vs}"
            yield from _sorry(config)


def fifo_line(event: Notice | CheckFailed | CheckRecovered, config: VirtualServer) -> bytes:
    """What FIFOs are told: nothing of single checks."""
    match event:
        case ServerUp() | ServerDown():
            what = f"RS {server_name(config, event.destination)} {config.name}"
        case QuorumUp() | QuorumDown():
            what = f"VS {config.name}"
        case _:
            return b""
    state = "UP" if isinstance(event, (ServerUp, QuorumUp)) else "DOWN"
    return f"{what} {state}\n".encode()


def _sorry(config: VirtualServer) -> Iterator[str]:
    if config.sorry_server is not None:
        name = server_name(config, config.sorry_server.address)
        verb = "Enabling" if config.sorry_server.inhibit else "Adding"
        yield f"{verb} sorry server {name} to VS {config.name}"
        yield f"Removing alive servers from the pool for VS {config.name}"


def _failed(event: CheckFailed, config: VirtualServer) -> str:
    detail = f" ({event.detail})" if event.detail else ""
    retries = event.check.timing.retry
    if event.is_final and retries:
        what = f"{keyword(event.check)} on service {server_name(config, event.destination)}"
        return f"{what} failed after {retries} retries.{detail}"
    return f"{_attempt(event, config)} failed.{detail}"


def _attempt(event: CheckFailed | CheckRecovered, config: VirtualServer) -> str:
    where = server_name(config, event.destination)
    if isinstance(event.check, TcpCheck):
        return f"TCP connection to {where}"
    return f"{keyword(event.check)} on service {where}"


def _is_inhibited(config: VirtualServer, destination: Destination) -> bool:
    return any(s.inhibit for s in config.real_servers if s.address == destination)


def server_name(config: VirtualServer, destination: Destination) -> str:
    """As keepalived writes a real server of this virtual server."""
    key = next(iter(config.keys), None)
    protocol = key.protocol.name.lower() if isinstance(key, ServiceAddress) else "none"
    return f"[{destination.address}]:{protocol}:{destination.port}"
