"""The picture: the whole story above, the crash and the clean stop enlarged below.

matplotlib is loaded with this module (0.5 s).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from netnslab.decode import Advert
from netnslab.ping import Probe
from netnslab.timeline import Event

from .drawing import drawn, entitle, explain, in_ms, mark, router_handles
from .handovers import Floor, Handover, Moments, Results
from .panel import COLOURS, Panel
from .states import Act, periods
from .story import ADDRESS, CLIENT, PING_INTERVAL, ROUTERS

__all__ = ["draw"]

_HOSTS = (*ROUTERS, CLIENT)
_SIZE = (12.0, 7.4)
_WHOLE = (0.08, 0.575, 0.905, 0.27)
_CRASH = (0.08, 0.135, 0.535, 0.31)
_STOP = (0.695, 0.135, 0.29, 0.31)


def draw(
    path: Path,
    events: Sequence[Event],
    probes: Sequence[Probe],
    results: Results,
    moments: Moments,
    program: str,
) -> None:
    """Write the picture as SVG. Raises: OSError when the file cannot be written."""
    with drawn(path, _SIZE) as figure:
        _title(figure, results, program)
        _whole(figure, events, probes, results, moments)
        _crash(figure, events, probes, results)
        _stop(figure, events, probes, results)
        _legend(figure)


def _title(figure: Figure, results: Results, program: str) -> None:
    crash, floor = results.crash, results.floor
    entitle(
        figure,
        f"The Active Router dies; the other one takes over after {in_ms(crash.seconds)}"
        f" (floor of the protocol: {in_ms(crash.floor)})",
        f"{program}: VRRPv3, an Advertisement every {in_ms(floor.interval)}."
        f" Two routers share {ADDRESS}; a client pings it every {in_ms(PING_INTERVAL)}.",
    )


def _whole(
    figure: Figure,
    events: Sequence[Event],
    probes: Sequence[Probe],
    results: Results,
    moments: Moments,
) -> None:
    start = next(each.time for each in events if isinstance(each.fact, Advert)) - 0.35
    end = moments.end
    panel = Panel(figure.add_axes(_WHOLE), _HOSTS, start=start, end=end, origin=start, unit=1.0)
    panel.draw_states(periods(events, end))
    panel.draw_frames(events)
    panel.draw_pings(CLIENT, probes, one_by_one=False)
    for event in events:
        if isinstance(event.fact, Act) and event.fact.headline and start <= event.time < end:
            panel.headline(event.host, event.time, event.fact.headline)
    for letter, handover in (("A", results.crash), ("B", results.stop)):
        panel.shade(*_window(handover), letter)
    panel.axes.set_xlabel("seconds", loc="right", labelpad=-2)


def _crash(
    figure: Figure, events: Sequence[Event], probes: Sequence[Probe], results: Results
) -> None:
    crash, floor = results.crash, results.floor
    panel = _enlarged(figure, _CRASH, events, probes, crash)
    panel.axes.set_title(_heading("A", "the crash"), loc="left", fontsize=11)
    panel.axes.set_xlabel(f"milliseconds after the last Advertisement of {ROUTERS[0]}", loc="right")
    first = panel.y(ROUTERS[0])
    missed = [crash.start + number * floor.interval for number in (1, 2, 3)]
    panel.ticks(missed, (first + 0.2, first + 0.36), COLOURS.faint, 1.0, ":")
    _takeover(panel, crash, f"floor: {_floor_text(floor)}")


def _stop(
    figure: Figure, events: Sequence[Event], probes: Sequence[Probe], results: Results
) -> None:
    panel = _enlarged(figure, _STOP, events, probes, results.stop)
    panel.axes.set_title(_heading("B", "the clean stop"), loc="left", fontsize=11)
    panel.axes.set_xlabel("milliseconds after Priority 0", loc="right")
    _takeover(panel, results.stop, f"floor: skew {in_ms(results.floor.skew)}")


def _enlarged(
    figure: Figure,
    place: tuple[float, float, float, float],
    events: Sequence[Event],
    probes: Sequence[Probe],
    handover: Handover,
) -> Panel:
    start, end = _window(handover)
    axes = figure.add_axes(place, facecolor="#fffdf3")
    panel = Panel(axes, _HOSTS, start=start, end=end, origin=handover.start, unit=0.001)
    panel.draw_states(periods(events, end))
    panel.draw_frames(events)
    panel.draw_pings(CLIENT, probes, one_by_one=True)
    return panel


def _takeover(panel: Panel, handover: Handover, floor: str) -> None:
    """In the lane of the router that is gone there is room for the measures."""
    y = panel.y(ROUTERS[0])
    end = handover.start + handover.floor
    above = f"measured {in_ms(handover.seconds)} (+{in_ms(handover.seconds - handover.floor)})"
    panel.measure(handover.start, end, y - 0.09, floor, COLOURS.floor)
    panel.measure(handover.start, handover.end, y - 0.41, above, COLOURS.garp)
    gap = handover.gap
    panel.measure(
        gap.start,
        gap.end,
        panel.y(CLIENT) + 0.3,
        f"no reply for {in_ms(gap.seconds)}, {gap.lost} pings lost",
        COLOURS.lost,
    )


def _legend(figure: Figure) -> None:
    explain(
        figure,
        *router_handles(),
        mark("not sent any more", COLOURS.faint, "|"),
        mark("Priority 0", COLOURS.lost, "X"),
        mark("ping answered", COLOURS.answered, "|", 10),
        mark("ping lost", COLOURS.lost, "|", 10),
    )


def _window(handover: Handover) -> tuple[float, float]:
    """What to enlarge: the handover, a little before it and more after it."""
    return handover.start - 0.3 * handover.seconds, handover.end + 0.45 * handover.seconds


def _heading(letter: str, text: str) -> str:
    return f"{letter}: {text}, enlarged"


def _floor_text(floor: Floor) -> str:
    return f"3 × {in_ms(floor.interval)} + skew {in_ms(floor.skew)} = {in_ms(floor.seconds)}"
