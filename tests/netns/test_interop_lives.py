"""A day in the life of two routers of different makers, judged from the wire and the kernel.

All pairs live at once in one lab, so that the long timers of VRRPv2 run side by side: the weaker
router starts alone, the stronger one takes over, crashes, comes back, and retires in order. The
tests then look at what was recorded; each names a pair and a Virtual Router.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_interface

import pytest

from netnslab import DeadlinePassed, Lab
from netnslab.decode import Advert
from tests.netns.interop.routers import Daemon, Instance, Maker, daemon
from tests.netns.interop.witness import Witness

pytestmark = pytest.mark.slow  # the first test waits for the whole day

_STRONG, _WEAK = 200, 100
_SKEW = 0.609  # of an interval (v2: of a second), for priority 100: (256 - 100) / 256
_SLACK = 0.25  # s a busy machine may be late
_EARLY = 0.02  # s: FRR counts in centiseconds

# By default 5 s after a takeover, which is just when the next part's takeover comes: two that both
# announce in one millisecond leave it to luck whom the client believes.
_SECOND_ANNOUNCEMENT = "global_defs {\nvrrp_garp_master_delay 1\n}\n"

_PASS = ("authentication {", "auth_type PASS", "auth_pass secret", "}")
_COMMON = ("v2 ipv4", "v3 ipv4", "v3 ipv6", "v3 several addresses", "v3 learned interval")
_KEEPALIVED_ONLY = (
    "v2 password",
    "v2 unicast",
    "v3 unicast ipv4",
    "v3 unicast ipv6",
)


@dataclass(frozen=True)
class Pair:
    """Two routers; `number` makes names, VRIDs and addresses unique."""

    number: int
    strong_maker: Maker
    weak_maker: Maker

    @property
    def strong(self) -> str:
        return f"strong{self.number}"

    @property
    def weak(self) -> str:
        return f"weak{self.number}"

    @property
    def kinds(self) -> tuple[str, ...]:
        """What is special about each Virtual Router of this pair."""
        with_frr = "frr" in (self.strong_maker, self.weak_maker)
        return _COMMON if with_frr else _COMMON + _KEEPALIVED_ONLY

    def peer(self, host: str) -> str:
        return self.weak if host == self.strong else self.strong

    def address(self, host: str) -> str:
        """The end of the host's own addresses."""
        return str(2 * self.number + (host == self.weak))

    def instances(self, host: str) -> dict[str, Instance]:
        """The Virtual Routers as the daemon on a host has them."""
        return {kind: self.instance(kind, host) for kind in self.kinds}

    def instance(self, kind: str, host: str) -> Instance:
        vrid = 20 * self.number + (*_COMMON, *_KEEPALIVED_ONLY).index(kind)
        is_v2 = kind.startswith("v2")
        interval = 0.5 if kind == "v3 learned interval" and host == self.strong else 0.2
        return Instance(
            vrid,
            self._addresses(kind, vrid),
            priority=_STRONG if host == self.strong else _WEAK,
            version=2 if is_v2 else 3,
            interval=1 if is_v2 else interval,
            more=self._more(kind, host),
        )

    def _addresses(self, kind: str, vrid: int) -> tuple[str, ...]:
        if "ipv6" in kind:
            link_local = (
                () if "frr" in (self.strong_maker, self.weak_maker) else (f"fe80::{vrid}/64",)
            )
            return (*link_local, f"2001:db8::{vrid}/64")
        more = (vrid + 100, vrid + 101, vrid + 102) if "several" in kind else ()
        return tuple(f"192.0.2.{number}/24" for number in (vrid, *more))

    def _more(self, kind: str, host: str) -> tuple[str, ...]:
        if "password" in kind:
            return _PASS
        if "unicast" in kind:
            net = "2001:db8::" if "ipv6" in kind else "192.0.2."
            mine, other = self.address(host), self.address(self.peer(host))
            return (f"unicast_src_ip {net}{mine}", "unicast_peer {", f"{net}{other}", "}")
        return ()


PAIRS = (
    Pair(1, "ours", "keepalived"),
    Pair(2, "keepalived", "ours"),
    Pair(3, "ours", "frr"),
    Pair(4, "frr", "ours"),
)
EVERY = [
    pytest.param(pair, kind, id=f"{pair.strong_maker} over {pair.weak_maker}: {kind}")
    for pair in PAIRS
    for kind in pair.kinds
]


@dataclass
class Moment:
    """What was found when a part of the day had settled."""

    start: float
    """Just before the event that began it."""
    end: float = 0.0
    active: dict[int, set[str]] = field(default_factory=dict)
    """VRID -> the hosts heard alone."""
    held: dict[tuple[str, int], bool | None] = field(default_factory=dict)
    """Host and VRID -> whether its kernel has all, none (or some: None) of the addresses."""
    answers: set[str] = field(default_factory=set)
    """Virtual addresses that answer the client."""


class Day:
    """The recorded day: moments by name, and the witness."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.moments: dict[str, Moment] = {}
        self.daemons: dict[str, Daemon] = {}
        lan = lab.bridge("lan")
        for pair in PAIRS:
            for host, maker in ((pair.strong, pair.strong_maker), (pair.weak, pair.weak_maker)):
                end = pair.address(host)
                addresses = [f"192.0.2.{end}/24", f"2001:db8::{end}/64"]
                lab.host(host).connect(lan, addresses=addresses)
                self.daemons[host] = daemon(maker, lab[host])
        addresses = ["192.0.2.254/24", "2001:db8::254/64"]
        lab.host("client").connect(lan, addresses=addresses)
        self.witness = Witness(lab)

    def live(self) -> None:
        """Let it all happen."""
        self._part("alone", "weak", self._start)
        self._part("election", "strong", self._start)
        self._part("crash", "weak", self._crash)
        self._part("return", "strong", self._start_again)
        self._part("retirement", "weak", self._retire)
        self._part("end", None, self._end)

    def _part(self, name: str, active: str | None, happen: Callable[[Pair], None]) -> None:
        """Let something happen to every pair, wait until it settles, look around."""
        moment = self.moments[name] = Moment(self.witness.now())
        for pair in PAIRS:
            happen(pair)
        for pair in PAIRS:
            if active is not None:
                host: str = getattr(pair, active)
                self.daemons[host].wait_started()
                instances = pair.instances(host).values()
                with suppress(DeadlinePassed):  # the tests say what is missing
                    self.witness.wait_sole_active(host, instances, moment.start)
        for pair in PAIRS:
            self._look(moment, pair)
        moment.end = self.witness.now()

    def _look(self, moment: Moment, pair: Pair) -> None:
        for instance in pair.instances(pair.strong).values():
            hosts = {pair.strong, pair.weak}
            moment.active[instance.vrid] = {
                host for host in hosts if self.witness.is_sole_active(host, instance, moment.start)
            }
            for host in hosts:
                moment.held[host, instance.vrid] = self.witness.held(host, instance)
            for address in (str(ip_interface(each).ip) for each in instance.addresses):
                if moment.active[instance.vrid] and not address.startswith("fe80"):
                    with self.lab["client"].ping(address) as pings:
                        moment.answers |= {address} if pings.wait_reply(1.0) else set()

    def _start(self, pair: Pair) -> None:
        host = pair.strong if self.moments.keys() == {"alone", "election"} else pair.weak
        self._begin(pair, host)

    def _begin(self, pair: Pair, host: str) -> None:
        makers = {pair.strong: pair.strong_maker, pair.weak: pair.weak_maker}
        more = "" if makers[host] == "frr" else _SECOND_ANNOUNCEMENT
        self.daemons[host].begin(pair.instances(host).values(), more)

    def _crash(self, pair: Pair) -> None:
        self.daemons[pair.strong].crash()
        self.lab[pair.strong].link("eth0").down()

    def _start_again(self, pair: Pair) -> None:
        host = self.lab[pair.strong]
        host.link("eth0").up()
        host.link("eth0").wait_carrier()
        host.add_address("eth0", f"2001:db8::{pair.address(pair.strong)}/64")
        self._begin(pair, pair.strong)

    def _retire(self, pair: Pair) -> None:
        self.daemons[pair.strong].stop()

    def _end(self, pair: Pair) -> None:
        self.daemons[pair.weak].stop()


@pytest.fixture(scope="module")
def day() -> Iterator[Day]:
    with Lab(f"interop-lives-{os.getpid()}") as lab:
        made = Day(lab)
        with made.witness:
            made.live()
        yield made


@pytest.mark.parametrize(("pair", "kind"), EVERY)
@pytest.mark.parametrize(
    ("name", "active"),
    [
        ("alone", "weak"),
        ("election", "strong"),
        ("crash", "weak"),
        ("return", "strong"),
        ("retirement", "weak"),
    ],
)
def test_one_is_active_and_answers(day: Day, pair: Pair, kind: str, name: str, active: str) -> None:
    moment, instance = day.moments[name], pair.instance(kind, pair.strong)
    host = getattr(pair, active)
    assert moment.active[instance.vrid] == {host}
    addresses = {str(ip_interface(each).ip) for each in instance.addresses}
    assert {each for each in addresses if not each.startswith("fe80")} <= moment.answers
    makers = {pair.strong: pair.strong_maker, pair.weak: pair.weak_maker}
    for each, maker in makers.items():
        is_dead = name == "crash" and each == pair.strong
        if maker != "frr" and not is_dead:  # FRR keeps its addresses, and takes the link down
            assert moment.held[each, instance.vrid] is (each == host)


@pytest.mark.parametrize(("pair", "kind"), EVERY)
def test_lower_priority_yields_at_once(day: Day, pair: Pair, kind: str) -> None:
    """One Advertisement may have been on its way."""
    instance, start = pair.instance(kind, pair.strong), day.moments["election"].start
    first, _ = day.witness.adverts(instance, pair.strong, start)[0]
    end = day.moments["election"].end
    after = day.witness.adverts(instance, pair.weak, first, end)
    assert len(after) <= 1
    assert all(when < first + _SLACK for when, _ in after)


@pytest.mark.parametrize(("pair", "kind"), EVERY)
def test_crash_takeover(day: Day, pair: Pair, kind: str) -> None:
    """After 3 x the Active Router's interval and the skew, and not before."""
    instance, moment = pair.instance(kind, pair.strong), day.moments["crash"]
    last, advert = day.witness.adverts(instance, pair.strong, 0, moment.end)[-1]
    assert advert.priority == _STRONG
    first, advert = day.witness.adverts(instance, pair.weak, last)[0]
    assert advert.priority == _WEAK
    floor = (3 + _SKEW) * instance.interval
    assert floor - _EARLY <= first - last < floor + _SLACK


@pytest.mark.parametrize(("pair", "kind"), EVERY)
def test_planned_handover(day: Day, pair: Pair, kind: str) -> None:
    """Priority 0 is the last word of the one, and the other takes over within the skew."""
    instance, moment = pair.instance(kind, pair.strong), day.moments["retirement"]
    last, advert = day.witness.adverts(instance, pair.strong, moment.start)[-1]
    assert advert.priority == 0
    first, advert = day.witness.adverts(instance, pair.weak, last)[0]
    assert advert.priority == _WEAK
    floor = _SKEW * instance.interval
    assert floor - _EARLY <= first - last < floor + _SLACK


@pytest.mark.parametrize(("pair", "kind"), EVERY)
def test_advertisement_first_then_every_address(day: Day, pair: Pair, kind: str) -> None:
    """What ours says when it takes over: the Advertisement, then every address."""
    name = "election" if pair.strong_maker == "ours" else "crash"
    host = pair.strong if pair.strong_maker == "ours" else pair.weak
    instance = pair.instance(kind, host)
    said = [what for _, what in day.witness.events(host, day.moments[name].start, instance)]
    addresses = [ip_interface(each).ip for each in instance.addresses]
    assert isinstance(said[0], Advert)
    assert said[1 : 1 + len(addresses)] == addresses


@pytest.mark.parametrize(("pair", "kind"), EVERY)
def test_nothing_is_left_at_the_end(day: Day, pair: Pair, kind: str) -> None:
    for host, maker in ((pair.strong, pair.strong_maker), (pair.weak, pair.weak_maker)):
        if maker == "ours":
            assert day.moments["end"].held[host, pair.instance(kind, host).vrid] is False
