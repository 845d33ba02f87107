"""Tracker scripts: real programs, run by the process's own code on the test's loop."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path

import pytest

from healthcheck.probes import process
from pyvrrp.daemon.notices.commands import Command
from pyvrrp.daemon.trackers import scripts as tracker_scripts
from pyvrrp.daemon.trackers.scripts import ScriptTrackers
from pyvrrp.daemon.trackers.settings import TrackerScript

Told = list[tuple[str, bool | None]]
Scenario = Callable[[ScriptTrackers, Told], Coroutine[object, object, None]]


def script(text: str, name: str = "s", **settings: float) -> TrackerScript:
    fields = {"interval": 0.02, "timeout": 20.0} | settings
    return TrackerScript(name, Command(("/bin/sh", "-c", text)), **fields)  # type: ignore[arg-type]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.002)


def run(scenario: Scenario) -> Told:
    told: Told = []

    async def main() -> None:
        trackers = ScriptTrackers(lambda name, is_up: told.append((name, is_up)))
        await scenario(trackers, told)
        await trackers.close()

    asyncio.run(main())
    return told


def lines(path: Path) -> list[str]:
    return path.read_text().split() if path.exists() else []


def is_alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    return True


def test_changes_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    good = tmp_path / "good"

    async def scenario(trackers: ScriptTrackers, told: Told) -> None:
        trackers.use([script(f"test -e {good} || exit 7")])
        await until(lambda: len(told) == 1)
        good.touch()
        await until(lambda: len(told) == 2)
        good.unlink()
        await until(lambda: len(told) == 3)

    with caplog.at_level("INFO"):
        assert run(scenario) == [("s", False), ("s", True), ("s", False)]
    assert [r.getMessage() for r in caplog.records if "skipping" not in r.getMessage()] == [
        "Script `s` now returning 7",
        "VRRP_Script(s) failed (exited with status 7)",
        "Script `s` now returning 0",
        "VRRP_Script(s) succeeded",
        "Script `s` now returning 7",
        "VRRP_Script(s) failed (exited with status 7)",
    ]


def test_a_file_to_open_needs_no_program(tmp_path: Path) -> None:
    file = tmp_path / "file"

    async def scenario(trackers: ScriptTrackers, told: Told) -> None:
        trackers.use([TrackerScript("f", None, str(file), interval=0.01)])
        await until(lambda: len(told) == 1)
        file.touch()
        await until(lambda: len(told) == 2)

    assert run(scenario) == [("f", False), ("f", True)]


def test_one_that_takes_too_long_is_ended_and_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Its children too, and those that do not care for TERM."""
    for module in (tracker_scripts, process):
        monkeypatch.setattr(module, "GRACE", 0.05)
    pids = tmp_path / "pids"
    deaf = f"trap '' TERM; sleep 60 & echo $$ $! >>{pids}; wait; sleep 60"

    async def scenario(trackers: ScriptTrackers, told: Told) -> None:
        trackers.use([script(deaf, timeout=0.3, interval=60.0)])
        await until(lambda: len(told) == 1)
        assert len(lines(pids)) == 2
        await until(lambda: not any(map(is_alive, lines(pids))))

    with caplog.at_level("INFO"):
        assert run(scenario) == [("s", False)]
    assert [r.getMessage() for r in caplog.records] == ["VRRP_Script(s) timed_out"]


def test_never_two_at_once(tmp_path: Path) -> None:
    begun, both = tmp_path / "begun", tmp_path / "both"
    text = f"mkdir {tmp_path}/lock 2>/dev/null || touch {both}; echo x >>{begun}; sleep 0.1"

    async def scenario(trackers: ScriptTrackers, told: Told) -> None:
        trackers.use([script(f"{text}; rmdir {tmp_path}/lock", interval=0.01)])
        await until(lambda: len(lines(begun)) == 4)

    run(scenario)
    assert not both.exists()


def test_what_cannot_be_run_failed(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(trackers: ScriptTrackers, told: Told) -> None:
        trackers.use([TrackerScript("n", Command(("/nonexistent",)), interval=0.01)])
        await until(lambda: len(told) == 1)

    assert run(scenario) == [("n", False)]


def test_a_reload_keeps_what_did_not_change(tmp_path: Path) -> None:
    pids, go = tmp_path / "pids", tmp_path / "go"
    same = script(f"echo $$ >>{pids}; while ! test -e {go}; do sleep 0.01; done", interval=60.0)

    async def scenario(trackers: ScriptTrackers, told: Told) -> None:
        trackers.use([same, script("exit 0", name="gone")])
        await until(lambda: bool(lines(pids)) and len(told) == 1)
        trackers.use([same, script("exit 1", name="new")])
        await until(lambda: len(told) == 3)
        assert lines(pids)[0:2] == lines(pids)[0:1]
        assert is_alive(lines(pids)[0])
        go.touch()
        await until(lambda: len(told) == 4)

    assert run(scenario) == [("gone", True), ("gone", None), ("new", False), ("s", True)]


def test_a_reload_keeps_the_standing_of_the_same_program(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    text = f"echo x >>{runs}; exit 1"

    async def scenario(trackers: ScriptTrackers, told: Told) -> None:
        trackers.use([script(text)])
        await until(lambda: len(told) == 1)
        trackers.use([replace(script(text), interval=0.01, fall=3)])
        before = len(lines(runs))
        await until(lambda: len(lines(runs)) > before + 2)
        assert told == [("s", False)]
        trackers.use([script("exit 2")])
        await until(lambda: len(told) == 2)

    assert run(scenario) == [("s", False), ("s", False)]


def test_nothing_is_left_when_it_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "GRACE", 0.05)
    pids = tmp_path / "pids"

    async def scenario(trackers: ScriptTrackers, told: Told) -> None:
        trackers.use([script(f"trap '' TERM; echo $$ >>{pids}; sleep 60; sleep 60")])
        await until(lambda: bool(lines(pids)))

    assert run(scenario) == []
    assert not is_alive(lines(pids)[0])
