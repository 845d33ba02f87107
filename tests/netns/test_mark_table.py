"""Firewall marks on packets, on a real kernel."""

from __future__ import annotations

import socket
from contextlib import closing
from ipaddress import ip_address

import pytest

from netnslab import Host, Lab, wait_until
from pyvrrp.daemon.checkers.mark_table import MarkTable
from pyvrrp.daemon.lvs.mark_settings import Mark, MarkSettings

_SEEN = """table {0} seen {{
    chain in {{
        type filter hook input priority 10;
        meta mark 4660 counter
    }}
}}"""


@pytest.mark.parametrize(
    ("family", "own", "words"),
    [
        ("ip", "192.0.2.1", "192.0.2.1 . 9 : 0x00001234"),
        ("ip6", "2001:db8::1", "2001:db8::1 . 9 : 0x00001234"),
    ],
)
def test_packets_are_marked(lab: Lab, family: str, own: str, words: str) -> None:
    lan = lab.bridge("lan")
    for number, name in enumerate(("router", "client"), 1):
        lab.host(name).connect(lan, addresses=[f"192.0.2.{number}/24", f"2001:db8::{number}/64"])
    router = lab["router"]
    router.run(["nft", _SEEN.format(family)])
    marks, udp = MarkTable(), int(socket.IPPROTO_UDP)
    with router.entered():
        marks.use(MarkSettings(marks=(Mark(udp, ip_address(own), 9, 0x1234),)))
    assert words in router.run(["nft", "list", "ruleset"]).stdout
    _send(lab["client"], own, 8)
    _send(lab["client"], own, 9)
    wait_until(lambda: _seen(router, family) >= 1, what="a marked packet", timeout=10)
    assert _seen(router, family) == 1
    with router.entered():
        marks.use(MarkSettings())
    assert "keepalived" not in router.run(["nft", "list", "ruleset"]).stdout


def _send(client: Host, address: str, port: int) -> None:
    with client.entered():
        kind = socket.AF_INET6 if ":" in address else socket.AF_INET
        with closing(socket.socket(kind, socket.SOCK_DGRAM)) as datagram:
            datagram.sendto(b".", (address, port))


def _seen(router: Host, family: str) -> int:
    words = router.run(["nft", "list", "table", family, "seen"]).stdout.split()
    return int(words[words.index("packets") + 1])
