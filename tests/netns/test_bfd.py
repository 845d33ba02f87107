"""BFD sessions with FRR's bfdd and Debian's keepalived, and what VRRP makes of them.

Router `r` (ours) has VRRP on eth0 with `b` (keepalived), and a BFD session on eth1 with the gateway
`gw`, which it tracks. Half a second of silence ends a session: enough for a busy machine.
"""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from typing import Literal

import pytest

from netnslab import Lab, wait_until
from tests.netns.interop.bfdd import Bfdd
from tests.netns.interop.routers import OURS, THEIRS, Instance, Keepalived

VIRTUAL = "192.0.2.100"
TIMERS = "min_rx 100\nmin_tx 100\nmultiplier 5\n"
SESSION = "bfd_instance peer {{\nneighbor_ip {neighbor}\nsource_ip {source}\n{more}{timers}}}\n"
FRR_TIMERS = ("receive-interval 100", "transmit-interval 100", "detect-multiplier 5")
TRACKS = ("track_bfd {", "peer", "}")


def session(neighbor: str, source: str, more: str = "", timers: str = TIMERS) -> str:
    return SESSION.format(neighbor=neighbor, source=source, more=more, timers=timers)


OF_R = session("10.1.0.2", "10.1.0.1")
OF_GW = session("10.1.0.1", "10.1.0.2", "passive\n")


@dataclass
class Site:
    lab: Lab
    r: Keepalived

    def __post_init__(self) -> None:
        self.gateway = self.lab["gw"]

    def start(self, text: str = OF_R, instance: Instance | None = None) -> None:
        """Ours, the better router, which wants the session."""
        strong = Instance(51, (f"{VIRTUAL}/24",), 200, more=TRACKS)
        self.r.start([instance or strong], text)

    def start_backup(self) -> Keepalived:
        backup = Keepalived(self.lab["b"], THEIRS)
        backup.start([Instance(51, (f"{VIRTUAL}/24",), 100)])
        return backup

    def start_bfdd(self, peer: str = "10.1.0.1", lines: tuple[str, ...] = ()) -> Bfdd:
        bfdd = Bfdd(self.gateway)
        bfdd.start(peer, (*FRR_TIMERS, *lines))
        return bfdd

    def start_keepalived(self, text: str = OF_GW) -> Keepalived:
        found = Keepalived(self.gateway, THEIRS)
        # 2.2.7 tells nobody of its sessions without a process that wants to know.
        found.start([Instance(99, ("10.1.0.99/32",), more=TRACKS)], text)
        return found

    def wait_active(self, name: str) -> None:
        self.lab[name].wait_address(VIRTUAL, timeout=20)

    def wait_up_again(self) -> None:
        wait_until(
            lambda: self.r.process.output().count("(peer) Entering Up state") == 2,
            what="the session to be up again",
            timeout=20,
        )

    def said(self, line: str) -> None:
        self.r.process.wait_for_log(line, timeout=20)


@pytest.fixture
def site(lab: Lab) -> Site:
    lan, up = lab.bridge("lan"), lab.bridge("up")
    r = lab.host("r")
    r.connect(lan, addresses=["192.0.2.1/24"])
    r.connect(up, "eth1", addresses=["10.1.0.1/24", "2001:db8::1/64", "fe80::a/64"])
    lab.host("b").connect(lan, addresses=["192.0.2.2/24"])
    lab.host("gw").connect(up, addresses=["10.1.0.2/24", "2001:db8::2/64", "fe80::b/64"])
    return Site(lab, Keepalived(r, OURS))


@pytest.mark.parametrize("maker", ["frr", "keepalived"])
def test_a_router_that_lost_its_gateway_lets_another_take_over(
    site: Site, maker: Literal["frr", "keepalived"]
) -> None:
    site.start()
    site.start_backup()
    site.wait_active("b")
    if maker == "frr":
        site.start_bfdd()
    else:
        site.start_keepalived()
    site.wait_active("r")
    site.said(r"VRRP_Instance\(vr51_4\) Tracked BFD instance peer is UP")
    site.lab.link("gw", "eth0").lose(1.0)
    site.wait_active("b")
    site.said(r"\(peer\) Expired after \d+ ms")
    site.said("Local diagnostic - Control Detection Time Expired")
    site.said("Tracked BFD instance peer is DOWN")
    site.r.host.wait_address(VIRTUAL, present=False, timeout=20)
    site.lab.link("gw", "eth0").lose(0.0)
    site.wait_active("r")


def test_a_gateway_that_is_shut_down_by_order_is_no_failure(site: Site) -> None:
    bfdd = site.start_bfdd()
    site.start()
    site.wait_active("r")
    bfdd.configure("peer 10.1.0.1", "shutdown")
    site.said("Local diagnostic - Neighbor Signaled Session Down")
    bfdd.configure("peer 10.1.0.1", "no shutdown")
    site.wait_up_again()
    assert "is DOWN" not in site.r.process.output()
    assert site.r.host.has_address(VIRTUAL)


def test_a_reload_changes_the_pace_and_keeps_the_session(site: Site) -> None:
    bfdd = site.start_bfdd()
    site.start()
    site.wait_active("r")
    before = bfdd.peer()
    slower = session("10.1.0.2", "10.1.0.1", timers="min_rx 130\nmin_tx 150\nmultiplier 6\n")
    site.r.write([Instance(51, (f"{VIRTUAL}/24",), 200, more=TRACKS)], slower)
    site.r.reload()
    site.said("Reload finished")

    def settled() -> bool:
        peer = bfdd.peer()
        told = [peer[f"remote-{w}"] for w in ("receive-interval", "transmit-interval")]
        return [*told, peer["remote-detect-multiplier"]] == [130, 150, 6]

    wait_until(settled, what="FRR to hear of the new intervals", timeout=20, interval=0.1)
    after = bfdd.peer()
    assert (after["status"], after["remote-id"]) == ("up", before["remote-id"])
    assert "Entering Down state" not in site.r.process.output()


def test_a_crash_of_the_bfd_process_is_no_failure_of_the_gateway(site: Site) -> None:
    """The session is one of link-local addresses."""
    site.start_bfdd("fe80::a local-address fe80::b interface eth0")
    site.start(session("fe80::b%eth1", "fe80::a", "hoplimit 255\n"))
    site.wait_active("r")
    os.kill(int((site.r.host.directory / "bfd").read_text()), signal.SIGKILL)
    site.wait_up_again()
    assert "is DOWN" not in site.r.process.output()
    assert site.r.host.has_address(VIRTUAL)


def test_over_several_hops_and_ipv6_waiting_to_be_spoken_to(site: Site) -> None:
    peer = "2001:db8::1 multihop local-address 2001:db8::2"
    bfdd = site.start_bfdd(peer, ("minimum-ttl 250",))
    more = "multihop on\nhoplimit 255\nmax_hops 5\npassive\n"
    site.start(session("2001:db8::2", "2001:db8::1", more))
    site.wait_active("r")
    assert bfdd.peer()["status"] == "up"
