"""Tells others what is noticed: scripts, FIFOs, the system bus and mails, in this order.

The specific script of a change and the generic one start together, as in keepalived; those of the
same sort about the same object run one after the other (quirk: unordered-scripts).
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable
from dataclasses import replace

from ..dbus.service import DbusService
from ..notices import mails
from ..notices.commands import Command
from ..notices.fifos import NotifyFifos
from ..notices.mails import Mail, Mailer
from ..notices.notice import STATES, Kind, Notice, What
from ..notices.scripts import NotifyScripts
from ..notices.settings import Audience, NoticeSettings

__all__ = ["Teller"]

logger = logging.getLogger(__name__)

_EARLY = 1024
"""Notices about what the settings do not know yet."""
_PRIORITIES = frozenset({What.MASTER_PRIORITY, What.BACKUP_PRIORITY})


class Teller:
    """One place for all that is told. Made inside the running loop."""

    def __init__(
        self, scripts: NotifyScripts, fifos: NotifyFifos, dbus: DbusService, mailer: Mailer
    ) -> None:
        self._scripts = scripts
        self._fifos = fifos
        self._dbus = dbus
        self._mailer = mailer
        self._settings = NoticeSettings()
        self._known: dict[tuple[Kind, str], Audience] = {}
        self._current: dict[tuple[Kind, str], Audience] = {}
        self._states: dict[tuple[Kind, str], Notice] = {}
        self._mailed: dict[tuple[Kind, str], What] = {}
        self._early: deque[Notice] = deque(maxlen=_EARLY)

    def use(self, settings: NoticeSettings, audiences: Iterable[Audience]) -> None:
        """Go over to new settings: pipes are opened anew, nobody is told what did not change.

        What was known until now stays so until the next settings: its end may be told late.
        What came early is told now.
        """
        former = self._current
        self._current = {(each.kind, each.name): each for each in audiences}
        self._known = former | self._current
        self._settings = settings
        self._states = {key: each for key, each in self._states.items() if key in self._current}
        self._mailed = {key: what for key, what in self._mailed.items() if key in self._known}
        self._fifos.use(settings.fifos)
        self._dbus.use(settings.dbus)
        if former and settings.repeats_states:  # quirk: masters-untold
            for key in sorted(self._states, key=lambda each: each[0] is Kind.INSTANCE):
                self._fifos.tell(self._states[key].line)
        early, self._early = self._early, deque(maxlen=_EARLY)
        for notice in early:
            self.tell(notice)

    def learn(self, notice: Notice) -> None:
        """What somebody was told before we were there; what is asked of us later goes by it."""
        key = (notice.kind, notice.name)
        if key in self._current:
            self._states[key] = notice
            self._dbus.learn(notice)

    def tell(self, notice: Notice) -> None:
        """Tell everybody who is to be told."""
        key = (notice.kind, notice.name)
        audience = self._known.get(key)
        if audience is None:
            self._early.append(notice)  # of new settings, which are on their way
            return
        if notice.what is What.DELETED and not audience.tells_deleted:
            # keepalived's old way, without notify_fault.
            notice, audience = replace(notice, what=What.FAULT), replace(audience, specific={})
        if notice.what in _PRIORITIES and not audience.tells_priority:
            return
        if notice.what in STATES:
            self._states[key] = notice
        self._run(notice, audience)
        self._fifos.tell(notice.line)
        self._dbus.tell(notice)
        self._mail(notice, audience)

    def mail(self, mail: Mail) -> None:
        """Send a mail of somebody else."""
        if self._settings.mail is not None:
            self._mailer.send(self._settings.mail, mail)

    def _run(self, notice: Notice, audience: Audience) -> None:
        specific = audience.specific.get(notice.what)
        if specific is not None:
            sort = notice.what if notice.what not in STATES else "state"
            self._scripts.start((notice.kind, notice.name, sort), specific)
        generic = audience.generic
        if generic is not None and notice.what in STATES:
            command = Command((*generic.argv, *notice.words), generic.user, generic.group)
            self._scripts.start((notice.kind, notice.name, "every state"), command)

    def _mail(self, notice: Notice, audience: Audience) -> None:
        """Once for each state; a fault that is not told is no change either."""
        settings = self._settings.mail
        mail = mails.about(notice)
        if settings is None or mail is None or not audience.is_mailed:
            return
        key = (notice.kind, notice.name)
        is_hidden = notice.what is What.FAULT and not settings.tells_faults
        if not is_hidden and self._mailed.get(key) is not notice.what:
            self._mailed[key] = notice.what
            self._mailer.send(settings, mail)
