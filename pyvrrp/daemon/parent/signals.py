"""Signals as something a poll loop can wait for."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterable
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any

__all__ = ["SignalPipe"]


class SignalPipe:
    """While entered, the given signals are collected instead of acted on.

    Built on `signal.set_wakeup_fd`: the C handler writes the number, so none is lost between
    two looks, short of 200 at once. Main thread only.
    """

    def __init__(self, numbers: Iterable[int]) -> None:
        self._numbers = tuple(numbers)
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> SignalPipe:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for number in self._numbers:
            self._previous[number] = signal.signal(number, _only_wake_up)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(-1)
        self._reader.close()
        self._writer.close()

    def fileno(self) -> int:
        """Readable when a signal came."""
        return self._reader.fileno()

    def take(self) -> list[int]:
        """The signals since the last call, in order."""
        with suppress(BlockingIOError):
            return list(self._reader.recv(4096))
        return []


def _only_wake_up(number: int, frame: FrameType | None) -> None:
    """A Python handler must exist, or the default action would be taken."""
