"""One `virtual_server`, with its real servers, as if it never was another (quirk: carried-over)."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network

from healthcheck.core.model import FollowedCheck, RealServer, SorryServer
from healthcheck.core.table import (
    Family,
    FirewallMark,
    Forwarding,
    Method,
    ServiceFlag,
    ServiceKey,
    ServiceSettings,
    TunnelChecksum,
    TunnelType,
)
from healthcheck.snapshot import ServerSnapshot, ServiceSnapshot

from ..conf.config import Config
from ..conf.lvs_config import CheckDefaults, LvsServer, LvsService
from .data_lvs_names import families, on, place, protocol
from .data_lvs_tracked import files_of
from .host import HostFacts
from .wording import enabled, script, weight, yes

__all__ = ["lines"]

_TUNNELS = {TunnelType.GUE: "GUE", TunnelType.GRE: "GRE"}
_CHECKSUMS = {
    TunnelChecksum.NONE: "no checksum",
    TunnelChecksum.CSUM: "checksum",
    TunnelChecksum.REMCSUM: "remote checksum",
}
_FLAGS = (ServiceFlag.SCHEDULER_1, ServiceFlag.SCHEDULER_2, ServiceFlag.SCHEDULER_3)


def lines(
    config: Config, host: HostFacts, service: LvsService, snapshot: ServiceSnapshot
) -> Iterator[str]:
    """Its settings, its state, and the same of each server."""
    server, defs = service.server, config.global_defs
    yield " ------< Virtual server >------"
    yield from _identity(service)
    yield from _settings(server.settings, families(service))
    found = protocol(service)
    yield f"   protocol = {'none' if found is None else found.name}"
    yield f"   alpha is {on(service.defaults.alpha)}"
    yield f"   omega is {on(server.omega)}"
    yield from _times(service.defaults)
    yield f"   Inhibit on failure is {on(service.inhibit_on_failure)}"
    yield f"   quorum = {server.quorum}, hysteresis = {server.hysteresis}"
    yield from script(defs, host, "   Quorum up notify script", service.quorum_up)
    yield from script(defs, host, "   Quorum down notify script", service.quorum_down)
    if server.ha_suspend:
        yield "   Using HA suspend"
    yield f"   Using smtp notification = {yes(service.smtp_alert)}"
    yield _method("   ", "default ", service.method)
    if server.sorry_server is not None:
        yield from _sorry_server(service, server.sorry_server)
    yield "   alive = 1"
    yield f"   quorum_state_up = {snapshot.has_quorum:d}"
    yield "   reloaded = 0"
    is_replaced = server.sorry_server is not None and not snapshot.has_quorum
    for beside, own, state in zip(
        service.servers, snapshot.config.real_servers, snapshot.servers, strict=True
    ):
        yield from _server(config, host, service, beside, own, state)
        in_use = (state.is_up and not is_replaced) or own.inhibit
        yield f"   RS set = {in_use:d}"
        yield from _followed(config, own)


def _identity(service: LvsService) -> Iterator[str]:
    key: ServiceKey = service.server.keys[0]
    if service.group is not None:
        yield f" VS GROUP = {service.server.name}"
    elif isinstance(key, FirewallMark):
        yield f" VS FWMARK = {key.mark}"
    else:
        yield f" VS VIP = {key.address}, VPORT = {key.port}"
    if service.defaults.virtualhost is not None:
        yield f"   VirtualHost = {service.defaults.virtualhost}"
    if service.snmp_name is not None:
        yield f"   SNMP name = '{service.snmp_name}'"
    found = families(service)
    yield f"   Address family = {'IPv4 & IPv6' if len(found) > 1 else 'inet6' if 6 in found else 'inet'}"
    yield f"   connection timeout = {service.defaults.connect_timeout:.6f}"
    yield f"   delay_loop = {service.defaults.delay_loop:.6f}"


def _settings(settings: ServiceSettings, found: set[Family]) -> Iterator[str]:
    flags, scheduler = settings.flags, settings.scheduler
    yield f"   lvs_sched = {scheduler}"
    yield "   Hashed = disabled"
    if scheduler in ("sh", "mh"):
        yield f"   {scheduler}-port = {enabled(ServiceFlag.SCHEDULER_2 in flags)}"
        yield f"   {scheduler}-fallback = {enabled(ServiceFlag.SCHEDULER_1 in flags)}"
    else:
        for number, flag in enumerate(_FLAGS, 1):
            yield f"   flag-{number} = {enabled(flag in flags)}"
    yield f"   One packet scheduling = {enabled(ServiceFlag.ONE_PACKET in flags)}"
    if settings.persistence_timeout:
        yield f"   persistence timeout = {settings.persistence_timeout}"
    if settings.granularity is not None:
        is6 = found == {Family.IPV6}
        mask = IPv4Network((0, min(settings.granularity, 32))).netmask
        yield f"   persistence granularity = {settings.granularity if is6 else mask}"


def _times(said: CheckDefaults) -> Iterator[str]:
    """What is left to the kind of check is not shown."""
    if said.retry is not None:
        yield f"   Retry count = {said.retry}"
    if said.delay_before_retry is not None:
        yield f"   Retry delay = {said.delay_before_retry:.6f}"
    if said.warmup is not None:
        yield f"   Warmup = {said.warmup:.6f}"


def _method(indent: str, prefix: str, method: Method) -> str:
    """keepalived leaves the prefix away before a tunnel of its own kind."""
    if method.forwarding is Forwarding.DIRECT_ROUTING:
        return f"{indent}{prefix}forwarding method = DR"
    if method.forwarding is not Forwarding.TUNNELLING:
        return f"{indent}{prefix}forwarding method = NAT"
    if method.tunnel_type is TunnelType.IPIP:
        return f"{indent}{prefix}forwarding method = TUN, type = IPIP"
    port = f", port = {method.tunnel_port}" if method.tunnel_type is TunnelType.GUE else ""
    kind, checksum = _TUNNELS[method.tunnel_type], _CHECKSUMS[method.tunnel_checksum]
    return f"   forwarding method = TUN, type = {kind}{port}, {checksum}"


def _sorry_server(service: LvsService, sorry: SorryServer) -> Iterator[str]:
    is_real = any(server.address == sorry.address for server in service.server.real_servers)
    where = place(service, sorry.address)
    yield f"   sorry server {'(duplicates rs) ' if is_real else ''}= {where}"
    yield _method("   ", "  ", sorry.method)
    yield f"     Inhibit on failure is {on(sorry.inhibit)}"


def _server(
    config: Config,
    host: HostFacts,
    service: LvsService,
    beside: LvsServer,
    own: RealServer,
    state: ServerSnapshot,
) -> Iterator[str]:
    said, defs = beside.defaults, config.global_defs
    failed = sum(not check.is_up for check in state.checks)
    yield "   ------< Real server >------"
    address, effective = own.address, state.weight
    yield (
        f"   RIP = {address.address}, RPORT = {address.port},"
        f" WEIGHT = {max(effective, 0)} EFF WEIGHT = {effective}"
    )
    yield _method("   ", "", own.method)
    yield f"   Alpha is {on(said.alpha)}"
    yield f"   connection timeout = {said.connect_timeout:.6f}"
    yield f"   connection limit range = {own.lower_threshold} -> {own.upper_threshold}"
    yield f"   Delay loop = {said.delay_loop:.6f}"
    yield from _times(said)
    yield f"   Inhibit on failure is {on(own.inhibit)}"
    yield from script(defs, host, "     RS up notify script", beside.notify_up)
    yield from script(defs, host, "     RS down notify script", beside.notify_down)
    if said.virtualhost != service.defaults.virtualhost:
        yield f"    VirtualHost = '{said.virtualhost}'"
    if beside.snmp_name is not None:
        yield f"   SNMP name = {beside.snmp_name}"
    yield f"   Using smtp notification = {yes(beside.smtp_alert)}"
    yield f"   initial weight = {own.weight}"
    yield f"   effective weight = {effective}"
    yield "   previous effective_weight = 0"
    yield f"   alive = {state.is_up:d}"
    yield f"   num failed checkers = {failed}"


def _followed(config: Config, own: RealServer) -> Iterator[str]:
    """How it came to be, and what decides besides its own checks."""
    yield "   reloaded = 0"
    files = files_of(config, own)
    if files:
        yield "   Tracked Files"
    yield from (f"     {file.name}, weight {weight(c.weight, c.reverse)}" for file, c in files)
    sessions = [check.name for check in own.checks if isinstance(check, FollowedCheck)]
    if sessions:
        yield "   Tracked BFDs"
    yield from (f"     {name}" for name in sessions)
