"""What a benchmark says: figures, the table of them, and the dated files that are kept."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

__all__ = ["Figure", "Plan", "Samples", "compare", "machine", "table", "write"]

Samples = dict[str, list[float]]
"""Maker's word -> single measurements."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. Without a `bound` it is for information."""

    row: str
    what: str
    unit: str
    ours: float
    keepalived: float | None
    bound: str = ""
    is_met: bool | None = None
    samples: Samples = field(default_factory=dict)

    @property
    def ratio(self) -> float | None:
        """Ours in terms of keepalived's."""
        return self.ours / self.keepalived if self.keepalived else None


@dataclass(frozen=True, slots=True)
class Plan:
    """How thorough a run is."""

    quick: bool = False
    repeat: int | None = None

    def choose(self, full: int, quick: int) -> int:
        """A number of repetitions; the one given on the command line wins."""
        return self.repeat or (quick if self.quick else full)


def compare(
    row: str,
    what: str,
    unit: str,
    samples: Samples,
    *,
    factor: float = 1.0,
    slack: float = 0.0,
    most: float | None = None,
    middle: Callable[[list[float]], float] = median,
) -> Figure:
    """Medians, or another `middle`, side by side. The bound: ours <= `most` if given, else <=
    `factor` x keepalived's + `slack`."""
    ours, theirs = (middle(samples[word]) for word in ("ours", "keepalived"))
    if most is not None:
        return Figure(row, what, unit, ours, theirs, f"<= {most:g} {unit}", ours <= most, samples)
    bound = f"<= {factor:g} x" + (f" + {slack:g} {unit}" if slack else "")
    return Figure(row, what, unit, ours, theirs, bound, ours <= factor * theirs + slack, samples)


def table(figures: Sequence[Figure]) -> str:
    """A table in Markdown, in columns of even width."""
    head = ["row", "figure", "unit", "ours", "keepalived", "ratio", "bound", "met"]
    lines = [head, *(_cells(figure) for figure in figures)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(
        "| " + " | ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) + " |"
        for line in lines
    )


def _cells(figure: Figure) -> list[str]:
    met = {True: "yes", False: "NO", None: ""}[figure.is_met]
    numbers = [_number(n) for n in (figure.ours, figure.keepalived, figure.ratio)]
    return [figure.row, figure.what, figure.unit, *numbers, figure.bound, met]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def machine() -> dict[str, str]:
    """What one has to know of the machine to judge a figure."""
    cpu = next(
        (line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        "unknown",
    )
    return {
        "processor": cpu.partition(":")[2].strip(),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": Path("/proc/meminfo").read_text().splitlines()[0].split(":")[1].strip(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "keepalived": _first_line(["/usr/sbin/keepalived", "-v"]),
        "revision": _first_line(["git", "describe", "--always", "--dirty"]),
        "load": " ".join(f"{load:.2f}" for load in os.getloadavg()),
    }


def _first_line(command: list[str]) -> str:
    """What a program says of itself, on either stream."""
    if shutil.which(command[0]) is None:
        return "not installed"
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        cwd=Path(__file__).parent,
    )
    return done.stdout.splitlines()[0]


def write(path: Path, facts: dict[str, str], figures: Sequence[Figure]) -> None:
    """Keep the figures as `path`.json with every sample, and as a table in `path`.md."""
    path.parent.mkdir(exist_ok=True)
    found = [asdict(figure) | {"ratio": figure.ratio} for figure in figures]
    path.with_suffix(".json").write_text(
        json.dumps({"machine": facts, "figures": found}, indent=1) + "\n"
    )
    about = "\n".join(f"- {name}: {value}" for name, value in facts.items())
    path.with_suffix(".md").write_text(f"# {path.stem}\n\n{about}\n\n{table(figures)}\n")
