"""Virtual MAC addresses: a client's neighbour entries survive a failover between two makers."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from netnslab import Lab, outages
from tests.netns.interop.routers import Instance, Maker, daemon
from tests.netns.interop.witness import Witness

_ROUTERS = (
    Instance(9, ("192.0.2.109/24",), interval=0.1, more=("use_vmac",)),
    Instance(10, ("fe80::10/64", "2001:db8::110/64"), interval=0.1, more=("use_vmac",)),
)
_MACS = {"192.0.2.109": "00:00:5e:00:01:09", "2001:db8::110": "00:00:5e:00:02:0a"}


@pytest.mark.parametrize(("strong", "weak"), [("ours", "keepalived"), ("keepalived", "ours")])
@pytest.mark.parametrize("how", ["crash", "stop"])
def test_the_neighbour_entries_stay(lab: Lab, strong: Maker, weak: Maker, how: str) -> None:
    lan = lab.bridge("lan")
    for number, name in enumerate(("strong", "weak", "client"), 1):
        addresses = [f"192.0.2.{number}/24", f"2001:db8::{number}/64"]
        lab.host(name).connect(lan, addresses=addresses)
    for name, maker in (("strong", strong), ("weak", weak)):
        if maker == "keepalived":  # it leaves this to the administrator, we do not
            lab[name].sysctl("net.ipv4.conf.eth0.arp_announce", 2)
    first, second = daemon(strong, lab["strong"]), daemon(weak, lab["weak"])
    with Witness(lab) as witness, lan.capture(["vrrp"]) as frames, ExitStack() as stack:
        first.begin(each.having(200) for each in _ROUTERS)
        second.begin(each.having(100) for each in _ROUTERS)
        second.wait_started()
        witness.wait_sole_active("strong", _ROUTERS, 0.0)
        streams = [stack.enter_context(lab["client"].ping(address)) for address in _MACS]
        assert all(stream.wait_reply() for stream in streams)
        assert _neighbours(lab) == _MACS
        fault = witness.now()
        if how == "stop":
            first.stop()
        else:
            first.crash()
            lab["strong"].link("eth0").down()
        witness.wait_sole_active("weak", _ROUTERS, fault)
        assert all(stream.wait_reply() for stream in streams)
        assert _neighbours(lab) == _MACS
    for stream in streams:
        assert sum(each.seconds or 9.0 for each in outages(stream.probes())) < 1.0
    assert {frame.data[6:12].hex(":") for frame in frames.frames} == set(_MACS.values())


def _neighbours(lab: Lab) -> dict[str, str]:
    """What the client believes of the virtual addresses."""
    found = {}
    for address in _MACS:
        words = lab["client"].ip("neigh", "show", address).split()
        found[address] = words[words.index("lladdr") + 1]
    return found
