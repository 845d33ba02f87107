"""Every word of addresses, routes and rules, and what the kernel has because of it.

One configuration has a line for each word, and both daemons take it. What is expected is what ip(8)
says, in numbers: protocol 18 is keepalived's, table 254 main, scope 0 global. Words in capitals are
numbers of the row's own: NET the first three octets of a network, SITE the first 48 bits of one of
IPv6, GROUP a multicast address, TABLE a table, PREF the preference of a rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TypeAlias

import pytest

from netnslab import DeadlinePassed, Host, Lab, wait_until
from netnslab.pytest_plugin import show_in_report
from tests.netns.interop.routers import OURS, THEIRS, Keepalived

pytestmark = pytest.mark.slow

Rows: TypeAlias = Mapping[str, tuple[str, str]]
"""By word: lines of the configuration, and lines of ip(8)."""

_EVER = "valid_lft forever preferred_lft forever"
_V6 = f"inet6 SITE::1/64 scope 0 nodad {{}}{_EVER}"
_ADDRESSES: Rows = {
    "ADDR": ("NET.1/24", f"inet NET.1/24 scope 0 eth0 {_EVER}"),
    "ADDR alone": ("NET.1", f"inet NET.1/32 scope 0 eth0 {_EVER}"),
    "dev": ("NET.1/24 dev eth1", f"inet NET.1/24 scope 0 eth1 {_EVER}"),
    "scope": ("NET.1/24 scope site", f"inet NET.1/24 scope 200 eth0 {_EVER}"),
    "scope number": ("NET.1/24 scope 77", f"inet NET.1/24 scope 77 eth0 {_EVER}"),
    "brd": ("NET.1/24 brd NET.99", f"inet NET.1/24 brd NET.99 scope 0 eth0 {_EVER}"),
    "brd +": ("NET.1/24 brd +", f"inet NET.1/24 brd NET.255 scope 0 eth0 {_EVER}"),
    "brd -": ("NET.1/24 brd -", f"inet NET.1/24 brd NET.0 scope 0 eth0 {_EVER}"),
    "broadcast": ("NET.1/24 broadcast +", f"inet NET.1/24 brd NET.255 scope 0 eth0 {_EVER}"),
    "label": ("NET.1/24 label eth0:vip", f"inet NET.1/24 scope 0 eth0:vip {_EVER}"),
    "peer": ("NET.1 peer NET.2", f"inet NET.1 peer NET.2/32 scope 0 eth0 {_EVER}"),
    "noprefixroute": (
        "NET.1/24 noprefixroute",
        f"inet NET.1/24 scope 0 noprefixroute eth0 {_EVER}",
    ),
    "autojoin": ("GROUP autojoin", f"inet GROUP/32 scope 0 autojoin eth0 {_EVER}"),
}
_MORE_ADDRESSES: Rows = {
    "ADDR IPv6": ("SITE::1/64", _V6.format("")),
    "-nodad": ("SITE::1/64 -nodad", f"inet6 SITE::1/64 scope 0 {_EVER}"),
    "home": ("SITE::1/64 home", _V6.format("home ")),
    "mngtmpaddr": ("SITE::1/64 mngtmpaddr", _V6.format("mngtmpaddr ")),
    "noprefixroute IPv6": ("SITE::1/64 noprefixroute", _V6.format("noprefixroute ")),
    "preferred_lft": (
        "SITE::1/64 preferred_lft 99999",
        "inet6 SITE::1/64 scope 0 nodad valid_lft forever preferred_lft 99???sec",
    ),
    "preferred_lft 0": (
        "SITE::1",
        "inet6 SITE::1/128 scope 0 nodad deprecated valid_lft forever preferred_lft 0sec",
    ),
    "preferred_lft forever": (
        "SITE::1 preferred_lft forever",
        f"inet6 SITE::1/128 scope 0 nodad {_EVER}",
    ),
    "peer IPv6": (
        "SITE::1 peer SITE::2",
        "inet6 SITE::1 peer SITE::2/128 scope 0 nodad deprecated valid_lft forever preferred_lft 0sec",
    ),
}

_MAIN = "table 254 proto 18 scope 0"
_TO_ETH0 = f"1 NET.0/24 dev eth0 {_MAIN}"
_TO_GATEWAY = f"1 NET.0/24 via 192.0.2.2 dev eth0 {_MAIN}"
_TWICE = "NET.0/24 via 192.0.2.2 dev eth0\nNET.0/24 via 192.0.2.3 dev eth0"
_TO_OTHER = f"1 NET.0/24 via 192.0.2.3 dev eth0 {_MAIN}"
_BEYOND = "SITE::/48 via 2001:db8::2 dev eth0"
_V6_MAIN = f"{_MAIN} metric 1024"


def _option(option: str, shown: str | None = None) -> tuple[str, str]:
    """A route with this word, which ip(8) shows as it is, or in some other form."""
    return f"NET.0/24 dev eth0 {option}", f"{_TO_ETH0} {shown or option}"


_ROUTES: Rows = {
    "DEST": ("NET.0/24 dev eth0", _TO_ETH0),
    "DEST host": ("NET.9 dev eth0", f"1 NET.9 dev eth0 {_MAIN}"),
    "DEST default": (
        "default dev eth0 table TABLE",
        "1 default dev eth0 table TABLE proto 18 scope 0",
    ),
    "DEST any": ("any dev eth0 table TABLE", "1 default dev eth0 table TABLE proto 18 scope 0"),
    "DEST all": ("all dev eth0 table TABLE", "1 default dev eth0 table TABLE proto 18 scope 0"),
    "DEST default6": (
        "default6 dev eth0 table TABLE",
        "1 default dev eth0 table TABLE proto 18 scope 0 metric 1024 pref medium",
    ),
    "to": ("dev eth0 to NET.0/24", _TO_ETH0),
    "inet": ("inet NET.0/24 dev eth0", _TO_ETH0),
    "inet6": (
        "inet6 default dev eth0 table TABLE",
        "1 default dev eth0 table TABLE proto 18 scope 0 metric 1024 pref medium",
    ),
    "src": _option("src 192.0.2.100"),
    "via": ("NET.0/24 via 192.0.2.2", _TO_GATEWAY),
    "via inet": ("NET.0/24 via inet 192.0.2.2", _TO_GATEWAY),
    "gw": ("NET.0/24 gw 192.0.2.2", _TO_GATEWAY),
    "or": (
        "NET.0/24 via 192.0.2.2 or 192.0.2.3",
        f"1 NET.0/24 {_MAIN} nexthop via 192.0.2.2 dev eth0 weight 1"
        " nexthop via 192.0.2.3 dev eth0 weight 1",
    ),
    "dev": ("NET.0/24 dev eth1", f"1 NET.0/24 dev eth1 {_MAIN}"),
    "oif": ("NET.0/24 oif eth1", f"1 NET.0/24 dev eth1 {_MAIN}"),
    "scope": (
        "NET.0/24 dev eth0 scope link",
        "1 NET.0/24 dev eth0 table 254 proto 18 scope 253",
    ),
    "scope number": (
        "NET.0/24 dev eth0 scope 77",
        "1 NET.0/24 dev eth0 table 254 proto 18 scope 77",
    ),
    "table": ("NET.0/24 dev eth0 table 77", "1 NET.0/24 dev eth0 table 77 proto 18 scope 0"),
    "table name": (
        "NET.0/24 dev eth0 table default",
        "1 NET.0/24 dev eth0 table 253 proto 18 scope 0",
    ),
    "table large": (
        "NET.0/24 dev eth0 table 70000",
        "1 NET.0/24 dev eth0 table 70000 proto 18 scope 0",
    ),
    "metric": _option("metric 7"),
    "priority": _option("priority 8", "metric 8"),
    "preference": _option("preference 9", "metric 9"),
    "protocol": (
        "NET.0/24 dev eth0 protocol 4 no_track",
        "1 NET.0/24 dev eth0 table 254 proto 4 scope 0",
    ),
    "protocol name": (
        "NET.0/24 dev eth0 protocol static no_track",
        "1 NET.0/24 dev eth0 table 254 proto 4 scope 0",
    ),
    "tos": ("NET.0/24 dev eth0 tos 0x10", f"1 NET.0/24 tos 0x10 dev eth0 {_MAIN}"),
    "tos name": ("NET.0/24 dev eth0 tos AF11", f"1 NET.0/24 tos 0x28 dev eth0 {_MAIN}"),
    "dsfield": ("NET.0/24 dev eth0 dsfield 0x08", f"1 NET.0/24 tos 0x08 dev eth0 {_MAIN}"),
    "from": (
        f"{_BEYOND} from 2001:db8:ff::/48",
        f"1 SITE::/48 from 2001:db8:ff::/48 via 2001:db8::2 dev eth0 {_V6_MAIN} pref medium",
    ),
    "onlink": (
        "NET.0/24 via 198.51.100.9 dev eth0 onlink",
        f"1 NET.0/24 via 198.51.100.9 dev eth0 {_MAIN} onlink",
    ),
    "encap ip": (
        "NET.0/24 via 192.0.2.2 encap ip id 5 dst 192.0.2.9 src 192.0.2.1 tos 8 ttl 6",
        "1 NET.0/24 encap ip id 5 src 192.0.2.1 dst 192.0.2.9 ttl 6 tos 8"
        f" via 192.0.2.2 dev eth0 {_MAIN}",
    ),
    "encap ip6": (
        f"{_BEYOND} encap ip6 id 5 dst 2001:db8::9 tc 8 hoplimit 6",
        "1 SITE::/48 encap ip6 id 5 src :: dst 2001:db8::9 hoplimit 6 tc 8"
        f" via 2001:db8::2 dev eth0 {_V6_MAIN} pref medium",
    ),
    "encap ip6 src": (
        f"{_BEYOND} encap ip6 dst 2001:db8::9 src 2001:db8::1",
        "1 SITE::/48 encap ip6 id 0 src 2001:db8::1 dst 2001:db8::9 hoplimit 0 tc 0"
        f" via 2001:db8::2 dev eth0 {_V6_MAIN} pref medium",
    ),
    "expires": (
        f"{_BEYOND} expires 99999",
        f"1 SITE::/48 via 2001:db8::2 dev eth0 {_V6_MAIN} expires 99???sec pref medium",
    ),
    "mtu": _option("mtu 1400"),
    "mtu lock": _option("mtu lock 1401"),
    "hoplimit": _option("hoplimit 60"),
    "advmss": _option("advmss 1300"),
    "advmss lock": _option("advmss lock 1301"),
    "rtt": _option("rtt 300ms"),
    "rttvar": _option("rttvar 400ms"),
    "reordering": _option("reordering 5"),
    "window": _option("window 1000"),
    "cwnd": _option("cwnd 6"),
    "ssthresh": _option("ssthresh 7"),
    "realms": _option("realms 3/4"),
    "rto_min": _option("rto_min 500ms"),
    "initcwnd": _option("initcwnd 8"),
    "initrwnd": _option("initrwnd 9"),
    "features": _option("features ecn"),
    "quickack": _option("quickack 1"),
    "congctl": _option("congctl reno"),
    "fastopen_no_cookie": _option("fastopen_no_cookie 1"),
    "pref": (f"{_BEYOND} pref high", f"1 SITE::/48 via 2001:db8::2 dev eth0 {_V6_MAIN} pref high"),
    "add": (f"{_TWICE} add", _TO_GATEWAY),
    "prepend": (f"{_TWICE} add prepend", f"{_TO_OTHER}\n{_TO_GATEWAY}"),
    "append": (f"{_TWICE} append", f"{_TO_GATEWAY}\n{_TO_OTHER}"),
    "nexthop": (
        "NET.0/24 no_track nexthop via 192.0.2.2 dev eth0 weight 2"
        " nexthop via 198.51.100.9 dev eth0 onlink",
        f"1 NET.0/24 {_MAIN} nexthop via 192.0.2.2 dev eth0 weight 2"
        " nexthop via 198.51.100.9 dev eth0 weight 1 onlink",
    ),
    "TYPE unicast": ("unicast NET.0/24 dev eth0", _TO_ETH0),
    "TYPE local": (
        "local NET.0/24 dev eth0 scope host",
        "2 NET.0/24 dev eth0 table 254 proto 18 scope 254",
    ),
    "TYPE broadcast": (
        "broadcast NET.0/24 dev eth0 scope link",
        "3 NET.0/24 dev eth0 table 254 proto 18 scope 253",
    ),
    "TYPE anycast": (
        "anycast SITE::9/128 dev eth0",
        f"4 SITE::9 dev eth0 {_V6_MAIN} pref medium",
    ),
    "TYPE multicast": ("multicast NET.0/24 dev eth0", f"5 NET.0/24 dev eth0 {_MAIN}"),
    "TYPE blackhole": ("blackhole NET.0/24 no_track", f"6 NET.0/24 {_MAIN}"),
    "TYPE unreachable": ("unreachable NET.0/24 no_track", f"7 NET.0/24 {_MAIN}"),
    "TYPE prohibit": ("prohibit NET.0/24 no_track", f"8 NET.0/24 {_MAIN}"),
    "TYPE throw": ("throw NET.0/24 no_track", f"9 NET.0/24 {_MAIN}"),
}


def _rule(selector: str, shown: str | None = None) -> tuple[str, str]:
    """A rule that sends what is selected to table 100."""
    return (
        f"{selector} table 100 preference PREF",
        f"PREF: from all {shown or selector} lookup 100 proto 18",
    )


def _act(action: str, shown: str | None = None) -> tuple[str, str]:
    """A rule that does this with what comes from one network."""
    return (
        f"from NET.0/24 {action} preference PREF",
        f"PREF: from NET.0/24 {shown or action} proto 18",
    )


_RULES: Rows = {
    "from": _act("table 100", "lookup 100"),
    "from IPv6": (
        "from SITE::/48 table 100 preference PREF",
        "PREF: from SITE::/48 lookup 100 proto 18",
    ),
    "to": _rule("to NET.0/24"),
    "inet": ("inet from NET.0/24 table 100 preference PREF", _act("lookup 100")[1]),
    "inet6": (
        "inet6 from SITE::/48 table 100 preference PREF",
        "PREF: from SITE::/48 lookup 100 proto 18",
    ),
    "table": _act("table 70000", "lookup 70000"),
    "table name": _act("table main", "lookup 254"),
    "lookup": _act("lookup 101"),
    "not": (
        "not from NET.0/24 table 100 preference PREF",
        "PREF: not from NET.0/24 lookup 100 proto 18",
    ),
    "preference": ("from NET.0/24 table 100 preference PREF", _act("lookup 100")[1]),
    "order": ("from NET.0/24 table 100 order PREF", _act("lookup 100")[1]),
    "priority": ("from NET.0/24 table 100 priority PREF", _act("lookup 100")[1]),
    "tos": _rule("tos 0x10"),
    "dsfield": _rule("dsfield 0x08", "tos 0x08"),
    "fwmark": _rule("fwmark 17", "fwmark 0x11"),
    "fwmark mask": _rule("fwmark 0x10/0xff"),
    "realms": (
        "from NET.0/24 realms 3/4 table 100 preference PREF",
        "PREF: from NET.0/24 lookup 100 realms 3/4 proto 18",
    ),
    "suppress_prefixlength": _act(
        "table 100 suppress_prefixlength 8", "lookup 100 suppress_prefixlength 8"
    ),
    "sup_pl": _act("table 100 sup_pl 9", "lookup 100 suppress_prefixlength 9"),
    "suppress_ifgroup": _act("table 100 suppress_ifgroup 5", "lookup 100 suppress_ifgroup 5"),
    "sup_group": _act("table 100 sup_group 6", "lookup 100 suppress_ifgroup 6"),
    "dev": _rule("dev eth0", "iif eth0"),
    "iif": _rule("iif eth1"),
    "oif": _rule("oif eth1"),
    "tunnel-id": _rule("tunnel-id 77", "tun_id 77"),
    "uidrange": _rule("uidrange 1-2"),
    "l3mdev": (
        "from all l3mdev preference PREF",
        "PREF: from all lookup [[]l3mdev-table] proto 18",
    ),
    "protocol": (
        "from NET.0/24 table 100 protocol 44 no_track preference PREF",
        "PREF: from NET.0/24 lookup 100 proto 44",
    ),
    "ipproto": _rule("ipproto tcp", "ipproto ipproto-6"),
    "sport": _rule("sport 5-6"),
    "dport": _rule("dport 7-9"),
    "type": _act("type blackhole", "6"),
    "goto": _act("goto 5000"),
    "nop": _act("nop"),
    "blackhole": _act("blackhole", "6"),
    "unreachable": _act("unreachable", "7"),
    "prohibit": _act("prohibit", "8"),
}
_PLACES: Mapping[str, Rows] = {
    "virtual_ipaddress": _ADDRESSES,
    "virtual_ipaddress_excluded": _MORE_ADDRESSES,
    "virtual_routes": _ROUTES,
    "virtual_rules": _RULES,
}
_LISTS = {
    "virtual_ipaddress": (["-4", "addr"],),
    "virtual_ipaddress_excluded": (["-6", "addr"],),
    "virtual_routes": tuple([f, "route", "show", "table", "all"] for f in ("-4", "-6")),
    "virtual_rules": (["-4", "rule"], ["-6", "rule"]),
}
_NOT_THERE = frozenset(
    (place, word) for place in ("virtual_routes", "virtual_rules") for word in ("inet", "inet6")
)
"""What keepalived 2.2.7 does not install (quirk: family-word)."""
_HEAD = """
vrrp_instance all {
    interface eth0
    virtual_router_id 71
    priority 250
    version 3
    advert_int 0.1
"""
_ALWAYS = {
    "virtual_ipaddress": "192.0.2.100/24",
    "virtual_rules": "from 203.0.113.0/24 table 100 preference 5000",
}


def _numbers(place: str, word: str) -> dict[str, str]:
    """What the words in capitals are in this row."""
    first, row = list(_PLACES).index(place) + 70, list(_PLACES[place]).index(word)
    return {
        "NET": f"10.{first}.{row}",
        "SITE": f"2001:db8:{first}{row:02}",
        "GROUP": f"233.252.0.{row}",
        "TABLE": f"{3000 + row}",
        "PREF": f"{1000 + row}",
    }


def _filled(text: str, numbers: Mapping[str, str]) -> str:
    for word, number in numbers.items():
        text = text.replace(word, number)
    return text


def _configuration() -> str:
    blocks = [_HEAD]
    for place, rows in _PLACES.items():
        lines = [_filled(line, _numbers(place, word)) for word, (line, _) in rows.items()]
        blocks.append("\n".join([f"{place} {{", *lines, _ALWAYS.get(place, ""), "}\n"]))
    return "".join([*blocks, "}\n"])


def _listed(host: Host) -> dict[str, list[str]]:
    """What ip(8) says, without the numbers and names of links in front of addresses."""
    found: dict[str, list[str]] = {}
    for place, lists in _LISTS.items():
        lines = [line for words in lists for line in host.ip("-N", "-d", "-o", *words).splitlines()]
        words = (line.replace("\\", " ").split() for line in lines)
        found[place] = [" ".join(w[2:] if "addr" in lists[0] else w) for w in words]
    return found


def _is_there(listed: Mapping[str, list[str]], place: str, word: str) -> bool:
    """Whether the lines of this row, and no others, are what is expected."""
    numbers = _numbers(place, word)
    expected = _filled(_PLACES[place][word][1], numbers).split("\n")
    net, site, group, table, pref = numbers.values()
    marks = (f" {net}.", f" {site}:", f" {group}/", f" table {table} ")
    own = [x for x in listed[place] if x.startswith(f"{pref}:") or any(m in x for m in marks)]
    return len(own) == len(expected) and all(map(fnmatchcase, own, expected))


_ROWS = [(place, word) for place, rows in _PLACES.items() for word in rows]


@dataclass
class Life:
    """Both daemons on hosts of their own, and what ip(8) says of each host."""

    lab: Lab
    daemons: dict[str, Keepalived]
    before: dict[str, list[str]]
    listed: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    def look(self) -> bool:
        """Look, and say whether each row is as it should be."""
        self.listed.update((name, _listed(daemon.host)) for name, daemon in self.daemons.items())
        return all(
            _is_there(self.listed[name], *row) is not (name == "theirs" and row in _NOT_THERE)
            for name in self.daemons
            for row in _ROWS
        )


@pytest.fixture(scope="module")
def life() -> Iterator[Life]:
    """All is there, or, where something never is, it was waited for."""
    with Lab() as lab:
        daemons = {}
        for name, program in (("ours", OURS), ("theirs", THEIRS)):
            host = lab.host(name)
            host.connect(lab.bridge(f"lan-{name}"), addresses=["192.0.2.1/24", "2001:db8::1/64"])
            host.connect(lab.bridge(f"other-{name}"), "eth1", addresses=["10.9.0.1/24"])
            daemons[name] = Keepalived(host, program)
        made = Life(lab, daemons, _listed(lab["ours"]))
        for daemon in daemons.values():
            daemon.begin([], _configuration())
        with suppress(DeadlinePassed):
            wait_until(made.look, what="every row", timeout=20, interval=0.2)
        yield made


@pytest.mark.parametrize(("place", "word"), _ROWS, ids=[f"{p} {w}" for p, w in _ROWS])
def test_the_kernel_has_it(
    life: Life, request: pytest.FixtureRequest, place: str, word: str
) -> None:
    show_in_report(request, life.lab)
    ours, theirs = (life.listed[name] for name in ("ours", "theirs"))
    assert _is_there(ours, place, word), "\n".join(ours[place])
    is_there = _is_there(theirs, place, word)
    assert is_there is ((place, word) not in _NOT_THERE), "\n".join(theirs[place])


def test_nothing_is_left(life: Life) -> None:
    """Nor has anybody an address with a peer any more (quirk: peer-left)."""
    life.daemons["ours"].stop()
    assert _listed(life.lab["ours"]) == life.before
