"""Looking at /proc/net/ip_vs; the text is a kernel 6.1's, without blanks at the ends of lines."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest

from healthcheck.core.table import Family, FirewallMark, Protocol, ServiceAddress
from healthcheck.glance import Glance

HEADING = """IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
"""
WEB_TEXT = """TCP  C6120706:0050 rr
  -> 0A002322:0050      Masq    1      0          0
  -> 0A002321:0050      Masq    1      7          19
"""
DNS_TEXT = """UDP  [2001:0db8:0000:0000:0000:0000:0000:0001]:0035 rr ops
  -> [2001:0db8:0000:0000:0000:0000:0000:0011]:0035      Route   2147483647 0          0
"""
MARK_TEXT = """FWM  00000007 wlc persistent 360 FFFFFF00
"""
WEB = ServiceAddress(Protocol.TCP, IPv4Address("198.18.7.6"), 80)
DNS = ServiceAddress(Protocol.UDP, IPv6Address("2001:db8::1"), 53)
MARKS = {FirewallMark(7, Family.IPV4), FirewallMark(7, Family.IPV6)}


class File:
    def __init__(self, path):
        self.path = path
        self.write(WEB_TEXT + DNS_TEXT + MARK_TEXT)
        self.glance = Glance(str(path))

    def write(self, text: str) -> None:
        self.path.write_text(HEADING + text)

    def look(self):
        while (found := self.glance.look_on()) is None:
            pass
        return found


@pytest.fixture
def file(tmp_path):
    file = File(tmp_path / "ip_vs")
    assert file.look() == {}
    yield file
    file.glance.close()


def test_nothing_changed(file):
    assert file.look() == {}
    assert file.glance.services == 3


def test_connections_are_no_change(file):
    changed = WEB_TEXT.replace("7          19 ", "123456789  1  ") + DNS_TEXT + MARK_TEXT
    file.write(changed)
    assert file.look() == {}


@pytest.mark.parametrize(
    ("old", "new", "suspects"),
    [
        pytest.param("Masq    1      7", "Masq    9      7", {WEB: False}, id="weight"),
        pytest.param("Route   2147483647", "Tunnel  2147483647", {DNS: False}, id="method"),
        pytest.param(WEB_TEXT.splitlines(keepends=True)[2], "", {WEB: False}, id="removed"),
        pytest.param(DNS_TEXT, "", {DNS: True}, id="service removed"),
        pytest.param("C6120706:0050 rr", "C6120706:0050 lc", {WEB: True}, id="scheduler"),
        pytest.param("360 FFFFFF00", "60 FFFFFF00", dict.fromkeys(MARKS, True), id="persistence"),
        pytest.param(
            DNS_TEXT,
            DNS_TEXT.replace("UDP", "SCTP") + DNS_TEXT,
            {ServiceAddress(Protocol.SCTP, DNS.address, 53): True},
            id="service added",
        ),
        pytest.param(MARK_TEXT, MARK_TEXT + "XYZ  00000000:0000 rr\n", {}, id="unknown protocol"),
    ],
)
def test_what_changed_is_named_once(file, old, new, suspects):
    before = WEB_TEXT + DNS_TEXT + MARK_TEXT
    assert old in before
    file.write(before.replace(old, new))
    assert file.look() == suspects
    assert file.look() == {}


def test_a_large_file_is_read_in_turns(file):
    file.write(WEB_TEXT * 2000)
    turns = 1
    while file.glance.look_on() is None:
        turns += 1
    assert turns == 4


def test_no_such_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        Glance(str(tmp_path / "ip_vs"))
