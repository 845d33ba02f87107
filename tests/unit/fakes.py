"""A clock, a loop and a host that do only what a test tells them to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from itertools import count
from math import ceil, inf
from typing import Any

from pyvrrp.core.events import InitializeReason
from pyvrrp.deadlines import Deadlines
from pyvrrp.link_states import LinkStates
from pyvrrp.net.monitor import InterfaceTable
from pyvrrp.net.rtnetlink import Change
from pyvrrp.rhythm import Rhythms


class Handle:
    def __init__(self) -> None:
        self.is_cancelled = False

    def cancel(self) -> None:
        self.is_cancelled = True


class FakeLoop:
    """The part of an event loop that edges use for time; `advance` moves it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.wakeups = 0
        self.readers: dict[int, Callable[[], Any]] = {}
        self._queue: list[tuple[float, int, Handle, Callable[[], Any]]] = []
        self._sequence = count()

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, callback: Callable[..., Any], *args: Any) -> Handle:
        return self.call_at(self.now + delay, callback, *args)

    def call_at(self, at: float, callback: Callable[..., Any], *args: Any) -> Handle:
        """Waits whole milliseconds, as epoll_wait does."""
        at = self.now + ceil((at - self.now) * 1000 - 1e-6) / 1000
        return self.call_exactly_at(at, callback, *args)

    def call_exactly_at(self, at: float, callback: Callable[..., Any], *args: Any) -> Handle:
        handle = Handle()
        at = max(at, self.now)
        heappush(self._queue, (at, next(self._sequence), handle, lambda: callback(*args)))
        return handle

    def call_soon(self, callback: Callable[..., Any], *args: Any) -> Handle:
        return self.call_at(self.now, callback, *args)

    def add_reader(self, descriptor: int, callback: Callable[..., Any], *args: Any) -> None:
        self.readers[descriptor] = lambda: callback(*args)

    def remove_reader(self, descriptor: int) -> None:
        del self.readers[descriptor]

    def advance(self, to: float, late: float = 0.0) -> None:
        """Run what is due until `to`, each `late` seconds after it was due."""
        while self._queue and self._queue[0][0] + late <= to:
            at, _, handle, callback = heappop(self._queue)
            if not handle.is_cancelled:
                self.now = max(self.now, at + late)
                self.wakeups += 1
                callback()
        self.now = max(self.now, to)


class FakeTimer:
    """What `KernelTimer` is on a real loop: exact."""

    def __init__(self, loop: Any, wake: Callable[[], object]) -> None:
        self._loop: FakeLoop = loop
        self._wake = wake
        self._handle = Handle()

    def set(self, at: float) -> None:
        self._handle.cancel()
        if at != inf:
            self._handle = self._loop.call_exactly_at(at, self._wake)

    def close(self) -> None:
        self._handle.cancel()
        self._wake = lambda: None


def make_deadlines(loop: FakeLoop, catch_up: Callable[[], object] = lambda: None) -> Deadlines:
    """Deadlines in the time of a fake loop."""
    return Deadlines(as_loop(loop), catch_up, timer=FakeTimer)


def as_loop(loop: FakeLoop) -> asyncio.AbstractEventLoop:
    """The same object, for signatures that want a whole event loop."""
    return loop  # type: ignore[return-value]


def _shown(operation: Any) -> Any:
    if isinstance(operation, Change):
        return str(operation)
    return type(operation).__name__, str(operation.address)


class FakeHost:
    """A host for one Virtual Router; everything asked of it is in `log`, in order, and what else
    happened in `occurrences`."""

    def __init__(self) -> None:
        self.loop = FakeLoop()
        self.deadlines = make_deadlines(self.loop)
        self.rhythms = Rhythms(self.deadlines)
        self.table = InterfaceTable()
        self.link_states = LinkStates(self.table, self.loop.call_later, lambda name: None)
        self.virtual_addresses: dict[Any, Any] = {}
        self.tracked_values: dict[Any, int] = {}
        self.group_fault: InitializeReason | None = None
        self.restores = False
        self.log: list[Any] = []
        self.occurrences: list[Any] = []
        self._senders: dict[str, FakeSender] = {}

    def time(self) -> float:
        return self.loop.now

    def change_kernel(self, operations: Sequence[Any]) -> None:
        self.log += [_shown(o) for o in operations]

    def filter(self, *, refuse: Sequence[Any] = (), accept: Sequence[Any] = ()) -> None:
        self.log += [("refuse", str(each.address), each.interface) for each in refuse]
        self.log += [("accept", str(each.address), each.interface) for each in accept]

    def set_link_up(self, index: int, *, up: bool) -> None:
        self.log.append(("link", index, up))

    def frames(self, interface: str) -> Any:
        if interface not in self._senders:
            self._senders[interface] = FakeSender(self.log, f"frame on {interface}")
        return self._senders[interface]

    def announce(self, router: Any, frames: Any, count: int) -> None:
        self.log.append(("announce", len(frames), count))

    def repeat(self, router: Any, frames: Any, count: int) -> None:
        self.log.append(("repeat", len(frames), count))

    def fault_in_group(self, router: Any) -> InitializeReason | None:
        return self.group_fault

    def changed(self, router: Any, change: Any) -> None:
        self.log.append((change.previous.value, change.current.value, change.reason))

    def occurred(self, router: Any, what: Any) -> None:
        self.occurrences.append((what, router.config.priority))

    def dispossessed(self, router: Any) -> None:
        self.log.append("dispossessed")

    def promotion_requested(self, router: Any) -> None:
        self.log.append("promotion requested")

    def take_log(self) -> list[Any]:
        taken, self.log[:] = list(self.log), []
        return taken


class FakeSender:
    def __init__(self, log: list[Any], name: str) -> None:
        self._log = log
        self._name = name

    def wrap(self, message: bytes) -> bytes:
        return message

    def send(self, message: bytes) -> int:
        self._log.append((self._name, message.hex()))
        return len(message)


class FakeReceiver:
    """Takes datagrams from `waiting`; joins and leaves are in `groups`."""

    def __init__(self, family: Any, interface: str, index: int, buffer: int, protocol: int) -> None:
        self.waiting: list[bytes] = []
        self.groups: list[str] = []

    def fileno(self) -> int:
        return 99

    def join(self, group: Any) -> None:
        self.groups.append(str(group))

    def leave(self, group: Any) -> None:
        self.groups.remove(str(group))

    def grow_buffer(self, octets: int) -> None:
        pass

    def read(self, limit: int) -> list[bytes]:
        taken, self.waiting = self.waiting[:limit], self.waiting[limit:]
        return taken

    def close(self) -> None:
        pass
