"""Announcements that leave a gap apart, since some switch or router takes no more at once.

A *lane* is what shares a gap: the gratuitous ARPs of an interface, or those of a group of interfaces;
unsolicited Neighbor Advertisements have lanes of their own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from .outgoing import Outgoing
from .settings import AnnouncementGaps, GapGroup
from .virtual_router import VirtualRouter

__all__ = ["Pacing"]

_ETHERTYPE = slice(12, 14)
_ARP = b"\x08\x06"

SendFrames = Callable[[VirtualRouter, Iterable[Outgoing]], None]


class Pacing:
    """Keeps the gaps. `interface_of` says where a way out leads."""

    def __init__(
        self,
        gaps: AnnouncementGaps,
        loop: asyncio.AbstractEventLoop,
        send: SendFrames,
        interface_of: Callable[[Callable[[bytes], object]], str],
    ) -> None:
        self._gaps = gaps
        self._loop = loop
        self._send = send
        self._interface_of = interface_of
        self._group_of = {name: group for group in gaps.groups for name in group.interfaces}
        self._lanes: dict[tuple[str | GapGroup, bool], _Lane] = {}

    def take(
        self, router: VirtualRouter, frames: tuple[Outgoing, ...], count: int
    ) -> tuple[Outgoing, ...]:
        """See to it that each frame is sent `count` times, gaps apart; those without a gap are
        returned, unsent."""
        free: list[Outgoing] = []
        lanes: dict[_Lane, None] = {}
        for outgoing in frames:
            lane = self._lane(outgoing)
            if lane is None:
                free.append(outgoing)
            else:
                lane.add(router, outgoing, count)
                lanes[lane] = None
        for lane in lanes:
            lane.start()
        return tuple(free)

    def _lane(self, outgoing: Outgoing) -> _Lane | None:
        send, frame = outgoing
        interface, is_arp = self._interface_of(send), frame[_ETHERTYPE] == _ARP
        group = self._group_of.get(interface)
        gaps = self._gaps if group is None else group
        gap = gaps.arp if is_arp else gaps.na
        if not gap:
            return None
        key = (interface if group is None else group, is_arp)
        if key not in self._lanes:
            self._lanes[key] = _Lane(gap, self._loop, self._send)
        return self._lanes[key]


class _Lane:
    """One frame after the other. Of a router that is no longer Active none is sent."""

    def __init__(self, gap: float, loop: asyncio.AbstractEventLoop, send: SendFrames) -> None:
        self._gap = gap
        self._loop = loop
        self._send = send
        self._waiting: dict[tuple[VirtualRouter, Outgoing], int] = {}
        self._next_at = 0.0
        self._is_armed = False

    def add(self, router: VirtualRouter, outgoing: Outgoing, count: int) -> None:
        """One that waits already is sent as often as the greater number says: there is no end to
        what a short refresh may ask for."""
        key = (router, outgoing)
        self._waiting[key] = max(count, self._waiting.get(key, 0))

    def start(self) -> None:
        """Send what may leave now, and the rest when it may."""
        if not self._is_armed:
            self._serve()

    def _serve(self) -> None:
        self._is_armed = False
        while self._waiting:
            now = self._loop.time()
            if now < self._next_at:
                self._is_armed = True
                self._loop.call_at(self._next_at, self._serve)
                return
            key = next(iter(self._waiting))
            left = self._waiting.pop(key) - 1
            router, outgoing = key
            if not router.is_active:
                continue
            if left:
                self._waiting[key] = left
            self._send(router, (outgoing,))
            self._next_at = now + self._gap
