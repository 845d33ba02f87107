"""From the `virtual_server` half of the language to the checker process's settings."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from healthcheck.core.model import Check, FileCheck, MiscCheck, RealServer
from healthcheck.core.sync import SyncDaemon, SyncState, Timeouts

from ..lvs.settings import CheckedService, CheckerSettings, ServerCommands
from ..notices.programs import Programs
from ..trackers.initial_files import InitialFile, initial_file
from .process import checker_process

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...conf.config import Config
    from ...conf.lvs_config import LvsServer, LvsService

__all__ = ["translate_lvs"]

_NO_COMMANDS = ServerCommands()
_NO_MAILS = ServerCommands(smtp_alert=False)


def translate_lvs(config: Config) -> tuple[CheckerSettings, tuple[CheckedService, ...]]:
    """Settings of the process, and of each virtual server in the order written."""
    g = config.global_defs
    t = g.lvs_timeouts
    programs = Programs(g)
    settings = CheckerSettings(
        process=checker_process(g),
        flush_at_start=g.lvs_flush,
        flush_at_stop=g.lvs_flush_on_stop == "all",
        tell_servers_at_start=g.rs_init_notifies,
        tell_servers_at_stop=g.lvs_flush_on_stop is None,
        timeouts=Timeouts(t.tcp or 0, t.tcpfin or 0, t.udp or 0),
        sync_daemons=tuple(_sync_daemons(config)),
        sync_follows=g.lvs_sync_daemon.instance if g.lvs_sync_daemon is not None else None,
        fifos=tuple(programs.fifos(g.notify_fifo, g.lvs_notify_fifo)),
        initial_files=tuple(_initial_files(config)),
        sends_mails=g.smtp_server is not None and bool(g.notification_email),
        mails_each_check=not g.no_checker_emails,
    )
    services = config.lvs.services if config.lvs is not None else ()
    if g.nftables is not None and g.nftables.ipvs_table is not None:
        from .marked_groups import marked_groups

        marks, services = marked_groups(g.nftables, services)
        settings = replace(settings, marks=marks)
    return settings, tuple(_service(service, programs) for service in services)


def _initial_files(config: Config) -> Iterator[InitialFile]:
    """Of the files that servers are checked by; VRRP's are written by who watches those."""
    wanted = {file.file: found for file in config.track_files if (found := initial_file(file))}
    if wanted and config.lvs is not None:
        servers = (s for service in config.lvs.services for s in service.server.real_servers)
        checks = (check for server in servers for check in server.checks)
        read = {check.path for check in checks if isinstance(check, FileCheck)}
        yield from (found for path, found in wanted.items() if path in read)


def _sync_daemons(config: Config) -> Iterator[SyncDaemon]:
    found = config.global_defs.lvs_sync_daemon
    if found is None:
        return
    followed = [i.virtual_router_id for i in config.instances if i.name == found.instance]
    for state in SyncState:
        yield SyncDaemon(
            state=state,
            interface=found.interface,
            sync_id=found.id if found.id is not None else next(iter(followed), 0),
            max_length=found.maxlen or 0,
            port=found.port or 0,
            ttl=found.ttl or 0,
            group=found.group,
        )


def _service(service: LvsService, programs: Programs) -> CheckedService:
    server = service.server
    safe = tuple(_with_safe_checks(real, programs) for real in server.real_servers)
    if any(new is not old for new, old in zip(safe, server.real_servers, strict=True)):
        server = replace(server, real_servers=safe)
    return CheckedService(
        server=server,
        servers=tuple(_commands(each, programs) for each in service.servers),
        quorum_up=programs.command(service.quorum_up),
        quorum_down=programs.command(service.quorum_down),
        smtp_alert=service.smtp_alert,
    )


def _commands(server: LvsServer, programs: Programs) -> ServerCommands:
    """Most servers have none, and share that: it is handed over once for each service."""
    if server.notify_up is None and server.notify_down is None:
        return _NO_COMMANDS if server.smtp_alert else _NO_MAILS
    up, down = programs.command(server.notify_up), programs.command(server.notify_down)
    return ServerCommands(up, down, server.smtp_alert)


def _with_safe_checks(server: RealServer, programs: Programs) -> RealServer:
    """The server with an account for each script it is checked by; without the checks whose
    program may not be run, as in keepalived."""
    found = tuple(_safe(check, programs) for check in server.checks)
    if all(new is old for new, old in zip(found, server.checks, strict=True)):
        return server
    return replace(server, checks=tuple(check for check in found if check is not None))


def _safe(check: Check, programs: Programs) -> Check | None:
    if not isinstance(check, MiscCheck):
        return check
    if check.user is None:
        user, group = programs.identity(check.user, check.group)
        check = replace(check, user=user, group=group)
    return check if programs.may_run(check.arguments[0], check.user) else None
