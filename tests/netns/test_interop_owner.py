"""An address owner (priority 255) beside FRR's Backup Router; beside keepalived it is one of the scenarios."""

from __future__ import annotations

from netnslab import Lab
from tests.netns.interop.routers import Instance, daemon
from tests.netns.interop.witness import Witness

_ROUTER = Instance(51, ("192.0.2.1/24",), interval=0.1)


def test_owner_is_active_at_once_and_keeps_its_addresses(lab: Lab) -> None:
    lan = lab.bridge("lan")
    for number, name in enumerate(("owner", "backup"), 1):
        lab.host(name).connect(lan, addresses=[f"192.0.2.{number}/24"])
    # The kernel drops what comes from an address it has itself, as the owner's Advertisements do
    # once the Backup Router has taken over. No maker's daemon sets this by itself.
    lab["backup"].sysctl("net.ipv4.conf.eth0.accept_local", 1)
    first, second = daemon("ours", lab["owner"]), daemon("frr", lab["backup"])
    with Witness(lab) as witness:
        second.begin([_ROUTER.having(100)])
        witness.wait_sole_active("backup", [_ROUTER], 0.0)
        start = witness.now()
        first.begin([_ROUTER.having(255)])
        witness.wait_sole_active("owner", [_ROUTER], start)
        stop = witness.now()
        first.stop()
        witness.wait_sole_active("backup", [_ROUTER], stop)
        witness.wait_holds("owner", [_ROUTER])
