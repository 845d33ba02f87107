"""The scripts process: everything of VRRP that forks, reads files or waits.

It watches what is tracked (`trackers`) and tells the VRRP process, over the link between them, how
each thing is. The VRRP process goes by the last word, also while this process is dead; one that is
started again tells as soon as it knows.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os

from ..errors import PyvrrpError
from . import handoff
from .parent_link import ParentLink
from .process_settings import apply
from .processes import INTERNAL_ERROR
from .scripts_settings import ScriptsSettings
from .siblings import Sibling
from .trackers import Trackers

__all__ = ["run"]

logger = logging.getLogger(__name__)


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
        vrrp = Sibling()
        parent = ParentLink(self._start, siblings={handoff.Section.VRRP: vrrp})
        self._trackers = Trackers(vrrp)
        self._use(self._start.configuration_fd, is_daemon_start=not self._start.is_restart)
        os.close(self._start.configuration_fd)
        gc.collect()
        gc.freeze()
        parent.say(handoff.READY)
        await parent.follow(self._reload, lambda kind: iter(()))
        await self._trackers.close()
        vrrp.close()

    async def _reload(self, descriptor: int) -> None:
        """Raises: HandoffError, before anything is changed."""
        self._use(descriptor)

    def _use(self, descriptor: int, *, is_daemon_start: bool = False) -> None:
        """Raises: HandoffError, before anything is changed."""
        records = tuple(handoff.read(descriptor, handoff.Section.SCRIPTS))
        for record in records:
            if isinstance(record, ScriptsSettings):
                apply(record.process, "scripts")
        self._trackers.use(records, is_daemon_start=is_daemon_start)
