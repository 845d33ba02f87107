"""The last seconds of the second half as lanes of signs, newest on the right.

Directors as the routers of the first half; a web server's colour is whether it is in the pool, its signs
are the requests that it answered.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Group
from rich.text import Text

from netnslab.timeline import Event

from ..lanes import COLUMN, arrange, margin, router_lane, router_legend
from ..recorder import Recorder
from ..states import Act
from .pool import in_pool
from .record import Beat, Request
from .site import CLIENT, DIRECTORS, SERVERS
from .traffic import INTERVAL, Traffic

__all__ = ["CONNECTION", "DirectorLanes"]

CONNECTION = "connection"
"""The name of the staying connection's lane."""

_IN_POOL, _OUT = "on dark_green", "on grey35"
_ANSWERED, _FAILED, _HIT = ("·", "bright_green"), ("✕", "bright_white on red"), ("✖", "bright_red")
_GOES_ON, _WAITS = ("─", "bright_cyan"), ("?", "bright_yellow")
_OVERDUE = 0.15
"""Seconds after which an answer on the staying connection is waited for."""


class DirectorLanes:
    """Draws them."""

    def __init__(self, recorder: Recorder, traffic: Traffic) -> None:
        self._recorder = recorder
        self._traffic = traffic

    def __call__(self, width: int, now: float) -> Group:
        events, requests = self._recorder.events, self._traffic.requests
        width -= margin((*DIRECTORS, *SERVERS, CLIENT, CONNECTION))
        rows = {host: router_lane(host, events, width, now) for host in DIRECTORS}
        for server in SERVERS:
            rows[server] = _server_lane(server, events, requests, width, now)
        rows[CLIENT] = _client_lane(requests, width, now)
        rows[CONNECTION] = _connection_lane(self._traffic.beats, width, now)
        legend = [
            *router_legend(),
            (" in pool ", _IN_POOL),
            (" out ", _OUT),
            (" · answered", _ANSWERED[1]),
            (" ✕ failed", "bright_red"),
            (" ─ goes on", _GOES_ON[1]),
            (" ? waits", _WAITS[1]),
        ]
        return arrange(rows, Text.assemble(*legend, no_wrap=True))


def _server_lane(
    server: str, events: Sequence[Event], requests: Iterable[Request], width: int, now: float
) -> Text:
    begin = now - width * COLUMN
    signs = {
        int((each.sent - begin) / COLUMN): _ANSWERED
        for each in requests
        if each.server == server and each.sent >= begin
    }
    for event in events:
        if event.host == server and isinstance(event.fact, Act) and event.time >= begin:
            signs[int((event.time - begin) / COLUMN)] = _HIT
    spans = in_pool(server, events, now)
    lane = Text(no_wrap=True)
    for column in range(width):
        when = begin + (column + 0.5) * COLUMN
        inside = any(start <= when < end for start, end in spans)
        sign, colour = signs.get(column, (" ", ""))
        lane.append(sign, f"{colour} {_IN_POOL if inside else _OUT if spans else ''}".strip())
    return lane


def _client_lane(requests: Iterable[Request], width: int, now: float) -> Text:
    begin = now - width * COLUMN
    signs: dict[int, tuple[str, str]] = {}
    for each in requests:
        if each.sent >= begin:
            column = int((each.sent - begin) / COLUMN)
            if signs.get(column) != _FAILED:
                signs[column] = _FAILED if each.error else _ANSWERED
    return _laid(signs, width)


def _connection_lane(beats: Sequence[Beat], width: int, now: float) -> Text:
    """Where an answer was waited for; what is waited for now counts too."""
    if not beats:
        return Text()
    begin = now - width * COLUMN
    first = max(0, int((beats[0].sent - begin) / COLUMN))
    signs = dict.fromkeys(range(first, width), _GOES_ON)
    waits = [(each.sent, each.received) for each in beats if each.received >= begin]
    waits.append((beats[-1].received + INTERVAL, now))
    for start, end in waits:
        if end - start > _OVERDUE:
            left, right = (int((each - begin) / COLUMN) for each in (start, end))
            signs |= dict.fromkeys(range(max(first, left), min(right + 1, width)), _WAITS)
    return _laid(signs, width)


def _laid(signs: dict[int, tuple[str, str]], width: int) -> Text:
    lane = Text(no_wrap=True)
    for column in range(width):
        lane.append(*signs.get(column, (" ", "")))
    return lane
