"""Programs that run; no namespace is needed for that."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from netnslab import CommandFailed, DeadlinePassed, Process
from netnslab.process import Ready


class _Started:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.all: list[Process] = []

    def __call__(self, script: str, ready: Ready = "^up$") -> Process:
        process = Process("here", ["bash", "-c", script], self.directory / "log")
        self.all.append(process)
        process.wait_ready(ready)
        return process


@pytest.fixture
def start(tmp_path: Path) -> Iterator[_Started]:
    started = _Started(tmp_path)
    yield started
    for process in started.all:
        process.kill()


def test_stop_gives_the_status(start: _Started) -> None:
    process = start("trap 'exit 7' TERM; echo up; sleep 60 & wait")
    assert process.is_running
    assert process.status is None
    assert process.stop() == 7
    assert not process.is_running
    assert process.descendants() == []


def test_one_that_ignores_term_is_killed_and_told(start: _Started) -> None:
    process = start("trap '' TERM; echo up; while :; do sleep 60; done")
    with pytest.raises(DeadlinePassed, match="the end of <Process"):
        process.stop(timeout=0.05)
    assert process.status == -signal.SIGKILL


def test_a_stopped_one_runs(start: _Started) -> None:
    process = start("echo up; sleep 60")
    process.signal(signal.SIGSTOP)
    assert process.is_running
    process.kill()
    assert process.status == -signal.SIGKILL


def test_a_line_of_the_log_is_waited_for(start: _Started) -> None:
    process = start("echo up; echo second; sleep 60")
    process.wait_for_log("^sec")
    with pytest.raises(DeadlinePassed, match=r"'third' in the log; it wrote:\nup\nsecond"):
        process.wait_ready("third", timeout=0.02)


def test_a_condition_is_waited_for(start: _Started, tmp_path: Path) -> None:
    start(f"echo x > {tmp_path}/made; sleep 60", ready=(tmp_path / "made").exists)


def test_an_early_end_is_told_with_its_words(start: _Started) -> None:
    with pytest.raises(CommandFailed, match=r"here: bash -c .*: ended with status 4: no config"):
        start("echo no config; exit 4")


def test_the_last_words_count_though_it_has_ended(start: _Started) -> None:
    assert start("echo up").wait() == 0


def test_a_signals_end_is_told_as_one() -> None:
    assert str(CommandFailed("r1", ["x"], -9, "")) == "r1: x: ended with signal 9"
