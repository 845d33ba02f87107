"""A sync group of two Virtual Routers beside keepalived's."""

from __future__ import annotations

import pytest

from netnslab import Lab, wait_until
from tests.netns.interop.routers import Instance, Maker, daemon
from tests.netns.interop.witness import Witness

_INSIDE = Instance(11, ("192.0.2.111/24",), interval=0.1)
_OUTSIDE = Instance(12, ("198.51.100.112/24",), interval=0.1, interface="eth1")
_BOTH = (_INSIDE, _OUTSIDE)
_GROUP = f"vrrp_sync_group G {{\ngroup {{\n{_INSIDE.name}\n{_OUTSIDE.name}\n}}\n}}\n"


@pytest.mark.parametrize(("strong", "weak"), [("ours", "keepalived"), ("keepalived", "ours")])
def test_members_move_together(lab: Lab, strong: Maker, weak: Maker) -> None:
    """One cable of the strong router is pulled, and plugged in again; then it retires."""
    inside, outside = lab.bridge("inside"), lab.bridge("outside")
    for number, name in enumerate(("strong", "weak"), 1):
        host = lab.host(name)
        host.connect(inside, "eth0", addresses=[f"192.0.2.{number}/24"])
        host.connect(outside, "eth1", addresses=[f"198.51.100.{number}/24"])
    first, second = daemon(strong, lab["strong"]), daemon(weak, lab["weak"])
    with Witness(lab) as witness:
        first.begin((each.having(200) for each in _BOTH), _GROUP)
        second.begin((each.having(100) for each in _BOTH), _GROUP)
        second.wait_started()
        witness.wait_sole_active("strong", _BOTH, 0.0)
        witness.wait_holds("strong", _BOTH)
        witness.wait_holds("weak", _BOTH, present=False)
        for change, active, passive in (
            (lab["strong"].link("eth1").lose_carrier, "weak", "strong"),
            (lab["strong"].link("eth1").restore_carrier, "strong", "weak"),
            (first.stop, "weak", "strong"),
        ):
            fault = witness.now()
            change()
            witness.wait_sole_active(active, _BOTH, fault)
            witness.wait_holds(active, _BOTH)
            witness.wait_holds(passive, _BOTH, present=False)
        retired = [witness.adverts(each, "strong")[-1][1].priority for each in _BOTH]
        assert retired == [0, 0]


@pytest.mark.parametrize("maker", ["ours", "keepalived"])
def test_no_member_is_active_alone(lab: Lab, maker: Maker) -> None:
    """With one cable out from the start nothing is advertised on the other either."""
    for interface, net in (("eth0", "192.0.2"), ("eth1", "198.51.100")):
        host = lab.hosts.get("r") or lab.host("r")
        host.connect(lab.bridge(f"on-{interface}"), interface, addresses=[f"{net}.1/24"])
    lab["r"].link("eth1").lose_carrier()
    wait_until(  # the kernel's own opinion may come a second later than the carrier goes
        lambda: lab["r"].ip("-br", "link", "show", "eth1").split()[1] != "UP",
        what="eth1 not running",
    )
    alone = Instance(13, ("192.0.2.113/24",), interval=0.1)
    router = daemon(maker, lab["r"])
    with Witness(lab) as witness:
        router.begin([*_BOTH, alone], _GROUP)
        witness.wait_sole_active("r", [alone], 0.0)
        assert witness.adverts(_INSIDE) == []
        lab["r"].link("eth1").restore_carrier()
        witness.wait_sole_active("r", _BOTH, 0.0)
        witness.wait_holds("r", _BOTH)
