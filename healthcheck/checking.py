"""Checks of many services under way: attempts are started when due, results go through the core."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Protocol

from .core import service
from .core.checker import feed, first_delay
from .core.model import Check, CustomCheck, FileCheck, FollowedCheck, ProbeResult
from .events import CheckFailed, CheckRecovered, Event
from .monitored import CheckRun, MonitoredService
from .probes.file import CannotWatch, FileWatch
from .probes.file import read as read_file
from .probes.interface import Done, Running, Starter
from .schedule import Schedule

__all__ = ["Checking", "StartProbe"]


logger = logging.getLogger(__name__)


class StartProbe(Protocol):
    """Starts an attempt of any check but a custom or a followed one; see `healthcheck.probes.start`."""

    def __call__(self, check: Check, loop: asyncio.AbstractEventLoop, done: Done, /) -> Running: ...


class Checking:
    """Runs every check it was given, until it is taken back.

    `on_change` is called when the state of a service became another, after what there is to `tell`.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        start_probe: StartProbe,
        custom: Mapping[str, Starter[CustomCheck]],
        random: Callable[[], float],
        tell: Callable[[Event], None],
        on_change: Callable[[MonitoredService], None],
    ) -> None:
        self._loop = loop
        self._start_probe = start_probe
        self._custom = custom
        self._random = random
        self._tell = tell
        self._on_change = on_change
        self._files: FileWatch | None = None
        self._told: dict[str, ProbeResult] = {}
        self._followers: dict[str, dict[CheckRun, None]] = {}
        self._turn_began: float | None = None
        self.schedule: Schedule[CheckRun] = Schedule(loop, self._start)

    def add(self, monitored: MonitoredService) -> None:
        """Run its checks: the first attempts come spread over their warm-up, files are read at once."""
        now = self._loop.time()
        for run in monitored.all_runs():
            if isinstance(run.check, FollowedCheck):
                self._follow(run, run.check.name)
                continue
            self.schedule.set(run, now + first_delay(run.check.timing, self._random()))
            if isinstance(run.check, FileCheck):
                self._judge(run, read_file(run.check))

    def tell_followed(self, name: str, is_up: bool) -> None:
        """How something is that checks follow, those that are added later too."""
        result = self._told[name] = ProbeResult(is_up)
        for run in tuple(self._followers.get(name, ())):
            self._judge(run, result)

    def _follow(self, run: CheckRun, name: str) -> None:
        self._followers.setdefault(name, {})[run] = None
        if name in self._told:
            self._judge(run, self._told[name])

    def watch_files(self, services: Iterable[MonitoredService]) -> None:
        """Files that checks read are read again as soon as they change; only those from now on."""
        self.unwatch_files()
        for monitored in services:
            for run in monitored.all_runs():
                if isinstance(run.check, FileCheck):
                    self._watch(run.check.path, run)

    def _watch(self, path: str, run: CheckRun) -> None:
        try:
            if self._files is None:
                self._files = FileWatch(self._loop)
            self._files.add(path, partial(self._hurry, run))
        except CannotWatch as exc:
            logger.warning("%s", exc)

    def unwatch_files(self) -> None:
        """Files are read by the schedule only."""
        if self._files is not None:
            self._files.close()
            self._files = None

    def _hurry(self, run: CheckRun) -> None:
        """Attempt it now; one under way may have missed what happened."""
        self._give_up(run)
        self.schedule.set(run, self._loop.time())

    def remove(self, monitored: MonitoredService) -> None:
        """Run its checks no more; attempts under way are given up."""
        for run in monitored.all_runs():
            if isinstance(run.check, FollowedCheck):
                self._followers[run.check.name].pop(run, None)
            self.schedule.drop(run)
            self._give_up(run)

    def _give_up(self, run: CheckRun) -> None:
        if run.running is not None:
            run.running.cancel()
            run.running = None
            self.schedule.finished()

    def _start(self, run: CheckRun) -> None:
        run.started_at = self.schedule.now
        if run.service.is_suspended:
            self.schedule.finished()
            self.schedule.set(run, run.started_at + run.check.timing.delay_loop)
            return
        check = run.attempt
        if isinstance(check, CustomCheck):
            starter = self._custom[check.name]
            run.running = starter(check, self._loop, partial(self._finished, run))
        else:
            run.running = self._start_probe(check, self._loop, partial(self._finished, run))

    def _finished(self, run: CheckRun, result: ProbeResult) -> None:
        run.running = None
        now = self._now()
        self.schedule.finished()
        delay, from_start = self._judge(run, result)
        self.schedule.set(run, max(now, run.started_at + delay) if from_start else now + delay)

    def _now(self) -> float:
        """Read once in a turn of the loop: results come many at a time, and a clock can be dear."""
        if self._turn_began is None:
            self._turn_began = self._loop.time()
            self._loop.call_soon(self._end_turn)
        return self._turn_began

    def _end_turn(self) -> None:
        self._turn_began = None

    def _judge(self, run: CheckRun, result: ProbeResult) -> tuple[float, bool]:
        """Take in a result; return when the next attempt is, as `core.checker.Outcome` has it."""
        run.last = result
        was_up = run.state.is_up
        run.state, change, delay, from_start = feed(run.check, run.state, result)
        if change is not None or result.weight_offset is not None or result.weight is not None:
            self._take_in(run, result, change)
        elif result.is_verdict and not result.is_success and run.check.timing.log_all_failures:
            self._tell(_failure(run, result, is_final=was_up and not run.state.is_up))
        return delay, from_start

    def _take_in(self, run: CheckRun, result: ProbeResult, change: bool | None) -> None:
        """What the result changes for the server; its new weight counts before it is up again."""
        monitored, before = run.service, run.service.state
        if change is not False:
            self._take_weight(run, result)
        if change is not None:
            self._tell_change(run, result, is_up=change)
            monitored.state, notices = service.check_changed(
                monitored.config, monitored.state, run.destination, run.index, change
            )
            for notice in notices:
                self._tell(notice)
        if change is False:
            self._take_weight(run, result)
        if monitored.state is not before:
            self._on_change(monitored)

    def _take_weight(self, run: CheckRun, result: ProbeResult) -> None:
        monitored = run.service
        monitored.state, notices = service.weight_changed(
            monitored.config, monitored.state, run.destination, run.index, result
        )
        for notice in notices:
            self._tell(notice)

    def _tell_change(self, run: CheckRun, result: ProbeResult, *, is_up: bool) -> None:
        if is_up:
            name = run.service.config.name
            self._tell(CheckRecovered(name, run.destination, run.check, result.detail))
        else:
            self._tell(_failure(run, result, is_final=True))


def _failure(run: CheckRun, result: ProbeResult, *, is_final: bool) -> CheckFailed:
    name = run.service.config.name
    return CheckFailed(name, run.destination, run.check, result.detail, is_final)
