"""Two routers of different makers that are both Active, and meet.

They stand on two switches whose cable is unplugged, so each takes over; then the cable is plugged
in. All pairs do so at once in one lab; each test looks at one Virtual Router of one pair.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import pytest

from netnslab import DeadlinePassed, Lab, wait_until
from tests.netns.interop.routers import Instance, Maker, daemon
from tests.netns.interop.witness import Witness

pytestmark = pytest.mark.slow  # the first test waits for two takeovers in VRRPv2

_TIES = ("v2 ipv4", "v3 ipv4", "v3 ipv6")
_STRANGERS = ("v2 other password", "v2 password and none", "v2 and v3")
_OLD_CHECKSUM = "v3 old checksum of ours"


def _password(text: str) -> tuple[str, ...]:
    return ("authentication {", "auth_type PASS", f"auth_pass {text}", "}")


@dataclass(frozen=True)
class Pair:
    """Two routers of equal priority; one has the higher address in either family."""

    number: int
    high_maker: Maker
    low_maker: Maker

    @property
    def high(self) -> str:
        return f"high{self.number}"

    @property
    def low(self) -> str:
        return f"low{self.number}"

    @property
    def hosts(self) -> dict[str, Maker]:
        return {self.high: self.high_maker, self.low: self.low_maker}

    @property
    def kinds(self) -> tuple[str, ...]:
        with_frr = "frr" in self.hosts.values()
        return _TIES if with_frr else (*_TIES, *_STRANGERS, _OLD_CHECKSUM)

    def instance(self, kind: str, host: str) -> Instance:
        vrid = 20 * self.number + (*_TIES, *_STRANGERS, _OLD_CHECKSUM).index(kind)
        is_v2 = kind.startswith("v2") and not (kind == "v2 and v3" and host == self.low)
        net, size = ("2001:db8::", 64) if "ipv6" in kind else ("192.0.2.", 24)
        return Instance(
            vrid,
            (f"{net}{vrid}/{size}",),
            version=2 if is_v2 else 3,
            interval=1 if is_v2 else 0.2,
            more=self._more(kind, host),
        )

    def _more(self, kind: str, host: str) -> tuple[str, ...]:
        if kind == "v2 other password":
            return _password(host)
        if kind == "v2 password and none" and host == self.high:
            return _password("secret")
        if kind == _OLD_CHECKSUM and self.hosts[host] == "ours":
            return ("v3_checksum_as_v2",)
        return ()


PAIRS = (
    Pair(1, "ours", "keepalived"),
    Pair(2, "keepalived", "ours"),
    Pair(3, "ours", "frr"),
    Pair(4, "frr", "ours"),
)


def _every(kinds: tuple[str, ...]) -> list[object]:
    return [
        pytest.param(pair, kind, id=f"{pair.high_maker} above {pair.low_maker}: {kind}")
        for pair in PAIRS
        for kind in pair.kinds
        if kind in kinds
    ]


class Clash:
    """What happened: `apart` and `met` are moments, `held` who has the addresses at the end."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        left, right = lab.bridge("left"), lab.bridge("right")
        self.cable = left.connect(right)
        self.daemons = {}
        for pair in PAIRS:
            for (host, maker), bridge in zip(pair.hosts.items(), (left, right), strict=True):
                is_high = host == pair.high
                end = 2 * pair.number + is_high
                # The link-local address follows from this; FRR's is fe80::200:5eff:fe00:2xx.
                mac = f"{'0e' if is_high else '02'}:00:00:00:00:{end:02x}"
                addresses = [f"192.0.2.{end}/24", f"2001:db8::{end}/64"]
                lab.host(host).connect(bridge, addresses=addresses, mac=mac)
                self.daemons[host] = daemon(maker, lab[host])
        self.witness = Witness(lab)
        self.met = 0.0

    def happen(self) -> None:
        """Apart, then together."""
        self.cable.lose_carrier()
        for pair in PAIRS:
            for host in pair.hosts:
                instances = [pair.instance(kind, host) for kind in pair.kinds]
                self.daemons[host].begin(instances)
        self._wait_heard([*PAIRS[0].kinds], 0.0, [host for pair in PAIRS for host in pair.hosts])
        self.met = self.witness.now()
        self.cable.restore_carrier()
        for pair in PAIRS:
            instances = [pair.instance(kind, pair.high) for kind in _TIES]
            with suppress(DeadlinePassed):  # the tests say what is missing
                self.witness.wait_sole_active(pair.high, instances, self.met)
        self._wait_heard(_STRANGERS, self.met, ["high1", "low2"])

    def _wait_heard(self, kinds: Sequence[str], since: float, hosts: Sequence[str]) -> None:
        wanted = [
            (host, pair.instance(kind, host))
            for pair in PAIRS
            for host in set(pair.hosts) & set(hosts)
            for kind in set(pair.kinds) & set(kinds)
        ]
        with suppress(DeadlinePassed):  # the tests say what is missing
            wait_until(
                lambda: all(self.is_heard(host, each, since) for host, each in wanted),
                what="Active Routers",
                timeout=15,
                interval=0.02,
            )

    def is_heard(self, host: str, of: Instance, since: float) -> bool:
        """Whether a host sent three Advertisements, none of them resigning."""
        adverts = self.witness.adverts(of, host, since)
        return len(adverts) >= 3 and all(advert.priority for _, advert in adverts)


@pytest.fixture(scope="module")
def clash() -> Iterator[Clash]:
    with Lab(f"interop-clash-{os.getpid()}") as lab:
        made = Clash(lab)
        with made.witness:
            made.happen()
            yield made


@pytest.mark.parametrize(("pair", "kind"), _every((*_TIES, *_STRANGERS, _OLD_CHECKSUM)))
def test_alone_each_is_active(clash: Clash, pair: Pair, kind: str) -> None:
    for host in pair.hosts:
        instance = pair.instance(kind, host)
        adverts = clash.witness.adverts(instance, host, 0, clash.met)
        assert len(adverts) >= 3
        assert {advert.version for _, advert in adverts} == {instance.version}


@pytest.mark.parametrize(("pair", "kind"), _every(_TIES))
def test_the_higher_address_stays(clash: Clash, pair: Pair, kind: str) -> None:
    instance = pair.instance(kind, pair.high)
    assert clash.witness.is_sole_active(pair.high, instance, clash.met)
    if pair.high_maker != "frr":
        assert clash.witness.held(pair.high, instance) is True
    if pair.low_maker != "frr":
        assert clash.witness.held(pair.low, instance) is False
    last = clash.witness.adverts(instance, pair.high)[-1][0]
    assert clash.witness.adverts(instance, pair.low, last) == []


@pytest.mark.parametrize(("pair", "kind"), _every(_STRANGERS))
def test_strangers_stay_active_both(clash: Clash, pair: Pair, kind: str) -> None:
    """Another password, another version: neither believes the other, as with two keepalived.

    keepalived keeps the address, but what it discards moves its timer: it may fall silent.
    """
    for host, maker in pair.hosts.items():
        instance = pair.instance(kind, host)
        assert clash.witness.held(host, instance) is True
        if maker == "ours":
            assert clash.is_heard(host, instance, clash.met)


@pytest.mark.parametrize(
    ("pair", "active"),
    [
        pytest.param(PAIRS[0], {"high1", "low1"}, id="ours above keepalived"),
        pytest.param(PAIRS[1], {"high2"}, id="keepalived above ours"),
    ],
)
def test_old_checksum(clash: Clash, pair: Pair, active: set[str]) -> None:
    """keepalived 2.2.7 drops a checksum without pseudo-header (2.2.8 brought the word); we take
    either."""
    instance = pair.instance(_OLD_CHECKSUM, pair.high)
    clash.witness.wait_holds("high1" if pair is PAIRS[0] else "high2", [instance])
    assert {host for host in pair.hosts if clash.witness.held(host, instance)} == active
