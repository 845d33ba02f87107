"""A time line that runs in the terminal while the lab does, by rich."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from .decode import Advert, Announcement
from .observe import Observation
from .text import LineWriter
from .timeline import AddressSeen, Event, Note, PingsLost, active_periods

__all__ = ["LiveView", "event_style"]

_REFRESH = 0.1
_RECENT = 500


class LiveView:
    """Shows an observation while the `with` block runs: lines scroll, a table below stays.

    It polls the observation from a thread of its own, so nobody else may; the end of the block ends
    the observation too.
    On something that is no terminal it prints the lines alone.
    """

    def __init__(
        self, observation: Observation, hosts: Sequence[str], console: Console | None = None
    ) -> None:
        self._observation = observation
        self._hosts = hosts
        self._console = console or Console(highlight=False)
        self._writer = LineWriter(observation.start, max((len(each) for each in hosts), default=0))
        self._recent: list[Event] = []
        self._finish = threading.Event()
        self._thread = threading.Thread(target=self._run, name="live view", daemon=True)

    def __enter__(self) -> LiveView:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._finish.set()
        self._thread.join()
        self._observation.stop()
        self._show(self._observation.poll())

    def _show(self, events: Sequence[Event]) -> None:
        for event in events:
            for line in self._writer.feed(event):
                self._console.print(Text(line, style=event_style(event)), soft_wrap=True)

    def _run(self) -> None:
        if not self._console.is_terminal:
            while not self._finish.wait(_REFRESH):
                self._step()
            self._step()
            return
        with Live(self._table(), console=self._console, auto_refresh=False) as live:
            while not self._finish.wait(_REFRESH):
                self._step()
                live.update(self._table(), refresh=True)
            self._step()

    def _step(self) -> None:
        new = self._observation.poll()
        self._recent = [*self._recent, *new][-_RECENT:]
        self._show(new)

    def _table(self) -> Table:
        table = Table("host", "heard as Active of", "last answered ping", expand=False)
        now = time.monotonic()
        periods = active_periods(self._recent, now)
        probes = self._observation.probes
        for host in self._hosts:
            active = sorted(
                {each.vrid for each in periods if each.host == host and not each.is_over}
            )
            names = ", ".join(f"VRID {vrid}" for vrid in active)
            answered = [each.sent for each in probes.get(host, ()) if each.received is not None]
            ping = f"{(now - answered[-1]) * 1000:.0f} ms ago" if answered else ""
            table.add_row(host, Text(names, style="green"), ping)
        return table


def event_style(event: Event) -> str:
    """The rich style that a line about this event is shown in."""
    match event.fact:
        case Advert(priority=0) | PingsLost():
            return "red"
        case Advert():
            return "green"
        case Announcement():
            return "cyan"
        case AddressSeen():
            return "blue"
        case Note():
            return "bold yellow"
