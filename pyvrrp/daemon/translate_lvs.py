"""From the `virtual_server` half of the language to the checker process's settings."""

from __future__ import annotations

import logging
import pwd
from dataclasses import replace
from typing import TYPE_CHECKING

from healthcheck.core.model import Check, MiscCheck, RealServer
from healthcheck.core.sync import SyncDaemon, SyncState, Timeouts

from .checker_settings import (
    CheckedService,
    CheckerSettings,
    Command,
    FifoSettings,
    ServerCommands,
)
from .process_settings import ProcessSettings
from .script_security import account, is_root, weakness

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..conf.config import Config, NotifyFifo, Script, ScriptUser
    from ..conf.lvs_config import LvsServer, LvsService

__all__ = ["translate_lvs"]

_log = logging.getLogger(__name__)

_NO_COMMANDS = ServerCommands()
_USUAL_ACCOUNT = "keepalived_script"
"""Runs scripts where the configuration names nobody, when the system has it."""


def translate_lvs(config: Config) -> tuple[CheckerSettings, tuple[CheckedService, ...]]:
    """Settings of the process, and of each virtual server in the order written."""
    g = config.global_defs
    t = g.lvs_timeouts
    programs = _Programs(g.enable_script_security, _default_user(g.script_user))
    settings = CheckerSettings(
        process=ProcessSettings(
            g.checker_process_name or ("keepalived_lvs" if g.process_names else None),
            g.checker_priority,
            g.checker_rt_priority,
            g.checker_cpu_affinity,
        ),
        flush_at_start=g.lvs_flush,
        flush_at_stop=g.lvs_flush_on_stop == "all",
        tell_servers_at_start=g.rs_init_notifies,
        tell_servers_at_stop=g.lvs_flush_on_stop is None,
        timeouts=Timeouts(t.tcp or 0, t.tcpfin or 0, t.udp or 0),
        sync_daemons=tuple(_sync_daemons(config)),
        sync_follows=g.lvs_sync_daemon.instance if g.lvs_sync_daemon is not None else None,
        fifos=tuple(programs.fifos(g.notify_fifo, g.lvs_notify_fifo)),
    )
    services = config.lvs.services if config.lvs is not None else ()
    return settings, tuple(_service(service, programs) for service in services)


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


def _service(service: LvsService, programs: _Programs) -> CheckedService:
    server = service.server
    safe = tuple(map(programs.with_safe_checks, server.real_servers))
    if any(new is not old for new, old in zip(safe, server.real_servers, strict=True)):
        server = replace(server, real_servers=safe)
    return CheckedService(
        server=server,
        servers=tuple(map(programs.commands, service.servers)),
        quorum_up=programs.command(service.quorum_up),
        quorum_down=programs.command(service.quorum_down),
    )


class _Programs:
    """Decides who runs a program, and whether it is run at all.

    One that root would run and others could have changed is left out under
    `enable_script_security`; without, it is run and the danger said.
    """

    def __init__(self, is_strict: bool, default: tuple[str | None, str | None]) -> None:
        self._is_strict = is_strict
        self._default = default
        self._weaknesses: dict[str, str] = {}

    def commands(self, server: LvsServer) -> ServerCommands:
        """Most servers have none, and share that: it is handed over once for each service."""
        if server.notify_up is None and server.notify_down is None:
            return _NO_COMMANDS
        return ServerCommands(self.command(server.notify_up), self.command(server.notify_down))

    def command(self, script: Script | None) -> Command | None:
        if script is None:
            return None
        named = script.user is not None
        user, group = (script.user, script.group) if named else self._default
        return Command(script.argv, user, group) if self._may_run(script.argv, user) else None

    def fifos(self, *wanted: NotifyFifo | None) -> Iterator[FifoSettings]:
        """The pipes; of two with one name the first. Who is not named, is who runs scripts."""
        seen: set[str] = set()
        for fifo in wanted:
            if fifo is None or fifo.path in seen:
                continue
            seen.add(fifo.path)
            named = fifo.user is not None
            user, group = account(*((fifo.user, fifo.group) if named else self._default))
            yield FifoSettings(fifo.path, user, group, self.command(fifo.script))

    def with_safe_checks(self, server: RealServer) -> RealServer:
        """The server with an account for each script it is checked by; without the checks whose
        program may not be run, as in keepalived."""
        found = tuple(map(self._check, server.checks))
        if all(new is old for new, old in zip(found, server.checks, strict=True)):
            return server
        return replace(server, checks=tuple(check for check in found if check is not None))

    def _check(self, check: Check) -> Check | None:
        if not isinstance(check, MiscCheck):
            return check
        if check.user is None:
            user, group = self._default
            check = replace(check, user=user, group=group)
        return check if self._may_run(check.arguments, check.user) else None

    def _may_run(self, argv: tuple[str, ...], user: str | None) -> bool:
        if not is_root(user):
            return True
        return not self._weakness(argv[0]) or not self._is_strict

    def _weakness(self, program: str) -> str:
        if program not in self._weaknesses:
            found = self._weaknesses[program] = weakness(program)
            if found and self._is_strict:
                _log.error("script %s is not used: %s", program, found)
            elif found:
                _log.warning("script %s is not safe: %s", program, found)
        return self._weaknesses[program]


def _default_user(configured: ScriptUser | None) -> tuple[str | None, str | None]:
    if configured is not None:
        return configured.user, configured.group
    try:
        pwd.getpwnam(_USUAL_ACCOUNT)
    except KeyError:
        return None, None
    return _USUAL_ACCOUNT, None
