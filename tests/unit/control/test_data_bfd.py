"""`keepalived_bfd.data`: lines of Debian's keepalived 2.2.7 for the same session."""

import os
import time
from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from pyvrrp.bfd.core.model import SessionConfig, SessionState
from pyvrrp.bfd.core.session import Remote, begin
from pyvrrp.bfd.settings import BfdSettings
from pyvrrp.bfd.snapshot import SessionSnapshot
from pyvrrp.conf.bfd_config import BfdInstance
from pyvrrp.conf.config import Config
from pyvrrp.conf.diagnostics import Span
from pyvrrp.control import data_bfd, data_vrrp

PEER, OWN = IPv4Address("192.0.2.2"), IPv4Address("192.0.2.1")
CONFIG = Config(
    bfd_instances=(BfdInstance("b1", Span("f", 1, 1, 1), PEER, 255, OWN, 0.05, 0.05, multiplier=3),)
)
PROTOCOL = SessionConfig(0.05, 0.05, 1.0, 3)
CONFIGURED = """\
------< BFD Topology >------
 BFD Instance = b1
   Neighbor IP = 192.0.2.2
   Source IP = 192.0.2.1
   Required min RX interval = 50000 us
   Desired min TX interval = 50000 us
   Desired idle TX interval = 1000000 us
   Detection multiplier = 3
   TTL = 255
   max_hops = 0
   passive = false
   send event to VRRP process = Yes
   send event to checker process = Yes
"""
NEW = """\
   send error = true
   local state = Down
   remote state = Down
   local discriminator = 0x548deaa6
   remote discriminator = 0x0
   local diag = No Diagnostic
   remote diag = No Diagnostic
   remote min tx intv = 0 us
   remote min rx intv = 0 us
   local demand = 0
   remote demand = 0
   remote detect multiplier = 0
   !poll, !final
   local tx intv = 1000000 us
   remote tx intv = 0 us
   local detection time = 0 us
   remote detection time = 0 us
   last_seen = [never]
"""
UP = """\
   send error = false
   local state = Up
   remote state = Up
   local discriminator = 0x548deaa6
   remote discriminator = 0x2
   local diag = No Diagnostic
   remote diag = Neighbor Signaled Session Down
   remote min tx intv = 60000 us
   remote min rx intv = 70000 us
   local demand = 0
   remote demand = 0
   remote detect multiplier = 4
   poll, !final
   local tx intv = 70000 us
   remote tx intv = 60000 us
   local detection time = 240000 us
   remote detection time = 210000 us
   last seen = 1700000000.500000 (Tue Nov 14 22:13:20 2023.500000)
"""


@pytest.fixture
def utc(monkeypatch):
    monkeypatch.setitem(os.environ, "TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def shown(*snapshots):
    found = {snapshot.settings.name: snapshot for snapshot in snapshots}
    return "".join(f"{line}\n" for line in data_bfd.lines(CONFIG, found))


def snapshot(session, heard_at, has_send_error=False):
    settings = BfdSettings("b1", PEER, OWN, protocol=PROTOCOL)
    return SessionSnapshot(settings, session, heard_at, has_send_error)


def test_as_configured():
    assert shown() == CONFIGURED


def test_a_session_that_heard_nothing():
    session = begin(PROTOCOL, 0x548DEAA6, 0.0)
    head = "------< BFD Data >------\n"
    assert shown(snapshot(session, None, True)) == head + CONFIGURED + NEW


def test_a_session_that_is_up(utc):
    state = SessionState.UP
    session = replace(
        begin(PROTOCOL, 0x548DEAA6, 0.0),
        state=state,
        remote=Remote(2, state, 3, 0.06, 0.07, 4),
        tx_in_use=0.05,
        is_polling=True,
    )
    assert shown(snapshot(session, 1700000000.5)).endswith(CONFIGURED + UP)


@pytest.mark.parametrize(("reachable", "word"), [((), "down"), (("b1",), "up"), (("b2",), "down")])
def test_what_vrrp_shows_of_it(reachable, word):
    shown = list(data_vrrp.lines(CONFIG, reachable=reachable))
    assert shown == [
        "------< VRRP Track BFDs >------",
        " VRRP Track BFD = b1",
        "   Weight = 0",
        f"   Bfd is {word}",
        "   Tracking VRRP instances :",
    ]
