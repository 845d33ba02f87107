"""The performance rows beside keepalived, in one run: `python -m tests.bench`, as root.

Prints a table with both figures, their ratio and whether the bound is met. A run of every row at
full length also writes tests/bench/results/YYYY-MM-DD.json, with every sample, and a .md beside it.
Exit status 0 when every bound is met, 1 when not.
"""

from __future__ import annotations

import argparse
import compileall
import datetime
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from netnslab import LabError
from tests.bench import (
    bfd,
    busy,
    crash_safety,
    failover,
    lvs,
    many,
    parse,
    report,
    scripts,
    size,
    stall,
    storm,
    vmac,
)
from tests.bench.report import Figure, Plan
from tests.bench.routers import adopt_orphans

_ROWS: dict[str, Callable[[Plan], Iterator[Figure]]] = {
    "crash": failover.measure_crash,
    "planned": failover.measure_planned,
    "stall": stall.measure_stall,
    "vmac": vmac.measure,
    "bfd": bfd.measure,
    "many": many.measure,
    "storm": storm.measure,
    "crash safety": crash_safety.measure,
    "busy": busy.measure,
    "scripts": scripts.measure,
    "size": size.measure,
    "parse": parse.measure,
    "table": lvs.measure_table,
    "checks": lvs.measure_checks,
    "truth": lvs.measure_truth,
    "dead server": lvs.measure_death,
    "million": lvs.measure_million,
}
_ROOT = Path(__file__).parents[2]
_RESULTS = Path(__file__).with_name("results")


def main() -> int:
    """Run the benchmarks that the command line asks for."""
    options = _parser().parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends the labs in order, as Ctrl-C
    adopt_orphans()
    for package in ("pyvrrp", "healthcheck"):  # as installed; else each start compiles what is new
        compileall.compile_dir(_ROOT / package, quiet=1)
    facts = report.machine()
    start = time.monotonic()
    try:
        figures = list(_measure(options.rows, Plan(options.quick, options.repeat)))
    except KeyboardInterrupt:
        print("interrupted; nothing is left running", file=sys.stderr)
        return 130
    except LabError as error:
        print(error, file=sys.stderr)
        return 2
    facts["duration"] = f"{time.monotonic() - start:.0f} s"
    print(report.table(figures))
    if options.rows == list(_ROWS) and not options.quick:
        path = _RESULTS / datetime.date.today().isoformat()
        report.write(path, facts, figures)
        print(f"kept in {path}.json and .md")
    return int(any(figure.is_met is False for figure in figures))


def _measure(rows: list[str], plan: Plan) -> Iterator[Figure]:
    """Every figure; each row is announced, since some take minutes."""
    for row in rows:
        start = time.monotonic()
        print(f"{row} ...", end=" ", file=sys.stderr, flush=True)
        yield from _ROWS[row](plan)
        print(f"{time.monotonic() - start:.0f} s", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m tests.bench", description=__doc__)
    parser.add_argument(
        "--rows", type=_rows, default=list(_ROWS), help=f"of {','.join(_ROWS)}; default: all"
    )
    parser.add_argument("--quick", action="store_true", help="two minutes, rough figures")
    parser.add_argument("--repeat", type=int, help="repetitions, in place of each row's own")
    return parser


def _rows(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in _ROWS:
            raise argparse.ArgumentTypeError(f"{name!r} is not one of {', '.join(_ROWS)}")
    return names


if __name__ == "__main__":
    sys.exit(main())
