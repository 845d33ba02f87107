"""The BFD process: holds the sessions, tells those who follow them, takes new settings over.

What happens between the last packet of a neighbour and the takeover is here: the session's
deadline, one word on the direct link, no garbage to collect. It reads no file and waits for nobody.
When the parent dies it stops in order, and falls silent: neighbours find out by themselves.

One that takes the place of a process that died says nothing of sessions that are down, for as long
as it takes to bring them up again (quirk: bfd-crash): those who follow them go by what they heard
last.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ...bfd.speaker import Speaker
from ...errors import PyvrrpError
from .. import handoff
from ..dumping.kinds import of_section
from ..parent_link import ParentLink
from ..process_settings import ProcessSettings, apply
from ..processes import FATAL
from ..punctuality import Punctuality
from ..siblings import Sibling
from .log import log_action
from .settings import ToldSession

__all__ = ["run"]

logger = logging.getLogger(__name__)

_NAME = "BFD"
_SWITCH_INTERVAL = 0.0005  # s; how long the log's thread may keep the loop waiting
_UP, _DOWN = "1", "0"
_RECOVERY = 3.0
"""Seconds in which sessions come up again: neighbours that are down speak once a second."""


def run(start: handoff.ChildStart) -> int:
    """Run until told to stop, or until the parent is gone; returns the exit code."""
    sys.setswitchinterval(_SWITCH_INTERVAL)
    try:
        asyncio.run(_Process(start).main())
    except PyvrrpError as error:
        logger.error("%s", error)
        return FATAL
    return 0


@dataclass(frozen=True, slots=True)
class _Follower:
    """A process that follows sessions, and which of them it is told of."""

    sibling: Sibling
    is_told: Callable[[ToldSession], bool]


class _Process:
    def __init__(self, start: handoff.ChildStart) -> None:
        self._start = start
        self._sessions: Mapping[str, ToldSession] = {}
        self._is_recovering = start.is_restart
        self._punctuality = Punctuality(_NAME)

    async def main(self) -> None:
        """Start everything, follow the parent's words, stop in order."""
        vrrp, checkers = Sibling(), Sibling()
        self._followers = (
            _Follower(vrrp, lambda session: session.tells_vrrp),
            _Follower(checkers, lambda session: session.tells_checkers),
        )
        parent = ParentLink(
            self._start,
            dumps=of_section(handoff.Section.BFD),
            siblings={handoff.Section.VRRP: vrrp, handoff.Section.CHECKERS: checkers},
        )
        self._speaker = Speaker(self._tell, log_action)
        self._use(self._start.configuration_fd)
        os.close(self._start.configuration_fd)
        gc.collect()
        gc.freeze()
        parent.say(handoff.READY)
        logger.info("running %d BFD session(s)", len(self._sessions))
        recovered = asyncio.get_running_loop().call_later(_RECOVERY, self._recovered)
        await parent.follow(self._reload, lambda kind: self._speaker.snapshots())
        logger.info("stopping")
        recovered.cancel()
        self._speaker.close()

    async def _reload(self, descriptor: int) -> None:
        """Raises: HandoffError, before anything is changed."""
        self._use(descriptor)

    def _use(self, descriptor: int) -> None:
        """Go over to settings; sessions of the same name keep their state. Raises: HandoffError."""
        records = tuple(handoff.read(descriptor, handoff.Section.BFD))
        process = next((r for r in records if isinstance(r, ProcessSettings)), ProcessSettings())
        sessions = [record for record in records if isinstance(record, ToldSession)]
        former, self._sessions = self._sessions, {s.settings.name: s for s in sessions}
        apply(process, _NAME)
        self._punctuality.use(process)
        self._speaker.use(session.settings for session in sessions)
        for follower in self._followers:
            self._bring_in_line(follower, former)

    def _recovered(self) -> None:
        """What is not up by now is down."""
        self._is_recovering = False
        for follower in self._followers:
            self._bring_in_line(follower, self._sessions)

    def _bring_in_line(self, follower: _Follower, former: Mapping[str, ToldSession]) -> None:
        """Have it know each of its sessions, and no others."""
        told = {name for name, session in self._sessions.items() if follower.is_told(session)}
        for name in former.keys() - told:
            follower.sibling.withdraw(name)
        for neighbor in self._speaker.neighbors:
            if neighbor.settings.name in told:
                is_up = neighbor.session.is_reachable
                if is_up or not self._is_recovering:
                    follower.sibling.publish(neighbor.settings.name, _UP if is_up else _DOWN)

    def _tell(self, name: str, is_up: bool) -> None:
        for follower in self._followers:
            if follower.is_told(self._sessions[name]):
                follower.sibling.publish(name, _UP if is_up else _DOWN)
