"""What a configuration says about IPVS: the services, and what they leave to the daemon.

`healthcheck.core.model` knows no script, no mail and no place in a file; those stand here, beside
the object they belong to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from healthcheck.core.model import TlsMaterial, VirtualServer
from healthcheck.core.table import Address, Family, Method

from .config import Script
from .diagnostics import Span

__all__ = [
    "CheckDefaults",
    "GroupMark",
    "GroupRange",
    "LvsConfig",
    "LvsGroup",
    "LvsServer",
    "LvsService",
    "WebWords",
]


@dataclass(frozen=True, slots=True)
class CheckDefaults:
    """What checks take from their surroundings, where they say nothing themselves.

    Times are seconds. `retry`, `delay_before_retry` and `warmup` None: nobody said it, and each kind
    of check has its own.
    """

    delay_loop: float = 60.0
    retry: int | None = None
    delay_before_retry: float | None = None
    warmup: float | None = None
    alpha: bool = False
    connect_timeout: float = 5.0
    virtualhost: str | None = None


_NOTHING_SAID = CheckDefaults()
_MASQUERADING = Method()


@dataclass(frozen=True, slots=True)
class WebWords:
    """What an HTTP_GET or SSL_GET says itself; the check has what came of it for each url."""

    virtualhost: str | None = None
    enable_sni: bool = False
    url_virtualhosts: tuple[str | None, ...] = ()


@dataclass(frozen=True, slots=True)
class LvsServer:
    """What happens around one real server. `check_scripts` are the programs of its checks."""

    notify_up: Script | None = None
    notify_down: Script | None = None
    smtp_alert: bool = True
    check_scripts: tuple[Script, ...] = ()
    web_checks: tuple[WebWords, ...] = ()
    """One for each HttpCheck of the server, in their order."""
    defaults: CheckDefaults = _NOTHING_SAID
    """Of its checks."""
    snmp_name: str | None = None


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
    group: str | None = None
    """Name of the group that it is of."""
    method: Method = _MASQUERADING
    inhibit_on_failure: bool = False
    """For servers that do not say it themselves, as `method` and `defaults` are."""
    defaults: CheckDefaults = _NOTHING_SAID
    snmp_name: str | None = None
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class GroupRange:
    """Neighbouring addresses with one port; 0: every port."""

    first: Address
    last: Address
    port: int


@dataclass(frozen=True, slots=True)
class GroupMark:
    """A firewall mark; `family` None: that of the servers."""

    mark: int
    family: Family | None = None


@dataclass(frozen=True, slots=True)
class LvsGroup:
    """One `virtual_server_group` block."""

    name: str
    ranges: tuple[GroupRange, ...] = ()
    marks: tuple[GroupMark, ...] = ()


@dataclass(frozen=True, slots=True)
class LvsConfig:
    """Every service, in the order written; their names and their keys are unique."""

    services: tuple[LvsService, ...] = ()
    groups: tuple[LvsGroup, ...] = ()
    tls: TlsMaterial | None = None
    """What the `SSL` block says, None: there is none."""

    def scripts(self) -> Iterator[Script]:
        """Every program that may be run, service by service."""
        for service in self.services:
            for server in service.servers:
                yield from server.check_scripts
                yield from filter(None, (server.notify_up, server.notify_down))
            yield from filter(None, (service.quorum_up, service.quorum_down))
