"""Advertisements for nobody here are told once a minute, and only on request."""

import pytest

from pyvrrp.strangers import Strangers


def test_told_on_request_and_not_often(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    strangers = Strangers()
    strangers.heard("eth0", 7, 0.0)
    assert caplog.messages == []
    strangers.is_told = True
    for now in (1.0, 2.0, 60.9):
        strangers.heard("eth0", 7, now)
    strangers.heard("eth0", 8, 61.0)
    strangers.heard("eth1", 7, 61.0)
    strangers.heard("eth0", 7, 61.0)
    line = "Unknown VRID({}) received on interface({}). ignoring..."
    expected = [(7, "eth0"), (8, "eth0"), (7, "eth1"), (7, "eth0")]
    assert caplog.messages == [line.format(*each) for each in expected]
