"""PID files on a real file system; the other process is a real one."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from pyvrrp.daemon.options import Options
from pyvrrp.daemon.parent import pid_file
from pyvrrp.daemon.parent.pid_file import (
    AlreadyRunning,
    PidFile,
    PidFileError,
    PidPaths,
    Words,
    paths,
)

_HOLDER = """
import sys
from pyvrrp.daemon.parent.pid_file import PidFile
held = PidFile.acquire(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize(
    ("options", "words", "expected"),
    [
        pytest.param(
            Options(),
            Words(),
            PidPaths("/run/keepalived.pid", "/run/vrrp.pid", "/run/checkers.pid", "/run/bfd.pid"),
            id="plain",
        ),
        pytest.param(
            Options(),
            Words(use_pid_dir=True),
            PidPaths(
                "/run/keepalived/keepalived.pid",
                "/run/keepalived/vrrp.pid",
                "/run/keepalived/checkers.pid",
                "/run/keepalived/bfd.pid",
            ),
            id="use_pid_dir",
        ),
        pytest.param(
            Options(vrrp_pid_file="/x/v"),
            Words(instance="left"),
            PidPaths(
                "/run/keepalived/keepalived_left.pid",
                "/x/v",
                "/run/keepalived/checkers_left.pid",
                "/run/keepalived/bfd_left.pid",
            ),
            id="instance, one given",
        ),
    ],
)
def test_names(options: Options, words: Words, expected: PidPaths):
    assert paths(options, words) == expected


def test_content_mode_and_removal(tmp_path: Path):
    path = tmp_path / "a.pid"
    held = PidFile.acquire(str(path))
    assert path.read_text() == f"{os.getpid()}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    held.remove()
    assert list(tmp_path.iterdir()) == []


def test_stale_file_is_replaced(tmp_path: Path):
    path = tmp_path / "a.pid"
    path.write_text("12345678 and more\n")
    held = PidFile.acquire(str(path))
    assert path.read_text() == f"{os.getpid()}\n"
    held.remove()


def test_second_daemon_is_told(tmp_path: Path):
    path = str(tmp_path / "a.pid")
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDER, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert pid_file.is_locked(path)
        with pytest.raises(AlreadyRunning):
            PidFile.acquire(path)
        assert Path(path).read_text() == f"{holder.pid}\n"
        holder.kill()
    assert not pid_file.is_locked(path)
    PidFile.acquire(path).remove()


def test_lock_survives_in_a_forked_daemon_only(tmp_path: Path):
    path = str(tmp_path / "a.pid")
    held = PidFile.acquire(path)
    held.close()
    assert not pid_file.is_locked(path)
    assert not pid_file.is_locked(str(tmp_path / "none"))


def test_removal_leaves_another_ones_file(tmp_path: Path):
    path = tmp_path / "a.pid"
    held = PidFile.acquire(str(path))
    path.unlink()
    path.write_text("1\n")
    held.remove()
    assert path.read_text() == "1\n"


def test_missing_directory(tmp_path: Path):
    with pytest.raises(PidFileError, match=r"nowhere/a\.pid: No such file or directory"):
        PidFile.acquire(str(tmp_path / "nowhere" / "a.pid"))


def test_default_directory_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pid_file, "RUN_DIRECTORY", str(tmp_path))
    previous = os.umask(0o177)
    try:
        held = PidFile.acquire(paths(Options(), Words(use_pid_dir=True)).parent)
    finally:
        os.umask(previous)
    assert stat.S_IMODE((tmp_path / "keepalived").stat().st_mode) == 0o755
    held.remove()
