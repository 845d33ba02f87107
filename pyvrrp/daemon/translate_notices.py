"""From the words about notifications and mails to the settings of whoever tells others."""

from __future__ import annotations

import os
import pwd
import socket
from dataclasses import replace
from typing import TYPE_CHECKING

from .commands import FifoSettings
from .notice_settings import Audience, MailSettings, NoticeSettings
from .notices import Kind, What
from .programs import Programs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..conf.config import Config, GlobalDefs, Script, SyncGroup, VrrpInstance

__all__ = ["mail_settings", "translate_notices"]

_KEYWORDS = {
    "notify_master": What.MASTER,
    "notify_backup": What.BACKUP,
    "notify_fault": What.FAULT,
    "notify_stop": What.STOP,
    "notify_deleted_script": What.DELETED,
    "notify_master_rx_lower_pri": What.LOWER_HEARD,
}


def translate_notices(
    config: Config, programs: Programs, *, checks: bool
) -> tuple[NoticeSettings, tuple[Audience, ...]]:
    """Who is told of what happens to Virtual Routers and groups, groups first.

    `checks`: the checker process runs, and the reader of the common FIFO with it.
    """
    g = config.global_defs
    settings = NoticeSettings(
        fifos=tuple(_fifos(g, programs, checks=checks)) if config.instances else (),
        mail=mail_settings(g),
        repeats_states=g.fifo_write_vrrp_states_on_reload,
    )
    groups = (_audience(Kind.GROUP, each, programs) for each in config.sync_groups)
    instances = (_audience(Kind.INSTANCE, each, programs) for each in config.instances)
    return settings, (*groups, *instances)


def _fifos(g: GlobalDefs, programs: Programs, *, checks: bool) -> Iterator[FifoSettings]:
    for fifo in programs.fifos(g.notify_fifo, g.vrrp_notify_fifo):
        is_common = g.notify_fifo is not None and fifo.path == g.notify_fifo.path
        yield replace(fifo, reader=None) if is_common and checks else fifo


def _audience(kind: Kind, told: SyncGroup | VrrpInstance, programs: Programs) -> Audience:
    commands = {what: programs.command(_script(told, word)) for word, what in _KEYWORDS.items()}
    return Audience(
        kind,
        told.name,
        {what: command for what, command in commands.items() if command is not None},
        programs.command(told.notify),
        told.smtp_alert,
        tells_deleted=getattr(told, "notify_deleted", False),
        tells_priority=told.notify_priority_changes,
    )


def _script(told: SyncGroup | VrrpInstance, keyword: str) -> Script | None:
    script: Script | None = getattr(told, keyword, None)  # a group has fewer of them
    return script


def mail_settings(g: GlobalDefs) -> MailSettings | None:
    """None without a server or without recipients: nobody gets mails then."""
    if g.smtp_server is None or not g.notification_email:
        return None
    host = _host_name()
    return MailSettings(
        server=g.smtp_server,
        port=g.smtp_port,
        recipients=g.notification_email,
        sender=g.notification_email_from or f"{pwd.getpwuid(os.geteuid()).pw_name}@{host}",
        helo_name=g.smtp_helo_name or host,
        router_id=g.router_id or os.uname().nodename,
        timeout=g.smtp_connect_timeout,
        tells_faults=not g.no_email_faults,
    )


def _host_name() -> str:
    """As others may know this host; its own name when nobody does."""
    name = os.uname().nodename
    try:
        return socket.getaddrinfo(name, None, flags=socket.AI_CANONNAME)[0][3] or name
    except OSError:
        return name
