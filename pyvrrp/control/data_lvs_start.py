"""A service as it starts, for where nobody says what became of it."""

from __future__ import annotations

from healthcheck.core.model import Check, FileCheck, ProbeResult, RealServer
from healthcheck.snapshot import CheckSnapshot, ServerSnapshot, ServiceSnapshot

from ..conf.config import Config
from ..conf.lvs_config import LvsService

__all__ = ["at_start"]


def at_start(config: Config, service: LvsService) -> ServiceSnapshot:
    """Before the first check has run: what waits for one (`alpha`) is down.

    With `ha_suspend` the address has not been looked for yet.
    """
    server = service.server
    servers = tuple(_server(config, real) for real in server.real_servers)
    live = sum(max(server.weight, 0) for server in servers if server.is_up)
    has_quorum = live >= server.quorum + server.hysteresis
    return ServiceSnapshot(server, has_quorum, live, server.ha_suspend, servers)


def _server(config: Config, real: RealServer) -> ServerSnapshot:
    checks = tuple(_check(config, check) for check in real.checks)
    offset = sum(check.last.weight_offset or 0 for check in checks if check.last is not None)
    is_up = all(check.is_up for check in checks)
    return ServerSnapshot(real.address, is_up, real.weight + offset, checks)


def _check(config: Config, check: Check) -> CheckSnapshot:
    """A file is looked at from the start on."""
    if not isinstance(check, FileCheck):
        return CheckSnapshot(check, not check.timing.alpha, 0, None)
    file = next((f for f in config.track_files if f.file == check.path), None)
    number = file.init_file or 0 if file is not None else 0
    offset = number * (-check.weight if check.reverse else check.weight)
    is_up = bool(check.weight) or not number
    return CheckSnapshot(check, is_up, 0, ProbeResult(is_success=is_up, weight_offset=offset))
