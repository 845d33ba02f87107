"""What makes a program unsafe for root, with real files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pyvrrp.daemon.notices.script_security import is_root, weakness

pytestmark = pytest.mark.root


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """In a directory of root's own below pytest's."""
    made = tmp_path / "bin" / "check"
    made.parent.mkdir(mode=0o755)
    made.write_text("#!/bin/sh\n")
    made.chmod(0o755)
    return made


def test_safe(program: Path):
    assert weakness(str(program)) == ""


def test_system_s_own():
    """/bin may be a link to /usr/bin; keepalived refuses what is reached that way."""
    assert weakness("/bin/true") == ""
    assert weakness("true") == ""


def test_not_there(program: Path):
    assert weakness(str(program) + "s") == "there is no such program"


@pytest.mark.parametrize(
    ("mode", "group", "expected"),
    [
        (0o777, 0, "may be written by others"),
        (0o775, 0, ""),
        (0o775, 100, "may be written by others"),
    ],
)
def test_writable(program: Path, mode: int, group: int, expected: str):
    os.chown(program, 0, group)
    program.chmod(mode)
    assert expected in weakness(str(program))
    assert bool(weakness(str(program))) == bool(expected)


def test_somebody_else_s(program: Path):
    os.chown(program, 1, 0)
    assert weakness(str(program)) == f"{program} belongs to user 1, not to root"


def test_in_a_directory_others_may_write(program: Path):
    program.parent.chmod(0o777)
    assert weakness(str(program)) == f"{program.parent} may be written by others than root"
    program.parent.chmod(0o1777)
    assert weakness(str(program)) == ""


def test_link_to_what_others_may_change(program: Path, tmp_path: Path):
    link = tmp_path / "link"
    link.symlink_to(program)
    assert weakness(str(link)) == ""
    program.parent.chmod(0o777)
    assert weakness(str(link)) == f"{program.parent} may be written by others than root"


@pytest.mark.parametrize(
    ("user", "expected"),
    [(None, True), ("root", True), ("0", True), ("nobody", False), ("65534", False), ("?", False)],
)
def test_who_is_root(user: str | None, expected: bool):
    assert is_root(user) is expected
