"""Making processes by fork: what a new one must not inherit, and how it ends.

A child starts with default signals (reload and dump requests ignored until it can answer them),
with the descriptors it was promised and no others, and leaves by `os._exit`, so that nothing of
its parent's stack runs twice.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from typing import NoReturn

from . import log
from .options import SIGNALS

__all__ = [
    "FATAL",
    "INTERNAL_ERROR",
    "NO_PERMISSION",
    "ORDERS",
    "describe_status",
    "fork",
    "freeze",
    "hear_orders",
    "reap_strangers",
]

FATAL = 1
NO_PERMISSION = 4
INTERNAL_ERROR = 70
"""Exit codes, keepalived's; an unusable configuration brings its own (2 or 6)."""

ORDERS = frozenset({signal.SIGTERM, signal.SIGINT})
"""To stop."""

_log = logging.getLogger(__name__)

_REQUESTS = {SIGNALS[name] for name in ("RELOAD", "DATA", "STATS", "STATS_CLEAR", "JSON")}


def freeze() -> None:
    """Keep the garbage collector off what exists now, so that forked copies stay shared."""
    gc.collect()
    gc.freeze()


def fork(body: Callable[[], int], keep: Iterable[int], held: Iterable[int] = ()) -> int:
    """Run `body` in a new process and exit with its result; returns the process id.

    Standard streams and the descriptors in `keep` stay open there, all others are closed. The
    signals `held` wait until `body` unblocks them.
    Raises: OSError when there can be no further process.
    """
    descriptors = sorted({0, 1, 2, *keep})
    # A signal between fork and reset would be handled by the parent's handlers, in the child.
    blocked = signal.pthread_sigmask(signal.SIG_SETMASK, signal.valid_signals())
    try:
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            _become(body, descriptors, {*blocked, *held})
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    return pid


def reap_strangers(own: Collection[int]) -> None:
    """Take leave of dead processes that were not forked here: process 1 inherits them, and the
    daemon only as that (quirk: orphans-of-scripts).

    The dead among `own` are left for who waits for them; what is behind them has to wait too.
    """
    with suppress(ChildProcessError):
        while dead := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            if dead.si_pid in own:
                return
            os.waitpid(dead.si_pid, os.WNOHANG)


def hear_orders() -> None:
    """From now on what was told to stop stops: those ORDERS that were held back arrive now."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ORDERS)


def _become(body: Callable[[], int], descriptors: list[int], blocked: Iterable[int]) -> NoReturn:
    code = INTERNAL_ERROR
    try:
        code = _run(body, descriptors, blocked)
    finally:
        # Also for SystemExit: nothing may reach the frames of the parent, which exist here too.
        _leave(code)


def _run(body: Callable[[], int], descriptors: list[int], blocked: Iterable[int]) -> int:
    try:
        signal.set_wakeup_fd(-1)
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            handler = signal.SIG_IGN if number in _REQUESTS else signal.SIG_DFL
            with suppress(OSError, ValueError):  # glibc keeps two real-time signals to itself
                signal.signal(number, handler)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        log.stop()
        _close_all_but(descriptors)
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        return body()
    except Exception:  # noqa: BLE001  # the one place: whatever it is, it ends this process only
        _log.critical("internal error", exc_info=True)
        return INTERNAL_ERROR


def _close_all_but(descriptors: list[int]) -> None:
    # Not by range: where close_range(2) is missing, a limit of a billion files takes minutes.
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208  # a Path for each costs more
        if int(name) not in descriptors:
            with suppress(OSError):  # the listing's own descriptor is closed already
                os.close(int(name))


def _leave(code: int) -> NoReturn:
    log.stop()
    with suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def describe_status(status: int) -> str:
    """A wait status in words."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return f"was killed by signal {number} ({signal.strsignal(number)})"
    return f"exited with code {os.waitstatus_to_exitcode(status)}"
