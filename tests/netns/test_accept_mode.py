"""`no_accept`: nobody gets an answer from a virtual address, and everybody finds where it is."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from netnslab import Host, Lab, wait_until
from tests.netns.interop.routers import OURS, THEIRS, Instance, Keepalived

_REFUSING = (
    Instance(7, ("192.0.2.100/24",), interval=0.1, more=("no_accept",)),
    Instance(8, ("fe80::8/64", "2001:db8::100/64"), interval=0.1, more=("no_accept",)),
)
_WORDS = "global_defs {\nnftables_counters\n}\n"
_ADDRESSES = {"192.0.2.100", "2001:db8::100", "fe80::8"}
_PINGED = ("192.0.2.100", "2001:db8::100")
_BESIDE_IPVS = {("ip", "in"): 101, ("ip", "out"): -101, ("ip6", "in"): 101, ("ip6", "out"): -101}
"""Where chains stand: IPVS takes its packets at 99, and gives answers their source at -99
(net/netfilter/ipvs/ip_vs_core.c, ip_vs_ops4)."""


class _Firewall:
    """What nft has to say about a host's tables called keepalived."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def listed(self, kind: str) -> list[dict[str, Any]]:
        """All there is of `kind`: "table", "set", "chain", "rule"."""
        found = json.loads(self._host.run(["nft", "-j", "list", "ruleset"]).stdout)
        return [each[kind] for each in found["nftables"] if kind in each]

    def refused(self) -> set[str]:
        """The elements of the sets, of link-local addresses without their interface."""
        elements: list[Any] = []
        for each in self.listed("set"):
            if str(each["name"]).startswith("vips"):
                elements += each.get("elem", [])
        words = (e["concat"][0] if isinstance(e, dict) else e for e in elements)
        return {str(ip_address(word)) for word in words}

    def dropped(self, family: str) -> int:
        """Packets that were for a refused address."""
        return sum(
            part["counter"]["packets"]
            for rule in self.listed("rule")
            if rule["family"] == family and str(rule["chain"]).startswith("in")
            for part in (rule["expr"] if {"drop": None} in rule["expr"] else ())
            if "counter" in part
        )


@pytest.mark.parametrize("program", [OURS, THEIRS], ids=["ours", "keepalived"])
def test_a_refused_address_is_found_and_silent(lab: Lab, program: Path) -> None:
    daemon, firewall = _start(lab, program)
    client = lab["client"]
    hooked = {(c["family"], c["name"]): c["prio"] for c in firewall.listed("chain") if "hook" in c}
    assert hooked == (_BESIDE_IPVS if program is OURS else dict.fromkeys(_BESIDE_IPVS, -1))
    with ExitStack() as stack:
        own = stack.enter_context(client.ping("192.0.2.1"))
        silent = [stack.enter_context(client.ping(address)) for address in _PINGED]
        for family in ("ip", "ip6"):
            wait_until(partial(_drops, firewall, family), what="drops", timeout=15)
        assert own.wait_reply()
        for address in _PINGED:
            assert lab["router"].link("eth0").mac in client.ip("neigh", "show", address)
    assert [p for each in silent for p in each.probes() if p.received is not None] == []
    daemon.stop()
    assert firewall.listed("table") == []


def test_nothing_is_refused_after_a_crash_or_a_reload(lab: Lab) -> None:
    daemon, firewall = _start(lab, OURS)
    daemon.crash()
    wait_until(lambda: not firewall.listed("table"), what="the kernel to remove the tables")
    daemon.start(_REFUSING, _WORDS)
    wait_until(lambda: firewall.refused() == _ADDRESSES, what="refusals after a crash", timeout=15)
    daemon.write(replace(each, more=()) for each in _REFUSING)
    daemon.reload()
    wait_until(lambda: not firewall.refused(), what="the reload", timeout=15)
    with ExitStack() as stack:
        for address in _PINGED:
            assert stack.enter_context(lab["client"].ping(address)).wait_reply(timeout=15)
    daemon.stop()


def _start(lab: Lab, program: Path) -> tuple[Keepalived, _Firewall]:
    lan = lab.bridge("lan")
    for number, name in enumerate(("router", "client"), 1):
        addresses = [f"192.0.2.{number}/24", f"2001:db8::{number}/64"]
        lab.host(name).connect(lan, addresses=addresses)
    daemon, firewall = Keepalived(lab["router"], program), _Firewall(lab["router"])
    daemon.start(_REFUSING, _WORDS)
    for address in _ADDRESSES:
        lab["router"].wait_address(address, timeout=15)
    wait_until(lambda: firewall.refused() == _ADDRESSES, what="refusals", timeout=10)
    return daemon, firewall


def _drops(firewall: _Firewall, family: str) -> bool:
    return firewall.dropped(family) >= 3
