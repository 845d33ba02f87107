"""What the client suffered, as lines of the time line: requests without an answer, and long waits.

Pure, but for `ClientWatch`, which looks at the clock.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence

from netnslab.timeline import Event, Note

from .record import Request
from .site import CLIENT
from .traffic import PATIENCE, Traffic

__all__ = ["ClientWatch", "runs"]

_QUIET = 0.4
"""Failures less than so many seconds apart are one trouble: with two servers, every other request
fails."""
_SLOW = 0.25
"""An answer on the staying connection that takes longer is told."""


def runs(failed: Sequence[Request]) -> list[list[Request]]:
    """Failed requests in the order of their sending, cut where there was quiet."""
    found: list[list[Request]] = []
    for each in failed:
        if found and each.sent - found[-1][-1].sent <= _QUIET:
            found[-1].append(each)
        else:
            found.append([each])
    return found


class ClientWatch:
    """Tells of a trouble when it is over."""

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic
        self._seen = 0
        self._failed: list[Request] = []
        self._beats = 0
        self._is_broken = False

    def poll(self) -> list[Event]:
        """What is new since the last call."""
        requests = self._traffic.requests[self._seen :]
        self._seen += len(requests)
        self._failed += [each for each in requests if each.error]
        self._failed.sort(key=lambda each: each.sent)
        over = time.monotonic() - PATIENCE - _QUIET
        new = []
        for run in runs(self._failed):
            if run[-1].sent < over:
                del self._failed[: len(run)]
                new.append(Event(run[0].sent, CLIENT, Note(_told(run))))
        return new + self._poll_connection()

    def _poll_connection(self) -> list[Event]:
        beats = self._traffic.beats[self._beats :]
        self._beats += len(beats)
        new = [
            Event(
                each.received,
                CLIENT,
                Note(
                    f"its staying connection goes on, after {_ms(each.received - each.sent)}"
                    " without an answer"
                ),
            )
            for each in beats
            if each.received - each.sent > _SLOW
        ]
        if self._traffic.broken and not self._is_broken:
            self._is_broken = True
            text = f"its staying connection is lost: {self._traffic.broken}"
            new.append(Event(time.monotonic(), CLIENT, Note(text)))
        return new


def _told(run: Sequence[Request]) -> str:
    counts = Counter(each.error for each in run)
    kinds = ", ".join(f"{error} ({number})" for error, number in counts.items())
    noun = "request" if len(run) == 1 else "requests"
    return f"{len(run)} {noun} failed within {_ms(run[-1].sent - run[0].sent)}: {kinds}"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"
