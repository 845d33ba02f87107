"""How a process runs, as the kernel sees it: each case in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pyvrrp.daemon import process_settings
from pyvrrp.daemon.process_settings import ProcessSettings, raise_priority

pytestmark = pytest.mark.root

_SHOW = """
import logging, os, resource, sys
from pyvrrp.daemon.process_settings import ProcessSettings, apply, raise_priority
logging.basicConfig(stream=sys.stdout, format="%(levelname)s %(message)s", level="INFO")

def show():
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    policy = os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK
    print(os.sched_getparam(0).sched_priority if policy == os.SCHED_RR else "-",
          resource.getrlimit(15)[0], int(status["VmLck"].split()[0]) > 0, open("/proc/self/comm").read().strip())
"""


def run(code: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", _SHOW + code], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.splitlines()


def test_set_and_taken_back() -> None:
    assert run(
        "apply(ProcessSettings('short', 0, 7, (), 5000, True), 'VRRP'); show()\n"
        "apply(ProcessSettings('other'), 'VRRP'); show()"
    ) == ["7 5000 True short", "- 5000 False other"]


def test_the_limit_is_told_and_not_the_end() -> None:
    told, still = run(
        "apply(ProcessSettings(realtime_priority=1, rlimit_rttime=20000), 'VRRP')\n"
        "import time\n"
        "end = time.process_time() + 0.2\n"
        "while time.process_time() < end: pass\n"
        "print('running')"
    )
    assert told.startswith("WARNING the VRRP process used more than 20000 us")
    assert still == "running"


def test_late_it_raises_its_priority_as_far_as_it_may() -> None:
    lines = run(
        "late = ProcessSettings(max_auto_priority=2, min_auto_priority_delay=0.5)\n"
        "raise_priority(late, 'VRRP', 0.4); show()\n"
        "for _ in range(3): raise_priority(late, 'VRRP', 0.5)\n"
        "show()\n"
        "apply(late, 'VRRP'); show()"
    )
    late = "INFO A thread timer expired 0.500000 seconds ago"
    assert [line.rsplit(" ", 1)[0] if "False" in line else line for line in lines] == [
        "- -1 False",
        *(late, "INFO Set realtime priority 1", late, "INFO Set realtime priority 2", late),
        *("2 10000 False", "2 10000 False"),
    ]


def test_what_is_refused_is_said_and_the_rest_is_set(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    refused = OSError(1, "Operation not permitted")

    def refuse(*_: object) -> None:
        raise refused

    asked = []
    monkeypatch.setattr(process_settings, "_set_name", lambda *_: None)
    monkeypatch.setattr("os.setpriority", refuse)
    monkeypatch.setattr("os.sched_setscheduler", refuse)
    monkeypatch.setattr("os.sched_setaffinity", lambda *words: asked.append(words))
    process_settings.apply(ProcessSettings(None, 5, 7, (0,)), "VRRP")
    assert [line.split(":")[0] for line in caplog.messages] == [
        "cannot set its nice value of the VRRP process",
        "cannot set realtime scheduling of the VRRP process",
    ]
    assert asked == [(0, (0,))]
    raise_priority(ProcessSettings(max_auto_priority=9), "VRRP", 2.0)
    assert "cannot raise the priority" in caplog.text
