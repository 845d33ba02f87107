"""The kernel's table is kept equal to the wanted one, whoever changes either.

What is wanted is told service by service; only that service's difference to what the kernel was last
seen to have is carried out, in batches with a turn of the event loop in between. Nothing is proportional to
the whole table but the first read.

IPVS tells nobody when its table changes, so it is looked at again all the time, in two ways:

* a `Glance` every second says which services changed, and these are read and set right at once;
* in a round, the services and the destinations of each of ours are read and compared, for what a
  glance does not show (thresholds, tunnel options), or for all when there is none.

Either keeps to its share of one processor, in short turns: a glance takes a longer pause after it when it
took longer. 2 % are a glance a second at about 5,000 destinations natively (1,000 in User-Mode Linux);
beyond, the time until a foreign change is set right grows in proportion. A round takes four times the
time for a thousand destinations at 10 to 50 µs each and a service at 100 to 300.

An operation that fails makes the service unknown: it is read and compared again, and when the kernel
still refuses, it is tried again at growing intervals.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from math import inf
from typing import Protocol

from .core.operations import Operation
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
from .glance import Glance, Suspects

__all__ = ["FailedOperation", "KernelTable", "Repair", "TableUpkeep"]

logger = logging.getLogger(__name__)

SHARE = 0.02
"""Of one processor, for looking at the table again."""

ROUND_SHARE = 0.005
"""Of one processor, for reading what was not seen to change."""

_BATCH = 200  # operations a turn: about 1 ms natively, 11 ms in User-Mode Linux
_ROUND = 1.0  # s from the start of one reading of the table to the next, at least
_SLICE = 0.002  # s of reading a turn
_PAUSE = 0.01  # s between two turns of reading, at least
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
        "settings_read",
        "wanted",
    )

    def __init__(self) -> None:
        self.wanted: Service | None = None
        self.owned: AbstractSet[Destination] = _NONE
        self.former: AbstractSet[Destination] = _NONE
        self.observed: Service | None = None
        self.settings_read: ServiceSettings | None = None
        self.is_known = False
        self.is_repair = False
        self.refusals = 0
        self.retry_at = -inf

    def operations(self, key: ServiceKey) -> tuple[Operation, ...]:
        """What makes the observed into the wanted."""
        owned = {key: self.owned | self.former if self.former else self.owned}
        return plan(_table(key, self.wanted), _table(key, self.observed), owned)


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
        self._services: Mapping[ServiceKey, ServiceSettings] | None = None
        self._settling: asyncio.Handle | None = None
        self._waiting: list[asyncio.Future[None]] = []
        self._round: deque[ServiceKey] = deque()
        self._next_round = 0.0
        self._reading: asyncio.Handle | None = None
        self._glance: Glance | None = None
        self._is_looking = False
        self._is_closed = False
        self._next_look = 0.0
        self._looking: asyncio.Handle | None = None
        self._suspects: deque[ServiceKey] = deque()
        self._complaints: dict[ServiceKey | str, str] = {}

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

    def start_reading(self, glance: Glance | None = None) -> None:
        """Compare the kernel's table with the wanted one from now on; `glance` is closed with us."""
        self._glance = glance
        self._next_round = self._next_look = self._loop.time() + _ROUND
        self._reading = self._loop.call_at(self._next_round, self._read_on)
        if glance is not None:
            self._looking = self._loop.call_soon(self._look_on)

    def close(self) -> None:
        """Neither read nor change the table any more."""
        self._is_closed = True
        for handle in (self._reading, self._looking, self._settling):
            if handle is not None:
                handle.cancel()
        self._reading = self._looking = self._settling = None
        if self._glance is not None:
            self._glance.close()
            self._glance = None
        self._wake_waiting()

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
        while self._changed and len(self._operations) < _BATCH and self._loop.time() <= end:
            key = next(iter(self._changed))
            del self._changed[key]
            entry = self._entries[key]
            if not entry.is_known and not self._learn(key, entry):
                continue
            operations = entry.operations(key)
            if entry.is_repair and operations:
                self._repairs.append(Repair(key, operations))
            entry.is_repair, entry.settings_read = False, None
            entry.observed = entry.wanted  # unless it is refused, which makes the entry unknown
            self._operations += operations

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
            self._complain("kernel", str(exc))
            self._put_off(key, entry)
            return False
        entry.is_known = True
        return True

    def _apply_some(self) -> None:
        batch = [self._operations.popleft() for _ in range(min(_BATCH, len(self._operations)))]
        try:
            failures = self._kernel.apply(batch)
        except HealthcheckError as exc:
            self._complain("kernel", str(exc))
            for key in dict.fromkeys(operation.key for operation in batch):
                self._put_off(key, self._entries[key])
            return
        for key, text in {f.operation.key: f.text for f in failures}.items():
            self._refuse(key, text)

    def _refuse(self, key: ServiceKey, text: str) -> None:
        """The first time the table may have changed under our hands: compare anew at once."""
        entry = self._entries[key]
        self._services = None
        if entry.refusals == 0:
            entry.refusals, entry.is_known = 1, False
            self._touch(key)
            return
        self._complain(key, text)
        self._put_off(key, entry)

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

    def _complain(self, key: ServiceKey | str, text: str) -> None:
        if self._complaints.get(key) != text:
            self._complaints[key] = text
            logger.error("%s", text)

    # Looking at it again.

    def _look_on(self) -> None:
        """One turn of a glance, or of setting right what it found."""
        began = self._loop.time()
        try:
            self._look_some(began)
        except (HealthcheckError, OSError) as exc:
            self._complain("look", f"a look at the IPVS table: {exc}")
        ended = self._loop.time()
        if self._suspects:
            again = ended
        elif self._is_looking:
            again = ended + max(_PAUSE, (ended - began) / SHARE)
        else:
            again = max(ended + (ended - began) / SHARE, self._next_look)
        self._looking = self._loop.call_at(again, self._look_on)

    def _look_some(self, began: float) -> None:
        if self._suspects:
            self._compare_suspects(began)
        elif self._glance is not None:
            if not self._is_looking:
                self._is_looking, self._next_look = True, began + _ROUND
            found = self._glance.look_on()
            if found is not None:
                self._is_looking = False
                self._complaints.pop("look", None)
                self._suspect(found)

    def _suspect(self, found: Suspects) -> None:
        """What changed is read: by whom, is not known before."""
        for key, is_service in found.items():
            entry = self._entries.get(key)
            if entry is None or entry.wanted is None or entry.observed is None:
                continue
            if not is_service:
                entry.settings_read = entry.observed.settings
                self._suspects.append(key)
            elif entry.is_known:
                entry.is_known, entry.is_repair = False, key not in self._changed
                self._touch(key)

    def _compare_suspects(self, began: float) -> None:
        while self._suspects and self._loop.time() - began < _SLICE:
            key = self._suspects.popleft()
            entry = self._entries.get(key)
            if entry is not None:
                self._compare(key, entry)

    # Reading it again.

    def _read_on(self) -> None:
        """One turn of comparing; the pause after it keeps us within our share."""
        began = self._loop.time()
        try:
            if self._settling is None:
                self._read_some(began)
        except HealthcheckError as exc:
            self._complain("kernel", str(exc))
            self._round.clear()
        ended = self._loop.time()
        share = SHARE if self._glance is None else ROUND_SHARE
        again = ended + max(_PAUSE, (ended - began) / share)
        if not self._round:
            again = max(again, self._next_round)
        self._reading = self._loop.call_at(again, self._read_on)

    def _read_some(self, began: float) -> None:
        if not self._round:
            self._next_round = began + _ROUND
            self._begin_round()
        while self._round:
            key = self._round.popleft()
            entry = self._entries.get(key)
            if entry is not None:
                self._compare(key, entry)
            if self._loop.time() - began >= _SLICE:
                return

    def _begin_round(self) -> None:
        """Compare the services themselves; the destinations of those that are there come after."""
        services = self._kernel.read_services()
        self._complaints.pop("kernel", None)
        for key, entry in list(self._entries.items()):
            if not entry.is_known:
                continue  # it is tried again when its time has come
            if entry.wanted is None:
                del self._entries[key]  # it is gone, and no longer ours if it came again
            elif key not in services:
                entry.observed, entry.is_repair = None, True
                self._touch(key)
            else:
                entry.settings_read = services[key]
                self._round.append(key)

    def _compare(self, key: ServiceKey, entry: _Entry) -> None:
        settings, entry.settings_read = entry.settings_read, None
        if settings is None or not entry.is_known:
            return  # what is wanted changed since, and with it the table
        if key in self._changed:
            entry.is_known = False  # read it when it is planned
            return
        entry.observed = Service(settings, self._kernel.read_destinations(key))
        if entry.observed != entry.wanted and entry.operations(key):
            entry.is_repair = True
            self._touch(key)
            return
        entry.former, entry.refusals = _NONE, 0
        self._complaints.pop(key, None)


_NONE: AbstractSet[Destination] = frozenset()


def _table(key: ServiceKey, service: Service | None) -> Table:
    return {} if service is None else {key: service}
