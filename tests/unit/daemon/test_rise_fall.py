"""keepalived's counter of good and bad results. A row: results, and the standings they lead to."""

from __future__ import annotations

import pytest

from pyvrrp.daemon.trackers.rise_fall import RiseFall


@pytest.mark.parametrize(
    ("rise", "fall", "results", "told"),
    [
        pytest.param(1, 1, "+-+--+", "+-+- +", id="each result counts"),
        pytest.param(3, 2, "+", "+", id="the first good one decides"),
        pytest.param(3, 2, "-", "-", id="the first bad one decides"),
        pytest.param(3, 2, "-+++", "-  +", id="rises after three"),
        pytest.param(3, 2, "-++-+++", "-     +", id="a bad one starts it anew"),
        pytest.param(1, 3, "+---", "+  -", id="falls after three"),
        pytest.param(1, 3, "+--+---", "+     -", id="a good one starts it anew"),
        pytest.param(2, 2, "+-+--++", "+   - +", id="both"),
    ],
)
def test_told(rise: int, fall: int, results: str, told: str) -> None:
    counter = RiseFall(rise, fall)
    found = ""
    for result in results:
        is_new = counter.take(is_good=result == "+")
        found += ("+" if counter.is_up else "-") if is_new else " "
    assert found.rstrip() == told


@pytest.mark.parametrize(
    ("results", "under", "then", "told"),
    [
        pytest.param("", (3, 3), "+", "+", id="nothing known: the first decides"),
        pytest.param("+", (3, 3), "---", "  -", id="all the way up stays so"),
        pytest.param("-", (3, 3), "+++", "  +", id="all the way down stays so"),
        pytest.param("-+", (4, 2), "++", " +", id="two more to go, as before"),
        pytest.param("+-", (2, 4), "--", " -", id="as many to fall, as before"),
        pytest.param("-+", (1, 1), "+", "+", id="less room"),
    ],
)
def test_other_rules(results: str, under: tuple[int, int], then: str, told: str) -> None:
    """Three to rise and three to fall, then by other rules."""
    counter = RiseFall(3, 3)
    for result in results:
        counter.take(is_good=result == "+")
    was_known, was_up = counter.is_known, counter.is_up
    counter = counter.under(*under)
    assert (counter.is_known, counter.is_up) == (was_known, was_up)
    found = ""
    for result in then:
        is_new = counter.take(is_good=result == "+")
        found += ("+" if counter.is_up else "-") if is_new else " "
    assert found.rstrip() == told
