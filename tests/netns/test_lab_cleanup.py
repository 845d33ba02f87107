"""A lab leaves nothing behind, however its process ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from netnslab import Lab, LabError, wait_until
from netnslab.residents import children, is_alive

_OWNER = """
import signal, sys, time
from netnslab import Lab
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
lab = Lab(sys.argv[1])
lan = lab.bridge("lan")
host = lab.host("a")
host.connect(lan)
host.start(["sh", "-c", "sleep 64 & setsid sleep 65 & echo up; wait"], wait="up")
print("ready", *host.processes[0].descendants(), flush=True)
{end}
"""
_WAIT = "time.sleep(60)"


def _start_owner(name: str, end: str) -> tuple[subprocess.Popen[str], list[int]]:
    """A process that owns a lab with three processes in it; returns also their ids."""
    owner = subprocess.Popen(
        [sys.executable, "-c", _OWNER.format(end=end), name],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert owner.stdout is not None
    with owner.stdout as output:
        words = output.readline().split()
    assert words[0] == "ready"
    pids = [int(word) for word in words[1:]]
    assert len(pids) == 3
    return owner, pids


def _guardian_of(owner: int) -> int:
    """The process id of the owner's guardian."""
    for child in children(owner):
        if b"netnslab-guardian" in Path(f"/proc/{child}/cmdline").read_bytes():
            return child
    raise AssertionError("no guardian")


def _leftovers(name: str, pids: list[int]) -> list[str]:
    namespaces = [path.name for path in Path("/run/netns").glob(f"{name}.*")]
    files = [str(path) for path in Path("/run/netnslab").glob(name)]
    return namespaces + files + [str(pid) for pid in pids if is_alive(pid)]


@pytest.mark.parametrize(
    ("end", "number"),
    [
        pytest.param("", None, id="end of the program"),
        pytest.param("raise RuntimeError", None, id="exception"),
        pytest.param("sys.exit(3)", None, id="exit"),
        pytest.param("import os; os._exit(3)", None, id="_exit"),
        pytest.param(_WAIT, signal.SIGINT, id="Ctrl-C"),
        pytest.param(_WAIT, signal.SIGTERM, id="TERM"),
        pytest.param(_WAIT, signal.SIGKILL, id="KILL"),
    ],
)
def test_nothing_is_left_when_the_owner_ends(end: str, number: int | None) -> None:
    name = f"ends-{os.getpid()}"
    owner, pids = _start_owner(name, end)
    if number is not None:
        owner.send_signal(number)
    owner.wait(10)
    wait_until(lambda: not _leftovers(name, pids), what="a clean machine")


def test_the_next_lab_sweeps_when_the_guardian_died_too() -> None:
    name = f"swept-{os.getpid()}"
    owner, pids = _start_owner(name, _WAIT)
    os.kill(_guardian_of(owner.pid), signal.SIGKILL)
    owner.kill()
    owner.wait(10)
    assert sorted(_leftovers(name, pids)) == sorted(
        [f"{name}.lan", f"{name}.a", f"/run/netnslab/{name}", *map(str, pids)]
    )
    with Lab():
        assert _leftovers(name, pids) == []


def test_a_lab_that_runs_is_not_swept_by_another() -> None:
    name = f"alive-{os.getpid()}"
    owner, pids = _start_owner(name, _WAIT)
    try:
        with Lab():
            assert len(_leftovers(name, pids)) == 6
        with pytest.raises(LabError, match=f"there is a lab {name} already"):
            Lab(name)
    finally:
        owner.terminate()
        owner.wait(10)
    wait_until(lambda: not _leftovers(name, pids), what="a clean machine")


def test_a_record_of_a_recycled_process_id_is_abandoned() -> None:
    """The same process id, another start time: the owner is dead."""
    directory = Path("/run/netnslab", f"recycled-{os.getpid()}")
    directory.mkdir(parents=True)
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    owner = f'{{"pid": {os.getpid()}, "start": 1, "boot": "{boot}"}}'
    (directory / "lab.json").write_text(
        f'{{"name": "{directory.name}", "owner": {owner}, "created": 0, "members": [], "cables": []}}'
    )
    with Lab():
        assert not directory.exists()


def test_a_forked_child_that_ends_does_not_take_the_lab_away(lab: Lab) -> None:
    host = lab.host("a")
    child = os.fork()
    if child == 0:
        lab.close()
        os._exit(0)
    os.waitpid(child, 0)
    assert Path("/run/netns", host.namespace).exists()


def test_a_foreign_namespace_is_not_taken_over(lab: Lab) -> None:
    taken = Path("/run/netns", f"{lab.name}.a")
    taken.touch()
    try:
        with pytest.raises(LabError, match="that is not this lab's"):
            lab.host("a")
        lab.close()
        assert taken.exists()
    finally:
        taken.unlink()
