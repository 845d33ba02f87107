"""Files: what may be read, what an include pattern matches."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pyvrrp.conf import source
from pyvrrp.conf.source import DictReader, DiskReader, Unreadable, UnreadableReason


def test_text_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "k.conf"
    path.write_bytes(b"router_id caf\xe9\r\n")
    assert DiskReader().read(str(path)) == "router_id caf\udce9\r\n"


def test_missing(tmp_path: Path) -> None:
    path = str(tmp_path / "none.conf")
    with pytest.raises(Unreadable) as caught:
        DiskReader().read(path)
    assert (caught.value.path, caught.value.reason) == (path, UnreadableReason.MISSING)
    assert str(caught.value) == f"{path} does not exist"


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unreadable) as caught:
        DiskReader().read(str(tmp_path / "file/k.conf"))
    assert caught.value.reason is UnreadableReason.MISSING


def test_directory(tmp_path: Path) -> None:
    with pytest.raises(Unreadable) as caught:
        DiskReader().read(str(tmp_path))
    assert caught.value.reason is UnreadableReason.DIRECTORY


def test_executable(tmp_path: Path) -> None:
    path = tmp_path / "k.conf"
    path.write_text("")
    path.chmod(0o744)
    with pytest.raises(Unreadable) as caught:
        DiskReader().read(str(path))
    assert caught.value.reason is UnreadableReason.EXECUTABLE


def test_a_fifo_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(Unreadable) as caught:
        DiskReader().read(str(tmp_path / "fifo"))
    assert caught.value.reason is UnreadableReason.NOT_REGULAR


def test_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "k.conf").write_text("12345")
    monkeypatch.setattr(source, "MAX_FILE_SIZE", 4)
    with pytest.raises(Unreadable) as caught:
        DiskReader().read(str(tmp_path / "k.conf"))
    assert caught.value.reason is UnreadableReason.TOO_LARGE


def test_a_name_with_nul() -> None:
    with pytest.raises(Unreadable) as caught:
        DiskReader().read("a\0b")
    assert caught.value.reason is UnreadableReason.FAILED


def test_disk_glob(tmp_path: Path) -> None:
    for name in ("b.conf", "a.conf", "c.txt"):
        (tmp_path / name).write_text("")
    found = DiskReader().glob(f"{tmp_path}/*.conf")
    assert found == (f"{tmp_path}/a.conf", f"{tmp_path}/b.conf")
    assert DiskReader().glob(f"{tmp_path}/c.txt") == (f"{tmp_path}/c.txt",)
    assert DiskReader().glob(f"{tmp_path}/d.txt") == ()


def test_dict_reader() -> None:
    reader = DictReader({"d/a.conf": "A", "d/b.conf": "B", "d/e/c.conf": "C"})
    assert reader.read("d/a.conf") == "A"
    assert reader.glob("d/*.conf") == ("d/a.conf", "d/b.conf")
    assert reader.glob("d/[bc].conf") == ("d/b.conf",)
    with pytest.raises(Unreadable):
        reader.read("a.conf")


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("plain", ("plain",)),
        ("a{b,c}d", ("abd", "acd")),
        ("{a,b}{1,2}", ("a1", "a2", "b1", "b2")),
        ("x{a,{b,c}}y", ("xay", "xby", "xcy")),
        ("open{a,b", ("open{a,b",)),
        ("{a,a}", ("a",)),
        ("{,s}", ("", "s")),
        ("{" * 33, ("{" * 33,)),
    ],
)
def test_braces(pattern: str, expected: tuple[str, ...]) -> None:
    assert source.expand_braces(pattern) == expected


def test_braces_are_bounded() -> None:
    assert len(source.expand_braces("{a,b}" * 20)) == 1000


def test_wildcards() -> None:
    assert [source.has_wildcard(p) for p in ("a", "a*", "a?", "[a]", "{a,b}")] == [
        False,
        True,
        True,
        True,
        False,
    ]


def test_directory_of() -> None:
    assert source.directory_of("/etc/keepalived/k.conf") == "/etc/keepalived"


def test_node_name_has_no_dot() -> None:
    assert source.node_name() == os.uname().nodename.split(".")[0]


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(Unreadable) as caught:
        DiskReader().read(str(tmp_path / "k.conf"))
    assert caught.value.reason is UnreadableReason.PERMISSION


def test_a_file_in_several_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "_CHUNK", 4)
    (tmp_path / "k.conf").write_text("0123456789")
    assert DiskReader().read(str(tmp_path / "k.conf")) == "0123456789"


def test_a_pattern_with_nul_matches_nothing() -> None:
    assert DiskReader().glob("/etc/\0*") == ()
