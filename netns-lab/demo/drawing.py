"""What both pictures have in common: their style, title, legend.

matplotlib is loaded with this module (0.5 s).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from .panel import COLOURS

__all__ = ["drawn", "entitle", "explain", "in_ms", "mark", "router_handles"]

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
_MARGIN = 0.02
_TITLE, _SUBTITLE = 0.37, 0.63
"""Inches from the top."""


@contextmanager
def drawn(path: Path, size: tuple[float, float]) -> Iterator[Figure]:
    """A figure of so many inches, which is written as SVG at the end of the block.

    Raises: OSError when the file cannot be written.
    """
    with mpl.rc_context(_STYLE):
        figure = pyplot.figure(figsize=size, facecolor="white")
        try:
            yield figure
            figure.savefig(path, format="svg", metadata={"Date": None})
        finally:
            pyplot.close(figure)


def entitle(figure: Figure, title: str, subtitle: str) -> None:
    """Two lines on top."""
    height = figure.get_figheight()
    figure.text(
        _MARGIN,
        1 - _TITLE / height,
        title,
        fontsize=14,
        fontweight="bold",
        color=COLOURS.ink,
    )
    figure.text(_MARGIN, 1 - _SUBTITLE / height, subtitle, fontsize=10, color=COLOURS.faint)


def explain(figure: Figure, *handles: Artist, columns: int | None = None) -> None:
    """What colours and marks mean, at the bottom; in one row unless `columns` says otherwise."""
    figure.legend(
        handles=handles,
        loc="lower center",
        bbox_to_anchor=(0.5, 0.0),
        ncols=columns or len(handles),
        frameon=False,
        fontsize=9,
        handletextpad=0.4,
        columnspacing=1.5,
    )


def mark(label: str, colour: str, marker: str, size: float = 8) -> Line2D:
    """A mark in the legend."""
    return Line2D(
        [], [], linestyle="none", label=label, color=colour, marker=marker, markersize=size
    )


def router_handles() -> list[Artist]:
    """The legend of a router's lane."""
    return [
        Patch(color=COLOURS.active, label="Active"),
        Patch(color=COLOURS.backup, label="Backup"),
        Patch(color=COLOURS.starting, label="starting"),
        mark("Advertisement", COLOURS.advert, "|"),
        mark("gratuitous ARP", COLOURS.garp, "v"),
    ]


def in_ms(seconds: float) -> str:
    """To the tenth of a millisecond, without a final `.0`."""
    return f"{round(seconds * 1000, 1):g} ms"
