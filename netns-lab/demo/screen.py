"""The demo in the terminal: lines that scroll, and lanes that run below them.

Where standard output is no terminal, or on demand, the lines alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import TypeAlias

from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from netnslab.live import event_style
from netnslab.text import LineWriter
from netnslab.timeline import Event

from .recorder import Recorder
from .states import State, periods

__all__ = ["Lanes", "Screen", "open_console"]

Lanes: TypeAlias = Callable[[int, float], RenderableType]
"""What runs below the lines, for a width in letters and the moment that is its right edge."""

_WIDTH = 110
"""Of what is not shown in a terminal."""
_REFRESH = 0.1
_TOLD = {State.BACKUP: "bold blue", State.ACTIVE: "bold green"}


def open_console() -> Console:
    """Standard output."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_WIDTH)


class Screen:
    """Shows a recorder's events; `show` has to be called all the time."""

    def __init__(
        self,
        recorder: Recorder,
        heading: str,
        hosts: Sequence[str],
        lanes: Lanes,
        *,
        live: bool,
    ) -> None:
        self._console = open_console()
        self._recorder = recorder
        self._heading = heading
        self._width = max(len(host) for host in hosts)
        self._lanes = lanes
        self._writer = LineWriter(recorder.start, self._width)
        self._told: set[tuple[str, float]] = set()
        self._stack = ExitStack()
        self._live: Live | None = None
        self._drawn = 0.0
        if live and self._console.is_terminal:
            self._live = Live(console=self._console, auto_refresh=False, transient=True)

    def __enter__(self) -> Screen:
        self._say(f"{self._heading}\n", "bold")
        if self._live is not None:
            self._stack.enter_context(self._live)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, traceback)

    def show(self, new: list[Event]) -> None:
        """Tell what is new; move the lanes."""
        now = time.monotonic()
        lines = [
            (event.time, line, event_style(event))
            for event in new
            for line in self._writer.feed(event)
        ]
        if new:
            lines += self._new_states(now)
        for _, line, style in sorted(lines, key=lambda each: each[0]):
            self._say(line, style)
        if self._live is not None and now - self._drawn >= _REFRESH:
            self._drawn = now
            self._live.update(self._lanes(self._console.width, now), refresh=True)

    def _say(self, text: str, style: str) -> None:
        self._console.print(Text(text, style=style), soft_wrap=True)

    def _new_states(self, now: float) -> list[tuple[float, str, str]]:
        """When, a line, its style: for each change that was not told yet."""
        lines = []
        for period in periods(self._recorder.events, now):
            key = (period.host, period.start)
            if period.state in _TOLD and key not in self._told:
                self._told.add(key)
                when = period.start - self._recorder.start
                text = f"{when:9.4f}  {period.host:<{self._width}}  state   {period.state.value}"
                lines.append((period.start, text, _TOLD[period.state]))
        return lines
