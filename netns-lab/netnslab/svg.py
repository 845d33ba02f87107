"""A time line as a picture, by matplotlib, which is loaded with this module (0.5 s)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot
from matplotlib.axes import Axes

from .decode import Advert, Announcement
from .ping import Probe
from .timeline import AddressSeen, Event, Note, PingsLost, active_periods

__all__ = ["write_svg"]

_ACTIVE, _ADDRESS, _LOST, _FAULT, _ANSWERED = "#2b8a3e", "#1c7ed6", "#e03131", "#e8590c", "#ced4da"
_INK = "#212529"


def write_svg(
    path: Path,
    events: Sequence[Event],
    hosts: Sequence[str],
    *,
    start: float,
    end: float,
    title: str = "",
    probes: Mapping[str, Sequence[Probe]] | None = None,
) -> None:
    """Draw what happened between `start` and `end`, a lane for each host, top down.

    `probes` adds a grey tick for every answered ping of a host; lost ones come from the events.
    Times are seconds of `time.monotonic`; the picture counts from `start`.
    """
    figure, axes = pyplot.subplots(figsize=(11, 1.2 + 0.75 * len(hosts)), layout="constrained")
    lanes = {host: -float(number) for number, host in enumerate(hosts)}
    shown = [each for each in events if start <= each.time <= end and each.host in lanes]
    _draw_states(axes, shown, lanes, start, end)
    _draw_pings(axes, probes or {}, lanes, start, end)
    for event in shown:
        _draw_event(axes, event, event.time - start, lanes[event.host], end - start)
    _dress(axes, lanes, end - start, title)
    with mpl.rc_context({"svg.hashsalt": "netnslab"}):
        figure.savefig(path, format="svg", metadata={"Date": None})
    pyplot.close(figure)


def _draw_states(
    axes: Axes, events: Sequence[Event], lanes: Mapping[str, float], start: float, end: float
) -> None:
    for period in active_periods(events, end):
        until = period.end if period.is_over else end
        lane = lanes[period.host]
        axes.broken_barh(
            [(period.start - start, max(until - period.start, 0.0))],
            (lane - 0.16, 0.32),
            facecolor=_ACTIVE,
            alpha=0.25,
        )


def _draw_pings(
    axes: Axes,
    probes: Mapping[str, Sequence[Probe]],
    lanes: Mapping[str, float],
    start: float,
    end: float,
) -> None:
    for host, sent in probes.items():
        answered = [
            each.sent - start for each in sent if each.received and start <= each.sent <= end
        ]
        axes.vlines(answered, lanes[host] - 0.1, lanes[host] + 0.1, color=_ANSWERED, linewidth=0.7)


def _draw_event(axes: Axes, event: Event, x: float, lane: float, width: float) -> None:
    match event.fact:
        case Advert(priority=0):
            axes.plot(x, lane, marker="x", color=_LOST, markersize=7)
        case Advert():
            axes.vlines(x, lane - 0.16, lane + 0.16, color=_ACTIVE, linewidth=0.9)
        case Announcement():
            axes.plot(x, lane + 0.24, marker="v", color=_INK, markersize=4, linestyle="none")
        case AddressSeen(added=added):
            marker = "^" if added else "v"
            axes.plot(x, lane - 0.24, marker=marker, color=_ADDRESS, markersize=5)
        case PingsLost(outage=outage):
            until = min(x + outage.seconds, width) if outage.seconds is not None else width
            axes.broken_barh([(x, until - x)], (lane - 0.16, 0.32), facecolor=_LOST)
            axes.text(x, lane + 0.2, f"{outage.lost} lost", color=_LOST, fontsize=8)
        case Note(text=text):
            axes.axvline(x, color=_FAULT, linewidth=1, linestyle="--")
            axes.text(x, lane + 0.28, f" {text}", color=_FAULT, fontsize=8)


def _dress(axes: Axes, lanes: Mapping[str, float], width: float, title: str) -> None:
    axes.set_yticks(list(lanes.values()), list(lanes))
    axes.set_ylim(min(lanes.values(), default=0.0) - 0.6, 0.6)
    axes.set_xlim(0, width)
    axes.set_xlabel("seconds")
    axes.set_title(title, fontsize=10)
    legend = (
        ("heard as Active, its adverts", _ACTIVE, "|"),
        ("GARP / NA", _INK, "v"),
        ("address added / removed", _ADDRESS, "^"),
        ("gives up", _LOST, "x"),
        ("pings lost", _LOST, "s"),
    )
    for label, color, marker in legend:
        axes.plot([], [], linestyle="none", label=label, color=color, marker=marker)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=5, fontsize=8, frameon=False)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
