"""What is written down about a lab."""

from __future__ import annotations

import fcntl
import os
import subprocess
import threading
from pathlib import Path

import pytest

from netnslab import LabError, record
from netnslab.link import Cable, End
from netnslab.record import Member, Owner, Record


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "DIRECTORY", tmp_path / "labs")


def test_a_record_reads_back_as_it_was_written() -> None:
    cable = Cable("a", End("one.a", "eth0"), End("one.lan", "a-eth0"))
    claimed = record.claim("one", Owner(1, 2, "boot"))
    full = claimed.with_member(Member("lan", "bridge")).with_member(Member("a", "host"))
    full = full.with_cable(cable)
    record.write(full)
    assert record.read_all() == [full]
    assert record.find("one").namespaces == ("one.lan", "one.a")
    assert record.find("one").cables == (cable,)


def test_a_name_is_given_once() -> None:
    record.claim("one", None)
    with pytest.raises(LabError, match="there is a lab one already"):
        record.claim("one", None)


@pytest.mark.parametrize("name", ["", "..", "a/b", "-x", "a b"])
def test_a_name_must_be_a_file_name(name: str) -> None:
    with pytest.raises(ValueError, match="lab name"):
        record.claim(name, None)


def test_an_unknown_lab_is_told_with_the_known_ones() -> None:
    record.claim("one", None)
    with pytest.raises(LabError, match="no lab two; there are: one"):
        record.find("two")


def test_no_labs_at_all() -> None:
    assert record.read_all() == []


def test_the_sweep_takes_the_dead_and_spares_the_living_and_the_ownerless() -> None:
    record.claim("alive", Owner.of(os.getpid()))
    record.claim("nobodys", None)
    dead = record.claim("dead", _ended_process())
    (dead.directory / "host").mkdir()
    (dead.directory / "host" / "x.log").write_text("x")
    assert record.sweep() == [dead]
    assert [each.name for each in record.read_all()] == ["alive", "nobodys"]


def test_a_claim_that_died_half_way_is_swept() -> None:
    record.claim("one", None)
    (record.DIRECTORY / "half").mkdir()
    assert [each.name for each in record.sweep()] == ["half"]


def test_a_lab_that_somebody_else_took_down_is_down() -> None:
    record.tear_down(Record("gone", None, 0.0))


def test_this_process_is_alive_and_a_zombie_is_not() -> None:
    own = Owner.of(os.getpid())
    assert own is not None
    assert own.is_alive
    child = subprocess.Popen(["true"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert Owner.of(child.pid) is None
    child.wait()


def _ended_process() -> Owner:
    child = subprocess.Popen(["sleep", "60"])
    owner = Owner.of(child.pid)
    child.kill()
    child.wait()
    assert owner is not None
    return owner


def test_files_go_away_under_the_lock() -> None:
    """Else a sweep that runs meanwhile takes a directory half removed for an abandoned one."""
    claimed = record.claim("one", None)
    lock = os.open(record.DIRECTORY, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    ender = threading.Thread(target=record.tear_down, args=[claimed])
    ender.start()
    ender.join(0.05)
    assert (claimed.directory / "lab.json").exists()
    os.close(lock)
    ender.join(5)
    assert not claimed.directory.exists()
