"""pytest plugin: tests marked `ipvs` run on a kernel with IPVS, whatever kernel this machine has.

    addopts = ["-p", "netnslab.pytest_uml"]

Where the kernel has IPVS they are tests like any others. Where it has not, they come last, all of
them in one User-Mode Linux machine: a second pytest runs there (`pytest_inside`), writes its reports
to a file, and they appear in this run one by one, as if they were native. When the machine dies, the
tests without a report fail. `@pytest.mark.ipvs(timeout=300)` gives a test more than 60 s in there.

Without root they stay where they are, for their `conftest.py` to skip or to fail.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Generator, Sequence
from typing import Any

import pytest

from . import uml
from .errors import DeadlinePassed, LabError
from .pytest_inside import REPORTS, WANTED, Inside, limit_of

__all__ = ["pytest_configure", "pytest_runtestloop"]

_GRACE = 30.0
"""Seconds beyond a test's own limits until the machine is given up; also for its start and end."""
_PHASES = 3
"""Setup, call and teardown of a test have its limit each."""
_POLL = 0.02
_TAIL = 4000


def pytest_configure(config: pytest.Config) -> None:
    """Inside the machine, add what reports to the outside."""
    if directory := os.environ.get("NETNSLAB_UML"):
        config.pluginmanager.register(Inside(config, directory))


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Take the tests for the machine out of the usual loop, and run them after it."""
    away = [] if session.config.option.collectonly else _items_for_machine(session)
    session.items = [item for item in session.items if item not in away]
    done = yield
    if away:
        _run_in_machine(session, away)
    return done


def _items_for_machine(session: pytest.Session) -> list[pytest.Item]:
    marked = [item for item in session.items if item.get_closest_marker("ipvs")]
    is_inside = "NETNSLAB_UML" in os.environ
    if not marked or is_inside or os.geteuid() != 0 or uml.has_ipvs():
        return []
    return marked


def _run_in_machine(session: pytest.Session, items: Sequence[pytest.Item]) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "PYTEST_ADDOPTS"}
    wanted = json.dumps([item.nodeid for item in items])
    try:
        machine = uml.Machine(
            _command(session.config, items),
            directory=session.config.invocation_params.dir,
            environment=environment,
            inputs={WANTED: wanted},
        )
    except LabError as error:
        _emit_all(session, items, None, str(error))
        return
    with machine:
        _emit_all(session, items, _Reports(session.config, machine))


def _command(config: pytest.Config, items: Sequence[pytest.Item]) -> list[str]:
    """The pytest inside: same settings, the files of the tests, its temporary files its own."""
    slowest = _PHASES * max(limit_of(item) for item in items)
    words = [sys.executable, "-m", "pytest", f"--rootdir={config.rootpath}"]
    words += ["-c", str(config.inipath)] if config.inipath else []
    words += ["-p", "netnslab.pytest_uml", "-p", "no:cacheprovider", "--basetemp=/run/pytest"]
    words += [f"--tb={config.option.tbstyle}", *(["-l"] if config.option.showlocals else [])]
    words += ["-o", f"faulthandler_timeout={slowest + _GRACE / 2:g}"]
    return words + list(dict.fromkeys(str(item.path) for item in items))


class _Reports:
    """What comes out of the machine."""

    def __init__(self, config: pytest.Config, machine: uml.Machine) -> None:
        self._config = config
        self._machine = machine
        self._read = 0
        self._lines: list[dict[str, Any]] = []
        self._is_first = True

    def of(self, item: pytest.Item) -> list[pytest.TestReport]:
        """Wait for the end of one test; return its reports.

        Raises: LabError when the machine ends before, or takes too long over it.
        """
        limit = _PHASES * limit_of(item) + _GRACE * (2 if self._is_first else 1)
        deadline = time.monotonic() + limit
        self._is_first = False
        found: list[pytest.TestReport] = []
        while True:
            line = self._next(deadline, limit)
            if line["nodeid"] != item.nodeid:
                raise LabError(f"{line['nodeid']} ran inside where {item.nodeid} was to run")
            if line["report"] is None:
                return found
            found.append(self._report(line["report"]))

    def _report(self, data: dict[str, Any]) -> pytest.TestReport:
        """JSON made lists of the tuples that where and why a test was skipped are told in."""
        for key in ("location", "longrepr"):
            if isinstance(data[key], list):
                data[key] = tuple(data[key])
        made: pytest.TestReport = self._config.hook.pytest_report_from_serializable(
            config=self._config, data=data
        )
        return made

    def wait_end(self) -> None:
        """Let the machine halt in order, so that nothing written inside is lost."""
        deadline = time.monotonic() + _GRACE
        while self._machine.is_running and time.monotonic() < deadline:
            time.sleep(_POLL)

    def _next(self, deadline: float, limit: float) -> dict[str, Any]:
        while not self._lines:
            is_running = self._machine.poll()
            self._take_new()
            if self._lines:
                break
            if not is_running:
                status = self._machine.status()
                raise LabError(f"pytest in User-Mode Linux ended with {status}; {self._tail()}")
            if time.monotonic() > deadline:
                raise DeadlinePassed(f"no end of the test after {limit:g} s; {self._tail()}")
            time.sleep(_POLL)
        return self._lines.pop(0)

    def _take_new(self) -> None:
        path = self._machine.files / REPORTS
        if not path.exists():
            return
        with path.open("rb") as file:
            file.seek(self._read)
            whole, newline, _ = file.read().rpartition(b"\n")
        self._read += len(whole + newline)
        self._lines += [json.loads(line) for line in whole.splitlines()]

    def _tail(self) -> str:
        text = self._machine.output() + self._machine.output("stderr")
        return f"it wrote:\n{text[-_TAIL:]}\n{self._machine.console_tail()}"


def _emit_all(
    session: pytest.Session,
    items: Sequence[pytest.Item],
    reports: _Reports | None,
    problem: str | None = None,
) -> None:
    """Tell the outer run of every test, as its usual loop would.

    After a `problem` with the machine, the test at hand and all that follow have failed.
    """
    for item in items:
        where = {"nodeid": item.nodeid, "location": item.location}
        item.ihook.pytest_runtest_logstart(**where)
        if reports is None or problem is not None:
            found = [_failure(item, f"not run: {problem}")]
        else:
            try:
                found = reports.of(item)
            except LabError as error:
                found = [_failure(item, str(error))]
                problem = f"User-Mode Linux was lost at {item.nodeid}"
        for report in found:
            item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(**where)
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)
    if reports is not None and problem is None:
        reports.wait_end()


def _failure(item: pytest.Item, problem: str) -> pytest.TestReport:
    return pytest.TestReport(
        item.nodeid, item.location, dict.fromkeys(item.keywords, 1), "failed", problem, "call"
    )
