"""A time in a file, and when it has come."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyvrrp.daemon.parent.reload_schedule import ReloadSchedule, moment
from pyvrrp.daemon.parent.settings import ParentSettings

_NOON = 1_700_049_600.0
"""2023-11-15 12:00:00 UTC; 13:00:00 where the clocks of these tests are."""


@pytest.fixture(autouse=True)
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "XYZ-1")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("13:00:10", (_NOON + 10, False), id="today"),
        pytest.param("13:00:00", (_NOON + 86400, False), id="now is tomorrow"),
        pytest.param("12:00:10Z", (_NOON + 10, False), id="UTC"),
        pytest.param("2023-11-15 13:01:00", (_NOON + 60, True), id="date"),
        pytest.param("23-11-15 13:01:00", (_NOON + 60, True), id="two digits of a year"),
        pytest.param("2023-11-15 12:01:00Z", (_NOON + 60, True), id="date, UTC"),
        pytest.param("2023-11-15 11:00:00", (_NOON - 7200, True), id="past"),
        pytest.param("2023-02-30 11:00:00", None, id="no such day"),
        pytest.param("24:00:00", None, id="no such hour"),
        pytest.param("13:00", None, id="no seconds"),
        pytest.param("13:00:00 ", None, id="blank"),
        pytest.param("", None, id="empty"),
    ],
)
def test_moment(text: str, expected: tuple[float, bool] | None) -> None:
    assert moment(text, _NOON) == expected


class _Watched:
    """A schedule that is asked each second of a clock that the test moves."""

    def __init__(self, path: Path, *, repeats: bool = False) -> None:
        self.now = _NOON
        self.schedule = ReloadSchedule(lambda: self.now)
        self.schedule.use(ParentSettings(schedule=str(path), repeats=repeats))

    def pass_to(self, seconds: float) -> int:
        """Reloads until then."""
        count = 0
        while self.now < _NOON + seconds:
            self.now += 1
            count += self.schedule.is_time(self.now - _NOON)
        return count


def test_once_and_the_file_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "when"
    watched = _Watched(path)
    assert watched.pass_to(5) == 0
    path.write_text("13:00:10\n")
    assert watched.pass_to(9) == 0
    assert watched.pass_to(10) == 1
    assert not path.exists()
    assert watched.pass_to(100) == 0


def test_each_day(tmp_path: Path) -> None:
    path = tmp_path / "when"
    path.write_text("13:00:10")
    watched = _Watched(path, repeats=True)
    assert watched.pass_to(10) == 1
    assert path.exists()
    watched.now = _NOON + 86400
    assert watched.pass_to(86409) == 0
    assert watched.pass_to(86410) == 1


def test_a_date_never_repeats(tmp_path: Path) -> None:
    path = tmp_path / "when"
    path.write_text("2023-11-15 13:00:10")
    watched = _Watched(path, repeats=True)
    assert watched.pass_to(20) == 1
    assert not path.exists()


def test_another_time_and_none(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "when"
    watched = _Watched(path)
    with caplog.at_level(logging.INFO):
        for text in ("13:00:10", "13:00:20", "soon", "2023-11-15 12:00:00"):
            path.write_text(text)
            assert watched.pass_to(watched.now - _NOON + 1) == 0
        path.write_text("13:00:30")
        assert watched.pass_to(watched.now - _NOON + 1) == 0
        path.unlink()
        assert watched.pass_to(60) == 0
    assert [
        record.getMessage().partition(": ")[2] or record.getMessage() for record in caplog.records
    ] == [
        "Scheduling reload for 2023-11-15 13:00:10",
        "Scheduling reload for 2023-11-15 13:00:20",
        "'soon' is no time like [YYYY-MM-DD ]HH:MM:SS[Z]: ignored",
        "2023-11-15 12:00:00 is in the past: ignored",
        "Scheduling reload for 2023-11-15 13:00:30",
        "Cancelling reload scheduled for 2023-11-15 13:00:30",
    ]


def test_nothing_to_look_at() -> None:
    schedule = ReloadSchedule()
    schedule.use(ParentSettings())
    assert list(schedule.due()) == []
    assert not schedule.is_time(1e9)
