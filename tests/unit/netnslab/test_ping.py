"""Outages, from pings."""

from __future__ import annotations

import pytest

from netnslab.ping import Outage, PingStream, Probe, outages


def _probes(pattern: str) -> list[Probe]:
    """One ping every 10 ms; `!` was answered."""
    return [
        Probe(number, number / 100, number / 100 + 0.001 if sign == "!" else None)
        for number, sign in enumerate(pattern)
    ]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        pytest.param("", [], id="no pings"),
        pytest.param("!!!", [], id="none lost"),
        pytest.param("!..!!", [Outage(0.01, 0.03, 2)], id="one run"),
        pytest.param(".!.!", [Outage(0.0, 0.01, 1), Outage(0.02, 0.03, 1)], id="two runs"),
        pytest.param("!...", [Outage(0.01, None, 3)], id="to the end"),
    ],
)
def test_runs_of_lost_pings(pattern: str, expected: list[Outage]) -> None:
    assert outages(_probes(pattern)) == expected


def test_an_outage_lasts_until_the_next_answered_request() -> None:
    assert Outage(1.0, 1.5, 50).seconds == 0.5
    assert Outage(1.0, None, 50).seconds is None


@pytest.mark.parametrize(("target", "interval"), [("192.0.2.1", 0.0), ("nobody", 1.0)])
def test_nonsense_is_refused(target: str, interval: float) -> None:
    with pytest.raises(ValueError):
        PingStream("no-namespace", target, interval, 1.0)
