"""The moments at which addresses appear on a host and go away."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from .interfaces import Address, AddressChange, open_monitor, parse_changes
from .reader import SocketReader

__all__ = ["AddressWatch", "TimedChange"]


@dataclass(frozen=True, slots=True)
class TimedChange:
    """An address change, and when it was read: seconds of `time.monotonic`."""

    time: float
    change: AddressChange


class AddressWatch:
    """Records a namespace's address changes from its making until `stop`. Made by `Host.watch`.

    The kernel tells an IPv6 address twice, when it is added and when it is found unique; what
    changes nothing is left out.
    """

    def __init__(self, namespace: str) -> None:
        self._lock = threading.Lock()
        self._changes: list[TimedChange] = []
        self._last: dict[Address, bool] = {}
        self._socket = open_monitor(namespace)
        self._socket.setblocking(False)
        self._reader = SocketReader(self._socket, self._read, f"watch {namespace}")

    def __enter__(self) -> AddressWatch:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def changes(self) -> list[TimedChange]:
        """What happened so far, in order."""
        self._reader.read_now()
        with self._lock:
            return list(self._changes)

    def stop(self) -> list[TimedChange]:
        """End the recording; return the changes. May be repeated."""
        self._reader.stop()
        return self.changes

    def _read(self) -> None:
        while True:
            datagram = self._socket.recv(1 << 16)
            now = time.monotonic()
            for change in parse_changes(datagram):
                if self._last.get(change.address) != change.added:
                    self._last[change.address] = change.added
                    with self._lock:
                        self._changes.append(TimedChange(now, change))
