"""The tests that there are, by collecting them: a row of a ledger dies with the test it names."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Collection, Iterable
from pathlib import Path

__all__ = ["ROOT", "collect", "exists"]

ROOT = Path(__file__).resolve().parents[2]
COLLECT = (sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider")


def collect(tests: Iterable[str]) -> list[str]:
    """Every test on the wire and in the files that node ids name, root and slow ones included."""
    named = {test.split("::")[0] for test in tests}
    files = sorted(name for name in named if (ROOT / name).is_file())
    found = subprocess.run(
        [*COLLECT, *files, "tests/netns"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return [line for line in found.stdout.splitlines() if line.startswith("tests/")]


def exists(pattern: str, node_ids: Collection[str]) -> bool:
    """Whether a test of that node id was collected; * stands for any text."""
    if pattern in node_ids:
        return True
    expression = re.compile(".*".join(re.escape(part) for part in pattern.split("*")))
    return any(expression.fullmatch(node_id) for node_id in node_ids)
