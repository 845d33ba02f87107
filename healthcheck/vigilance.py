"""IPVS tells nobody when its table changes, so it is looked at again all the time, in two ways.

* A `Glance` every second says which services changed; these are read and set right at once.
* In a round, the services and the destinations of each of ours are read and compared: for what a
  glance does not show (thresholds, tunnel options), or for all when there is none, or none that
  shows every service.

Either is made in short turns of a few milliseconds, with pauses that keep it to its share of one
processor, but not longer than a bound: on a busy machine a turn takes longer than it costs. So a look
comes every second with up to about a thousand destinations on any machine, and beyond that natively
(a look at 10,000 reads 660 kB of /proc). With more, the time until a foreign change is set right
grows in proportion, up to `LONGEST_PAUSE` for every 64 kB. A round takes far longer, a minute or two
for some thousand services.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque

from .core.table import Service, ServiceKey, ServiceSettings
from .errors import HealthcheckError
from .glance import Glance
from .upkeep import KernelTable, TableUpkeep

__all__ = ["Vigilance"]

logger = logging.getLogger(__name__)

SHARE = 0.02
"""Of one processor, for looking at the table again."""

ROUND_SHARE = 0.005
"""Of one processor, for reading what was not seen to change."""

SUSPECT_SHARE = 0.25
"""Of one processor, for reading what was seen to change, or was written."""

LONGEST_PAUSE = 0.5
"""Seconds between two turns, whatever the share."""

_PERIOD = 1.0  # s from the start of one look, or round, to the next, at least
_SLICE = 0.002  # s of reading a turn
_SHORT_GLANCES = 3  # rounds after which a glance is not believed any more
_PAUSE = 0.01  # s between two turns, at least


class Vigilance:
    """Watches the table that an upkeep keeps, from now on; `glance` is closed with us."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        kernel: KernelTable,
        upkeep: TableUpkeep,
        glance: Glance | None = None,
    ) -> None:
        self._loop = loop
        self._kernel = kernel
        self._upkeep = upkeep
        self._glance = glance
        self._short_glances = 0
        self._suspects: deque[tuple[ServiceKey, bool]] = deque()
        self._is_looking = False
        self._written: dict[ServiceKey, bool] = {}
        self._round: deque[tuple[ServiceKey, ServiceSettings]] = deque()
        self._next_look = self._next_round = loop.time() + _PERIOD
        self._reading: asyncio.Handle = loop.call_at(self._next_round, self._read_on)
        self._looking: asyncio.Handle | None = None
        if glance is not None:
            self._looking = loop.call_soon(self._look_on, glance)

    def close(self) -> None:
        """Watch no more."""
        self._reading.cancel()
        self._give_up_glances()

    def _give_up_glances(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
        if self._glance is not None:
            self._glance.close()
            self._glance = None
        self._suspects.clear()

    # Glances.

    def _look_on(self, glance: Glance) -> None:
        """One turn of a glance, or of reading what it found."""
        began = self._loop.time()
        try:
            if self._suspects:
                self._read_suspects(began)
            else:
                self._look_some(glance, began)
        except (HealthcheckError, OSError) as exc:
            self._upkeep.complaints.make("look", f"a look at the IPVS table: {exc}")
        ended = self._loop.time()
        if self._suspects:
            again = ended + _pause(ended - began, SUSPECT_SHARE)
        elif self._is_looking:
            again = ended + _pause(ended - began, SHARE)
        else:
            again = max(ended + _pause(ended - began, SHARE), self._next_look)
        self._looking = self._loop.call_at(again, self._look_on, glance)

    def _look_some(self, glance: Glance, began: float) -> None:
        if not self._is_looking:
            self._is_looking, self._next_look = True, began + _PERIOD
            self._written = self._upkeep.take_written()
        found = glance.look_on()
        if found is None:
            return
        self._is_looking = False
        self._upkeep.complaints.settle("look")
        # What we wrote between two looks may be gone again, as neither look can show.
        for key, is_service in self._written.items():
            self._suspects.append((key, is_service or found.get(key, False)))
        self._suspects.extend(item for item in found.items() if item[0] not in self._written)

    def _read_suspects(self, began: float) -> None:
        """By whom something was changed is not known before; we may be at it ourselves."""
        if not self._upkeep.is_settled:
            return
        while self._suspects and self._loop.time() - began < _SLICE:
            key, is_service = self._suspects.popleft()
            believed = self._upkeep.believed(key)
            if is_service:
                self._upkeep.doubt(key)
            elif believed is not None:
                self._compare(key, believed.settings)

    # Rounds.

    def _read_on(self) -> None:
        """One turn of a round."""
        began = self._loop.time()
        try:
            if self._upkeep.is_settled:
                self._read_some(began)
        except HealthcheckError as exc:
            self._upkeep.complaints.make("kernel", str(exc))
            self._round.clear()
        ended = self._loop.time()
        share = SHARE if self._glance is None else ROUND_SHARE
        again = ended + _pause(ended - began, share)
        if not self._round:
            again = max(again, self._next_round)
        self._reading = self._loop.call_at(again, self._read_on)

    def _read_some(self, began: float) -> None:
        if not self._round:
            self._next_round = began + _PERIOD
            self._begin_round()
        while self._round:
            key, settings = self._round.popleft()
            believed = self._upkeep.believed(key)
            # Other settings than at the start of the round: they were changed since.
            if believed is not None and believed.settings == settings:
                self._compare(key, settings)
            if self._loop.time() - began >= _SLICE:
                return

    def _begin_round(self) -> None:
        """Compare the services themselves; the destinations of each come after."""
        services = self._kernel.read_services()
        self._upkeep.complaints.settle("kernel")
        self._judge_glances(len(services))
        self._upkeep.forget_removed()
        for key, believed in list(self._upkeep.known()):
            settings = services.get(key)
            if settings is None:
                self._upkeep.doubt(key)
            elif settings == believed.settings:
                self._round.append((key, settings))
            else:
                self._compare(key, settings)

    def _judge_glances(self, services: int) -> None:
        """One that is behind shows too few services for a moment, one that leaves some out always."""
        shown = self._glance.services if self._glance is not None else None
        self._short_glances += 1
        if shown is None or shown >= services:
            self._short_glances = 0
        elif self._short_glances >= _SHORT_GLANCES:
            logger.info("/proc/net/ip_vs leaves services out; the IPVS table is read instead")
            self._give_up_glances()

    def _compare(self, key: ServiceKey, settings: ServiceSettings) -> None:
        self._upkeep.found(key, Service(settings, self._kernel.read_destinations(key)))


def _pause(spent: float, share: float) -> float:
    return min(LONGEST_PAUSE, max(_PAUSE, spent / share))
