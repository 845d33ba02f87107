"""From the `virtual_server` half of the language to the checker process's settings."""

from __future__ import annotations

import pwd
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .checker_settings import (
    CheckedService,
    CheckerSettings,
    Command,
    ServerCommands,
    SyncDaemon,
    Timeouts,
)
from .process_settings import ProcessSettings

if TYPE_CHECKING:
    from ..conf.config import Config, GlobalDefs, Script, ScriptUser
    from ..conf.lvs_config import LvsService

__all__ = ["translate_lvs"]

_USUAL_ACCOUNT = "keepalived_script"
"""Runs scripts where the configuration names nobody, when the system has it."""


def translate_lvs(config: Config) -> tuple[CheckerSettings, tuple[CheckedService, ...]]:
    """Settings of the process, and of each virtual server in the order written."""
    g = config.global_defs
    t = g.lvs_timeouts
    settings = CheckerSettings(
        process=ProcessSettings(g.checker_priority, g.checker_rt_priority, g.checker_cpu_affinity),
        flush_at_start=g.lvs_flush,
        flush_at_stop=g.lvs_flush_on_stop == "all",
        tell_servers_at_start=g.rs_init_notifies,
        timeouts=Timeouts(t.tcp, t.tcpfin, t.udp),
        sync_daemon=_sync_daemon(config),
    )
    services = config.lvs.services if config.lvs is not None else ()
    return settings, tuple(_services(services, g))


def _sync_daemon(config: Config) -> SyncDaemon | None:
    found = config.global_defs.lvs_sync_daemon
    if found is None:
        return None
    followed = [i.virtual_router_id for i in config.instances if i.name == found.instance]
    return SyncDaemon(
        interface=found.interface,
        follows=found.instance,
        id=found.id if found.id is not None else next(iter(followed), 0),
        maxlen=found.maxlen,
        port=found.port,
        ttl=found.ttl,
        group=found.group,
    )


def _services(services: tuple[LvsService, ...], g: GlobalDefs) -> Iterator[CheckedService]:
    default = _default_user(g.script_user)
    for service in services:
        yield CheckedService(
            server=service.server,
            servers=tuple(
                ServerCommands(_command(s.notify_up, default), _command(s.notify_down, default))
                for s in service.servers
            ),
            quorum_up=_command(service.quorum_up, default),
            quorum_down=_command(service.quorum_down, default),
        )


def _default_user(configured: ScriptUser | None) -> tuple[str | None, str | None]:
    if configured is not None:
        return configured.user, configured.group
    try:
        pwd.getpwnam(_USUAL_ACCOUNT)
    except KeyError:
        return None, None
    return _USUAL_ACCOUNT, None


def _command(script: Script | None, default: tuple[str | None, str | None]) -> Command | None:
    if script is None:
        return None
    user, group = (script.user, script.group) if script.user is not None else default
    return Command(script.argv, user, group)
