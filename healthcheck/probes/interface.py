"""How a probe is started and stopped: by callback, so that the cheap kinds need no task.

A probe never raises for anything a server or the network does: that is a `ProbeResult`. What keeps
the attempt from being made at all, for a reason of this host, is one too, with `is_verdict` False.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeAlias, TypeVar

from ..core.model import ProbeResult

__all__ = ["OVERALL_TIMEOUT", "Done", "Running", "Starter", "as_starter"]

_log = logging.getLogger(__name__)

OVERALL_TIMEOUT = 60.0
"""Seconds one attempt may take in all (a larger `connect_timeout` raises it): `connect_timeout`
bounds each wait only, so a server sending an octet now and then would hold its slot for ever."""

Done: TypeAlias = Callable[[ProbeResult], None]

_C = TypeVar("_C")
_C_contra = TypeVar("_C_contra", contravariant=True)


class Running(Protocol):
    """An attempt under way."""

    def cancel(self) -> None:
        """Give up: everything is closed and `done` will not be called. Harmless when it is over."""


class Starter(Protocol[_C_contra]):
    """Starts one attempt of a check.

    `done` is called once, later, from the loop: never before this returns, never after `cancel`.
    """

    def __call__(
        self, check: _C_contra, loop: asyncio.AbstractEventLoop, done: Done, /
    ) -> Running: ...


class _Task:
    """A coroutine probe under way."""

    __slots__ = ("_done", "_task")

    def __init__(self, task: asyncio.Task[ProbeResult], done: Done) -> None:
        self._task = task
        self._done: Done | None = done
        task.add_done_callback(self._finish)

    def cancel(self) -> None:
        self._done = None
        self._task.cancel()

    def _finish(self, task: asyncio.Task[ProbeResult]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            _log.error("%s failed: a probe may not raise", task.get_name(), exc_info=error)
        done, self._done = self._done, None
        if done is None:
            return
        if task.cancelled() or error is not None:
            done(ProbeResult(False, f"the probe itself failed: {error!r}"))
        else:
            done(task.result())


def as_starter(
    probe: Callable[[_C], Coroutine[Any, Any, ProbeResult]],
    timeout: float | None = OVERALL_TIMEOUT,
) -> Starter[_C]:
    """Make a starter of a coroutine function; each attempt is a named task.

    `timeout`: seconds after which it is cancelled and counts as failed; None: it bounds itself.
    A probe that raises counts as failed, and its traceback is logged.
    """

    async def bounded(check: _C) -> ProbeResult:
        limit = asyncio.timeout(timeout)
        try:
            async with limit:
                return await probe(check)
        except TimeoutError:
            if not limit.expired():
                raise
            return ProbeResult(False, f"not finished within {timeout:g} s")

    def start(check: _C, loop: asyncio.AbstractEventLoop, done: Done, /) -> Running:
        name = f"probe {type(check).__name__}"
        return _Task(loop.create_task(bounded(check), name=name), done)

    return start
