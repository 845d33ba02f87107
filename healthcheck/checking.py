"""Checks of many services under way: attempts are started when due, results go through the core."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol

from .core import service
from .core.checker import feed, first_delay
from .core.model import Check, CustomCheck, ProbeResult
from .events import CheckFailed, CheckRecovered, Event
from .monitored import CheckRun, MonitoredService
from .probes.interface import Done, Running, Starter
from .schedule import Schedule

__all__ = ["Checking", "StartProbe"]


class StartProbe(Protocol):
    """Starts an attempt of any check but a custom one; see `healthcheck.probes.start`."""

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
        self.schedule: Schedule[CheckRun] = Schedule(loop, self._start)

    def add(self, monitored: MonitoredService) -> None:
        """Run its checks: the first attempts come spread over their warm-up."""
        now = self._loop.time()
        for run in monitored.all_runs():
            self.schedule.set(run, now + first_delay(run.check.timing, self._random()))

    def remove(self, monitored: MonitoredService) -> None:
        """Run its checks no more; attempts under way are given up."""
        for run in monitored.all_runs():
            self.schedule.drop(run)
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
        run.last = result
        was_up = run.state.is_up
        state, change, delay, from_start = feed(run.check, run.state, result)
        run.state = state
        now = self._loop.time()
        self.schedule.finished()
        self.schedule.set(run, max(now, run.started_at + delay) if from_start else now + delay)
        if change is not None or result.weight_offset is not None or result.weight is not None:
            self._take_in(run, result, change)
        elif result.is_verdict and not result.is_success and run.check.timing.log_all_failures:
            self._tell(_failure(run, result, is_final=was_up and not state.is_up))

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
