"""The kernel's table is kept equal to the wanted one.

What is wanted is told service by service; only that service's difference to what the kernel was last
seen to have is carried out, in batches with a turn of the event loop in between. Nothing is proportional to
the whole table but the first read.

An operation that fails makes the service unknown: it is read and compared again, and when the kernel
still refuses, it is tried again at growing intervals. What others change is noticed by `vigilance`
(quirk: table-unwatched).
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from math import inf
from typing import Protocol

from .core.operations import BATCH, AddService, Operation, SetService
from .core.reconcile import plan
from .core.table import (
    Destination,
    DestinationSettings,
    Service,
    ServiceKey,
    ServiceSettings,
    Table,
)
from .errors import HealthcheckError

__all__ = ["Complaints", "FailedOperation", "KernelTable", "Repair", "TableUpkeep"]

logger = logging.getLogger(__name__)

_SLICE = 0.002  # s of reading a turn
_FIRST_RETRY = 1.0  # s until a refused service is tried again, doubled up to
_LAST_RETRY = 60.0


class FailedOperation(Protocol):
    """An operation that the kernel refused; `text` tells a person what and why."""

    @property
    def operation(self) -> Operation:
        """What was refused."""

    @property
    def text(self) -> str:
        """What and why, in one line."""


class KernelTable(Protocol):
    """The kernel's table, as `healthcheck.ipvs.Ipvs` gives it.

    All of them block for a moment, and raise HealthcheckError when the kernel does not answer.
    """

    def read_services(self) -> Mapping[ServiceKey, ServiceSettings]:
        """Every service, without its destinations."""

    def read_destinations(self, key: ServiceKey) -> Mapping[Destination, DestinationSettings]:
        """The destinations of one service; none when there is no such service."""

    def apply(self, operations: Sequence[Operation]) -> Sequence[FailedOperation]:
        """Carry out all operations in their order; what failed comes back."""


@dataclass(frozen=True, slots=True)
class Repair:
    """Somebody else had changed a service of ours; `operations` made it right again."""

    key: ServiceKey
    operations: tuple[Operation, ...]


class _Entry:
    """One service of ours: as wanted, and as the kernel has it for all we know. None: not there.

    Other destinations than the `owned` ones in it are somebody else's and stay. `former` were ours,
    and are until the kernel was seen without them.
    """

    __slots__ = (
        "former",
        "is_known",
        "is_repair",
        "observed",
        "owned",
        "refusals",
        "retry_at",
        "wanted",
    )

    def __init__(self) -> None:
        self.wanted: Service | None = None
        self.owned: AbstractSet[Destination] = _NONE
        self.former: AbstractSet[Destination] = _NONE
        self.observed: Service | None = None
        self.is_known = False
        self.is_repair = False
        self.refusals = 0
        self.retry_at = -inf

    def operations(self, key: ServiceKey) -> tuple[Operation, ...]:
        """What makes the observed into the wanted."""
        owned = {key: self.owned | self.former if self.former else self.owned}
        return plan(_table(key, self.wanted), _table(key, self.observed), owned)


class Complaints:
    """Errors in the log, each once while it lasts."""

    def __init__(self) -> None:
        self._made: dict[object, str] = {}

    def make(self, about: object, text: str) -> None:
        """There is trouble about something."""
        if self._made.get(about) != text:
            self._made[about] = text
            logger.error("%s", text)

    def settle(self, about: object) -> None:
        """There is none any more."""
        self._made.pop(about, None)


class TableUpkeep:
    """Owns the services it was told to want, until it is told otherwise.

    `on_repair` hears of every repair after it was made; `on_settled` runs whenever the kernel has
    all that is wanted (or has refused it).
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        kernel: KernelTable,
        on_repair: Callable[[Repair], None],
        on_settled: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._kernel = kernel
        self._on_repair = on_repair
        self._on_settled = on_settled
        self._entries: dict[ServiceKey, _Entry] = {}
        self._changed: dict[ServiceKey, None] = {}
        self._operations: deque[Operation] = deque()
        self._repairs: list[Repair] = []
        self._written: dict[ServiceKey, bool] = {}
        self._refused_once: set[ServiceKey] = set()
        self._services: Mapping[ServiceKey, ServiceSettings] | None = None
        self._settling: asyncio.Handle | None = None
        self._waiting: list[asyncio.Future[None]] = []
        self._is_closed = False
        self.complaints = Complaints()

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to be carried out."""
        return self._settling is None

    @property
    def refused(self) -> tuple[ServiceKey, ...]:
        """The services that the kernel does not have as wanted, because it refused."""
        return tuple(key for key, entry in self._entries.items() if not entry.is_known)

    def own(self, key: ServiceKey, destinations: AbstractSet[Destination]) -> None:
        """From now on these destinations of a service are ours, wanted or not."""
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries[key] = _Entry()
        if entry.owned != destinations:
            entry.former |= entry.owned
            entry.owned = destinations
            if entry.wanted is not None:
                self._touch(key)

    def want(self, key: ServiceKey, service: Service | None) -> None:
        """From now on the kernel shall have `service` under `key`; None: nothing.

        Raises: KeyError, for what was never said to be our `own`.
        """
        entry = self._entries[key]
        if entry.wanted != service:
            entry.wanted = service
            entry.refusals, entry.retry_at = 0, -inf
            self._touch(key)

    async def wait_settled(self) -> None:
        """Return when everything wanted has been carried out, or refused."""
        if self._settling is not None:
            future: asyncio.Future[None] = self._loop.create_future()
            self._waiting.append(future)
            await future

    def close(self) -> None:
        """Change the table no more."""
        self._is_closed = True
        if self._settling is not None:
            self._settling.cancel()
            self._settling = None
        self._wake_waiting()

    # What is known of the kernel, for who watches it.

    def known(self) -> Iterator[tuple[ServiceKey, Service]]:
        """The services that the kernel has for all we know, as it has them."""
        for key, entry in self._entries.items():
            if entry.is_known and entry.observed is not None:
                yield key, entry.observed

    def believed(self, key: ServiceKey) -> Service | None:
        """One of these; None: none, not ours, or about to change."""
        entry = self._entries.get(key)
        return entry.observed if entry and entry.is_known and key not in self._changed else None

    def take_written(self) -> dict[ServiceKey, bool]:
        """What was written since the last call: services themselves (True), or destinations."""
        written, self._written = self._written, {}
        return written

    def found(self, key: ServiceKey, observed: Service | None) -> None:
        """The kernel has the service so: it is set right if that is not as wanted.

        Only for what is `believed`, and while all is settled.
        """
        entry = self._entries[key]
        entry.observed = observed
        if observed != entry.wanted and entry.operations(key):
            entry.is_repair = True
            self._touch(key)
            return
        entry.former, entry.refusals = _NONE, 0
        self.complaints.settle(key)

    def doubt(self, key: ServiceKey) -> None:
        """Somebody may have changed the service: read it, and set it right.

        Only while all is settled: what is read to settle one is not read again for the next.
        """
        entry = self._entries.get(key)
        if entry is not None and entry.is_known and entry.wanted is not None:
            entry.is_known, entry.is_repair = False, key not in self._changed
            self._touch(key)

    def forget_removed(self) -> None:
        """What is gone is no longer ours, should it come again."""
        gone = [
            k for k, e in self._entries.items() if e.is_known and e.wanted is e.observed is None
        ]
        for key in gone:
            if key not in self._changed:
                del self._entries[key]

    # Carrying out what is wanted.

    def _touch(self, key: ServiceKey) -> None:
        self._changed[key] = None
        if self._settling is None:
            self._settling = self._loop.call_soon(self._settle)

    def _settle(self) -> None:
        """One turn: plan a batch when nothing is planned, and carry out a batch."""
        if not self._operations:
            self._plan_some()
        if self._operations:
            self._apply_some()
        if self._operations or self._changed:
            self._settling = self._loop.call_soon(self._settle)
            return
        self._settling = self._services = None
        self._forgive()
        repairs, self._repairs = self._repairs, []
        for repair in repairs:
            self._on_repair(repair)
        self._on_settled()
        if self._settling is None:
            self._wake_waiting()

    def _wake_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    def _plan_some(self) -> None:
        """Plan services until there is a batch of operations, or the time is up."""
        end = self._loop.time() + _SLICE
        while self._changed and len(self._operations) < BATCH and self._loop.time() <= end:
            key = next(iter(self._changed))
            del self._changed[key]
            entry = self._entries[key]
            if not entry.is_known and not self._learn(key, entry):
                continue
            operations = entry.operations(key)
            if entry.is_repair and operations:
                self._repairs.append(Repair(key, operations))
            entry.is_repair = False
            entry.observed = entry.wanted  # unless it is refused, which makes the entry unknown
            self._operations += operations
            if operations:
                is_service = isinstance(operations[0], (AddService, SetService))
                self._written[key] = self._written.get(key, False) or is_service

    def _learn(self, key: ServiceKey, entry: _Entry) -> bool:
        """Read the service; False when that was not possible."""
        try:
            if self._services is None:
                self._services = self._kernel.read_services()
            settings = self._services.get(key)
            entry.observed = None
            if settings is not None:
                entry.observed = Service(settings, self._kernel.read_destinations(key))
        except HealthcheckError as exc:
            self.complaints.make("kernel", str(exc))
            self._put_off(key, entry)
            return False
        self.complaints.settle("kernel")
        entry.is_known = True
        return True

    def _apply_some(self) -> None:
        batch = [self._operations.popleft() for _ in range(min(BATCH, len(self._operations)))]
        try:
            failures = self._kernel.apply(batch)
        except HealthcheckError as exc:
            self.complaints.make("kernel", str(exc))
            for key in dict.fromkeys(operation.key for operation in batch):
                self._put_off(key, self._entries[key])
            return
        for key, text in {f.operation.key: f.text for f in failures}.items():
            self._refuse(key, text)

    def _refuse(self, key: ServiceKey, text: str) -> None:
        """The first time the table may have changed under our hands: compare anew at once."""
        entry = self._entries[key]
        self._services = None
        if key in self._refused_once and not entry.is_known:
            return  # more of the same attempt, which filled more than a batch
        if entry.refusals == 0:
            entry.refusals, entry.is_known = 1, False
            self._refused_once.add(key)
            self._touch(key)
            return
        self.complaints.make(key, text)
        self._put_off(key, entry)

    def _forgive(self) -> None:
        """What was compared anew and taken then is as good as never refused."""
        for key in self._refused_once:
            entry = self._entries.get(key)
            if entry is not None and entry.is_known:
                entry.refusals = 0
        self._refused_once.clear()

    def _put_off(self, key: ServiceKey, entry: _Entry) -> None:
        entry.is_known = False
        entry.refusals += 1
        delay = min(_LAST_RETRY, _FIRST_RETRY * 2.0 ** max(0, min(entry.refusals - 2, 10)))
        entry.retry_at = self._loop.time() + delay
        self._loop.call_at(entry.retry_at, self._retry, key, entry, entry.retry_at)

    def _retry(self, key: ServiceKey, entry: _Entry, at: float) -> None:
        """Unless it was wanted otherwise, and tried, since; or all is over."""
        if not (entry.is_known or self._is_closed) and entry.retry_at == at:
            self._touch(key)


_NONE: AbstractSet[Destination] = frozenset()


def _table(key: ServiceKey, service: Service | None) -> Table:
    return {} if service is None else {key: service}
