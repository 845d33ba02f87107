"""Debian's keepalived and our program lead the same lives, side by side; CONTRACT.md is the table."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from netnslab import Host, Lab
from tests.netns.contract.lives import LIVES
from tests.netns.contract.place import OURS, THEIRS, Place
from tests.netns.contract.rows import TABLE
from tests.parity.quirks import ROWS

pytestmark = pytest.mark.alone

_AT_ONCE = 6
"""Most of a life is waiting."""


@pytest.mark.slow
def test_contract(lab: Lab, tmp_path: Path) -> None:
    """Every row, for both, in one run."""
    lives = {
        (which, life): Place(_host(lab, f"{which}{number}"), tmp_path / f"{which}{number}", program)
        for number, life in enumerate(LIVES)
        for which, program in (("theirs", THEIRS), ("ours", OURS))
    }
    seen: dict[str, dict[str, str]] = {"theirs": {}, "ours": {}}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        results = pool.map(lambda item: item[0][1](item[1]), lives.items())
        for (which, _), found in zip(lives, results, strict=True):
            seen[which] |= found
    rows = {name: row for rows in TABLE.values() for name, row in rows.items()}
    assert seen["theirs"] == {name: row.theirs for name, row in rows.items()}
    assert seen["ours"] == {name: row.ours for name, row in rows.items()}


def _host(lab: Lab, name: str) -> Host:
    host = lab.host(name)
    host.connect(lab.bridge(f"{name}-lan"), addresses=["192.0.2.1/24"])
    return host


def test_each_difference_has_a_reason() -> None:
    different = {name: row for part in TABLE.values() for name, row in part.items() if row.here}
    assert {name for name, row in different.items() if row.quirk not in ROWS} == set()
