"""Interfaces and addresses that go away and come back under a running daemon."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_interface

import pytest

from netnslab import Lab, wait_until
from tests.netns.interop.routers import Instance, Keepalived
from tests.netns.interop.stand import router
from tests.netns.interop.witness import Witness

_IPV4 = Instance(41, ("192.0.2.141/24",), interval=0.1)
_IPV6 = Instance(42, ("fe80::42/64", "2001:db8::142/64"), interval=0.1)
_VMAC = Instance(43, ("192.0.2.143/24",), interval=0.1, more=("use_vmac",))
_ELSEWHERE = Instance(44, ("10.1.0.44/24",), interval=0.1, interface="eth1")
_ON_ETH0 = (_IPV4, _IPV6, _VMAC)


def addresses(of: Instance) -> set[IPv4Address | IPv6Address]:
    return {ip_interface(each).ip for each in of.addresses}


def start(daemon: Keepalived, witness: Witness, *instances: Instance, more: str = "") -> None:
    daemon.start(instances, more)
    witness.wait_sole_active("r", instances, 0.0)
    witness.wait_holds("r", instances)


def down_and_up(lab: Lab) -> tuple[Callable[[], None], Callable[[], None]]:
    def up() -> None:
        lab["r"].link("eth0").up()
        lab["r"].add_address("eth0", "2001:db8::1/64")  # the kernel dropped it

    return lab["r"].link("eth0").down, up


def carrier(lab: Lab) -> tuple[Callable[[], None], Callable[[], None]]:
    link = lab["r"].link("eth0")
    return link.lose_carrier, link.restore_carrier


@pytest.mark.parametrize("how", [down_and_up, carrier])
def test_interface_fails_and_recovers(
    lab: Lab, how: Callable[[Lab], tuple[Callable[[], None], Callable[[], None]]]
) -> None:
    """Addresses are given up at once; a Virtual Router on another interface does not notice."""
    daemon = router(lab, "eth1")
    fail, recover = how(lab)
    with Witness(lab) as witness:
        start(daemon, witness, *_ON_ETH0, _ELSEWHERE)
        failed = witness.now()
        fail()
        witness.wait_holds("r", _ON_ETH0, present=False)
        assert witness.held("r", _ELSEWHERE) is True
        recovered = witness.now()
        recover()
        witness.wait_sole_active("r", _ON_ETH0, recovered)
        witness.wait_holds("r", _ON_ETH0)
        assert witness.address_changes("r", failed, _ELSEWHERE) == []
        assert all(advert.priority for _, advert in witness.adverts(_ELSEWHERE, "r", failed))
        daemon.stop()
        assert witness.adverts(_ELSEWHERE, "r")[-1][1].priority == 0


def test_interface_is_deleted_and_made_again(lab: Lab) -> None:
    daemon = router(lab, "eth1")
    host, bridge = lab["r"], lab.bridges["lan"]
    with Witness(lab) as witness:
        start(daemon, witness, *_ON_ETH0, _ELSEWHERE)
        host.ip("link", "del", "eth0")
        deleted = witness.now()
        host.connect(bridge, addresses=["192.0.2.1/24", "2001:db8::1/64"])
        witness.wait_sole_active("r", _ON_ETH0, deleted)
        witness.wait_holds("r", _ON_ETH0)
        assert witness.address_changes("r", deleted, _ELSEWHERE) == []
        daemon.stop()
        assert [each.name for each in host.directory.glob("*.state")] == []
    assert "vrrp.43" not in host.ip("link")


def test_deleted_virtual_mac_link_is_made_again(lab: Lab) -> None:
    """Without it the Virtual Router cannot answer, so it resigns meanwhile."""
    daemon = router(lab)
    with Witness(lab) as witness:
        start(daemon, witness, _VMAC, _IPV4)
        deleted = witness.now()
        daemon.host.ip("link", "del", "vrrp.43")
        wait_until(
            lambda: any(a.priority == 0 for _, a in witness.adverts(_VMAC, "r", deleted)),
            what="its resignation",
            timeout=20,
        )
        witness.wait_sole_active("r", [_VMAC], witness.now())
        witness.wait_holds("r", [_VMAC])
        assert witness.address_changes("r", deleted, _IPV4) == []
        with lab["client"].ping("192.0.2.143") as pings:
            assert pings.wait_reply()
        daemon.stop()


@pytest.mark.parametrize(
    ("interface", "address", "of"),
    [
        ("eth0", "192.0.2.141/24", _IPV4),
        ("eth0", "2001:db8::142/64", _IPV6),
        ("vrrp.43", "192.0.2.143/24", _VMAC),
    ],
)
def test_deleted_virtual_address_is_put_back(
    lab: Lab, interface: str, address: str, of: Instance
) -> None:
    """And announced, so that nobody keeps what somebody else said meanwhile."""
    daemon = router(lab)
    of = replace(of, more=(*of.more, "garp_master_delay 600"))
    with Witness(lab) as witness:
        start(daemon, witness, of, more="global_defs {\nvrrp_restore_removed\n}\n")
        deleted = witness.now()
        daemon.host.remove_address(interface, address)
        ip = ip_address(address.partition("/")[0])
        wait_until(
            lambda: witness.address_changes("r", deleted, of) == [(ip, False), (ip, True)],
            what="the address gone and back",
        )
        wait_until(
            lambda: ip in {what for _, what in witness.events("r", deleted, of)},
            what="its announcement",
        )
        assert all(advert.priority == 100 for _, advert in witness.adverts(of, "r", deleted))
        daemon.stop()


def test_hardware_address_changes(lab: Lab) -> None:
    """What the neighbours know is wrong then, so they are told; with a virtual MAC it is not."""
    daemon = router(lab)
    late = [replace(each, more=(*each.more, "garp_master_delay 600")) for each in _ON_ETH0]
    with Witness(lab) as witness:
        start(daemon, witness, *late)
        changed, new = witness.now(), "02:00:00:00:77:77"
        daemon.host.ip("link", "set", "eth0", "address", new)
        told = {(address, new) for each in (_IPV4, _IPV6) for address in addresses(each)}
        wait_until(
            lambda: (
                witness.announced("r", changed, _IPV4) | witness.announced("r", changed, _IPV6)
                == told
            ),
            what="announcements of the new hardware address",
        )
        assert witness.announced("r", changed, _VMAC) == set()
        daemon.stop()


def sources(witness: Witness, of: Instance, since: float) -> set[IPv4Address | IPv6Address]:
    return {advert.source for _, advert in witness.adverts(of, "r", since)}


def test_primary_address_goes_and_comes(lab: Lab) -> None:
    """Without one there is nothing to send from, so it resigns; with another it goes on."""
    daemon = router(lab)
    host = daemon.host
    with Witness(lab) as witness:
        start(daemon, witness, _IPV4)
        host.remove_address("eth0", "192.0.2.1/24")
        daemon.process.wait_for_log("Entering FAULT STATE: no usable source address", timeout=20)
        witness.wait_holds("r", [_IPV4], present=False)
        resigned = witness.now()
        host.add_address("eth0", "192.0.2.7/24")
        witness.wait_sole_active("r", [_IPV4], resigned)
        witness.wait_holds("r", [_IPV4])
        assert sources(witness, _IPV4, resigned) == {ip_address("192.0.2.7")}
        daemon.stop()


def test_primary_address_changes(lab: Lab) -> None:
    """The next address takes its place, and Advertisements come from that; still Active."""
    daemon = router(lab)
    host = daemon.host
    host.sysctl("net.ipv4.conf.eth0.promote_secondaries", 1)
    host.add_address("eth0", "192.0.2.8/24")
    with Witness(lab) as witness:
        start(daemon, witness, _IPV4)
        assert sources(witness, _IPV4, 0.0) == {ip_address("192.0.2.1")}
        changed = witness.now()
        host.remove_address("eth0", "192.0.2.1/24")
        wait_until(
            lambda: sources(witness, _IPV4, changed) >= {ip_address("192.0.2.8")},
            what="Advertisements from the other address",
        )
        settled = witness.now()
        witness.wait_adverts(_IPV4, "r", 3, since=settled)
        assert sources(witness, _IPV4, settled) == {ip_address("192.0.2.8")}
        witness.wait_holds("r", [_IPV4])
        assert all(advert.priority == 100 for _, advert in witness.adverts(_IPV4, "r", changed))
        daemon.stop()


def test_link_local_source_goes_and_comes(lab: Lab) -> None:
    """IPv6: Advertisements come from the interface's own link-local address."""
    daemon = router(lab)
    own = f"{next(a for a in daemon.host.addresses('eth0') if a.ip.is_link_local)}"
    with Witness(lab) as witness:
        start(daemon, witness, _IPV6)
        daemon.host.remove_address("eth0", own)
        witness.wait_holds("r", [_IPV6], present=False)
        resigned = witness.now()
        daemon.host.add_address("eth0", "fe80::7/64")
        witness.wait_sole_active("r", [_IPV6], resigned)
        assert sources(witness, _IPV6, resigned) == {ip_address("fe80::7")}
        daemon.stop()
