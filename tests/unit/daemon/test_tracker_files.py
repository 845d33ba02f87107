"""Tracked files: real files, watched on the test's loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest

from healthcheck.probes.file import CannotWatch
from pyvrrp.daemon.trackers import files as tracker_files
from pyvrrp.daemon.trackers.files import FileTrackers
from pyvrrp.daemon.trackers.initial_files import InitialFile, write_initial
from pyvrrp.daemon.trackers.settings import TrackerFile

Told = list[tuple[str, int | None]]


async def until(told: Told, *last: tuple[str, int | None]) -> None:
    async with asyncio.timeout(20):
        while tuple(told[-len(last) :]) != last:  # noqa: ASYNC110
            await asyncio.sleep(0.002)


def run(scenario: Callable[[FileTrackers, Told], Coroutine[object, object, None]]) -> Told:
    told: Told = []

    async def main() -> None:
        trackers = FileTrackers(lambda name, number: told.append((name, number)))
        await scenario(trackers, told)
        trackers.close()

    asyncio.run(main())
    return told


async def changes(trackers: FileTrackers, told: Told, path: Path) -> None:
    trackers.use([TrackerFile("f", str(path))])
    await until(told, ("f", 0))
    path.write_text("7\n")  # noqa: ASYNC240
    await until(told, ("f", 7))
    other = path.with_name("other")
    other.write_text(" -0x10 junk")
    other.rename(path)
    await until(told, ("f", -16))
    path.unlink()  # noqa: ASYNC240
    await until(told, ("f", 0))


def test_each_change_is_told(tmp_path: Path) -> None:
    told = run(lambda trackers, told: changes(trackers, told, tmp_path / "number"))
    assert told == [("f", 0), ("f", 7), ("f", -16), ("f", 0)]


def test_what_cannot_be_watched_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(loop: object) -> None:
        raise CannotWatch("files", 24)

    monkeypatch.setattr(tracker_files, "FileWatch", refuse)
    monkeypatch.setattr(tracker_files, "_LOOK_EVERY", 0.01)
    told = run(lambda trackers, told: changes(trackers, told, tmp_path / "number"))
    assert told == [("f", 0), ("f", 7), ("f", -16), ("f", 0)]


def test_out_of_range_is_as_before(tmp_path: Path) -> None:
    path = tmp_path / "number"
    path.write_text("5")

    async def scenario(trackers: FileTrackers, told: Told) -> None:
        trackers.use([TrackerFile("f", str(path))])
        path.write_text("99999999999")
        path.write_text("6")
        await until(told, ("f", 6))

    assert run(scenario) == [("f", 5), ("f", 6)]


def test_a_link_is_followed(tmp_path: Path) -> None:
    path, link = tmp_path / "real" / "number", tmp_path / "link"
    path.parent.mkdir()
    path.write_text("1")
    link.symlink_to(path)

    async def scenario(trackers: FileTrackers, told: Told) -> None:
        trackers.use([TrackerFile("f", str(link))])
        path.write_text("2")
        await until(told, ("f", 2))

    assert run(scenario) == [("f", 1), ("f", 2)]


def test_a_reload_says_only_what_is_new(tmp_path: Path) -> None:
    for name, number in (("a", 1), ("b", 2), ("c", 3)):
        (tmp_path / name).write_text(str(number))

    async def scenario(trackers: FileTrackers, told: Told) -> None:
        trackers.use([TrackerFile(name, str(tmp_path / name)) for name in "ab"])
        trackers.use([TrackerFile(name, str(tmp_path / name)) for name in "ac"])
        (tmp_path / "a").write_text("9")
        await until(told, ("a", 9))

    assert run(scenario) == [("a", 1), ("b", 2), ("b", None), ("c", 3), ("a", 9)]


def test_initial_numbers(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("kept", "overwritten"):
        (tmp_path / name).write_text("1234567\n")
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    write_initial(
        [
            None,
            InitialFile(str(tmp_path / "new"), -3, overwrite=False),
            InitialFile(str(tmp_path / "kept"), 5, overwrite=False),
            InitialFile(str(tmp_path / "overwritten"), 6, overwrite=True),
            InitialFile(str(tmp_path / "link"), 7, overwrite=True),
            InitialFile(str(tmp_path / "no" / "where"), 8, overwrite=True),
        ]
    )
    found = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert found == {
        "new": "-3\n",
        "kept": "1234567\n",
        "overwritten": "6\n",
        "link": "1234567\n",
    }
    assert [r.getMessage().rpartition(": ")[2] for r in caplog.records] == [
        "Too many levels of symbolic links",
        "No such file or directory",
    ]
