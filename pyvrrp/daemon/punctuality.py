"""Whether a process gets to run in time, where no deadline of its own tells; `max_auto_priority`."""

from __future__ import annotations

import asyncio

from .process_settings import ProcessSettings, raise_priority

__all__ = ["Punctuality"]

_PERIOD = 1.0  # s


class Punctuality:
    """Looks once a second, on the running loop, for a process that may raise its priority."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._settings = ProcessSettings()
        self._is_looking = False

    def use(self, settings: ProcessSettings) -> None:
        """Go by these settings from now on."""
        self._settings = settings
        if settings.max_auto_priority > 0 and not self._is_looking:
            self._is_looking = True
            self._look_later()

    def _look_later(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + _PERIOD
        loop.call_at(due, self._look, due)

    def _look(self, due: float) -> None:
        raise_priority(self._settings, self._name, asyncio.get_running_loop().time() - due)
        self._is_looking = self._settings.max_auto_priority > 0
        if self._is_looking:
            self._look_later()
