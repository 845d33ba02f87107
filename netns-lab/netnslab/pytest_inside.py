"""The half of `pytest_uml` that runs inside the machine: picks the tests, reports, keeps time."""

from __future__ import annotations

import json
import signal
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest

__all__ = ["REPORTS", "WANTED", "Inside", "limit_of"]

WANTED = "tests.json"
"""A list of node ids, in the order to run them."""
REPORTS = "reports"
"""A JSON object a line: `nodeid`, and `report`, which is null at the end of that test."""

_LIMIT = 60.0


def limit_of(item: pytest.Item) -> float:
    """Seconds that each phase of the test may take inside."""
    marker = item.get_closest_marker("ipvs")
    return float(marker.kwargs.get("timeout", _LIMIT)) if marker else _LIMIT


class Inside:
    """Plugin object; `directory` is shared with the outside."""

    def __init__(self, config: pytest.Config, directory: str) -> None:
        self._config = config
        self._wanted: list[str] = json.loads(Path(directory, WANTED).read_text())
        self._reports = Path(directory, REPORTS)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep what is wanted. Raises: pytest.UsageError when something is not there."""
        found = {item.nodeid: item for item in items}
        if missing := [nodeid for nodeid in self._wanted if nodeid not in found]:
            raise pytest.UsageError(f"not collected inside: {', '.join(missing)}")
        items[:] = [found[nodeid] for nodeid in self._wanted]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Hand a report on."""
        hook = self._config.hook
        data = hook.pytest_report_to_serializable(config=self._config, report=report)
        self._write(report.nodeid, data)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Say that the test is over."""
        self._write(nodeid, None)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        """In time, or failed."""
        with _limited(limit_of(item)):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """In time, or failed."""
        with _limited(limit_of(item)):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, object, object]:
        """In time, or failed."""
        with _limited(limit_of(item)):
            return (yield)

    def _write(self, nodeid: str, report: object) -> None:
        with self._reports.open("a") as file:
            file.write(json.dumps({"nodeid": nodeid, "report": report}) + "\n")


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    def fail(number: int, frame: FrameType | None) -> None:
        pytest.fail(f"not done after {seconds:g} s")

    before = signal.signal(signal.SIGALRM, fail)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
