"""Skew_Time and Active_Down_Interval; the literals are milliseconds worked out from the RFCs' formulas."""

from ipaddress import IPv4Address

import pytest

from pyvrrp.core.intervals import (
    active_down_interval,
    centiseconds,
    from_centiseconds,
    next_advertisement,
    skew_time,
    start_delay,
)
from pyvrrp.core.model import Family, Version, VirtualRouterConfig


def router(**settings):
    return VirtualRouterConfig(
        51, Family.IPV4, (IPv4Address("192.0.2.100"),), IPv4Address("192.0.2.1"), **settings
    )


@pytest.mark.parametrize(
    ("version", "priority", "interval", "skew_ms", "down_ms"),
    [
        pytest.param(3, 100, 1.0, 609.375, 3609.375, id="v3 100 at 100 cs"),
        pytest.param(3, 150, 1.0, 414.0625, 3414.0625, id="v3 150 at 100 cs"),
        pytest.param(3, 200, 1.0, 218.75, 3218.75, id="v3 200 at 100 cs"),
        pytest.param(3, 254, 1.0, 7.8125, 3007.8125, id="v3 254 at 100 cs"),
        pytest.param(3, 1, 1.0, 996.09375, 3996.09375, id="v3 1 at 100 cs"),
        pytest.param(3, 100, 0.1, 60.9375, 360.9375, id="v3 100 at 10 cs"),
        pytest.param(3, 100, 0.01, 6.09375, 36.09375, id="v3 100 at 1 cs"),
        pytest.param(3, 254, 0.01, 0.078125, 30.078125, id="v3 254 at 1 cs"),
        pytest.param(3, 255, 0.01, 0.0390625, 30.0390625, id="v3 255 at 1 cs is not 0"),
        pytest.param(3, 100, 3.0, 1828.125, 10828.125, id="v3 100, 300 cs learned"),
        pytest.param(3, 100, 40.95, 24953.90625, 147803.90625, id="v3 100, 4095 cs learned"),
        pytest.param(3, 1, 40.95, 40790.0390625, 163640.0390625, id="v3 1, 4095 cs: no 16 bits"),
        pytest.param(2, 100, 1.0, 609.375, 3609.375, id="v2 100 at 1 s"),
        pytest.param(2, 200, 1.0, 218.75, 3218.75, id="v2 200 at 1 s"),
        pytest.param(2, 100, 3.0, 609.375, 9609.375, id="v2 100 at 3 s"),
        pytest.param(2, 254, 2.0, 7.8125, 6007.8125, id="v2 254 at 2 s"),
    ],
)
def test_check_values(version, priority, interval, skew_ms, down_ms):
    cfg = router(version=Version(version), priority=priority)
    assert skew_time(cfg, interval) * 1000 == pytest.approx(skew_ms, abs=1e-6)
    assert active_down_interval(cfg, interval) * 1000 == pytest.approx(down_ms, abs=1e-6)


@pytest.mark.parametrize(
    ("missed", "down"),
    [
        pytest.param(1, 1.609375, id="one"),
        pytest.param(3, 3.609375, id="the RFC's three"),
        pytest.param(5, 5.609375, id="five"),
    ],
)
def test_missed_advertisements(missed, down):
    assert active_down_interval(router(missed_advertisements=missed), 1.0) == down


@pytest.mark.parametrize(
    ("settings", "delay"),
    [
        pytest.param({}, 3.609375, id="Backup listens for Active_Down_Interval"),
        pytest.param({"start_as_active": True}, 1.00390625, id="state MASTER: 1 interval + 1/256"),
        pytest.param({"priority": 255}, 0.0, id="owner does not wait"),
        pytest.param({"priority": 255, "start_as_active": True}, 0.0, id="owner, state MASTER"),
    ],
)
def test_start_delay(settings, delay):
    assert start_delay(router(**settings)) == delay


@pytest.mark.parametrize(
    ("interval", "due", "now", "following"),
    [
        pytest.param(1.0, 10.0, 10.0, 11.0, id="on time"),
        pytest.param(1.0, 10.0, 10.9, 11.0, id="late: no drift"),
        pytest.param(1.0, 10.0, 11.0, 12.0, id="a whole interval late: a new rhythm"),
        pytest.param(1.0, 10.0, 60.25, 61.25, id="very late: no burst"),
    ],
)
def test_next_advertisement(interval, due, now, following):
    assert next_advertisement(interval, due, now) == following


@pytest.mark.parametrize(("seconds", "cs"), [(0.01, 1), (0.29, 29), (1.0, 100), (40.95, 4095)])
def test_units(seconds, cs):
    assert centiseconds(seconds) == cs
    assert from_centiseconds(cs) == seconds
