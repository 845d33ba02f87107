"""Waiting with a deadline."""

from __future__ import annotations

import pytest

from netnslab import DeadlinePassed, wait_until


def test_the_first_true_result_is_returned() -> None:
    results = iter([None, 0, "yes", "never asked"])
    assert wait_until(lambda: next(results), what="yes", interval=0) == "yes"


def test_the_deadline_is_told() -> None:
    with pytest.raises(DeadlinePassed, match=r"waited 0.01 s in vain for a miracle"):
        wait_until(lambda: False, what="a miracle", timeout=0.01, interval=0.001)


def test_a_condition_is_looked_at_even_without_time() -> None:
    assert wait_until(lambda: True, what="now", timeout=0)


def test_a_slow_machine_gets_one_more_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine stalls during the first look, until long after the deadline."""
    now = 0.0
    monkeypatch.setattr("netnslab.waiting.time.monotonic", lambda: now)

    def look() -> bool:
        nonlocal now
        stalled, now = now == 100.0, 100.0
        return stalled

    assert wait_until(look, what="it", timeout=5, interval=0)
