"""A timer that wakes an event loop to the microsecond.

asyncio's own timers wait in epoll_wait(2), in whole milliseconds, and the kernel may end a long wait
late by a thousandth of its length. A timerfd has neither: it is a high-resolution timer without
slack, and it is a descriptor, so it works on whatever loop its user runs.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import time
from collections.abc import Callable
from math import inf
from typing import Protocol

from .errors import PyvrrpError

__all__ = ["KernelTimer", "Timer", "TimerError"]

_NONBLOCK_CLOEXEC = os.O_NONBLOCK | os.O_CLOEXEC
_ABSOLUTE = 1  # TFD_TIMER_ABSTIME, include/uapi/linux/timerfd.h
# Python has these from 3.13 on. They never wait, so nobody else needs to run meanwhile.
_libc = ctypes.PyDLL(None, use_errno=True)
_timerfd_settime = _libc.timerfd_settime


class TimerError(PyvrrpError):
    """The kernel gives no timer."""


class Timer(Protocol):
    """Wakes somebody at one moment, once."""

    def set(self, at: float) -> None:
        """Wake at this time of the loop and at no other; infinity for never. Whoever is woken
        has to set it again, or is woken for ever."""

    def close(self) -> None:
        """Wake nobody any more."""


class _Setting(ctypes.Structure):
    """struct itimerspec of two struct timespec (timerfd_settime(2)); the interval stays zero."""

    _fields_ = (
        ("interval", ctypes.c_long * 2),
        ("seconds", ctypes.c_long),
        ("nanoseconds", ctypes.c_long),
    )


class KernelTimer:
    """`wake` is called on the loop. Its time has to be CLOCK_MONOTONIC, as asyncio's is.

    Raises: TimerError when there are no more descriptors.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, wake: Callable[[], object]) -> None:
        self._loop = loop
        self._descriptor = _libc.timerfd_create(time.CLOCK_MONOTONIC, _NONBLOCK_CLOEXEC)
        if self._descriptor < 0:
            raise TimerError(f"cannot make a timer: {os.strerror(ctypes.get_errno())}")
        self._setting = _Setting()
        self._reference = ctypes.byref(self._setting)
        loop.add_reader(self._descriptor, wake)

    def set(self, at: float) -> None:
        """Wake at this time of the loop and at no other; one that has passed means now.

        Raises: TimerError for a time that the kernel cannot tell.
        """
        if self._descriptor < 0:
            return
        setting = self._setting
        nanoseconds = 0 if at == inf else max(int(at * 1e9), 0) + 1  # zero stops it
        setting.seconds, setting.nanoseconds = divmod(nanoseconds, 1_000_000_000)
        if _timerfd_settime(self._descriptor, _ABSOLUTE, self._reference, None):
            raise TimerError(f"cannot set a timer to {at}: {os.strerror(ctypes.get_errno())}")

    def close(self) -> None:
        """Wake nobody any more, whatever is set."""
        if self._descriptor >= 0:
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1
