"""What the process of the checks shows after the globals: groups, services, real servers.

Everything is rendered from snapshots; where there is none a service is shown as it starts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain

from healthcheck.core.model import HttpCheck, TlsMaterial
from healthcheck.snapshot import ServiceSnapshot

from ..conf.config import Config
from . import data_lvs_checks, data_lvs_groups, data_lvs_services, data_lvs_tracked
from .data_lvs_names import Shown
from .data_lvs_start import at_start
from .host import UNKNOWN, HostFacts
from .wording import MASK

__all__ = ["lines"]

_NO_SNAPSHOTS: Mapping[str, ServiceSnapshot] = {}


def lines(
    config: Config,
    host: HostFacts = UNKNOWN,
    snapshots: Mapping[str, ServiceSnapshot] = _NO_SNAPSHOTS,
) -> Iterator[str]:
    """`snapshots` by name of the service."""
    if config.lvs is None:
        return
    shown = [
        (service, snapshots.get(service.server.name) or at_start(config, service))
        for service in config.lvs.services
    ]
    yield from _tls(config.lvs.tls, shown)
    if shown:
        yield "------< LVS Topology >------"
        yield " System is compiled with LVS v1.2.1"
        for group in config.lvs.groups:
            yield from data_lvs_groups.lines(group, shown)
        for each in shown:
            yield from data_lvs_services.lines(config, host, *each)
    yield from data_lvs_checks.lines(config, host, shown)
    yield from data_lvs_tracked.lines(config, shown)


def _tls(found: TlsMaterial | None, shown: list[Shown]) -> Iterator[str]:
    if found is None:
        servers = chain.from_iterable(service.server.real_servers for service, _ in shown)
        checks = chain.from_iterable(server.checks for server in servers)
        if not any(isinstance(check, HttpCheck) and check.tls for check in checks):
            return
        found = TlsMaterial()
    yield "------< SSL definitions >------"
    if found == TlsMaterial():
        yield " Using autogen SSL context"
    if found.password is not None:
        yield f" Password : {MASK}"
    for what, path in (
        ("CA-file", found.ca),
        ("Certificate file", found.certificate),
        ("Key file", found.key),
    ):
        if path is not None:
            yield f" {what} : {path}"
