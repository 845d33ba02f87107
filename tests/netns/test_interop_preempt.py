"""A router that must not preempt, beside FRR's; beside keepalived it is one of the scenarios."""

from __future__ import annotations

from dataclasses import replace

import pytest

from netnslab import Lab
from tests.netns.interop.routers import Instance, Maker, daemon
from tests.netns.interop.witness import Witness

_PATIENCE = 16  # Advertisements: four times as long as an Active_Down_Interval

_ROUTER = Instance(7, ("192.0.2.107/24",), interval=0.1)


@pytest.mark.parametrize(("newcomer", "active"), [("ours", "frr"), ("frr", "ours")])
def test_nopreempt(lab: Lab, newcomer: Maker, active: Maker) -> None:
    """The better newcomer waits until the Active Router dies, then takes over."""
    lan = lab.bridge("lan")
    for number, name in enumerate(("old", "new"), 1):
        lab.host(name).connect(lan, addresses=[f"192.0.2.{number}/24"])
    old, new = daemon(active, lab["old"]), daemon(newcomer, lab["new"])
    with Witness(lab) as witness:
        old.begin([_ROUTER.having(100)])
        witness.wait_sole_active("old", [_ROUTER], 0.0)
        new.begin([replace(_ROUTER, priority=200, preempt=False)])
        new.wait_started()
        started = witness.now()
        witness.wait_adverts(_ROUTER, "old", _PATIENCE, since=started)
        assert witness.adverts(_ROUTER, "new") == []
        lab["old"].link("eth0").lose(1)
        old.crash()
        silent = witness.now()
        witness.wait_sole_active("new", [_ROUTER], silent)
        last = witness.adverts(_ROUTER, "old")[-1][0]
        first, advert = witness.adverts(_ROUTER, "new")[0]
        assert advert.priority == 200
        assert first - last >= 0.3 + 0.1 * 56 / 256 - 0.02
