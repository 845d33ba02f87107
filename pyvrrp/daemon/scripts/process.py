"""The scripts process: everything of VRRP that forks, reads files or waits, and all mails.

It tells others of what the VRRP process and the checker process report (`teller`), and ends after
both, so that they hear of the end too.

It watches what is tracked (`trackers`) and tells the VRRP process, over the link between them, how
each thing is. The VRRP process goes by the last word, also while this process is dead; one that is
started again ends what the one before it left running, and tells as soon as it knows.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os

from healthcheck.probes.process import close_ledger, keep_ledger

from ...errors import PyvrrpError
from .. import handoff
from ..dbus.service import DbusService
from ..dumping.kinds import of_section
from ..notices.fifos import NotifyFifos
from ..notices.mails import Mail, Mailer
from ..notices.notice import Notice
from ..notices.scripts import NotifyScripts
from ..notices.settings import Audience, NoticeSettings
from ..parent_link import ParentLink
from ..process_settings import apply
from ..processes import INTERNAL_ERROR
from ..siblings import Sibling
from ..trackers.settings import ScriptsSettings
from ..trackers.watching import Trackers
from .teller import Teller

__all__ = ["run"]

logger = logging.getLogger(__name__)

_OTHERS_PATIENCE = 1.5  # s that the processes that report have to end before us
_PATIENCE = 1.0  # s that scripts and mails have to end; `child_wait_time` is 5 by default


def run(start: handoff.ChildStart) -> int:
    """Run until told to stop, or until the parent is gone; returns the exit code."""
    try:
        asyncio.run(_Process(start).main())
    except PyvrrpError as error:
        logger.error("%s", error)
        return INTERNAL_ERROR  # VRRP goes on without us, and the parent tries again
    return 0


class _Process:
    def __init__(self, start: handoff.ChildStart) -> None:
        self._start = start

    async def main(self) -> None:
        """Start everything, follow the parent's words, stop in order."""
        keep_ledger(self._start.ledger_path)
        self._vrrp = Sibling(self._on_state, self._on_notice)
        self._checkers = Sibling(on_report=self._on_mail)
        siblings = {
            handoff.Section.VRRP: self._vrrp,
            handoff.Section.CHECKERS: self._checkers,
        }
        dumps = of_section(handoff.Section.SCRIPTS)
        self._parent = ParentLink(self._start, dumps=dumps, siblings=siblings)
        self._trackers = Trackers(self._vrrp)
        self._notify_scripts, self._fifos, self._mailer = NotifyScripts(), NotifyFifos(), Mailer()
        self._dbus = DbusService(self._on_wish)
        self._teller = Teller(self._notify_scripts, self._fifos, self._dbus, self._mailer)
        self._use(self._start.configuration_fd, is_daemon_start=not self._start.is_restart)
        os.close(self._start.configuration_fd)
        gc.collect()
        gc.freeze()
        self._parent.say(handoff.READY)
        await self._parent.follow(self._reload, lambda kind: self._trackers.snapshots())
        await self._stop()

    async def _stop(self) -> None:
        await asyncio.gather(
            self._vrrp.wait_gone(_OTHERS_PATIENCE), self._checkers.wait_gone(_OTHERS_PATIENCE)
        )
        self._vrrp.close()
        self._checkers.close()
        self._fifos.close()
        await asyncio.gather(
            self._dbus.close(),
            self._trackers.close(),
            self._notify_scripts.close(_PATIENCE),
            asyncio.to_thread(self._mailer.close, _PATIENCE),  # quirk: last-mails-lost
        )
        close_ledger()

    async def _reload(self, descriptor: int) -> None:
        """Raises: HandoffError, before anything is changed."""
        self._use(descriptor)

    def _use(self, descriptor: int, *, is_daemon_start: bool = False) -> None:
        """Raises: HandoffError, before anything is changed."""
        records = tuple(handoff.read(descriptor, handoff.Section.SCRIPTS))
        notices = NoticeSettings()
        for record in records:
            if isinstance(record, ScriptsSettings):
                apply(record.process, "scripts")
            elif isinstance(record, NoticeSettings):
                notices = record
        self._trackers.use(records, is_daemon_start=is_daemon_start)
        self._teller.use(notices, (each for each in records if isinstance(each, Audience)))

    def _on_state(self, name: str, text: str | None) -> None:
        """What the process before us was told."""
        if text is not None:
            self._teller.learn(Notice.decode(text))

    def _on_notice(self, text: str) -> None:
        self._teller.tell(Notice.decode(text))

    def _on_wish(self, wish: str) -> None:
        """What somebody on the system bus wants."""
        if wish == "reload":
            self._parent.say(handoff.RELOAD_WANTED)
        else:
            self._vrrp.report(wish)

    def _on_mail(self, text: str) -> None:
        subject, _, body = text.partition("\n")
        self._teller.mail(Mail(subject, body))
