"""One time line in the picture: a lane for each router, one for the client."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Shape

from netnslab.decode import Advert, Announcement
from netnslab.ping import Probe
from netnslab.timeline import Event

from .states import Period, State

__all__ = ["COLOURS", "Colours", "Panel"]


@dataclass(frozen=True, slots=True)
class Colours:
    """One palette for all panels and the legend."""

    active: str = "#2b8a3e"
    backup: str = "#a5d8ff"
    starting: str = "#e9ecef"
    advert: str = "#1b5e20"
    garp: str = "#7048e8"
    answered: str = "#69db7c"
    lost: str = "#e03131"
    floor: str = "#1971c2"
    in_pool: str = "#d3f9d8"
    out: str = "#ffe3e3"
    request: str = "#37b24d"
    connection: str = "#66d9e8"
    waits: str = "#ffd43b"
    ink: str = "#212529"
    faint: str = "#868e96"


COLOURS = Colours()
_BARS = {
    State.ACTIVE: (COLOURS.active, "white"),
    State.BACKUP: (COLOURS.backup, "#0b3d66"),
    State.STARTING: (COLOURS.starting, COLOURS.faint),
}
_HALF = 0.2
"""Half the height of a bar; lanes are 1 apart."""
_LETTER = 0.085
"""Inches that a letter of a bar's label takes, with room to spare."""
_BURST = 0.05
"""Gratuitous ARPs come in fives; one mark is enough for those less than so many seconds apart."""


class Panel:
    """Draws from `start` to `end`; the axis counts from `origin`, in units of `unit` seconds."""

    def __init__(
        self,
        axes: Axes,
        hosts: Sequence[str],
        *,
        start: float,
        end: float,
        origin: float,
        unit: float,
    ) -> None:
        self.axes = axes
        self._lanes = {host: len(hosts) - 1.0 - number for number, host in enumerate(hosts)}
        self._start, self._end = start, end
        self._origin, self._unit = origin, unit
        axes.set_xlim(self.x(start), self.x(end))
        axes.set_ylim(-0.42, len(hosts) - 0.35)
        axes.set_yticks(list(self._lanes.values()), list(self._lanes), fontweight="bold")
        axes.tick_params(axis="y", length=0)
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        for y in self._lanes.values():
            axes.axhline(y, color="#dee2e6", linewidth=1, zorder=0)

    def x(self, moment: float) -> float:
        """Where a moment is on the axis."""
        return (moment - self._origin) / self._unit

    def y(self, host: str) -> float:
        """Where a host's lane is."""
        return self._lanes[host]

    def draw_states(self, periods: Iterable[Period]) -> None:
        """Bars, named where there is room."""
        for period in periods:
            start, end = max(period.start, self._start), min(period.end, self._end)
            if start < end:
                face, ink = _BARS[period.state]
                self.bar(period.host, start, end, face)
                self.label(period.host, start, end, period.state.value, ink)

    def draw_frames(self, events: Sequence[Event]) -> None:
        """Advertisements as ticks on top of the bars, gratuitous ARPs as triangles."""
        for host, y in self._lanes.items():
            mine = [each for each in self._inside(events) if each.host == host]
            adverts = [each for each in mine if isinstance(each.fact, Advert)]
            last = [each.time for each in adverts if not _priority(each)]
            self.ticks(
                [each.time for each in adverts if _priority(each)],
                (y + _HALF, y + 0.36),
                COLOURS.advert,
                1.3,
            )
            self.axes.plot(
                [self.x(each) for each in last],
                [y + 0.3] * len(last),
                linestyle="none",
                marker="X",
                markersize=8,
                color=COLOURS.lost,
                markeredgecolor="white",
            )
            self._triangles([e.time for e in mine if isinstance(e.fact, Announcement)], y)

    def draw_pings(self, host: str, probes: Sequence[Probe], *, one_by_one: bool) -> None:
        """A tick for each ping, or a bar for each run of answered or lost ones."""
        here = [probe for probe in probes if self._start <= probe.sent <= self._end]
        y = self.y(host)
        if one_by_one:
            for got, colour in ((True, COLOURS.answered), (False, COLOURS.lost)):
                sent = [probe.sent for probe in here if (probe.received is not None) == got]
                self.ticks(sent, (y - _HALF, y + _HALF), colour, 1.3)
        else:
            for got, run in groupby(here, key=lambda probe: probe.received is not None):
                self._bar_of_pings(host, got, [probe.sent for probe in run])

    def bar(self, host: str, start: float, end: float, face: str) -> None:
        """A bar in a host's lane."""
        span = [(self.x(start), self.x(end) - self.x(start))]
        self.axes.broken_barh(span, (self.y(host) - _HALF, 2 * _HALF), facecolor=face, zorder=1.5)

    def label(self, host: str, start: float, end: float, text: str, ink: str) -> None:
        """Words in a bar, if there is room."""
        if self._inches(end - start) > _LETTER * len(text):
            self.axes.text(
                self.x((start + end) / 2),
                self.y(host) - 0.01,
                text,
                color=ink,
                fontsize=9,
                ha="center",
                va="center",
            )

    def headline(self, host: str, moment: float, text: str) -> None:
        """Words above everything, and a line from them down to the host they are about."""
        x, top = self.x(moment), len(self._lanes) - 0.3
        self.axes.plot(
            [x, x],
            [self.y(host) - _HALF, top],
            color=COLOURS.ink,
            linewidth=1,
            linestyle=(0, (2, 2)),
            clip_on=False,
        )
        self.axes.text(
            x, top, f"{host} {text}", color=COLOURS.ink, fontsize=9, ha="left", va="bottom"
        )

    def shade(self, start: float, end: float, letter: str) -> None:
        """Mark what is enlarged elsewhere."""
        left, right = self.x(start), self.x(end)
        self.axes.axvspan(left, right, color="#fff3bf", zorder=-1, linewidth=0)
        self.axes.text(
            (left + right) / 2, -0.4, letter, ha="center", color=COLOURS.ink, fontweight="bold"
        )

    def ticks(
        self,
        moments: Iterable[float],
        span: tuple[float, float],
        colour: str,
        width: float,
        style: str = "-",
    ) -> None:
        """Upright lines, all in one shape: hundreds of them would make a big file."""
        xs = [self.x(each) for each in moments]
        if xs:
            vertices = [(x, y) for x in xs for y in span]
            codes = [Shape.MOVETO, Shape.LINETO] * len(xs)
            shape = PathPatch(
                Shape(vertices, codes),
                fill=False,
                edgecolor=colour,
                linewidth=width,
                linestyle=style,
                capstyle="butt",
                zorder=2,
            )
            self.axes.add_patch(shape)

    def measure(self, start: float, end: float, y: float, text: str, colour: str) -> None:
        """A line with arrows from one moment to the other, its length written above it."""
        arrow = {
            "arrowstyle": "<|-|>",
            "color": colour,
            "linewidth": 1.2,
            "shrinkA": 0,
            "shrinkB": 0,
        }
        self.axes.annotate("", xy=(self.x(start), y), xytext=(self.x(end), y), arrowprops=arrow)
        middle = self.x((start + end) / 2)
        self.axes.text(middle, y + 0.05, text, color=colour, fontsize=9, ha="center", va="bottom")

    def _bar_of_pings(self, host: str, got: bool, sent: Sequence[float]) -> None:
        self.bar(host, sent[0], sent[-1], COLOURS.answered if got else COLOURS.lost)
        if not got:
            self.axes.text(
                self.x((sent[0] + sent[-1]) / 2),
                self.y(host) + 0.24,
                f"{len(sent)} lost",
                color=COLOURS.lost,
                fontsize=9,
                ha="center",
                va="bottom",
            )

    def _triangles(self, moments: Sequence[float], y: float) -> None:
        firsts = [
            moment
            for before, moment in zip([float("-inf"), *moments], moments, strict=False)
            if moment - before > _BURST
        ]
        self.axes.plot(
            [self.x(each) for each in firsts],
            [y + 0.42] * len(firsts),
            linestyle="none",
            marker="v",
            markersize=8,
            color=COLOURS.garp,
            markeredgecolor="white",
            zorder=4,
        )

    def _inches(self, seconds: float) -> float:
        """How wide so many seconds are."""
        width = self.axes.get_window_extent().width / self.axes.figure.dpi
        return width * seconds / (self._end - self._start)

    def _inside(self, events: Sequence[Event]) -> list[Event]:
        return [each for each in events if self._start <= each.time <= self._end]


def _priority(event: Event) -> int:
    return event.fact.priority if isinstance(event.fact, Advert) else 0
