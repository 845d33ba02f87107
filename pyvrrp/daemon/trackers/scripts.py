"""Tracker scripts: each is run again and again, never twice at once, and its standing is told.

A script has a task of its own, which sleeps between two runs. All run at once when they are new;
the second run comes earlier, by another part of the interval for each, so that from then on many
scripts do not begin in the same moment (quirk: scripts-together). Runs keep that rhythm; one that would begin while the last
one still lives is left out. One that does not end in time gets TERM, `GRACE` later KILL, both with
its whole process group, and counts as failed when it is gone. Log lines are keepalived's.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from math import floor
from pathlib import Path

from healthcheck.probes.process import GRACE, CannotRun, Program, wait_ended

from ...snapshot import ScriptSnapshot
from .rise_fall import RiseFall
from .settings import TrackerScript

__all__ = ["ScriptTrackers"]

logger = logging.getLogger(__name__)

_GOLDEN = 0.618034  # of its multiples, the parts behind the point lie far from each other


class ScriptTrackers:
    """The scripts of the settings in use. Made inside the running loop.

    `tell` gets a script's name and whether it is up, after its first result and at each change;
    None when the script is no more.
    """

    def __init__(self, tell: Callable[[str, bool | None], None]) -> None:
        self._tell = tell
        self._trackers: dict[str, _Tracker] = {}
        self._places = count()

    def use(self, scripts: Iterable[TrackerScript]) -> None:
        """Go over to these. One that is the same does not notice; one whose program is the same
        keeps its standing."""
        old, self._trackers = self._trackers, {}
        for script in scripts:
            tracker = old.pop(script.name, None)
            if tracker is None:
                lead = next(self._places) * _GOLDEN % 1
                tracker = _Tracker(script, lead, self._tell)
                tracker.start()
            elif tracker.script != script:
                tracker.change(script)
            self._trackers[script.name] = tracker
        for name, tracker in old.items():
            tracker.stop()
            self._tell(name, None)

    def snapshots(self) -> Iterator[ScriptSnapshot]:
        """What each is now."""
        return (tracker.snapshot() for tracker in self._trackers.values())

    async def close(self) -> None:
        """Stop: what runs gets TERM, and KILL when it takes too long."""
        for tracker in self._trackers.values():
            tracker.stop()
        await asyncio.sleep(0)  # the tasks hear of it
        await wait_ended()


class _Tracker:
    """One script. `lead` is the part of an interval by which its second run is earlier."""

    def __init__(
        self, script: TrackerScript, lead: float, tell: Callable[[str, bool | None], None]
    ) -> None:
        self.script = script
        self._lead = lead
        self._tell = tell
        self._standing = RiseFall(script.rise, script.fall)
        self._last_status: int | None = None
        self._is_running = False

    def start(self) -> None:
        self._task = asyncio.create_task(self._work(), name=f"script {self.script.name}")

    def stop(self) -> None:
        self._task.cancel()

    def snapshot(self) -> ScriptSnapshot:
        """What it is now."""
        standing = self._standing
        return ScriptSnapshot(
            self.script.name, standing.count, standing.is_known, standing.is_up, self._is_running
        )

    def change(self, script: TrackerScript) -> None:
        """Go by other settings from now on."""
        self.stop()
        is_same = (script.command, script.file) == (self.script.command, self.script.file)
        if is_same:
            self._standing = self._standing.under(script.rise, script.fall)
        else:
            self._standing = RiseFall(script.rise, script.fall)  # quirk: changed-script
        self.script = script
        self.start()

    async def _work(self) -> None:
        loop, interval = asyncio.get_running_loop(), self.script.interval
        due = loop.time() - self._lead * interval
        while True:
            began = loop.time()
            await self._run()
            now = loop.time()
            if now - began >= interval:
                logger.info(
                    "Track script %s is already running, expect idle - skipping run",
                    self.script.name,
                )
            due += interval * max(1, floor((now - due) / interval) + 1)
            await asyncio.sleep(due - now)

    async def _run(self) -> None:
        """One run, and what it means. A system too busy to run it says nothing of what it checks."""
        script = self.script
        if script.command is None:
            self._judge(0 if _can_open(script.file or "") else 1)
            return
        try:
            program = Program(script.command.argv, script.command.user, script.command.group)
        except CannotRun as problem:
            if problem.is_verdict:
                self._take(is_good=False, how=f"failed ({problem.detail})")
            else:
                logger.warning("script %s: %s", script.name, problem.detail)
            return
        self._is_running = True
        try:
            in_time = await program.wait(script.timeout)
            if not in_time:
                await _end(program)
            status = program.reap()
        finally:
            self._is_running = False
            program.leave()
        if not in_time:
            self._take(is_good=False, how="timed_out")
        elif status is not None:
            self._judge(status)

    def _judge(self, status: int) -> None:
        """`status` as `Program.reap` has it."""
        if status < 0:
            self._take(is_good=False, how=f"failed (due to signal {-status})")
            return
        if status != (self._last_status or 0):
            logger.info("Script `%s` now returning %d", self.script.name, status)
        self._last_status = status
        failure = f"failed (exited with status {status})"
        self._take(is_good=status == 0, how="succeeded" if status == 0 else failure)

    def _take(self, *, is_good: bool, how: str) -> None:
        if self._standing.take(is_good=is_good):
            logger.info("VRRP_Script(%s) %s", self.script.name, how)
            self._tell(self.script.name, self._standing.is_up)


async def _end(program: Program) -> None:
    """TERM, then KILL; then wait for what hangs in the kernel, as long as it does."""
    program.signal(signal.SIGTERM)
    if not await program.wait(GRACE):
        program.signal(signal.SIGKILL)
        await program.wait(None)


def _can_open(path: str) -> bool:
    try:
        with Path(path).open("rb"):
            return True
    except OSError:
        return False
