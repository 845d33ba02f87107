"""The picture of the second half: the whole story above, both deaths enlarged below.

matplotlib is loaded with this module (0.5 s).
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

from matplotlib.figure import Figure
from matplotlib.patches import Patch

from ..drawing import drawn, entitle, explain, in_ms, mark, router_handles
from ..panel import COLOURS, Panel
from ..states import Act, periods
from .lanes import CONNECTION
from .outcome import Departure, Outcome, Takeover
from .pool import in_pool
from .record import Record
from .site import ADDRESS, CLIENT, DELAY_LOOP, DIRECTORS, SERVERS
from .traffic import INTERVAL

__all__ = ["draw"]

_Place: TypeAlias = tuple[float, float, float, float]

_HOSTS = (*DIRECTORS, *SERVERS, CLIENT, CONNECTION)
_SIZE = (12.0, 9.8)
_WHOLE = (0.085, 0.49, 0.9, 0.375)
_SERVER = (0.085, 0.13, 0.36, 0.275)
_DIRECTOR = (0.545, 0.13, 0.44, 0.275)
_HALF = 0.2
"""Half the height of a bar, as in the panel."""


def draw(path: Path, record: Record, outcome: Outcome) -> None:
    """Write the picture as SVG. Raises: OSError when the file cannot be written."""
    with drawn(path, _SIZE) as figure:
        _title(figure, record, outcome)
        _whole(figure, record, outcome)
        _server(figure, record, outcome.departure)
        _director(figure, record, outcome.takeover)
        _legend(figure)


def _title(figure: Figure, record: Record, outcome: Outcome) -> None:
    slowest = outcome.takeover.slowest
    fate = "is lost" if slowest is None else f"goes on after {_ms(slowest)}"
    entitle(
        figure,
        f"A web server dies: out after {_ms(outcome.departure.seconds)};"
        f" its director dies: the connection {fate}",
        f"{record.program}: two directors share {ADDRESS}, before two web servers checked every"
        f" {DELAY_LOOP:g} s; a client sends a request every {_ms(INTERVAL)}.",
    )


def _whole(figure: Figure, record: Record, outcome: Outcome) -> None:
    start, end = record.moments.begin - 0.5, record.moments.end
    panel = Panel(figure.add_axes(_WHOLE), _HOSTS, start=start, end=end, origin=start, unit=1.0)
    _fill(panel, record, _HOSTS, start, end)
    for event in record.events:
        if isinstance(event.fact, Act) and event.fact.headline and start <= event.time < end:
            panel.headline(event.host, event.time, event.fact.headline)
    panel.shade(*_window_of_departure(outcome.departure), "A")
    panel.shade(*_window_of_takeover(outcome.takeover), "B")
    panel.axes.set_xlabel("seconds", loc="right", labelpad=-2)


def _server(figure: Figure, record: Record, departure: Departure) -> None:
    first = next(iter(SERVERS))
    hosts = (*SERVERS, CLIENT)
    start, end = _window_of_departure(departure)
    panel = _enlarged(figure, _SERVER, record, hosts, start, end, departure.died)
    panel.axes.set_title(f"A: {first} dies, enlarged", loc="left", fontsize=11)
    panel.axes.set_xlabel("milliseconds after its death", loc="right")
    text = f"in the table for {_ms(departure.seconds)}"
    panel.measure(departure.died, departure.left, panel.y(first) - 0.42, text, COLOURS.garp)
    text = f"{len(departure.failed)} requests refused" if departure.failed else "no request failed"
    panel.measure(departure.died, departure.left, panel.y(CLIENT) + 0.3, text, COLOURS.lost)


def _director(figure: Figure, record: Record, taken: Takeover) -> None:
    first, _ = DIRECTORS
    hosts = (*DIRECTORS, CLIENT, CONNECTION)
    start, end = _window_of_takeover(taken)
    panel = _enlarged(figure, _DIRECTOR, record, hosts, start, end, taken.start)
    panel.axes.set_title(f"B: {first} dies, enlarged", loc="left", fontsize=11)
    panel.axes.set_xlabel("milliseconds after its last Advertisement", loc="right")
    floor = taken.floor.seconds
    y = panel.y(first)
    text = f"floor of the protocol: {in_ms(floor)}"
    panel.measure(taken.start, taken.start + floor, y - 0.09, text, COLOURS.floor)
    text = f"measured {in_ms(taken.seconds)} (+{in_ms(taken.seconds - floor)})"
    panel.measure(taken.start, taken.end, y - 0.44, text, COLOURS.garp)
    if taken.beat is not None:
        text = f"waits {_ms(taken.beat.received - taken.beat.sent)} for an answer, then goes on"
        y = panel.y(CONNECTION) + 0.3
        panel.measure(taken.beat.sent, taken.beat.received, y, text, COLOURS.lost)


def _enlarged(
    figure: Figure,
    place: _Place,
    record: Record,
    hosts: tuple[str, ...],
    start: float,
    end: float,
    origin: float,
) -> Panel:
    axes = figure.add_axes(place, facecolor="#fffdf3")
    panel = Panel(axes, hosts, start=start, end=end, origin=origin, unit=0.001)
    _fill(panel, record, hosts, start, end)
    return panel


def _fill(panel: Panel, record: Record, hosts: tuple[str, ...], start: float, end: float) -> None:
    """Every lane of a panel."""
    panel.draw_states(each for each in periods(record.events, end) if each.host in hosts)
    panel.draw_frames(record.events)
    for server in SERVERS:
        if server in hosts:
            _fill_server(panel, record, server, start, end)
    y = panel.y(CLIENT)
    for failed, colour in ((False, COLOURS.request), (True, COLOURS.lost)):
        sent = [
            each.sent
            for each in record.requests
            if bool(each.error) == failed and start <= each.sent <= end
        ]
        panel.ticks(sent, (y - _HALF, y + _HALF), colour, 1.6)
    if CONNECTION in hosts:
        _fill_connection(panel, record, start, end)


def _fill_server(panel: Panel, record: Record, server: str, start: float, end: float) -> None:
    panel.bar(server, start, end, COLOURS.out)
    for since, until in in_pool(server, record.events, end):
        panel.bar(server, max(since, start), max(min(until, end), start), COLOURS.in_pool)
    y = panel.y(server)
    sent = [
        each.sent for each in record.requests if each.server == server and start <= each.sent <= end
    ]
    panel.ticks(sent, (y - _HALF, y + _HALF), COLOURS.request, 1.6)


def _fill_connection(panel: Panel, record: Record, start: float, end: float) -> None:
    """A bar while it lives, in another colour where an answer was waited for; answers as ticks."""
    beats = [each for each in record.beats if start <= each.received <= end]
    if not beats:
        return
    last = beats[-1].received if record.broken else end
    panel.bar(CONNECTION, max(record.beats[0].sent, start), last, COLOURS.connection)
    for each in beats:
        if each.received - each.sent > 2 * INTERVAL:
            panel.bar(CONNECTION, max(each.sent, start), each.received, COLOURS.waits)
    y = panel.y(CONNECTION)
    panel.ticks([each.received for each in beats], (y - _HALF, y + _HALF), "#0c8599", 1.0)


def _legend(figure: Figure) -> None:
    explain(
        figure,
        *router_handles(),
        Patch(color=COLOURS.in_pool, label="in the Active director's pool"),
        Patch(color=COLOURS.out, label="not in it"),
        mark("request answered", COLOURS.request, "|", 10),
        mark("request failed", COLOURS.lost, "|", 10),
        mark("answer on the connection that stays", "#0c8599", "|", 10),
        Patch(color=COLOURS.waits, label="waiting for one"),
        columns=6,
    )


def _window_of_departure(departure: Departure) -> tuple[float, float]:
    """What to enlarge."""
    return departure.died - 0.25, departure.left + 0.45


def _window_of_takeover(taken: Takeover) -> tuple[float, float]:
    resumed = taken.end if taken.beat is None else taken.beat.received
    return taken.start - 0.25, max(taken.end, resumed) + 0.35


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"
