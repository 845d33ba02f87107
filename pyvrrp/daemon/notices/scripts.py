"""Programs that are told of changes: quorum_up, quorum_down, notify_up, notify_down.

Each runs as `healthcheck.probes.program` has it: a process group of its own, no descriptor of ours,
without a shell, as the user it is configured for. Those of one object run one after the other, so
that the last to run tells how things are (quirk: unordered-scripts). One that runs while we are
killed runs to its end (quirk: scripts-of-a-crash).
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Hashable
from functools import partial

from healthcheck.core.model import MiscCheck, ProbeResult
from healthcheck.probes import program

from .commands import Command

__all__ = ["NotifyScripts"]

logger = logging.getLogger(__name__)

_AT_ONCE = 32
_WAITING = 16
"""Scripts of one object that wait for one that runs; then the oldest is left out."""
_LIMIT = 300.0
"""s; what comes after a script waits for it, so none may run for ever."""


_probe = partial(program.probe, outlives_us=True)


class NotifyScripts:
    """Runs scripts without ever holding its caller up. Made inside the running loop."""

    def __init__(self, run: Callable[[MiscCheck], Awaitable[ProbeResult]] = _probe) -> None:
        self._run = run
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._waiting: dict[Hashable, deque[Command]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, about: Hashable, command: Command) -> None:
        """Run a script as soon as those started earlier about the same object have ended."""
        waiting = self._waiting.get(about)
        if waiting is not None:
            if len(waiting) == _WAITING:
                logger.warning("%s is not run: too many wait for an earlier one", _name(waiting[0]))
                waiting.popleft()
            waiting.append(command)
            return
        self._waiting[about] = deque((command,))
        task = asyncio.create_task(self._work(about), name=f"scripts about {about}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self, patience: float) -> None:
        """Wait `patience` seconds for those under way; the rest is ended, or never started."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=patience)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await program.wait_ended()

    async def _work(self, about: Hashable) -> None:
        waiting = self._waiting[about]
        try:
            while waiting:
                async with self._slots:
                    await self._run_one(waiting.popleft())
        finally:
            del self._waiting[about]

    async def _run_one(self, command: Command) -> None:
        result = await self._run(
            MiscCheck(command.argv, timeout=_LIMIT, user=command.user, group=command.group)
        )
        if not result.is_success:
            logger.warning("script %s: %s", _name(command), result.detail)


def _name(command: Command) -> str:
    return " ".join(command.argv)
