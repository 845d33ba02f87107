"""Tracked files: the number in each is told at once, and whenever it changes.

inotify says when to look; where it cannot, files are looked at every second. A file that is missing
or has no number counts as 0, one out of range as what it was before.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from healthcheck.probes.file import CannotWatch, FileWatch, number_in

from ...snapshot import FileSnapshot
from .settings import TrackerFile

__all__ = ["FileTrackers"]

logger = logging.getLogger(__name__)

_LOOK_EVERY = 1.0  # s, where nobody says when


class FileTrackers:
    """The files of the settings in use. Made inside the running loop.

    `tell` gets a file's name and number, at first and at each change; None when it is no more.
    """

    def __init__(self, tell: Callable[[str, int | None], None]) -> None:
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self._files: dict[str, TrackerFile] = {}
        self._numbers: dict[str, int] = {}
        self._watch: FileWatch | None = None
        self._unwatched: list[TrackerFile] = []
        self._timer: asyncio.TimerHandle | None = None

    def use(self, files: Iterable[TrackerFile]) -> None:
        """Go over to these."""
        self.close()
        old, self._files = self._files, {file.name: file for file in files}
        for name in old.keys() - self._files.keys():
            self._numbers.pop(name, None)
            self._tell(name, None)
        for file in self._files.values():
            if not self._is_watched(file):
                self._unwatched.append(file)
            self._look(file)
        self._look_again()

    def snapshots(self) -> Iterator[FileSnapshot]:
        """What each is now."""
        return (FileSnapshot(name, number) for name, number in self._numbers.items())

    def close(self) -> None:
        """Look no more."""
        if self._watch is not None:
            self._watch.close()
            self._watch = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._unwatched = []

    def _is_watched(self, file: TrackerFile) -> bool:
        try:
            if self._watch is None:
                self._watch = FileWatch(self._loop)
            # A link is not what changes.
            self._watch.add(os.path.realpath(file.path), partial(self._look, file))
        except CannotWatch as problem:
            logger.warning("track file %s: %s", file.name, problem)
            return False
        return True

    def _look_again(self) -> None:
        if self._unwatched:
            for file in self._unwatched:
                self._look(file)
            self._timer = self._loop.call_later(_LOOK_EVERY, self._look_again)

    def _look(self, file: TrackerFile) -> None:
        number = number_in(file.path)
        if number is None:
            logger.info("Invalid number read from %s - ignoring", file.path)
            number = self._numbers.get(file.name, 0)
        if self._numbers.get(file.name) != number:
            self._numbers[file.name] = number
            self._tell(file.name, number)
