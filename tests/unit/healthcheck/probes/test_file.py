"""FILE_CHECK: what a file reads as, and being told of its changes by a real kernel."""

import asyncio
import gc
import os
from pathlib import Path

import pytest

from healthcheck import probes
from healthcheck.core.model import FileCheck, ProbeResult
from healthcheck.probes import file
from healthcheck.probes.file import CannotWatch, FileWatch, read

DEADLINE = 5


def up(offset, number=None):
    return ProbeResult(True, f"reads {offset if number is None else number}", weight_offset=offset)


def down(number):
    return ProbeResult(False, f"reads {number}")


LOWEST = ProbeResult(False, "reads -2147483648, the lowest")


@pytest.mark.parametrize(
    ("content", "settings", "expected"),
    [
        pytest.param("5\n", {}, up(5), id="as it is"),
        pytest.param("5", {}, up(5), id="without line end"),
        pytest.param("-20\n", {}, up(-20), id="negative"),
        pytest.param("+7\n", {}, up(7), id="with a plus"),
        pytest.param(" \n\t 3\n", {}, up(3), id="white space first"),
        pytest.param("-4\n", {"weight": 2}, up(-8, -4), id="times its weight"),
        pytest.param("5\n", {"weight": -3}, up(-15, 5), id="times a negative weight"),
        pytest.param("5\n", {"weight": 2, "reverse": True}, up(-10, 5), id="reverse"),
        pytest.param("0\n", {"weight": 2, "reverse": True}, up(0), id="reverse of nothing"),
        pytest.param("junk\n", {}, up(0), id="junk"),
        pytest.param("", {}, up(0), id="empty"),
        pytest.param("-\n", {}, up(0), id="a sign alone"),
        pytest.param("12 and more\n", {}, up(12), id="text behind"),
        pytest.param("0x1f\n", {}, up(31), id="hexadecimal"),
        pytest.param("-0X10\n", {}, up(-16), id="negative hexadecimal"),
        pytest.param("0x\n", {}, up(0), id="hexadecimal of nothing"),
        pytest.param("017\n", {}, up(15), id="octal"),
        pytest.param("09\n", {}, up(0), id="octal up to a nine"),
        pytest.param(" " * 63 + "17\n", {}, up(1), id="of 64 octets, no more"),
        pytest.param("2147483647\n", {}, up(2147483647), id="highest"),
        pytest.param("-2147483647\n", {}, up(-2147483647), id="lowest but one"),
        pytest.param("-2147483648\n", {}, LOWEST, id="lowest"),
        pytest.param(
            "-2147483648\n", {"weight": -3}, up(2147483647, -2147483648), id="lowest by negative"
        ),
        pytest.param(
            "2147483647\n",
            {"weight": -2},
            ProbeResult(False, "reads 2147483647, the lowest"),
            id="product below the lowest",
        ),
        pytest.param(
            "-2147483649\n",
            {},
            ProbeResult(False, "-2147483649 is out of range", is_verdict=False),
            id="below the range",
        ),
        pytest.param(
            "9" * 64,
            {"weight": 0},
            ProbeResult(False, "9" * 64 + " is out of range", is_verdict=False),
            id="far above the range",
        ),
        pytest.param("0\n", {"weight": 0}, ProbeResult(True, "reads 0"), id="weight 0, up"),
        pytest.param("1\n", {"weight": 0}, down(1), id="weight 0, down"),
        pytest.param("-1\n", {"weight": 0}, down(-1), id="weight 0, down below, too"),
        pytest.param(
            "1\n",
            {"weight": 0, "reverse": True},
            ProbeResult(True, "reads 1"),
            id="weight 0, reverse, up",
        ),
        pytest.param("0\n", {"weight": 0, "reverse": True}, down(0), id="weight 0, reverse, down"),
    ],
)
async def test_readings(tmp_path, content, settings, expected):
    path = tmp_path / "number"
    path.write_text(content)
    check = FileCheck(str(path), **settings)
    assert read(check) == expected
    assert await file.probe(check) == expected


def test_what_cannot_be_read_is_0(tmp_path):
    assert read(FileCheck(str(tmp_path / "none"))) == up(0)
    assert read(FileCheck(str(tmp_path))) == up(0)
    assert read(FileCheck("a\0b")) == up(0)
    assert read(FileCheck(str(tmp_path / "none"), weight=0)) == ProbeResult(True, "reads 0")


def test_a_fifo_does_not_hold_us(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    assert read(FileCheck(str(tmp_path / "fifo"))) == up(0)
    assert read(FileCheck("/dev/zero")) == up(0)


async def test_through_the_table_of_probes(tmp_path):
    loop = asyncio.get_running_loop()
    answer = loop.create_future()
    (tmp_path / "number").write_text("9\n")
    probes.start(FileCheck(str(tmp_path / "number")), loop, answer.set_result)
    assert await asyncio.wait_for(answer, DEADLINE) == up(9)


class Seen:
    """Counts calls and lets one wait for the next."""

    def __init__(self):
        self.count = 0
        self._event = asyncio.Event()

    def __call__(self):
        self.count += 1
        self._event.set()

    async def again(self):
        await asyncio.wait_for(self._event.wait(), DEADLINE)
        self._event.clear()


@pytest.fixture
async def watch():
    made = FileWatch(asyncio.get_running_loop())
    yield made
    made.close()


def link_into_place(path):
    path.with_name("other").write_text("1\n")
    path.unlink()
    os.link(path.with_name("other"), path)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda path: path.write_text("1\n"), id="written"),
        pytest.param(lambda path: path.unlink(), id="removed"),
        pytest.param(lambda path: path.rename(path.with_name("away")), id="moved away"),
        pytest.param(lambda path: path.with_name("spare").rename(path), id="replaced"),
        pytest.param(link_into_place, id="linked"),
    ],
)
async def test_changes_of_a_file(tmp_path, watch, change):
    path = tmp_path / "number"
    path.write_text("0\n")
    path.with_name("spare").write_text("1\n")
    seen = Seen()
    watch.add(str(path), seen)
    change(path)
    await seen.again()


async def test_a_file_that_comes_later_and_changes_again(tmp_path, watch):
    path = tmp_path / "number"
    check = FileCheck(str(path))
    seen = Seen()
    watch.add(str(path), seen)
    for text, offset in (("1\n", 1), ("2\n", 2)):
        path.write_text(text)
        while read(check) != up(offset):
            await seen.again()
        await seen.again()
    path.unlink()
    while read(check) != up(0):
        await seen.again()


async def test_only_the_file_concerned(tmp_path, watch):
    mine, other = Seen(), Seen()
    watch.add(str(tmp_path / "mine"), mine)
    watch.add(str(tmp_path / "other"), other)
    (tmp_path / "third").write_text("1\n")
    (tmp_path / "other").write_text("1\n")
    await other.again()
    assert mine.count == 0


async def test_files_of_several_directories_and_several_watchers_of_one(tmp_path, watch):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, second, third = Seen(), Seen(), Seen()
    watch.add(str(tmp_path / "a" / "number"), first)
    watch.add(str(tmp_path / "a" / "number"), second)
    watch.add(str(tmp_path / "b" / "number"), third)
    (tmp_path / "a" / "number").write_text("1\n")
    await first.again()
    await second.again()
    assert third.count == 0
    (tmp_path / "b" / "number").write_text("1\n")
    await third.again()


async def test_many_changes_of_one_moment_are_few_calls(tmp_path, watch):
    seen = Seen()
    watch.add(str(tmp_path / "number"), seen)
    for _ in range(500):
        (tmp_path / "number").write_text("1\n")
    await seen.again()
    assert seen.count < 10


async def test_a_name_in_the_working_directory(tmp_path, watch, monkeypatch):
    monkeypatch.chdir(tmp_path)
    seen = Seen()
    watch.add("number", seen)
    (tmp_path / "number").write_text("1\n")
    await seen.again()


async def test_a_name_that_is_not_utf_8(tmp_path, watch):
    path = tmp_path / os.fsdecode(b"\xff")
    seen = Seen()
    watch.add(str(path), seen)
    path.write_text("1\n")
    await seen.again()


async def test_lost_events_concern_every_file(tmp_path, watch, monkeypatch):
    """inotify(7): wd -1 and IN_Q_OVERFLOW."""
    first, second = Seen(), Seen()
    watch.add(str(tmp_path / "first"), first)
    watch.add(str(tmp_path / "second"), second)
    overflow = b"\xff\xff\xff\xff" + (0x4000).to_bytes(4, "little") + bytes(8)
    monkeypatch.setattr(file.os, "read", lambda descriptor, most: overflow)
    watch._readable()
    assert (first.count, second.count) == (1, 1)


async def test_a_directory_that_is_not_there(tmp_path, watch):
    with pytest.raises(CannotWatch, match="no such file or directory"):
        watch.add(str(tmp_path / "none" / "number"), Seen())
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotWatch, match="not a directory"):
        watch.add(str(tmp_path / "file" / "number"), Seen())


async def test_a_directory_that_goes_is_told_of_its_files(tmp_path, watch):
    seen = Seen()
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "number").write_text("1\n")
    watch.add(str(tmp_path / "a" / "number"), seen)
    (tmp_path / "a" / "number").unlink()
    (tmp_path / "a").rmdir()
    await seen.again()


def open_descriptors():
    return {path.name for path in Path("/proc/self/fd").iterdir()}


async def test_closed_it_keeps_nothing_open_and_calls_nobody(tmp_path):
    loop = asyncio.get_running_loop()
    before = open_descriptors()
    watch = FileWatch(loop)
    seen = Seen()
    watch.add(str(tmp_path / "number"), seen)
    (tmp_path / "number").write_text("1\n")
    watch.close()
    watch.close()
    await asyncio.sleep(0)
    gc.collect()
    assert open_descriptors() == before
    assert seen.count == 0
