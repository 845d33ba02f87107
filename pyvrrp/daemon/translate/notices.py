"""From the words about notifications and mails to the settings of whoever tells others."""

from __future__ import annotations

import os
import pwd
import socket
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from ..dbus.words import path_element
from ..notices.commands import FifoSettings
from ..notices.notice import Kind, What
from ..notices.programs import Programs
from ..notices.settings import Audience, DbusSettings, MailSettings, NoticeSettings
from ..process_settings import Reported

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...conf.config import Config, GlobalDefs, Script, SyncGroup, VrrpInstance

__all__ = ["Notices", "translate_notices"]

_KEYWORDS = {
    "notify_master": What.MASTER,
    "notify_backup": What.BACKUP,
    "notify_fault": What.FAULT,
    "notify_stop": What.STOP,
    "notify_deleted_script": What.DELETED,
    "notify_master_rx_lower_pri": What.LOWER_HEARD,
}


class Notices(NamedTuple):
    """For the process that tells others. Without audiences nobody is told of VRRP."""

    settings: NoticeSettings
    audiences: tuple[Audience, ...]

    @property
    def records(self) -> tuple[object, ...]:
        """What that process gets; nothing when it has nobody to tell."""
        if not self.audiences and self.settings.mail is None:
            return ()
        return (self.settings, *self.audiences)

    @property
    def reported(self) -> tuple[Reported, ...]:
        """What the VRRP process gets."""
        groups = tuple((each.name, each.members) for each in self.audiences if each.members)
        return (Reported(groups),) if self.audiences else ()


def translate_notices(
    config: Config, programs: Programs, *, run_vrrp: bool = True, run_checkers: bool = True
) -> Notices:
    """Who is told of what happens to Virtual Routers and groups, groups first; and how mails go.

    When checks are run, their process has the reader of the common FIFO.
    """
    g = config.global_defs
    has_checks = run_checkers and config.lvs is not None and bool(config.lvs.services)
    settings = NoticeSettings(mail=_mail(g), repeats_states=g.fifo_write_vrrp_states_on_reload)
    audiences: tuple[Audience, ...] = ()
    if run_vrrp and config.instances:
        fifos = tuple(_fifos(g, programs, has_checks=has_checks))
        groups = (
            _audience(Kind.GROUP, each, programs, each.members) for each in config.sync_groups
        )
        instances = (_audience(Kind.INSTANCE, each, programs) for each in config.instances)
        found = (*groups, *instances)
        settings = replace(settings, fifos=fifos, dbus=_dbus(config))
        audiences = found if any(map(settings.tells_of, found)) else ()
    if not has_checks and not any(each.is_mailed for each in audiences):
        settings = replace(settings, mail=None)
    return Notices(settings, audiences)


def _fifos(g: GlobalDefs, programs: Programs, *, has_checks: bool) -> Iterator[FifoSettings]:
    for fifo in programs.fifos(g.notify_fifo, g.vrrp_notify_fifo):
        is_common = g.notify_fifo is not None and fifo.path == g.notify_fifo.path
        yield replace(fifo, reader=None) if is_common and has_checks else fifo


def _dbus(config: Config) -> DbusSettings | None:
    g = config.global_defs
    if g.dbus is None or not g.dbus.enabled:
        return None
    parts = (
        "/org/keepalived/Vrrp1",
        *map(path_element, filter(None, (g.net_namespace, g.instance))),
    )
    root = "/".join(parts)
    nowhere = g.dbus.no_interface_name or "none"
    paths = {
        each.name: f"{root}/Instance/{path_element(each.interface or nowhere)}"
        f"/{each.virtual_router_id}/IPv{each.family}"
        for each in config.instances
    }
    return DbusSettings(g.dbus.service_name, root, paths)


def _audience(
    kind: Kind,
    told: SyncGroup | VrrpInstance,
    programs: Programs,
    members: tuple[str, ...] = (),
) -> Audience:
    commands = {what: programs.command(_script(told, word)) for word, what in _KEYWORDS.items()}
    return Audience(
        kind,
        told.name,
        {what: command for what, command in commands.items() if command is not None},
        programs.command(told.notify),
        told.smtp_alert,
        tells_deleted=getattr(told, "notify_deleted", False),
        tells_priority=told.notify_priority_changes,
        members=members,
    )


def _script(told: SyncGroup | VrrpInstance, keyword: str) -> Script | None:
    script: Script | None = getattr(told, keyword, None)  # a group has fewer of them
    return script


def _mail(g: GlobalDefs) -> MailSettings | None:
    """None without a server or without recipients: nobody gets mails then."""
    if g.smtp_server is None or not g.notification_email:
        return None
    # Asking for the name may take a while where nobody knows it.
    is_complete = g.notification_email_from and g.smtp_helo_name
    host = "" if is_complete else _host_name()
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
