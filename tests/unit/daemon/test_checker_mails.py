"""Mails about checks, servers and quorum, in the words of keepalived 2.2.7."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from healthcheck.core.model import (
    DnsCheck,
    FollowedCheck,
    HttpCheck,
    MiscCheck,
    PingCheck,
    RealServer,
    SmtpCheck,
    Target,
    TcpCheck,
    UdpCheck,
    VirtualServer,
)
from healthcheck.core.service import QuorumDown, QuorumUp, ServerDown, ServerUp
from healthcheck.core.table import Destination, Protocol, ServiceAddress
from healthcheck.events import CheckFailed, CheckRecovered
from pyvrrp.daemon.checkers.mails import CheckerMails

SERVER = Destination(IPv4Address("10.0.0.1"), 80)
TARGET = Target(IPv4Address("10.0.0.1"), 80)
TCP = TcpCheck(TARGET)
VS = "[192.0.2.1]:tcp:80"
SERVICE = VirtualServer(
    name=VS,
    keys=(ServiceAddress(Protocol.TCP, IPv4Address("192.0.2.1"), 80),),
    real_servers=(RealServer(SERVER, (TCP,)),),
    quorum=2,
    hysteresis=1,
)
UP = f"Realserver [10.0.0.1]:tcp:80 of virtual server {VS} - UP"
DOWN = f"Realserver [10.0.0.1]:tcp:80 of virtual server {VS} - DOWN"


class Sent:
    def __init__(self) -> None:
        self.mails = CheckerMails(lambda subject, body: self._sent.append((subject, body)))
        self._sent: list[tuple[str, str]] = []

    def hear(self, *events: object) -> list[tuple[str, str]]:
        for event in events:
            self.mails.hear(event, SERVICE)
        self.mails.flush()
        sent, self._sent = self._sent, []
        return sent


@pytest.fixture
def sent() -> Sent:
    return Sent()


def failed(check: object = TCP, detail: str = "why") -> CheckFailed:
    return CheckFailed(VS, SERVER, check, detail, is_final=True)


def recovered(check: object = TCP) -> CheckRecovered:
    return CheckRecovered(VS, SERVER, check, "ok")


def test_one_mail_for_a_check_and_its_server(sent: Sent):
    assert sent.hear(failed(), ServerDown(VS, SERVER)) == [
        (DOWN, "=> TCP CHECK failed on service <=")
    ]
    assert sent.hear(recovered(), ServerUp(VS, SERVER)) == [
        (UP, "=> TCP CHECK succeed on service <=")
    ]


def test_check_that_leaves_its_server_as_it_is(sent: Sent):
    sent.hear(failed(), ServerDown(VS, SERVER))
    assert sent.hear(failed()) == [(DOWN, "=> TCP CHECK failed on service <=")]
    assert sent.hear(recovered()) == [(DOWN, "=> TCP CHECK succeed on service <=")]
    sent.mails.tells_each_check = False
    assert sent.hear(failed()) == []
    assert sent.hear(recovered(), ServerUp(VS, SERVER)) != []


def test_attempt_that_is_not_the_last_has_none(sent: Sent):
    assert sent.hear(CheckFailed(VS, SERVER, TCP, "", is_final=False)) == []


@pytest.mark.parametrize(
    ("check", "bad", "good"),
    [
        (UdpCheck(TARGET), "UDP CHECK failed on service", "UDP CHECK succeed on service"),
        (PingCheck(TARGET), "ICMP CHECK failed on service", "ICMP CHECK succeed on service"),
        (DnsCheck(TARGET), "DNS_CHECK: failed on service", "DNS_CHECK: succeed on service"),
        (MiscCheck(("x",), 1.0), "MISC CHECK failed on service", "MISC CHECK succeeded on service"),
        (
            FollowedCheck("b1"),
            "BFD CHECK b1 failed on service",
            "BFD CHECK b1 succeeded on service",
        ),
        (SmtpCheck(TARGET), "CHECK failed on service : why", "CHECK succeed on service"),
        (
            HttpCheck(TARGET, ()),
            "CHECK failed on service : HTTP request failed",
            "CHECK succeed on service",
        ),
    ],
)
def test_words_of_checks(sent: Sent, check: object, bad: str, good: str):
    assert sent.hear(failed(check)) == [(UP, f"=> {bad} <=")]
    assert sent.hear(recovered(check)) == [(UP, f"=> {good} <=")]


def test_script_without_end(sent: Sent):
    event = failed(MiscCheck(("x",), 1.0), "not finished within 1 s")
    assert sent.hear(event) == [(UP, "=> MISC CHECK timed out on service <=")]


def test_quorum(sent: Sent):
    assert sent.hear(QuorumUp(VS, 4)) == [
        (f"Virtualserver {VS} - UP", "=> Starting with quorum up 2+1=3 <= 4 <=")
    ]
    assert sent.hear(failed(), ServerDown(VS, SERVER), QuorumDown(VS, 0)) == [
        (DOWN, "=> TCP CHECK failed on service <="),
        (f"Virtualserver {VS} - DOWN", "=> Lost quorum 2+1=1 <= 0 <="),
    ]
    assert sent.hear(QuorumUp(VS, 3)) == [
        (f"Virtualserver {VS} - UP", "=> Gained quorum 2+1=3 <= 3 <=")
    ]


def test_start_without_quorum(sent: Sent):
    assert sent.hear(QuorumDown(VS, 0))[0][1] == "=> Starting with quorum down 2+1=1 <= 0 <="


def test_removed_and_stopped(sent: Sent):
    assert sent.hear(ServerDown(VS, SERVER)) == [(DOWN, "=> Removing <=")]
    sent.mails.is_stopping = True
    assert sent.hear(ServerDown(VS, SERVER), QuorumDown(VS, 0)) == [
        (DOWN, "=> Shutting down <="),
        (f"Virtualserver {VS} - DOWN", "=> Shutting down <="),
    ]


def test_server_that_is_up_at_the_start_has_none(sent: Sent):
    assert sent.hear(ServerUp(VS, SERVER)) == []


def test_switched_off(sent: Sent):
    for event in (failed(), ServerDown(VS, SERVER), QuorumDown(VS, 0)):
        sent.mails.hear(event, SERVICE, is_wanted=False)
    assert sent.hear() == []
    assert sent.hear(QuorumUp(VS, 3))[0][1].startswith("=> Gained quorum ")
