"""Lateness as counts: bounds no more than a quarter above the samples."""

import pytest

from healthcheck.lateness import Lateness, LatenessCounts


def test_nothing_counted():
    assert LatenessCounts().summary() == Lateness(0, 0.0, 0.0, 0.0)


@pytest.mark.parametrize("seconds", [0.000_001, 0.000_9, 0.005, 0.0201, 1.0, 60.0])
def test_one_sample_is_its_own_bound(seconds):
    counts = LatenessCounts()
    counts.add(seconds)
    assert counts.summary() == Lateness(1, seconds, seconds, seconds)


def test_a_hundredth_is_not_in_the_median():
    counts = LatenessCounts()
    for _ in range(98):
        counts.add(0.001)
    for _ in range(2):
        counts.add(1.0)
    summary = counts.summary()
    assert summary.samples == 100
    assert 0.001 <= summary.median <= 0.001_25
    assert summary.p99 == summary.maximum == 1.0


def test_early_is_on_time_and_days_are_the_last_bucket():
    counts = LatenessCounts()
    counts.add(-0.5)
    counts.add(1e9)
    assert counts.summary().maximum == 1e9
    counts.clear()
    assert counts.summary().samples == 0
