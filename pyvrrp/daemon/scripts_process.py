"""The scripts process: everything of VRRP that forks, reads files or waits.

It runs the tracker scripts and tells the VRRP process, over the link between them, how each is:
`publish("script NAME", "1")` (`siblings`). The VRRP process goes by the last word, also while this
process is dead; one that is started again tells as soon as it knows.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os

from ..errors import PyvrrpError
from ..settings import TrackedKind
from . import handoff
from .parent_link import ParentLink
from .process_settings import apply
from .processes import INTERNAL_ERROR
from .scripts_settings import ScriptsSettings, TrackerScript
from .siblings import Sibling
from .tracker_scripts import ScriptTrackers

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
        self._vrrp = Sibling()
        siblings = {handoff.Section.VRRP: self._vrrp}
        parent = ParentLink(self._start, siblings=siblings)
        self._scripts = ScriptTrackers(self._tell_script)
        self._use(self._start.configuration_fd)
        os.close(self._start.configuration_fd)
        gc.collect()
        gc.freeze()
        parent.say(handoff.READY)
        await parent.follow(self._reload, lambda kind: iter(()))
        await self._scripts.close()
        self._vrrp.close()

    async def _reload(self, descriptor: int) -> None:
        """Raises: HandoffError, before anything is changed."""
        self._use(descriptor)

    def _use(self, descriptor: int) -> None:
        """Raises: HandoffError, before anything is changed."""
        scripts: list[TrackerScript] = []
        settings = ScriptsSettings()
        for record in handoff.read(descriptor, handoff.Section.SCRIPTS):
            match record:
                case ScriptsSettings():
                    settings = record
                case TrackerScript():
                    scripts.append(record)
        apply(settings.process, "scripts")
        self._scripts.use(scripts)

    def _tell_script(self, name: str, is_up: bool | None) -> None:
        self._tell(TrackedKind.SCRIPT, name, None if is_up is None else int(is_up))

    def _tell(self, kind: TrackedKind, name: str, value: int | None) -> None:
        key = f"{kind.value} {name}"
        if value is None:
            self._vrrp.withdraw(key)
        else:
            self._vrrp.publish(key, str(value))
