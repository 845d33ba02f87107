"""Waiting for a condition with a deadline, in place of sleeping and hoping."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from .errors import DeadlinePassed

__all__ = ["wait_until"]

T = TypeVar("T")


def wait_until(
    condition: Callable[[], T], *, what: str, timeout: float = 5.0, interval: float = 0.005
) -> T:
    """Call `condition` every `interval` seconds until its result is true; return that result.

    It is called at least once, and once more after the deadline, so a slow machine does not turn
    a condition that came true into a failure. `what` completes "waited 5 s for ...".
    Raises: DeadlinePassed after `timeout` seconds; whatever the condition raises.
    """
    deadline = time.monotonic() + timeout
    while True:
        late = time.monotonic() >= deadline
        if result := condition():
            return result
        if late:
            raise DeadlinePassed(f"waited {timeout:g} s in vain for {what}")
        time.sleep(interval)
