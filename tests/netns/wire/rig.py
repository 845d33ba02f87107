"""The device under test in one host, the tester in another, a cable between them.

The device is the library, on an event loop in a thread of its own that lives in the host's network
namespace. The tester sends raw frames and captures; every time is the kernel's stamp of a frame at
the tester's end, its own frames included.
"""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from typing import Any, TypeVar

from netnslab import Capture, DeadlinePassed, Frame, Host, wait_until
from pyvrrp import (
    AnnounceSchedule,
    Counters,
    StateChange,
    StateName,
    Version,
    VirtualMac,
    VirtualRouter,
    VrrpRouter,
)
from pyvrrp import VirtualRouterSettings as Settings

from .frames import Heard, read_advert

__all__ = [
    "DEVICE_LINK_LOCAL",
    "DEVICE_MAC",
    "EARLY",
    "Device",
    "Wire",
    "late",
    "settings",
    "with_virtual_mac",
]

T = TypeVar("T")

DEVICE_MAC = "02:00:00:00:01:01"
DEVICE_LINK_LOCAL = "fe80::ff:fe00:101"
"""What the kernel makes of that MAC address (RFC 4291, appendix A)."""
EARLY = 0.001  # s
_QUIET = AnnounceSchedule(repeat=1, delay=0, lower_priority_repeat=1, lower_priority_delay=0)
_PLAIN = VirtualMac()
_ADDRESSES = {4: ("192.0.2.100/24",), 6: ("fe80::100/64", "2001:db8::100/64")}


def late(expected: float) -> float:
    """The latest moment for something due after `expected` seconds (conformance section 0)."""
    return expected + max(0.020, 0.05 * expected)


def settings(
    *addresses: str, family: int = 4, vrid: int = 51, interface: str = "eth0", **protocol: Any
) -> Settings:
    """A Virtual Router with a 100 ms interval that announces once."""
    protocol.setdefault("announce", _QUIET)
    if protocol.get("version") is not Version.V2:
        protocol.setdefault("advertisement_interval", 0.1)
    name = f"v{vrid}-{family}"
    return Settings.of(name, interface, vrid, addresses or _ADDRESSES[family], **protocol)


def with_virtual_mac(wanted: Settings, virtual_mac: VirtualMac | None = _PLAIN) -> Settings:
    """The same Virtual Router on a virtual MAC link."""
    return replace(wanted, virtual_mac=virtual_mac)


class Device:
    """A `VrrpRouter` in a host. Use as a context manager."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.changes: list[tuple[str, StateChange]] = []
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"device {host.name}")
        self._error: BaseException | None = None

    def __enter__(self) -> Device:
        gc.freeze()  # in a long run, collecting what other tests left takes a quarter of a second
        self._thread.start()
        assert self._ready.wait(5)
        if self._error is not None:
            raise self._error
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(5)
        gc.unfreeze()
        assert not self._thread.is_alive()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            with self.host.entered():  # this thread alone, for good
                asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001 - raised again in the test's thread
            self._error = error
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        async with VrrpRouter(lambda r, c: self.changes.append((r.name, c))) as self.router:
            self._ready.set()
            await self._stopping.wait()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the device's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(5)

    def call(self, function: Callable[..., T], *arguments: Any) -> T:
        """Call a function on the device's loop."""

        async def work() -> T:
            return function(*arguments)

        return self.run(work())

    def add(self, wanted: Settings) -> VirtualRouter:
        return self.run(self.router.add(wanted))

    def remove(self, router: VirtualRouter) -> None:
        self.run(self.router.remove(router))

    def counters(self, router: VirtualRouter) -> Counters:
        return self.call(lambda: deepcopy(router.counters))

    def wait_state(self, router: VirtualRouter, state: StateName, timeout: float = 5.0) -> None:
        """Wait until a state is reached, and all that belongs to it is done."""
        wait_until(
            lambda: self.call(lambda: router.state_name) is state,
            what=f"{router.name} to be {state.value}",
            timeout=timeout,
            interval=0.001,
        )

    def wait_active(self, router: VirtualRouter, timeout: float = 5.0) -> None:
        self.wait_state(router, StateName.ACTIVE, timeout)

    def active(self, wanted: Settings) -> VirtualRouter:
        """Add a Virtual Router and wait until it is Active."""
        router = self.add(wanted)
        self.wait_active(router)
        return router


class Wire:
    """Sends and captures at its end of the cable."""

    def __init__(self, host: Host, interface: str = "eth0") -> None:
        self.host = host
        self.mac = host.link(interface).mac
        self.capture: Capture = host.capture(interface, ())
        with host.entered():
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
            self._socket.bind((interface, 0))

    def close(self) -> None:
        self.capture.stop()
        self._socket.close()

    @property
    def mark(self) -> int:
        """How many frames there are by now."""
        return len(self.capture.frames)

    def send(self, frame: bytes) -> float:
        """Send a frame; when it left."""
        start = self.mark
        self._socket.send(frame)
        sent = self.wait(lambda f: f.outgoing and f.data == frame, start=start, what="our frame")
        return sent.monotonic

    def send_blind(self, frame: bytes) -> None:
        """Send a frame and look at nothing."""
        self._socket.send(frame)

    def wait(
        self,
        wanted: Callable[[Frame], object],
        *,
        what: str,
        start: int = 0,
        timeout: float = 5.0,
    ) -> Frame:
        return self.capture.wait(wanted, what=what, start=start, timeout=timeout)

    def heard(
        self, vrid: int = 51, *, start: int = 0, family: int = 4, ours: bool = False
    ) -> list[Heard]:
        """The device's Advertisements (or the tester's) so far."""
        found = (
            read_advert(f.data, f.monotonic, f.outgoing) for f in self.capture.frames_from(start)
        )
        return [
            h
            for h in found
            if h is not None
            and (h.outgoing is ours)
            and h.vrid == vrid
            and (":" in h.source) is (family == 6)
        ]

    def wait_advert(
        self,
        vrid: int = 51,
        *,
        start: int = 0,
        family: int = 4,
        timeout: float = 5.0,
        after: float = 0.0,
        wanted: Callable[[Heard], object] = lambda _: True,
    ) -> Heard:
        """The device's first Advertisement later than `after`."""
        found: list[Heard] = []

        def is_it(frame: Frame) -> bool:
            if frame.outgoing or frame.monotonic <= after:
                return False
            heard = read_advert(frame.data, frame.monotonic, False)
            if heard is None or heard.vrid != vrid or (":" in heard.source) is not (family == 6):
                return False
            if wanted(heard):
                found.append(heard)
            return bool(found)

        self.wait(is_it, what=f"an Advertisement of VRID {vrid}", start=start, timeout=timeout)
        return found[0]

    def wait_adverts(self, count: int, vrid: int = 51, *, start: int, **more: Any) -> list[Heard]:
        """The device's first `count` Advertisements from frame `start` on."""
        wait_until(
            lambda: len(self.heard(vrid, start=start, **more)) >= count,
            what=f"{count} Advertisements of VRID {vrid}",
            interval=0.002,
        )
        return self.heard(vrid, start=start, **more)[:count]

    def watch(self, seconds: float) -> None:
        """Let time pass while the capture runs: how long silence has to last is the point."""
        try:
            self.wait(lambda _: False, what="nothing", start=self.mark, timeout=seconds)
        except DeadlinePassed:
            return

    def watch_until(self, moment: float) -> None:
        if moment > time.monotonic():
            self.watch(moment - time.monotonic())

    @contextmanager
    def flood(self, frames: list[bytes], period: float) -> Iterator[list[float]]:
        """Send frames in turn, one every `period` seconds, until the block ends; when each left."""
        ended = threading.Event()
        sent: list[float] = []

        def run() -> None:
            due = time.monotonic()
            while not ended.wait(max(0.0, due - time.monotonic())):
                sent.append(time.monotonic())
                self._socket.send(frames[len(sent) % len(frames)])
                due += period

        thread = threading.Thread(target=run, name="flood")
        thread.start()
        try:
            yield sent
        finally:
            ended.set()
            thread.join()
