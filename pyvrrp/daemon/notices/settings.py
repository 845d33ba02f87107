"""Who is told of changes: scripts, FIFOs and mails, for Virtual Routers and groups; and checks' mails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .commands import Command, FifoSettings
from .notice import Kind, What

__all__ = ["Audience", "DbusSettings", "MailSettings", "NoticeSettings"]


@dataclass(frozen=True, slots=True)
class Audience:
    """Who is told about one Virtual Router or one group."""

    kind: Kind
    name: str
    specific: Mapping[What, Command] = field(default_factory=dict)
    """Run as they are."""
    generic: Command | None = None
    """Run at every change of the state, the notice's words behind its own."""
    is_mailed: bool = False
    tells_deleted: bool = False
    """Otherwise one that is deleted is said to be in FAULT."""
    tells_priority: bool = False
    members: tuple[str, ...] = ()
    """Of a group: its Virtual Routers."""

    def has_anybody(self, *, mails: bool) -> bool:
        """Whether somebody is told, FIFOs left aside; `mails`: there are some."""
        return bool(self.specific or self.generic or (self.is_mailed and mails))


@dataclass(frozen=True, slots=True)
class MailSettings:
    """Where mails go. `timeout` is seconds, for each step; `router_id` begins each subject."""

    server: str
    recipients: tuple[str, ...]
    sender: str
    helo_name: str
    router_id: str
    port: int = 25
    timeout: float = 30.0
    tells_faults: bool = True


@dataclass(frozen=True, slots=True)
class DbusSettings:
    """The name on the system bus, the path all objects are below, and that of each Virtual Router."""

    service_name: str
    root: str
    paths: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class NoticeSettings:
    """`repeats_states`: after a reload FIFOs are told how everything is."""

    fifos: tuple[FifoSettings, ...] = ()
    mail: MailSettings | None = None
    repeats_states: bool = False
    dbus: DbusSettings | None = None

    def tells_of(self, audience: Audience) -> bool:
        """Whether anybody is told: programs and mails of its own, or FIFOs and D-Bus, which tell of
        all."""
        mails = self.mail is not None
        return bool(self.fifos or self.dbus) or audience.has_anybody(mails=mails)
