"""QUIRKS.md and the tests know each other: no difference without a row, no row without a use."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

from tests.ipvs.parity.scenarios import SCENARIOS
from tests.netns.scenarios.table import SCENARIOS as TWO_NODE_SCENARIOS
from tests.parity.quirks import PAGE, ROOT, ROWS

TESTS = sorted(path.stem for path in Path(__file__).parent.glob("test_*.py"))


def rows_of(difference: object) -> tuple[str, ...]:
    """A row, a row behind keepalived's code, or rows with the lines that differ."""
    if isinstance(difference, tuple):
        return (str(difference[1]),)
    return tuple(difference) if isinstance(difference, dict) else (str(difference),)


DIFFERENCES = (
    {
        f"{test}: {name}": rows_of(difference)
        for test in TESTS
        if test != Path(__file__).stem
        for name, difference in import_module(f"tests.parity.{test}").DIFFERENT.items()
    }
    | {
        f"{title}: {name}": tuple(re.findall("quirk: ([a-z-]+)", reason))
        for title, scenario in SCENARIOS.items()
        for name, reason in scenario.known.items()
    }
    | {
        f"{scenario.name}: {pattern}": (row,)
        for scenario in TWO_NODE_SCENARIOS
        for pattern, row in scenario.known.items()
    }
)


@pytest.fixture(scope="module")
def code() -> str:
    places = (ROOT / "pyvrrp", ROOT / "healthcheck", ROOT / "tests")
    return "\n".join(p.read_text() for place in places for p in place.rglob("*.py"))


def test_each_row_has_a_name_of_its_own() -> None:
    assert len(ROWS) == len(set(ROWS)) > 10


@pytest.mark.parametrize("name", DIFFERENCES)
def test_each_difference_has_a_row(name: str) -> None:
    assert DIFFERENCES[name]
    assert set(DIFFERENCES[name]) <= set(ROWS)


@pytest.mark.parametrize("row", ROWS)
def test_each_row_is_used(row: str, code: str) -> None:
    """In a table of differences as a string, or in a comment as `quirk: NAME`."""
    assert f'"{row}"' in code or re.search(rf"quirks?:[a-z0-9,\s-]*\b{row}\b", code)


def test_each_row_says_all() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    assert [row for row in rows if row.count(" | ") != 4] == []
