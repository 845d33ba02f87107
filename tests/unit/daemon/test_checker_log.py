"""The lines keepalived 2.2.7 wrote on a kernel with IPVS, for the same events."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from healthcheck.core.model import (
    CustomCheck,
    FollowedCheck,
    HttpCheck,
    RealServer,
    SorryServer,
    Target,
    TcpCheck,
    Timing,
    TlsMaterial,
    Url,
    VirtualServer,
)
from healthcheck.core.service import QuorumDown, QuorumUp, ServerDown, ServerUp
from healthcheck.core.table import Destination, Family, FirewallMark, Protocol, ServiceAddress
from healthcheck.events import CheckFailed, CheckRecovered
from pyvrrp.daemon.checkers.log import activations, lines

NAME = "[10.2.0.1]:tcp:80"
KEY = ServiceAddress(Protocol.TCP, IPv4Address("10.2.0.1"), 80)
ONE, TWO, SORRY = (Destination(IPv4Address(f"10.1.0.{n}"), 80) for n in (11, 12, 99))
TARGET = Target(ONE.address, 80)
CHECK = TcpCheck(TARGET, Timing(retry=1))
PLAIN = VirtualServer(
    NAME, (KEY,), (RealServer(ONE, checks=(CHECK,)), RealServer(TWO, inhibit=True))
)
WITH_SORRY = VirtualServer(
    NAME, (KEY,), PLAIN.real_servers, quorum=1, sorry_server=SorryServer(SORRY)
)


@pytest.mark.parametrize(
    ("event", "config", "expected"),
    [
        pytest.param(
            CheckFailed(NAME, ONE, FollowedCheck("far"), "", True),
            PLAIN,
            ["BFD check of [far] RS([10.1.0.11]:tcp:80) is DOWN"],
            id="session down",
        ),
        pytest.param(
            CheckRecovered(NAME, ONE, FollowedCheck("far"), ""),
            PLAIN,
            ["BFD check of [far] RS([10.1.0.11]:tcp:80) is UP"],
            id="session up",
        ),
        pytest.param(
            QuorumUp(NAME, 2),
            PLAIN,
            ["Gained quorum 1+0=1 <= 2 for VS [10.2.0.1]:tcp:80"],
            id="quorum",
        ),
        pytest.param(
            QuorumDown(NAME, 0),
            WITH_SORRY,
            [
                "Lost quorum 1-0=1 > 0 for VS [10.2.0.1]:tcp:80",
                "Adding sorry server [10.1.0.99]:tcp:80 to VS [10.2.0.1]:tcp:80",
                "Removing alive servers from the pool for VS [10.2.0.1]:tcp:80",
            ],
            id="no quorum, sorry server",
        ),
        pytest.param(
            QuorumDown(NAME, 0),
            PLAIN,
            ["Lost quorum 1-0=1 > 0 for VS [10.2.0.1]:tcp:80"],
            id="no quorum",
        ),
        pytest.param(
            ServerDown(NAME, ONE),
            PLAIN,
            ["Removing service [10.1.0.11]:tcp:80 from VS [10.2.0.1]:tcp:80"],
            id="server down",
        ),
        pytest.param(
            ServerUp(NAME, ONE),
            PLAIN,
            ["Adding service [10.1.0.11]:tcp:80 to VS [10.2.0.1]:tcp:80"],
            id="server up",
        ),
        pytest.param(
            CheckFailed(NAME, ONE, CHECK, "connection refused", is_final=True),
            PLAIN,
            [
                "TCP_CHECK on service [10.1.0.11]:tcp:80 failed after 1 retries."
                " (connection refused)"
            ],
            id="check down",
        ),
        pytest.param(
            CheckFailed(NAME, ONE, CHECK, "", is_final=False),
            PLAIN,
            ["TCP connection to [10.1.0.11]:tcp:80 failed."],
            id="attempt failed",
        ),
        pytest.param(
            CheckRecovered(NAME, ONE, CHECK, ""),
            PLAIN,
            ["TCP connection to [10.1.0.11]:tcp:80 success."],
            id="check up",
        ),
    ],
)
def test_as_keepalived_says_it(event, config, expected):
    assert list(lines(event, config)) == expected


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (HttpCheck(TARGET, (Url("/"),)), "HTTP_GET on service [10.1.0.11]:tcp:80 failed."),
        (
            HttpCheck(TARGET, (Url("/"),), tls=TlsMaterial()),
            "SSL_GET on service [10.1.0.11]:tcp:80 failed.",
        ),
        (CustomCheck("ldap", TARGET), "ldap on service [10.1.0.11]:tcp:80 failed."),
    ],
)
def test_other_checks(check, text):
    assert list(lines(CheckFailed(NAME, ONE, check, "", is_final=False), PLAIN)) == [text]


def test_inhibited_server_stays_in_the_table():
    assert list(lines(ServerDown(NAME, TWO), PLAIN)) == [
        "Disabling service [10.1.0.12]:tcp:80 from VS [10.2.0.1]:tcp:80"
    ]


def test_servers_of_a_firewall_mark_have_no_protocol():
    config = VirtualServer("FWM 7", (FirewallMark(7, Family.IPV4),), (RealServer(ONE),))
    assert list(lines(ServerUp("FWM 7", ONE), config)) == [
        "Adding service [10.1.0.11]:none:80 to VS FWM 7"
    ]


def test_activation():
    assert list(activations(PLAIN)) == [
        "Activating healthchecker for service [10.1.0.11]:tcp:80 for VS [10.2.0.1]:tcp:80"
    ]
