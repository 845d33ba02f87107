"""Programs that a killed process left are ended by the next one, and nobody else is."""

import asyncio
import os
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from healthcheck.probes import process
from healthcheck.probes.ledger import Ledger
from netnslab.residents import is_alive

DEADLINE = 20
VICTIM = """
import asyncio, sys
from healthcheck.probes.process import Program, keep_ledger

async def main():
    keep_ledger(sys.argv[1])
    for arguments, outlives_us in (
        (("sleep", "1000"), False),
        (("sh", "-c", "trap : TERM; while :; do sleep 1000; done"), False),
        (("sleep", "1000"), True),
    ):
        print(Program(arguments, outlives_us=outlives_us).pid, flush=True)
    print(Program(("sleep", "1000"), outlives_us=True, dies_with_us=True).pid, flush=True)
    await asyncio.sleep(1000)

asyncio.run(main())
"""


async def until(condition):
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "vrrp.scripts"


@pytest.fixture
def left(path):
    """Programs of a process that was killed: an obedient one, one that ignores TERM, one that is to
    run on, and one that dies with it."""
    victim = subprocess.Popen([sys.executable, "-c", VICTIM, str(path)], stdout=subprocess.PIPE)
    pids = [int(victim.stdout.readline()) for _ in range(4)]
    victim.kill()
    victim.wait()
    victim.stdout.close()
    yield pids
    for pid in pids:
        if is_alive(pid):
            os.killpg(pid, signal.SIGKILL)


@pytest.fixture
def sleeper():
    """A program of somebody else, leader of its group."""
    found = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    yield found.pid
    found.kill()
    found.wait()


async def test_what_a_killed_process_left_is_ended(path, left, monkeypatch):
    monkeypatch.setattr(process, "GRACE", 0.1)
    assert all(map(is_alive, left[:3]))
    await until(lambda: not is_alive(left[3]))
    process.keep_ledger(str(path))
    await until(lambda: not is_alive(left[0]) and not is_alive(left[1]))
    assert is_alive(left[2])
    process.close_ledger()
    assert not path.exists()


async def test_what_has_ended_is_not_noted_any_more(path):
    process.keep_ledger(str(path))
    program = process.Program(("sleep", "1000"))
    assert path.stat().st_mode & 0o777 == 0o600
    program.signal(signal.SIGTERM)
    assert await program.wait(DEADLINE)
    program.reap()
    program.leave()
    assert set(path.read_bytes()) == {0}
    process.close_ledger()
    assert not path.exists()


def entry_of(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return struct.pack("=QQ", pid, int(fields[19]))


def write(path, octets, mode=0o600):
    path.write_bytes(octets)
    path.chmod(mode)


def test_a_process_with_the_number_of_one_that_ended_is_let_be(path, sleeper):
    pid, started = struct.unpack("=QQ", entry_of(sleeper))
    ledger = Ledger()
    write(path, struct.pack("=QQ", pid, started - 1))
    assert ledger.open(str(path)) == []
    ledger.close()
    write(path, struct.pack("=QQ", pid, started))
    assert ledger.open(str(path)) == [(pid, started)]
    ledger.close()
    assert path.exists(), "it runs still: for the next one"


def test_a_file_that_others_may_write_names_nobody(path, sleeper):
    write(path, entry_of(sleeper), 0o622)
    assert Ledger().open(str(path)) == []


def test_a_place_is_used_again_and_half_an_entry_ignored(path, sleeper):
    write(path, bytes(16) + entry_of(sleeper) + b"half")
    ledger = Ledger()
    assert [noted.pid for noted in ledger.open(str(path))] == [sleeper]
    ledger.note(os.getpid())
    ledger.close()
    assert path.read_bytes()[:36] == entry_of(os.getpid()) + entry_of(sleeper) + b"half"


def test_without_a_file_nothing_is_noted(sleeper, tmp_path):
    assert Ledger().note(sleeper) is None
    ledger = Ledger()
    assert ledger.open(str(tmp_path / "nowhere" / "file")) == []
    assert ledger.note(sleeper) is None
    assert list(tmp_path.iterdir()) == []
