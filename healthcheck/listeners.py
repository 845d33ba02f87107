"""Whoever wants to hear of events: each listener has a bounded queue of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Generic, TypeVar

__all__ = ["UNREAD_EVENTS", "Listeners"]

UNREAD_EVENTS = 1024
"""Events kept for a listener that does not read; then it misses the oldest."""

E = TypeVar("E")


class Listeners(Generic[E]):
    """Hands every event to every listener that is there at the time."""

    def __init__(self) -> None:
        self._queues: tuple[asyncio.Queue[E | None], ...] = ()
        self._is_closed = False

    def tell(self, event: E) -> None:
        """`event` happened."""
        for queue in self._queues:
            _put(queue, event)

    def close(self) -> None:
        """Nothing happens any more: every stream ends once it is read up."""
        self._is_closed = True
        for queue in self._queues:
            _put(queue, None)

    def listen(self) -> AsyncIterator[E]:
        """Every event from this call on, until `close`."""
        queue: asyncio.Queue[E | None] = asyncio.Queue(UNREAD_EVENTS)
        self._queues = (*self._queues, queue)
        if self._is_closed:
            _put(queue, None)
        return self._stream(queue)

    async def _stream(self, queue: asyncio.Queue[E | None]) -> AsyncIterator[E]:
        try:
            while (event := await queue.get()) is not None:
                yield event
        finally:
            self._queues = tuple(q for q in self._queues if q is not queue)


def _put(queue: asyncio.Queue[E | None], event: E | None) -> None:
    if queue.full():
        queue.get_nowait()
    queue.put_nowait(event)
