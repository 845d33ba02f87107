"""IPVS tells nobody when its table changes, so it is looked at again all the time, in two ways.

* A `Glance` every second says which services changed; these are read and set right at once. Then
  follows another at once: who flushes the table, or loads another, may have been at it meanwhile.
* In a round, the services and the destinations of each of ours are read and compared: for what a
  glance does not show (thresholds, tunnel options), or for all when there is none, or none that
  shows every service.

Either is made in short turns of a few milliseconds of processor time, with pauses that keep it to
its share of one processor. Both are measured by the time it used, not by the time that passed, or it
would get on the worse the busier the machine is. A glance takes more than its share, up to `MOST_SHARE`, when it
could not be over in `GLANCE_TIME` otherwise, as with some thousand destinations where a system call is
dear. So a foreign change is noticed within `GLANCE_TIME` and a second. With so many destinations that
`MOST_SHARE` is not enough, that grows in proportion. A round takes far longer, a minute or two for some
thousand services.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Mapping

from .core.table import Service, ServiceKey, ServiceSettings
from .errors import HealthcheckError
from .glance import Glance
from .upkeep import KernelTable, TableUpkeep

__all__ = ["Vigilance"]

logger = logging.getLogger(__name__)

SHARE = 0.02
"""Of one processor, for looking at the table again."""

MOST_SHARE = 0.2
"""Of one processor, for a glance that has to be over in time."""

ROUND_SHARE = 0.005
"""Of one processor, for reading what was not seen to change."""

SUSPECT_SHARE = 0.5
"""Of one processor, for reading what was seen to change, or was written, and looking for more."""

GLANCE_TIME = 0.3
"""Seconds that a glance may take."""

LONGEST_PAUSE = 0.5
"""Seconds between two turns of a round, whatever the share."""

_PERIOD = 1.0  # s from the start of one look, or round, to the next, at least
_SLICE = 0.002  # s of processor time a turn, for reading
_SHORT_GLANCES = 3  # rounds after which a glance is not believed any more
_PAUSE = 0.002  # s between two turns, at least


class Vigilance:
    """Watches the table that an upkeep keeps, from now on; `glance` is closed with us.

    `clock` gives the seconds of processor time that the calling thread has used.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        kernel: KernelTable,
        upkeep: TableUpkeep,
        glance: Glance | None = None,
        clock: Callable[[], float] = time.thread_time,
    ) -> None:
        self._loop = loop
        self._kernel = kernel
        self._upkeep = upkeep
        self._glance = glance
        self._clock = clock
        self._short_glances = 0
        self._suspects: deque[tuple[ServiceKey, bool]] = deque()
        self._look: _Look | None = None
        self._turns = 1
        self._is_alarmed = True  # before the first look is over, nothing is noticed
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
        began = self._clock()
        try:
            if self._suspects:
                self._read_suspects()
            else:
                self._look_some(glance)
        except (HealthcheckError, OSError) as exc:
            self._upkeep.complaints.make("look", f"a look at the IPVS table: {exc}")
            again = self._next_look = self._loop.time() + _PERIOD
        else:
            again = self._next_turn(self._clock() - began)
        self._looking = self._loop.call_at(again, self._look_on, glance)

    def _look_some(self, glance: Glance) -> None:
        if self._look is None:
            now = self._loop.time()
            self._next_look = now + _PERIOD
            self._look = _Look(now + GLANCE_TIME, self._upkeep.take_written(), self._is_alarmed)
            self._is_alarmed = False
        look = self._look
        look.turns += 1
        found = glance.look_on()
        if found is None:
            return
        self._look, self._turns = None, look.turns
        self._upkeep.complaints.settle("look")
        # What we wrote between two looks may be gone again, as neither look can show.
        for key, is_service in look.written.items():
            self._suspects.append((key, is_service or found.get(key, False)))
        for key, is_service in found.items():
            if key not in look.written:
                self._suspects.append((key, is_service))
                self._is_alarmed = self._is_alarmed or self._upkeep.believed(key) is not None

    def _next_turn(self, spent: float) -> float:
        """When it is, after one that used so much processor time."""
        now, look = self._loop.time(), self._look
        if self._suspects or self._is_alarmed or (look is not None and look.is_alarmed):
            return now + _pause(min(spent, _SLICE), SUSPECT_SHARE)
        if look is None:
            return max(now + _pause(spent, SHARE), self._next_look)
        in_time = (look.ends - now) / max(1, self._turns - look.turns)
        return now + max(_pause(spent, MOST_SHARE), min(_pause(spent, SHARE), in_time))

    def _read_suspects(self) -> None:
        """By whom something was changed is not known before; we may be at it ourselves."""
        if not self._upkeep.is_settled:
            return
        end = self._clock() + _SLICE
        while self._suspects:
            key, is_service = self._suspects.popleft()
            if is_service:
                self._upkeep.doubt(key)
            elif (believed := self._upkeep.believed(key)) is not None:
                self._compare(key, believed.settings)
                if self._clock() >= end:
                    return

    # Rounds.

    def _read_on(self) -> None:
        """One turn of a round."""
        began = self._clock()
        try:
            if self._upkeep.is_settled and not self._suspects:
                self._read_some()
        except HealthcheckError as exc:
            self._upkeep.complaints.make("kernel", str(exc))
            self._round.clear()
        share = SHARE if self._glance is None else ROUND_SHARE
        pause = min(LONGEST_PAUSE, _pause(self._clock() - began, share))
        again = self._loop.time() + pause
        if not self._round:
            again = max(again, self._next_round)
        self._reading = self._loop.call_at(again, self._read_on)

    def _read_some(self) -> None:
        end = self._clock() + _SLICE
        if not self._round:
            self._next_round = self._loop.time() + _PERIOD
            self._begin_round()
        while self._round:
            key, settings = self._round.popleft()
            believed = self._upkeep.believed(key)
            # Other settings than at the start of the round: they were changed since.
            if believed is not None and believed.settings == settings:
                self._compare(key, settings)
            if self._clock() >= end:
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


class _Look:
    """A glance under way: when it is to be over, what we wrote since the one before, and whether that
    one found what somebody else did."""

    __slots__ = ("ends", "is_alarmed", "turns", "written")

    def __init__(self, ends: float, written: Mapping[ServiceKey, bool], is_alarmed: bool) -> None:
        self.ends = ends
        self.written = written
        self.is_alarmed = is_alarmed
        self.turns = 0


def _pause(spent: float, share: float) -> float:
    """Seconds after which another turn may come."""
    return max(_PAUSE, spent / share)
