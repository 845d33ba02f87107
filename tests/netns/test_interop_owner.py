"""An address owner (priority 255) beside a Backup Router of another maker."""

from __future__ import annotations

import pytest

from netnslab import Lab
from tests.netns.interop.routers import Instance, Maker, daemon
from tests.netns.interop.witness import Witness

_IPV4 = Instance(51, ("192.0.2.1/24",), interval=0.1)
_IPV6 = Instance(51, ("fe80::1/64", "2001:db8::1/64"), interval=0.1)


@pytest.mark.parametrize(
    ("owner", "backup", "routers"),
    [
        ("ours", "keepalived", [_IPV4, _IPV6]),
        ("ours", "frr", [_IPV4]),
        ("keepalived", "ours", [_IPV6]),  # in IPv4 it removes its own address first, and faults
    ],
)
def test_owner_is_active_at_once_and_keeps_its_addresses(
    lab: Lab, owner: Maker, backup: Maker, routers: list[Instance]
) -> None:
    lan = lab.bridge("lan")
    addresses = ["192.0.2.1/24", "2001:db8::1/64", "fe80::1/64"]
    lab.host("owner").connect(lan, addresses=addresses)
    lab.host("backup").connect(lan, addresses=["192.0.2.2/24", "2001:db8::2/64"])
    # The kernel drops what comes from an address it has itself, as the owner's Advertisements do
    # once the Backup Router has taken over. No maker's daemon sets this by itself.
    lab["backup"].sysctl("net.ipv4.conf.eth0.accept_local", 1)
    first, second = daemon(owner, lab["owner"]), daemon(backup, lab["backup"])
    with Witness(lab) as witness:
        second.begin(each.having(100) for each in routers)
        witness.wait_sole_active("backup", routers, 0.0)
        start = witness.now()
        first.begin(each.having(255) for each in routers)
        witness.wait_sole_active("owner", routers, start)
        if backup != "frr":
            witness.wait_holds("backup", routers, present=False)
        stop = witness.now()
        first.stop()
        witness.wait_sole_active("backup", routers, stop)
        if owner == "ours":  # keepalived takes them away
            witness.wait_holds("owner", routers)
