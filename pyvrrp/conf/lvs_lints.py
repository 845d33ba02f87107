"""Lints of virtual servers, their real servers and checks."""

from __future__ import annotations

from collections.abc import Iterator

from healthcheck.core.model import Check, MiscCheck
from healthcheck.core.table import ServiceAddress

from .config import Config
from .diagnostics import Severity, Span
from .lints import Addresses, Finding, Lint
from .lvs_config import LvsService
from .vrrp_lints import virtual_addresses

__all__ = ["LVS_LINTS"]


def _services(config: Config) -> Iterator[tuple[LvsService, Span]]:
    for service in config.lvs.services if config.lvs is not None else ():
        if service.span is not None:
            yield service, service.span


def _slow_checks(config: Config, _: Addresses | None) -> Iterator[Finding]:
    for service, span in _services(config):
        slow = [
            (server.address, check)
            for server in service.server.real_servers
            for check in server.checks
            if _longest(check) > check.timing.delay_loop
        ]
        if slow:
            address, check = slow[0]
            message = (
                f"a check of {address} may take {_longest(check):g} s and is due every"
                f" {check.timing.delay_loop:g} s"
            )
            others = f"so may {len(slow) - 1} more of this service"
            yield Finding(span, message, (others,) if len(slow) > 1 else ())


def _longest(check: Check) -> float:
    """Seconds until an attempt that gets no answer is given up, its first wait alone."""
    if isinstance(check, MiscCheck):
        return check.timeout
    target = getattr(check, "target", None)
    return 0.0 if target is None else float(target.connect_timeout)


def _sorry_is_real(config: Config, _: Addresses | None) -> Iterator[Finding]:
    for service, span in _services(config):
        sorry = service.server.sorry_server
        servers = {server.address for server in service.server.real_servers}
        if sorry is not None and sorry.address in servers:
            message = f"the sorry server {sorry.address} of {service.server.name} is a real server"
            yield Finding(span, message)


def _no_address(config: Config, addresses: Addresses | None) -> Iterator[Finding]:
    """Only where the file moves addresses at all."""
    if not config.instances:
        return
    here = {address.interface.ip for _, address in virtual_addresses(config)}
    here |= {static.address.interface.ip for static in config.static_addresses}
    here |= {each.ip for own in (addresses or {}).values() for each in own}
    for service, span in _services(config):
        keys = [key for key in service.server.keys if isinstance(key, ServiceAddress)]
        lacking = dict.fromkeys(key.address for key in keys if key.address not in here)
        if lacking:
            first = next(iter(lacking))
            more = (f"nor are {len(lacking) - 1} more of this service",) if len(lacking) > 1 else ()
            yield Finding(span, f"{first} is an address of no instance in this file", more)


def _unchecked(config: Config, _: Addresses | None) -> Iterator[Finding]:
    """A service none of whose servers is checked is meant so; one forgotten server is not."""
    for service, span in _services(config):
        real = zip(service.server.real_servers, service.servers, strict=True)
        bare = [server for server, _ in real if not server.checks]
        if bare and len(bare) < len(service.server.real_servers):
            told = ", ".join(str(server.address) for server in bare[:5])
            more = ", ..." if len(bare) > 5 else ""
            message = f"{len(bare)} of {len(service.servers)} real servers have no check"
            yield Finding(span, message, (told + more,))


def _quorum_idle(config: Config, _: Addresses | None) -> Iterator[Finding]:
    defs = config.global_defs
    if defs.notify_fifo is not None or defs.lvs_notify_fifo is not None:
        return
    for service, span in _services(config):
        is_heard = service.quorum_up or service.quorum_down or service.smtp_alert
        if service.server.quorum > 1 and service.server.sorry_server is None and not is_heard:
            message = f"nothing happens when {service.server.name} loses its quorum"
            yield Finding(span, message, (f"quorum is {service.server.quorum}",))


LVS_LINTS: tuple[Lint, ...] = (
    Lint(
        "slow-check",
        Severity.WARNING,
        "A check that waits longer than its own period falls behind as soon as the server is slow:"
        " the period is then what the timeout is, and a dead server is found as much later.",
        "make the timeout of the check shorter than delay_loop",
        _slow_checks,
    ),
    Lint(
        "sorry-is-real",
        Severity.WARNING,
        "The sorry server stands in when too few real servers are left. One that is a real server"
        " has failed its check by then, or would have done without being sorry.",
        "name another host as sorry_server",
        _sorry_is_real,
    ),
    Lint(
        "quorum-idle",
        Severity.INFO,
        "Losing quorum brings the sorry server in and is told to scripts, FIFOs and by mail. Without any"
        " of these the real servers that are left go on as before.",
        "add a sorry_server, quorum_up and quorum_down, or smtp_alert",
        _quorum_idle,
    ),
    Lint(
        "service-without-address",
        Severity.INFO,
        "A service answers only on the machine that has its address. When no instance of this file"
        " brings it, somebody else has to.",
        "give the address to a vrrp_instance, if it is to move with the master",
        _no_address,
    ),
    Lint(
        "unchecked-server",
        Severity.INFO,
        "A real server without a check counts as up for ever and gets its share of the connections"
        " while it is dead.",
        "give it a check, as the other servers of the service have",
        _unchecked,
    ),
)
