"""The last seconds as lanes of signs for the terminal, newest on the right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from netnslab.decode import Advert, Announcement
from netnslab.ping import Probe
from netnslab.timeline import Event

from .recorder import Recorder
from .states import Act, Period, State, periods
from .story import CLIENT, ROUTERS

__all__ = ["COLUMN", "arrange", "lanes", "margin", "router_lane", "router_legend"]

COLUMN = 0.05
"""Seconds for one sign."""
_BACKGROUND = {
    State.STARTING: "on grey35",
    State.BACKUP: "on dark_blue",
    State.ACTIVE: "on dark_green",
}
_SIGNS = (("│", "bright_white"), ("▼", "bright_yellow"), ("0", "bright_red"), ("✖", "bright_red"))
"""Advertisement, gratuitous ARP, Priority 0, an act. Where several fall together, the last."""
_ANSWERED, _LOST = ("·", "bright_green"), ("✕", "bright_white on red")
_DEADLINE = 0.1
"""Younger pings may still be answered."""


def lanes(recorder: Recorder, width: int, now: float) -> Group:
    """The first half's."""
    names = (*ROUTERS, CLIENT)
    width -= margin(names)
    rows = {host: router_lane(host, recorder.events, width, now) for host in ROUTERS}
    rows[CLIENT] = _client_lane(recorder.probes(CLIENT), width, now)
    legend = (*router_legend(), (" · answered", _ANSWERED[1]), (" ✕ lost", "bright_red"))
    return arrange(rows, Text.assemble(*legend, no_wrap=True))


def margin(names: Sequence[str]) -> int:
    """How many letters the names before the lanes take."""
    return max(len(name) for name in names) + 3


def arrange(rows: Mapping[str, Text], legend: Text) -> Group:
    """Lanes with their names before them, and what their signs mean below."""
    grid = Table.grid(padding=(0, 2))
    for name, lane in rows.items():
        grid.add_row(name, lane)
    return Group(grid, legend)


def router_lane(host: str, events: Sequence[Event], width: int, now: float) -> Text:
    """A router's states as colours; what it sent, and what was done to it, as signs."""
    begin = now - width * COLUMN
    own = [period for period in periods(events, now) if period.host == host]
    ranks: dict[int, int] = {}
    for event in events:
        rank = _rank(event)
        if event.host == host and event.time >= begin and rank is not None:
            column = int((event.time - begin) / COLUMN)
            ranks[column] = max(rank, ranks.get(column, rank))
    lane = Text(no_wrap=True)
    for column in range(width):
        background = _background(own, begin + (column + 0.5) * COLUMN)
        sign, colour = _SIGNS[ranks[column]] if column in ranks else (" ", "")
        lane.append(sign, f"{colour} {background}".strip())
    return lane


def _client_lane(probes: Sequence[Probe], width: int, now: float) -> Text:
    """Pings that were answered, and those that were not."""
    begin = now - width * COLUMN
    marks: dict[int, tuple[str, str]] = {}
    for probe in probes:
        if begin <= probe.sent < now - _DEADLINE:
            column = int((probe.sent - begin) / COLUMN)
            if marks.get(column) != _LOST:
                marks[column] = _LOST if probe.received is None else _ANSWERED
    lane = Text(no_wrap=True)
    for column in range(width):
        lane.append(*marks.get(column, (" ", "")))
    return lane


def router_legend() -> list[tuple[str, str]]:
    """What a router's colours and signs mean: words and their styles."""
    names = ("advert", "GARP", "gives up", "hit")
    return [
        *((f" {state.value} ", style) for state, style in _BACKGROUND.items()),
        *((f" {sign} {name}", colour) for (sign, colour), name in zip(_SIGNS, names, strict=True)),
    ]


def _rank(event: Event) -> int | None:
    """Its place among the signs; None when it has none."""
    match event.fact:
        case Advert(priority=priority):
            return 0 if priority else 2
        case Announcement():
            return 1
        case Act(headline=headline) if headline:
            return 3
    return None


def _background(states: Sequence[Period], when: float) -> str:
    for period in states:
        if period.start <= when < period.end:
            return _BACKGROUND[period.state]
    return ""
