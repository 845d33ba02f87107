"""An event loop whose clock jumps to whatever is due next: hours of checks in no time."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _JumpingSelector(selectors.DefaultSelector):  # type: ignore[misc, valid-type]
    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            raise RuntimeError("every task waits and no timer runs: a deadlock")
        if ready := super().select(0):
            return ready
        self.now += max(0.0, timeout)
        return super().select(0)


class VirtualClockLoop(asyncio.SelectorEventLoop):
    """Time passes only in `select`, or when a test adds to `selector.now` to say what a step cost."""

    def __init__(self) -> None:
        self.selector = _JumpingSelector()
        super().__init__(self.selector)

    def time(self) -> float:
        return self.selector.now

    def spend(self, seconds: float) -> None:
        """The step under way takes so long."""
        self.selector.now += seconds


def run(scenario: Coroutine[Any, Any, T], loop: VirtualClockLoop | None = None) -> T:
    """Run a scenario to its end on a virtual clock that starts at 0."""
    loop = loop or VirtualClockLoop()
    try:
        return loop.run_until_complete(scenario)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
