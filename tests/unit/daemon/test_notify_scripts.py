"""Scripts about changes: their order, how many at once, and their end. Real processes where it counts."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from healthcheck.core.model import MiscCheck, ProbeResult
from pyvrrp.daemon.notices.commands import Command
from pyvrrp.daemon.notices.scripts import NotifyScripts


@pytest.fixture(autouse=True)
def heard(caplog: pytest.LogCaptureFixture) -> None:
    """Log lines are made, whatever other tests of this process said."""
    caplog.set_level(logging.INFO)


async def until(condition, what: str) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  # files and processes announce nothing
            await asyncio.sleep(0.005)
    assert condition(), what


def is_there(path: Path) -> bool:
    return path.exists()


def shell(text: str, user: str | None = None) -> Command:
    return Command(("/bin/sh", "-c", text), user)


async def test_those_of_one_object_run_one_after_the_other(tmp_path: Path):
    notes, go = tmp_path / "notes", tmp_path / "go"
    scripts = NotifyScripts()
    wait = f"while [ ! -e {go} ]; do sleep 0.01; done"
    scripts.start("a", shell(f"{wait}; echo a1 >> {notes}"))
    scripts.start("a", shell(f"echo a2 >> {notes}"))
    scripts.start("b", shell(f"echo b >> {notes}"))
    await until(lambda: notes.exists() and notes.read_text() != "", "b runs")
    assert notes.read_text() == "b\n"
    go.touch()
    await until(lambda: "a2" in notes.read_text(), "a2 runs")
    assert notes.read_text() == "b\na1\na2\n"
    await scripts.close(1.0)


async def test_what_runs_at_the_end_is_waited_for(tmp_path: Path):
    scripts = NotifyScripts()
    scripts.start("a", shell("sleep 0.2"))
    scripts.start("a", shell(f"echo done > {tmp_path}/done"))
    await scripts.close(10.0)
    assert (tmp_path / "done").read_text() == "done\n"


async def test_but_not_for_long(tmp_path: Path):
    pid, never = tmp_path / "pid", tmp_path / "never"
    scripts = NotifyScripts()
    scripts.start("a", shell(f"echo $$ > {pid}; exec sleep 100"))
    scripts.start("a", shell(f"touch {never}"))
    await until(lambda: pid.exists() and pid.read_text(), "it runs")
    await scripts.close(0.05)
    assert not is_there(Path("/proc", pid.read_text().strip()))
    assert not is_there(never)


@pytest.mark.root
async def test_runs_as_its_user(caplog: pytest.LogCaptureFixture):
    scripts = NotifyScripts()
    scripts.start("a", shell('test "$(id -un)" = nobody', "nobody"))
    scripts.start("b", shell('test "$(id -un)" = root'))
    await scripts.close(10.0)
    assert caplog.messages == []


async def test_failure_is_said(caplog: pytest.LogCaptureFixture):
    scripts = NotifyScripts()
    scripts.start("a", Command(("/nowhere/at/all", "down")))
    scripts.start("b", shell("exit 3"))
    await scripts.close(10.0)
    texts = sorted(record.message for record in caplog.records)
    assert texts[0].startswith("script /bin/sh -c exit 3: exit status 3")
    assert texts[1].startswith("script /nowhere/at/all down: cannot run it: ")


class Blocked:
    """Scripts that end when they are let."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.running = 0
        self.most = 0
        self.ran: list[str] = []

    async def __call__(self, check: MiscCheck) -> ProbeResult:
        self.running += 1
        self.most = max(self.most, self.running)
        await self.gate.wait()
        self.running -= 1
        self.ran.append(check.arguments[0])
        return ProbeResult(True)


async def test_a_thousand_changes_are_no_thousand_processes():
    blocked = Blocked()
    scripts = NotifyScripts(blocked)
    for number in range(1000):
        scripts.start(number, Command((f"s{number}",)))
    await until(lambda: blocked.running == 32, "32 run")
    blocked.gate.set()
    await scripts.close(10.0)
    assert (blocked.most, len(blocked.ran)) == (32, 1000)


async def test_flapping_leaves_out_the_oldest(caplog: pytest.LogCaptureFixture):
    blocked = Blocked()
    scripts = NotifyScripts(blocked)
    scripts.start("a", Command(("first",)))
    await until(lambda: blocked.running == 1, "first runs")
    for number in range(18):
        scripts.start("a", Command((f"s{number}",)))
    blocked.gate.set()
    await scripts.close(10.0)
    assert blocked.ran == ["first", *(f"s{number}" for number in range(2, 18))]
    warnings = [r.message for r in caplog.records if r.levelno == logging.WARNING]
    assert warnings == [
        "s0 is not run: too many wait for an earlier one",
        "s1 is not run: too many wait for an earlier one",
    ]
