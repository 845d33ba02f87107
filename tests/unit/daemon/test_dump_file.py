"""Names of dumps, and files that are whole, private and where they should be."""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyvrrp.conf.config import GlobalDefs
from pyvrrp.daemon.dumping.file import data_path, named_path, write
from pyvrrp.daemon.tmpdir import directory

_CLOSE_WRITE, _MOVED_TO = 0x8, 0x80


@pytest.mark.parametrize(
    ("fields", "which", "path"),
    [
        pytest.param({}, "", "/tmp/keepalived.data", id="vrrp"),
        pytest.param({}, "_parent", "/tmp/keepalived_parent.data", id="parent"),
        pytest.param({"state_dump_file": "s.txt"}, "_check", "/tmp/s_check.txt", id="name"),
        pytest.param({"state_dump_file": "a/s"}, "_check", "/tmp/s_check", id="no ending"),
        pytest.param({"state_dump_file": "/x/y/s.a.b"}, "_bfd", "/x/y/s.a_bfd.b", id="path"),
        pytest.param({"state_dump_file": "/s.a"}, "", "/s.a", id="at the root"),
        pytest.param({"state_dump_file": "/x/"}, "_bfd", "/x/keepalived_bfd.data", id="directory"),
        pytest.param(
            {"data_use_instance": True, "instance": "i"},
            "_check",
            "/tmp/keepalived_check.i.data",
            id="instance",
        ),
        pytest.param(
            {"data_use_instance": True, "instance": "i", "net_namespace": "n"},
            "",
            "/tmp/keepalived.n_i.data",
            id="namespace too",
        ),
        pytest.param({"instance": "i"}, "", "/tmp/keepalived.data", id="not asked for"),
        pytest.param({"data_use_instance": True}, "", "/tmp/keepalived.data", id="has none"),
    ],
)
def test_names(fields: dict[str, object], which: str, path: str):
    assert data_path(GlobalDefs(**fields), which, "/tmp") == Path(path)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("named", "path"),
    [
        pytest.param(None, "/tmp/k.json", id="default"),
        pytest.param("j", "/tmp/j", id="name"),
        pytest.param("a/j", "/tmp/j", id="relative path"),
        pytest.param("/x/y/j", "/x/y/j", id="path"),
        pytest.param("/x/", "/x/k.json", id="directory"),
    ],
)
def test_other_names(named: str | None, path: str):
    """quirk: dump-names"""
    assert named_path(named, "k.json", "/tmp") == Path(path)


@pytest.mark.parametrize(
    ("named", "used"), [(None, "/tmp"), ("/var/tmp", "/var/tmp"), ("here", "/tmp"), ("", "/tmp")]
)
def test_directory(named: str | None, used: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("TMPDIR", raising=False)
    if named is not None:
        monkeypatch.setenv("TMPDIR", named)
    assert directory() == used


@pytest.fixture
def mask() -> Iterator[None]:
    before = os.umask(0o177)
    yield
    os.umask(before)


@pytest.mark.usefixtures("mask")
def test_a_file_takes_the_place_of_a_link_and_what_it_led_to_stays(tmp_path: Path):
    victim, path = tmp_path / "victim", tmp_path / "d"
    victim.write_text("precious")
    path.symlink_to(victim)
    write(path, ["one", "two"])
    assert victim.read_text() == "precious"
    assert path.read_text() == "one\ntwo\n"
    status = path.lstat()
    assert (stat.S_ISREG(status.st_mode), status.st_mode & 0o777) == (True, 0o600)


def test_the_mode_is_what_the_umask_leaves(tmp_path: Path):
    before = os.umask(0o022)
    try:
        write(tmp_path / "d", [])
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(before)
    assert (tmp_path / "d").stat().st_mode & 0o777 == 0o644


def test_a_file_that_is_not_finished_is_nowhere(tmp_path: Path):
    (tmp_path / "d").write_text("old")

    def lines() -> Iterator[str]:
        yield "new"
        raise KeyError

    with pytest.raises(KeyError):
        write(tmp_path / "d", lines())
    assert [path.name for path in tmp_path.iterdir()] == ["d"]
    assert (tmp_path / "d").read_text() == "old"


def test_who_may_not_write_is_told(tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        write(tmp_path / "nowhere" / "d", [])
    (tmp_path / "d").mkdir()
    with pytest.raises(IsADirectoryError):
        write(tmp_path / "d", [])
    assert [path.name for path in tmp_path.iterdir()] == ["d"]


def test_the_last_that_happens_is_that_the_final_name_is_closed(tmp_path: Path):
    libc = ctypes.CDLL(None, use_errno=True)
    watch = libc.inotify_init1(os.O_NONBLOCK)
    assert libc.inotify_add_watch(watch, bytes(tmp_path), _CLOSE_WRITE | _MOVED_TO) > 0
    write(tmp_path / "d", ["one"])
    events = os.read(watch, 4096)
    os.close(watch)
    found = []
    while events:
        _, kind, _, length = struct.unpack_from("iIII", events)
        found.append((kind, events[16 : 16 + length].rstrip(b"\0")))
        events = events[16 + length :]
    assert found == [(_MOVED_TO, b"d"), (_CLOSE_WRITE, b"d")]
