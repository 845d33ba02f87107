"""A thread that reads one socket until it is told to stop."""

from __future__ import annotations

import os
import select
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress

__all__ = ["SocketReader", "clock_difference"]


class SocketReader:
    """Calls `read` whenever `source` has something; it takes all there is, and may raise
    BlockingIOError.

    After `stop` what had arrived before has been read, and the socket is closed.
    """

    def __init__(self, source: socket.socket, read: Callable[[], None], name: str) -> None:
        self._source = source
        self._read = read
        self._reading = threading.Lock()
        self._finish = os.eventfd(0, os.EFD_CLOEXEC)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def is_stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._source.fileno() < 0

    def read_now(self) -> None:
        """Read what has arrived, here and at once: on a busy machine the thread may be late."""
        with self._reading, suppress(BlockingIOError):
            if not self.is_stopped:
                self._read()

    def stop(self, last_look: Callable[[], None] = lambda: None) -> None:
        """End the thread, call `last_look`, close the socket. May be repeated."""
        if self.is_stopped:
            return
        os.eventfd_write(self._finish, 1)
        self._thread.join()
        with self._reading:
            last_look()
            self._source.close()
            os.close(self._finish)

    def _run(self) -> None:
        poller = select.poll()
        poller.register(self._source, select.POLLIN)
        poller.register(self._finish, select.POLLIN)
        finished = False
        while not finished:
            finished = self._finish in {handle for handle, _ in poller.poll()}
            self.read_now()


def clock_difference() -> int:
    """Nanoseconds from the wall clock, which the kernel stamps with, to `time.monotonic`'s now."""
    return time.monotonic_ns() - time.time_ns()
