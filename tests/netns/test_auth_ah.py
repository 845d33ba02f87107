"""`auth_type AH` beside Debian's keepalived, multicast and unicast, in both roles."""

from __future__ import annotations

from dataclasses import replace

import pytest

from netnslab import Lab
from tests.netns.interop.routers import Instance, Maker, daemon
from tests.netns.interop.witness import Witness

_AH = ("authentication {", "auth_type AH", "auth_pass secret", "}")
_GROUP = Instance(51, ("192.0.2.51/24",), version=2, interval=1, more=_AH)
_VMAC = Instance(53, ("192.0.2.53/24",), version=2, interval=1, more=(*_AH, "use_vmac"))


def _peers(own: int, other: int) -> Instance:
    lines = (f"unicast_src_ip 192.0.2.{own}", "unicast_peer {", f"192.0.2.{other}", "}")
    return Instance(52, ("192.0.2.52/24",), version=2, interval=1, more=(*_AH, *lines))


@pytest.mark.slow
@pytest.mark.parametrize(("high", "low"), [("ours", "keepalived"), ("keepalived", "ours")])
def test_each_believes_the_other(lab: Lab, high: Maker, low: Maker) -> None:
    """The lower one takes over, yields to the higher one, and takes over where that ends."""
    lan = lab.bridge("lan")
    for number in (1, 2):
        lab.host(f"r{number}").connect(lan, addresses=[f"192.0.2.{number}/24"])
    first, second = daemon(high, lab["r1"]), daemon(low, lab["r2"])
    instances = [_GROUP, _peers(1, 2), _VMAC]
    with Witness(lab) as witness:
        second.begin(each.having(100) for each in (_GROUP, _peers(2, 1), _VMAC))
        witness.wait_sole_active("r2", instances, 0.0)
        start = witness.now()
        first.begin(replace(each, priority=200) for each in instances)
        witness.wait_sole_active("r1", instances, start)
        stop = witness.now()
        first.stop()
        witness.wait_sole_active("r2", instances, stop)
