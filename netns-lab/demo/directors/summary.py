"""The table at the end of the second half, and what its words mean."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table

from .outcome import Outcome
from .site import CHECK_TIMEOUT, DELAY_LOOP, DIRECTORS, SERVERS
from .traffic import INTERVAL

__all__ = ["sum_up"]


def sum_up(console: Console, outcome: Outcome, program: str) -> None:
    """Print it."""
    left, back, taken = outcome.departure, outcome.comeback, outcome.takeover
    first = next(iter(SERVERS))
    table = Table(
        box=box.SIMPLE_HEAD, title=f"{program}: a request to the site every {INTERVAL * 1000:g} ms"
    )
    for heading in (
        "",
        "took",
        "may take",
        "requests\nfailed",
        "slowest answer on\nstaying connection",
    ):
        table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    table.add_row(
        f"{first} dies, leaves the pool",
        _ms(left.seconds),
        _ms(left.bound),
        str(len(left.failed)),
        _ms(left.slowest),
    )
    table.add_row(
        f"{first} returns to the pool",
        _ms(back.seconds),
        "",
        str(len(back.failed)),
        _ms(back.slowest),
    )
    table.add_row(
        f"{DIRECTORS[0]} loses power, {DIRECTORS[1]} takes over",
        _ms(taken.seconds),
        f"floor {_ms(taken.floor.seconds)}",
        str(len(taken.failed)),
        "lost" if taken.slowest is None else _ms(taken.slowest),
        style="bold",
    )
    console.print(table)
    console.print(
        f"may take  delay_loop {DELAY_LOOP:g} s + connect_timeout {CHECK_TIMEOUT:g} s;"
        f" for the takeover 3 x advert_int + Skew_Time is the least\n"
        f"answered  {', '.join(f'{name} {n} requests' for name, n in outcome.answered.items())}\n",
        markup=False,
        soft_wrap=True,
    )


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"
