"""The picture: the whole story above, the crash and the clean stop enlarged below.

matplotlib is loaded with this module (0.5 s).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from netnslab.decode import Advert
from netnslab.ping import Probe
from netnslab.timeline import Event

from .handovers import Floor, Handover, Moments, Results
from .panel import COLOURS, Panel
from .states import Act, periods
from .story import ADDRESS, CLIENT, PING_INTERVAL, ROUTERS

__all__ = ["draw"]

_STYLE = {
    "svg.fonttype": "none",  # letters stay letters: smaller, and searchable
    "svg.hashsalt": "pyvrrp",  # the same picture twice is the same file
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Helvetica", "Arial", "sans-serif"],
    "font.size": 9.5,
    "axes.edgecolor": COLOURS.faint,
    "xtick.color": COLOURS.faint,
    "ytick.color": COLOURS.ink,
    "axes.labelcolor": COLOURS.faint,
}
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
    with mpl.rc_context(_STYLE):
        figure = pyplot.figure(figsize=_SIZE, facecolor="white")
        _title(figure, results, program)
        _whole(figure, events, probes, results, moments)
        _crash(figure, events, probes, results)
        _stop(figure, events, probes, results)
        _legend(figure)
        figure.savefig(path, format="svg", metadata={"Date": None})
        pyplot.close(figure)


def _title(figure: Figure, results: Results, program: str) -> None:
    crash, floor = results.crash, results.floor
    figure.text(
        0.02,
        0.95,
        f"The Active Router dies; the other one takes over after {_ms(crash.seconds)}"
        f" (floor of the protocol: {_ms(crash.floor)})",
        fontsize=14,
        fontweight="bold",
        color=COLOURS.ink,
    )
    figure.text(
        0.02,
        0.915,
        f"{program}: VRRPv3, an Advertisement every {_ms(floor.interval)}."
        f" Two routers share {ADDRESS}; a client pings it every {_ms(PING_INTERVAL)}.",
        fontsize=10,
        color=COLOURS.faint,
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
            _headline(panel, event.host, event.time, event.fact.headline)
    for letter, handover in (("A", results.crash), ("B", results.stop)):
        left, right = (panel.x(each) for each in _window(handover))
        panel.axes.axvspan(left, right, color="#fff3bf", zorder=-1, linewidth=0)
        panel.axes.text(
            (left + right) / 2, -0.4, letter, ha="center", color=COLOURS.ink, fontweight="bold"
        )
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
    _takeover(panel, results.stop, f"floor: skew {_ms(results.floor.skew)}")


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
    above = f"measured {_ms(handover.seconds)} (+{_ms(handover.seconds - handover.floor)})"
    panel.measure(handover.start, end, y - 0.09, floor, COLOURS.floor)
    panel.measure(handover.start, handover.end, y - 0.41, above, COLOURS.garp)
    gap = handover.gap
    panel.measure(
        gap.start,
        gap.end,
        panel.y(CLIENT) + 0.3,
        f"no reply for {_ms(gap.seconds)}, {gap.lost} pings lost",
        COLOURS.lost,
    )


def _headline(panel: Panel, host: str, moment: float, text: str) -> None:
    x, top = panel.x(moment), len(_HOSTS) - 0.3
    panel.axes.plot(
        [x, x],
        [panel.y(host) - 0.2, top],
        color=COLOURS.ink,
        linewidth=1,
        linestyle=(0, (2, 2)),
        clip_on=False,
    )
    panel.axes.text(x, top, f"{host} {text}", color=COLOURS.ink, fontsize=9, ha="left", va="bottom")


def _legend(figure: Figure) -> None:
    def mark(label: str, colour: str, marker: str, size: float = 8) -> Line2D:
        return Line2D(
            [], [], linestyle="none", label=label, color=colour, marker=marker, markersize=size
        )

    handles = [
        Patch(color=COLOURS.active, label="Active"),
        Patch(color=COLOURS.backup, label="Backup"),
        Patch(color=COLOURS.starting, label="starting"),
        mark("Advertisement", COLOURS.advert, "|"),
        mark("not sent any more", COLOURS.faint, "|"),
        mark("Priority 0", COLOURS.lost, "X"),
        mark("gratuitous ARP", COLOURS.garp, "v"),
        mark("ping answered", COLOURS.answered, "|", 10),
        mark("ping lost", COLOURS.lost, "|", 10),
    ]
    figure.legend(
        handles=handles,
        loc="lower center",
        bbox_to_anchor=(0.5, 0.0),
        ncols=len(handles),
        frameon=False,
        fontsize=9,
        handletextpad=0.4,
        columnspacing=1.5,
    )


def _window(handover: Handover) -> tuple[float, float]:
    """What to enlarge: the handover, a little before it and more after it."""
    return handover.start - 0.3 * handover.seconds, handover.end + 0.45 * handover.seconds


def _heading(letter: str, text: str) -> str:
    return f"{letter}: {text}, enlarged"


def _floor_text(floor: Floor) -> str:
    return f"3 × {_ms(floor.interval)} + skew {_ms(floor.skew)} = {_ms(floor.seconds)}"


def _ms(seconds: float) -> str:
    """To the tenth of a millisecond, without a final `.0`."""
    return f"{round(seconds * 1000, 1):g} ms"
