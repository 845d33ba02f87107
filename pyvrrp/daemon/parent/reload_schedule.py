"""A reload at a time that somebody wrote into a file (`reload_time_file`).

The file is looked at once a second: whoever wants a minute waits no longer, and a clock that is
set, or a file that is put in another's place, is noticed like any change.
"""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from .settings import ParentSettings

__all__ = ["ReloadSchedule", "moment"]

_INTERVAL = 1.0
_MOST = 64
"""Octets of the file that are read: a date and a time have 20."""
_TIME = re.compile(r"(?:(\d\d(?:\d\d)?)-(\d\d)-(\d\d) )?(\d\d):(\d\d):(\d\d)(Z?)", re.ASCII)

_log = logging.getLogger(__name__)


def moment(text: str, now: float) -> tuple[float, bool] | None:
    """`[[YY]YY-MM-DD ]HH:MM:SS[Z]` as seconds since 1970, and whether a date is in it.

    Without date: the next such time after `now`. None for what is no time.
    """
    from datetime import UTC, datetime, timedelta  # few write such a file

    found = _TIME.fullmatch(text)
    if found is None:
        return None
    year, month, day, *clock, utc = found.groups()
    zone = UTC if utc else None
    try:
        hour, minute, second = map(int, clock)
        if year is not None:
            full = int(year) + (2000 if len(year) == 2 else 0)
            dated = datetime(full, int(month), int(day), hour, minute, second, tzinfo=zone)
            return dated.timestamp(), True
        today = datetime.fromtimestamp(now, zone).replace(
            hour=hour, minute=minute, second=second, microsecond=0
        )
    except (ValueError, OverflowError):
        return None
    tomorrow = today + timedelta(days=1)
    return (today if today.timestamp() > now else tomorrow).timestamp(), False


class ReloadSchedule:
    """Whether it is time; `clock` gives seconds since 1970."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._path = ""
        self._repeats = False
        self._text = ""
        self._at: float | None = None
        self._has_date = False
        self._next_look = 0.0

    def use(self, settings: ParentSettings) -> None:
        """A configuration came into use."""
        if settings.schedule != self._path:
            self._path, self._text, self._at = settings.schedule, "", None
        self._repeats = settings.repeats

    def due(self) -> Iterator[float]:
        """When to call `is_time` next, on the monotonic clock."""
        if self._path:
            yield self._next_look

    def is_time(self, now: float) -> bool:
        """True once for each reload that is due; `now` is on the monotonic clock."""
        if not self._path or now < self._next_look:
            return False
        self._next_look = now + _INTERVAL
        text = _read(self._path)
        if text != self._text:
            self._text = text
            self._plan(text)
        if self._at is None or self._clock() < self._at:
            return False
        if self._repeats and not self._has_date:
            self._plan(text)
        else:
            self._text, self._at = "", None
            Path(self._path).unlink(missing_ok=True)
        return True

    def _plan(self, text: str) -> None:
        was, self._at = self._at, None
        if not text:
            if was is not None:
                _log.info("Cancelling reload scheduled for %s", _shown(was))
            return
        found = moment(text, self._clock())
        if found is None:
            form = "[YYYY-MM-DD ]HH:MM:SS[Z]"
            _log.warning("%s: %r is no time like %s: ignored", self._path, text, form)
        elif found[0] <= self._clock():
            _log.warning("%s: %s is in the past: ignored", self._path, text)
        else:
            self._at, self._has_date = found
            _log.info("Scheduling reload for %s", _shown(self._at))


def _read(path: str) -> str:
    """The first line; nothing when there is no file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return ""
    try:
        return os.read(descriptor, _MOST).decode("ascii", "replace").partition("\n")[0]
    except OSError:
        return ""
    finally:
        os.close(descriptor)


def _shown(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
