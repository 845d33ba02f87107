"""How the daemon fares, for those outside: the service manager, and the reload's marker file."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from . import service_manager
from .settings import ParentSettings

__all__ = ["LifeSigns"]

_log = logging.getLogger(__name__)


class LifeSigns:
    """Each method tells one thing that happened to the daemon; `beat` is to be called at `due`."""

    def __init__(self) -> None:
        self._marker = ""
        self._interval = service_manager.watchdog_interval()
        self._next_beat = time.monotonic()

    def use(self, settings: ParentSettings) -> None:
        """A configuration came into use."""
        if settings.process_name:
            with suppress(OSError):  # only what others see
                Path("/proc/self/comm").write_text(settings.process_name)
        self._remove_marker()
        self._marker = settings.reload_marker

    def ready(self, status: str) -> None:
        """The daemon works; `status` is for a person."""
        self._remove_marker()
        main = f"{service_manager.READY}\nMAINPID={os.getpid()}"
        service_manager.notify(f"{main}\nSTATUS={status}")

    def reloading(self) -> None:
        """A reload began; `ready` ends it, whatever became of it."""
        service_manager.notify(service_manager.reloading())
        if self._marker:
            self._make_marker()

    def stopping(self, code: int) -> None:
        """The end began; the daemon will exit with that code."""
        self._remove_marker()
        failed = f"\nSTATUS=stopping, exit code {code}" if code else "\nSTATUS=stopping"
        service_manager.notify(service_manager.STOPPING + failed)

    def due(self) -> Iterator[float]:
        """When to call `beat` at the latest, on the monotonic clock."""
        if self._interval is not None:
            yield self._next_beat

    def beat(self, now: float) -> None:
        """Tell the watchdog that the parent still looks after everything."""
        if self._interval is not None and now >= self._next_beat:
            service_manager.notify(service_manager.WATCHDOG)
            self._next_beat = now + self._interval

    def _make_marker(self) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NONBLOCK
        try:
            descriptor = os.open(self._marker, flags | os.O_NOFOLLOW, 0o644)
        except OSError as problem:
            _log.warning("reload_file %s: %s", self._marker, problem.strerror)
        else:
            os.close(descriptor)

    def _remove_marker(self) -> None:
        if self._marker:
            Path(self._marker).unlink(missing_ok=True)
