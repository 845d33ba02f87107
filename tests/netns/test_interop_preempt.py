"""A router that must not preempt, beside one of another maker."""

from __future__ import annotations

from dataclasses import replace

import pytest

from netnslab import Lab
from tests.netns.interop.routers import Instance, Maker, daemon
from tests.netns.interop.witness import Witness

_PATIENCE = 16  # Advertisements: four times as long as an Active_Down_Interval

_IPV4 = Instance(7, ("192.0.2.107/24",), interval=0.1)
_IPV6 = Instance(8, ("fe80::8/64", "2001:db8::108/64"), interval=0.1)


@pytest.mark.parametrize(
    ("newcomer", "active"),
    [("ours", "keepalived"), ("keepalived", "ours"), ("ours", "frr"), ("frr", "ours")],
)
def test_nopreempt(lab: Lab, newcomer: Maker, active: Maker) -> None:
    """The better newcomer waits until the Active Router dies, then takes over."""
    lan = lab.bridge("lan")
    for number, name in enumerate(("old", "new"), 1):
        addresses = [f"192.0.2.{number}/24", f"2001:db8::{number}/64"]
        lab.host(name).connect(lan, addresses=addresses)
    routers = [_IPV4] if "frr" in (newcomer, active) else [_IPV4, _IPV6]
    old, new = daemon(active, lab["old"]), daemon(newcomer, lab["new"])
    with Witness(lab) as witness:
        old.begin(each.having(100) for each in routers)
        witness.wait_sole_active("old", routers, 0.0)
        new.begin(replace(each, priority=200, preempt=False) for each in routers)
        new.wait_started()
        started = witness.now()
        for each in routers:
            witness.wait_adverts(each, "old", _PATIENCE, since=started)
            assert witness.adverts(each, "new") == []
        lab["old"].link("eth0").lose(1)
        old.crash()
        silent = witness.now()
        witness.wait_sole_active("new", routers, silent)
        for each in routers:
            last = witness.adverts(each, "old")[-1][0]
            first, advert = witness.adverts(each, "new")[0]
            assert advert.priority == 200
            assert first - last >= 0.3 + 0.1 * 56 / 256 - 0.02
