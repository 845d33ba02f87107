"""The table at the end of the first half, and what its words mean."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table

from .handovers import Handover, Results
from .story import ROUTERS

__all__ = ["sum_up"]


def sum_up(console: Console, results: Results, program: str) -> None:
    """Print it."""
    floor = results.floor
    interval, skew = f"{floor.interval * 1000:g} ms", _ms(floor.skew)
    table = Table(box=box.SIMPLE_HEAD, title=f"{program}, Advertisements every {interval}")
    for heading in ("", "takeover", "floor", "above it", "client had\nno reply", "pings\nlost"):
        table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    _add(table, f"crash of {ROUTERS[0]}", results.crash, "bold")
    _add(table, "planned return", results.back)
    _add(table, "planned stop", results.stop)
    console.print(table)
    console.print(
        f"takeover  from the last word of the old Active Router to the new one's first GARP\n"
        f"floor     a Backup Router has to hear nothing for 3 x {interval} + Skew_Time,\n"
        f"          (256 - {floor.priority}) / 256 x {interval} = {skew};"
        f" after Priority 0 for Skew_Time alone (RFC 9568, 6.1)\n"
        f"adverts   {', '.join(f'{host} sent {n}' for host, n in results.adverts.items())}\n",
        markup=False,
        soft_wrap=True,
    )


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
