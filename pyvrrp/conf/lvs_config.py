"""What a configuration says about IPVS: the services, and what they leave to the daemon.

`healthcheck.core.model` knows no script, no mail and no place in a file; those stand here, beside
the object they belong to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from healthcheck.core.model import VirtualServer

from .config import Kept, Script
from .diagnostics import Span

__all__ = ["BfdCheck", "LvsConfig", "LvsServer", "LvsService"]


class BfdCheck(NamedTuple):
    """A BFD session that must be up; `alpha`: the server is down until it is, None: as it says."""

    name: str
    alpha: bool | None = None


@dataclass(frozen=True, slots=True)
class LvsServer:
    """What happens around one real server. `check_scripts` are the programs of its checks."""

    notify_up: Script | None = None
    notify_down: Script | None = None
    smtp_alert: bool = True
    check_scripts: tuple[Script, ...] = ()
    bfd_checks: tuple[BfdCheck, ...] = ()


@dataclass(frozen=True, slots=True)
class LvsService:
    """One `virtual_server` block.

    `servers` stand in the order of `server.real_servers`, one for each.
    """

    server: VirtualServer
    servers: tuple[LvsServer, ...]
    quorum_up: Script | None = None
    quorum_down: Script | None = None
    smtp_alert: bool = False
    kept: tuple[Kept, ...] = ()
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class LvsConfig:
    """Every service, in the order written; their names and their keys are unique."""

    services: tuple[LvsService, ...] = ()

    def scripts(self) -> Iterator[Script]:
        """Every program that may be run, service by service."""
        for service in self.services:
            for server in service.servers:
                yield from server.check_scripts
                yield from filter(None, (server.notify_up, server.notify_down))
            yield from filter(None, (service.quorum_up, service.quorum_down))
