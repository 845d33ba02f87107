"""Everything that was seen in the lab, and what was done to it, in the order of time."""

from __future__ import annotations

import time
from typing import Protocol

from netnslab.observe import Observation
from netnslab.ping import Probe
from netnslab.timeline import Event, merge

from .states import Act, State

__all__ = ["Recorder", "Source"]


class Source(Protocol):
    """Something else that sees events."""

    def poll(self) -> list[Event]:
        """What is new since the last call."""


class Recorder:
    """An observation with acts among its events, and with what `sources` see."""

    def __init__(self, observation: Observation) -> None:
        self.events: list[Event] = []
        """What was collected so far, in the order of time."""
        self.sources: list[Source] = []
        self._observation = observation
        self._acts: list[Event] = []

    @property
    def start(self) -> float:
        """The moment that reads 0 on the time line."""
        return self._observation.start

    def probes(self, host: str) -> list[Probe]:
        """The pings of a host so far, the last ones perhaps still under way."""
        return self._observation.probes.get(host, [])

    def act(self, host: str, text: str, state: State | None = None, headline: str = "") -> float:
        """Write down what is about to be done; return the moment."""
        now = time.monotonic()
        self._acts.append(Event(now, host, Act(text, state, headline)))
        return now

    def collect(self) -> list[Event]:
        """What is new since the last call, in the order of time."""
        acts, self._acts = self._acts, []
        seen = [source.poll() for source in self.sources]
        new = merge(acts, self._observation.poll(), *seen)
        if new:
            self.events = merge(self.events, new)
        return new

    def finish(self) -> list[Event]:
        """End the recording; return the rest."""
        self._observation.stop()
        return self.collect()
