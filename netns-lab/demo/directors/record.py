"""All that was seen in the second half. Pure; it can be pickled, to be looked at outside the machine it
was made in.

Times are seconds of `time.monotonic` there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from netnslab.timeline import Event, Note

__all__ = ["Beat", "Moments", "PoolChange", "Record", "Request"]


@dataclass(frozen=True, slots=True)
class Request:
    """A short request: `server` says who answered, `error` why nobody did."""

    sent: float
    ended: float
    server: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Beat:
    """A request on the connection that stays, and its answer; one waits for the one before."""

    sent: float
    received: float


@dataclass(frozen=True, slots=True)
class PoolChange(Note):
    """A director's table has got a server, or has it no more."""

    server: str
    present: bool


@dataclass(frozen=True, slots=True)
class Moments:
    """When the client began, and when something was done."""

    begin: float
    died: float
    """The first web server."""
    revived: float
    crash: float
    """Of the first director."""
    end: float


@dataclass(frozen=True, slots=True)
class Record:
    """One run."""

    program: str
    moments: Moments
    events: Sequence[Event] = field(repr=False)
    """In the order of time."""
    requests: Sequence[Request] = field(repr=False)
    """In the order in which they were sent."""
    beats: Sequence[Beat] = field(repr=False)
    broken: str
    """Why the connection that was to stay has ended; empty when it has not."""
