"""The process around a startup or shutdown script: runs it, ends it, says what came of it."""

from __future__ import annotations

import asyncio
import logging
import signal

from healthcheck.core.model import MiscCheck
from healthcheck.probes import program

from ..notices.commands import Command

__all__ = ["run"]

_log = logging.getLogger(__name__)


def run(command: Command, timeout: float, what: str) -> None:
    """Run it to its end, for `timeout` seconds at most, or until SIGTERM."""
    asyncio.run(_run(command, timeout, what))


async def _run(command: Command, limit: float, what: str) -> None:
    check = MiscCheck(command.argv, timeout=limit, user=command.user, group=command.group)
    running = asyncio.create_task(program.probe(check), name=f"{what} script")
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    await asyncio.wait({running})
    if running.cancelled():
        await program.wait_ended()
    elif not running.result().is_success:
        _log.warning("%s script %s: %s", what, command.argv[0], running.result().detail)
