"""When a web server was in the pool, told from the tables of whichever director was Active. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from netnslab.decode import Advert
from netnslab.timeline import Event

from .record import PoolChange

__all__ = ["in_pool"]


def in_pool(server: str, events: Iterable[Event], end: float) -> list[tuple[float, float]]:
    """From when to when, until `end`; `events` are in the order of time."""
    having: set[str] = set()
    active = ""
    since: float | None = None
    spans: list[tuple[float, float]] = []
    for event in events:
        match event.fact:
            case Advert(priority=priority) if priority > 0:
                active = event.host
            case PoolChange(server=name, present=present) if name == server:
                (having.add if present else having.discard)(event.host)
            case _:
                continue
        if active in having and since is None:
            since = event.time
        elif active not in having and since is not None:
            spans.append((since, event.time))
            since = None
    return spans if since is None else [*spans, (since, end)]
