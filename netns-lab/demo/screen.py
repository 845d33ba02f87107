"""The demo in the terminal: lines that scroll, lanes that run below them, a table at the end.

Where standard output is no terminal, or on demand, the lines and the table alone.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from types import TracebackType

from rich import box
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from netnslab.live import event_style
from netnslab.text import LineWriter
from netnslab.timeline import Event

from .handovers import Handover, Results
from .lanes import client_lane, legend, router_lane
from .recorder import Recorder
from .states import State, periods
from .story import ADDRESS, CLIENT, ROUTERS

__all__ = ["Screen"]

_WIDTH = 110
"""Of the table where there is no terminal to ask."""
_REFRESH = 0.1
_TOLD = {State.BACKUP: "bold blue", State.ACTIVE: "bold green"}
_HOST_WIDTH = max(len(host) for host in (*ROUTERS, CLIENT))


class Screen:
    """Shows a recorder's events; `show` has to be called all the time."""

    def __init__(self, recorder: Recorder, program: str, *, live: bool) -> None:
        self._console = Console(highlight=False)
        if not self._console.is_terminal:
            self._console = Console(highlight=False, width=_WIDTH)
        self._recorder = recorder
        self._program = program
        self._writer = LineWriter(recorder.start, _HOST_WIDTH)
        self._told: set[tuple[str, float]] = set()
        self._stack = ExitStack()
        self._live: Live | None = None
        self._drawn = 0.0
        if live and self._console.is_terminal:
            self._live = Live(console=self._console, auto_refresh=False, transient=True)

    def __enter__(self) -> Screen:
        self.say(f"{self._program}: two routers share {ADDRESS}, a client uses it\n", "bold")
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

    def say(self, text: str, style: str = "") -> None:
        """One line."""
        self._console.print(Text(text, style=style), soft_wrap=True)

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
            self.say(line, style)
        if self._live is not None and now - self._drawn >= _REFRESH:
            self._drawn = now
            self._live.update(self._lanes(now), refresh=True)

    def sum_up(self, results: Results) -> None:
        """The table, and what its words mean."""
        floor = results.floor
        interval, skew = f"{floor.interval * 1000:g} ms", _ms(floor.skew)
        table = Table(
            box=box.SIMPLE_HEAD, title=f"{self._program}, Advertisements every {interval}"
        )
        for heading in ("", "takeover", "floor", "above it", "client had\nno reply", "pings\nlost"):
            table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
        _add(table, f"crash of {ROUTERS[0]}", results.crash, "bold")
        _add(table, "planned return", results.back)
        _add(table, "planned stop", results.stop)
        self._console.print(table)
        self.say(
            f"takeover  from the last word of the old Active Router to the new one's first GARP\n"
            f"floor     a Backup Router has to hear nothing for 3 x {interval} + Skew_Time,\n"
            f"          (256 - {floor.priority}) / 256 x {interval} = {skew};"
            f" after Priority 0 for Skew_Time alone (RFC 9568, 6.1)\n"
            f"adverts   {', '.join(f'{host} sent {n}' for host, n in results.adverts.items())}\n"
        )

    def _new_states(self, now: float) -> list[tuple[float, str, str]]:
        """When, a line, its style: for each change that was not told yet."""
        lines = []
        for period in periods(self._recorder.events, now):
            key = (period.host, period.start)
            if period.state in _TOLD and key not in self._told:
                self._told.add(key)
                when = period.start - self._recorder.start
                text = f"{when:9.4f}  {period.host:<{_HOST_WIDTH}}  state   {period.state.value}"
                lines.append((period.start, text, _TOLD[period.state]))
        return lines

    def _lanes(self, now: float) -> Group:
        grid = Table.grid(padding=(0, 2))
        width = self._console.width - _HOST_WIDTH - 3
        for host in ROUTERS:
            grid.add_row(host, router_lane(host, self._recorder.events, width, now))
        grid.add_row(CLIENT, client_lane(self._recorder.probes(CLIENT), width, now))
        return Group(grid, legend())


def _add(table: Table, name: str, handover: Handover, style: str = "") -> None:
    above = handover.seconds - handover.floor
    table.add_row(
        name,
        _ms(handover.seconds),
        _ms(handover.floor) if handover.floor else "none",
        f"+{_ms(above)}" if handover.floor else "",
        _ms(handover.gap.seconds),
        str(handover.gap.lost),
        style=style,
    )


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"
