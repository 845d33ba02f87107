"""`-t` on files that should not be: it ends soon, in little memory, with an answer.

What keepalived does with them (quirks: endless-text, huge-file, self-include, said-four-times,
deep-blocks) is in QUIRKS.md.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

PROGRAM = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
from pyvrrp.daemon.cli import main
code = main(["keepalived", "-t", "-i", "alpha", "-f", sys.argv[1]])
print(*(line for line in open("/proc/self/status") if line.startswith("VmHWM")))
sys.exit(code)
"""


class Hostile(NamedTuple):
    """How the files are made, what `-t` exits with, and the first id that is said."""

    make: Callable[[Path], object]
    code: int
    said: str
    name: str = "k.conf"
    seconds: float = 4.0
    """Of processor time; a quiet machine needs a quarter of it."""

    megabytes: int = 90


def text(content: str) -> Callable[[Path], object]:
    return lambda place: (place / "k.conf").write_text(content)


def octets(content: bytes) -> Callable[[Path], object]:
    return lambda place: (place / "k.conf").write_bytes(content)


def included(make: Callable[[Path], object]) -> Callable[[Path], object]:
    """`make` gets the path of what k.conf includes."""

    def both(place: Path) -> None:
        (place / "k.conf").write_text("include part\nx\n")
        make(place / "part")

    return both


def bomb(place: Path) -> None:
    """Each file includes the next one twice."""
    (place / "k.conf").write_text("include 1\ninclude 1\n")
    for number in range(1, 25):
        (place / f"{number}").write_text(f"include {number + 1}\n" * 2)
    (place / "25").write_text("x\n")


def loop(place: Path) -> None:
    """A directory that holds itself, so that each way to the file is another."""
    (place / "d").mkdir()
    (place / "d" / "loop").symlink_to(place / "d")
    (place / "d" / "k").write_text("include loop/k\n")
    (place / "k.conf").write_text("include d/k\n")


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(10 << 30)


FILES = {
    "a repetition without end": Hostile(text("~SEQ(I, 1, 10000000) x\n"), 5, "too-much-text"),
    "many lines of a definition": Hostile(
        text("$B=\\\n" + "x \\\n" * 200_000 + "x\n$B\n"), 5, "too-much-text"
    ),
    "nothing but comments": Hostile(text("# nothing\n" * 3_000_000), 0, "", megabytes=200),
    "a program": Hostile(octets(Path(sys.executable).read_bytes()), 5, "nul-character", seconds=8.0),
    "one word": Hostile(octets(b"router_id " + b"x" * 10_000_000), 5, "line-too-long"),
    "a quote that stays open": Hostile(text('vrrp_script a {\nscript "/x\n}\n'), 5, "unterminated-quote"),
    "a file that includes itself": Hostile(text("include k.conf\n" * 100), 5, "include-cycle"),
    "a bomb of includes": Hostile(bomb, 5, "too-much-text"),
    "a directory in itself": Hostile(loop, 5, "include-cycle"),
    "a FIFO": Hostile(included(os.mkfifo), 5, "include-unreadable"),
    "a directory": Hostile(included(Path.mkdir), 5, "include-unreadable"),
    "a sparse file": Hostile(included(sparse), 5, "include-unreadable"),
    "a device": Hostile(text("include /dev/zero\nx\n"), 5, "include-unreadable"),
    "the memory of a process": Hostile(text("include /proc/self/mem\nx\n"), 5, "include-unreadable"),
    "a FIFO as the file": Hostile(lambda place: os.mkfifo(place / "k.conf"), 0, "is not a regular file"),
    "a sparse file as the file": Hostile(lambda place: sparse(place / "k.conf"), 0, "is too large"),
    "a directory as the file": Hostile(lambda place: (place / "k.conf").mkdir(), 0, "is a directory"),
    "a device as the file": Hostile(lambda place: None, 0, "is not a regular file", "/dev/zero"),
}  # fmt: skip
LARGE = {
    "a million lines": Hostile(
        text("router_id x\n" * 1_000_000), 5, "unknown-keyword", seconds=16.0, megabytes=600
    ),
}


def endure(place: Path, hostile: Hostile) -> None:
    hostile.make(place)
    command = (sys.executable, "-c", PROGRAM, hostile.name)
    with (place / "said").open("wb") as said, (place / "peak").open("wb") as peak:
        child = subprocess.Popen(command, cwd=place, stdout=peak, stderr=said)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    first = (place / "said").read_bytes()[:1000].decode()
    assert (child.returncode, hostile.said in first) == (hostile.code, True), first
    assert used.ru_utime + used.ru_stime < hostile.seconds
    assert int((place / "peak").read_text().split()[1]) < hostile.megabytes * 1024


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_hostile_file(name: str, tmp_path: Path) -> None:
    endure(tmp_path, FILES[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_large_file(name: str, tmp_path: Path) -> None:
    endure(tmp_path, LARGE[name])
