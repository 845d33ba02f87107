"""Routes, rules and static entries: the lines `keepalived -t` (Debian's 2.2.7) complains about, and ours.

Every case is one line of a block. keepalived tells the number of each line it dislikes, so one run
judges them all; a line that lacks a word ends its run, so those have files of their own. Where the
two differ, the row of QUIRKS.md that says why stands beside the line.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pyvrrp.conf.diagnostics import ProblemClass
from pyvrrp.conf.load import load
from tests.parity.debian import LINKS, namespace

pytestmark = [pytest.mark.root, pytest.mark.untimed]

HEAD = (
    "vrrp_instance a {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n192.0.2.1\n}\n}\n"
)
GROUPS = "track_group g {\ngroup {\na\n}\n}\n"
INSIDE = "vrrp_instance b {{\ninterface eth1\nvirtual_router_id 2\nvirtual_ipaddress {{\n192.0.2.2\n}}\n{}\n}}\n"


def with_options(head: str, options: Iterable[str]) -> list[str]:
    return [f"{head} {option}" for option in options]


V4 = "203.0.113.0/24 dev eth0"
V6 = "2001:db8:9::/48 dev eth0"


def bounds(name: str, most: int) -> list[str]:
    """Options at, below and above their bounds, and what is no number."""
    words = ("0", "1", str(most), str(most + 1), "-1", "x", "1x", "1.5", "0x1", "010")
    return [f"{name} {word}" for word in words]


def named(name: str, most: int, *names: str) -> list[str]:
    words = ("0", str(most), str(most + 1), "0x1f", "0x", "1x", "x", "no-such-name", *names)
    return [f"{name} {word}" for word in words]


U32 = 2**32 - 1
LOCKABLE = ("mtu", "advmss", "reordering", "cwnd", "ssthresh")
TIMES = ("200ms", "1600", "0.2s", "1.25sec", "2SECS", "300MS", "300msec", "12.s", "1.2345s")
NO_TIMES = ("ms", "s", "1m", "1minute", "x", "-1s", "1e3ms", "200.5ms", "1.5")
METRICS = [
    *(line for name in LOCKABLE for line in bounds(name, U32)),
    *(f"{name} lock {value}" for name in LOCKABLE for value in ("1", "x")),
    *(line for name in ("window", "initcwnd", "initrwnd") for line in bounds(name, U32)),
    *(f"window lock {value}" for value in ("1",)),
    *(*bounds("hoplimit", 255), *bounds("quickack", 1), *bounds("fastopen_no_cookie", 1)),
    *(f"{name} {value}" for name in ("rttvar", "rto_min") for value in ("800", "lock 250ms", "x")),
    *(f"rtt {value}" for value in (*TIMES, *NO_TIMES)),
    *("rtt lock 300ms", "rtt lock x", "rtt 120s", "rto_min 120s", "rto_min 121s", "rtt 961s"),
    *("features ecn", "features ECN", "features ecn features sack", "congctl reno"),
    *("congctl lock cubic", "congctl no-such-algorithm"),
]
ROUTE_OPTIONS = [
    *METRICS,
    *("src 192.0.2.1", "src 192.0.2.1/24", "src 192.0.2", "src 2001:db8::1", "src x"),
    *("via 192.0.2.9", "via inet 192.0.2.9", "via inet6 192.0.2.9", "via 2001:db8::1", "via x"),
    *("via 192.0.2.9/24", "gw 192.0.2.9", "gw x", "as to 192.0.2.9", "as 192.0.2.9"),
    *("dev eth1", "oif eth1", "dev eth1 oif eth0", "onlink", "no_track", "from 2001:db8::/32"),
    *("from 192.0.2.0/24", "from any", "add", "prepend", "append", "add append prepend"),
    *named("scope", 255, "link", "global", "nowhere", "Link"),
    *named("table", U32, "main", "local", "default", "unspec"),
    *("table -1", "rtt 100ms", "rtt 121s", "vrf eth1"),
    *named("tos", 255, "AF11", "af11", "default"),
    *named("dsfield", 255, "EF"),
    *named("protocol", 255, "keepalived"),
    *("protocol static", "protocol static no_track", "no_track protocol bird", "protocol 18"),
    *("protocol 4 no_track", "protocol 0x12"),
    *bounds("metric", U32),
    *("priority 5", "preference 5", "metric 1 metric 2", "preference x"),
    *("realms 5", "realms 5/6", "realms cosmos", "realms 255/255", "realms 256", "realms 1/256"),
    *("realms 1/", "realms /1", "realms x", "realms 1/2/3"),
    *("expires 5", "pref low", "inet", "inet6", "track_group g", "vrf no-such-vrf"),
    *("ttl-propagate enabled", "ttl-propagate disabled", "ttl-propagate on"),
    *("encap", "encap x", "encap ip", "encap ip id", "encap ip id 5", "encap ip dst 192.0.2.9"),
    *("encap ip dst 2001:db8::1", "encap ip id 5 src 192.0.2.1", "encap ip src 192.0.2.1"),
    *("encap ip id 5 tos 8 ttl 5 flags 1", "encap ip id 18446744073709551615"),
    *("encap ip id 18446744073709551616", "encap ip id x", "encap ip id 1 tos 256"),
    *("encap ip id 1 tos EF", "encap ip id 1 ttl 255", "encap ip id 1 ttl 256"),
    *("encap ip id 1 flags 65535", "encap ip id 1 flags 65536", "encap ip id 1 dst"),
    *("encap ip id 1 src x", "encap ip id 1 metric 5", "encap mpls", "encap mpls 100"),
    *("encap mpls 100/200", "encap mpls 100/200/300", "encap mpls 1048575"),
    *("encap mpls 1048576", "encap mpls x", "encap mpls 100/", "encap mpls 0x64", "encap ila"),
    *("encap ila 1:2:3:4", "encap ila 1:2:3", "encap ila 1:2:3:4:5", "encap ila ffff:0:0:1"),
    *("encap ila 10000:0:0:1", "encap ila x"),
    *("or 192.0.2.9", "via 192.0.2.9 or 192.0.2.8", "via 192.0.2.9 or x"),
    *("via 192.0.2.9 or 192.0.2.8 nexthop via 192.0.2.7", "rubbish", "mtuu 5"),
    *("nexthop via 192.0.2.9", "nexthop via 192.0.2.9 dev eth0 weight 1 nexthop via 192.0.2.8"),
    *(f"nexthop via 192.0.2.9 weight {weight}" for weight in ("0", "1", "256", "257", "x")),
    *("nexthop via inet 192.0.2.9", "nexthop via inet6 2001:db8::1", "nexthop via 2001:db8::1"),
    *("nexthop via x", "nexthop via 192.0.2.9 onlink", "nexthop via 192.0.2.9 realms 1/2"),
    *("nexthop via 192.0.2.9 realms x", "nexthop via 192.0.2.9 encap mpls 100", "nexthop"),
    *("nexthop via 192.0.2.9 as to 192.0.2.1", "nexthop via 192.0.2.9 rubbish", "nexthop dev eth1"),
    *("nexthop via 192.0.2.9 metric 5", "nexthop via 192.0.2.9 encap ip id 5 nexthop dev eth1"),
]
ROUTES = [
    V4,
    *("default dev eth0", "any dev eth0", "all dev eth0", "default6 dev eth0", "default via x"),
    *("default via 192.0.2.9 dev eth0", "default via 2001:db8::1 dev eth0"),
    *("dev eth0 via 192.0.2.9 default", "inet6 default dev eth0", "inet 203.0.113.0/24 dev eth0"),
    *("203.0.113.0/33 dev eth0", "203.0.113.0/x dev eth0", "203.0.113.0/0 dev eth0"),
    *("203.0.113.7/24 dev eth0", "2001:db8::/129 dev eth0", "2001:db8::/128 dev eth0"),
    *("203.0.113.0/24 via 192.0.2.9", "203.0.113.0/ dev eth0"),
    *("203.0.113 dev eth0", "x dev eth0", "dev eth0", "metric 5", "to 203.0.113.0/24 dev eth0"),
    *("to blackhole 203.0.113.0/24 dev eth0", "blackhole to 203.0.113.0/24 dev eth0"),
    *(f"{kind} 203.0.113.0/24 dev eth0" for kind in ("unicast", "local", "broadcast", "brd")),
    *(f"{kind} 203.0.113.0/24 dev eth0" for kind in ("anycast", "multicast", "throw", "nat")),
    *(f"{kind} 203.0.113.0/24 dev eth0" for kind in ("unreachable", "prohibit", "blackhole")),
    *(f"{kind} 203.0.113.0/24 dev eth0" for kind in ("xresolve", "6", "255", "256", "unspec")),
    *("203.0.113.0/24 198.51.100.0/24 dev eth0", "203.0.113.0/24 2001:db8::/32 dev eth0"),
    *with_options(V4, ROUTE_OPTIONS),
    *with_options(V6, ("expires 5", "expires 4294967295", "expires 4294967296", "expires x")),
    *with_options(V6, ("pref low", "pref medium", "pref high", "pref 7", "pref 256", "pref x")),
    *with_options(V6, ("from 2001:db8::/32", "from 2001:db8::1", "from any", "from default6")),
    *with_options(
        V6, ("realms 5", "via 2001:db8::1", "via 192.0.2.9", "src 2001:db8::1", "onlink")
    ),
    *with_options(V6, ("encap ip6 id 5", "encap ip6 dst 2001:db8::9 tc 8 hoplimit 5 flags 1")),
    *with_options(V6, ("encap ip6 dst 192.0.2.9", "encap ip6 tc 256", "encap ip6 id 1 tc 256")),
    *with_options(V6, ("encap ip6 id 1 hoplimit 256", "encap ip6 id 1 src x", "encap ip id 5")),
    *with_options(V6, ("nexthop via 2001:db8::1 weight 2", "nexthop via 192.0.2.9")),
    *with_options(V6, ("nexthop via 2001:db8::1 realms 5",)),
    *("expires 5 2001:db8:9::/48 dev eth0", "expires 5 203.0.113.0/24 dev eth0"),
    *("default nexthop via 2001:db8::1 dev eth0", "default nexthop realms 5 via 2001:db8::1"),
]
STATIC_ROUTES = [
    V4,
    *with_options(V4, ("track_group g", "track_group x", "track_group g no_track")),
    *with_options(V4, ("track_group g track_group g", "protocol 4", "rubbish")),
    "203.0.113.0/24 via 192.0.2.9 no_track track_group g",
]

RULE = "from 192.0.2.0/24 table 100 preference 5"
ACTION = "from 192.0.2.0/24 preference 5"
RULE_OPTIONS = [
    *("to 203.0.113.0/24", "to any", "to 2001:db8::/32", "to x", "to 203.0.113.0/33", "not"),
    *("from 203.0.113.0/24", "from x", "inet", "inet6", "no_track", "track_group g", "rubbish"),
    *named("tos", 255, "AF11", "af11"),
    *named("dsfield", 255, "EF"),
    *(f"fwmark {mark}" for mark in ("0", "1", "0x10", "010", "08", "4294967295", "4294967296")),
    *(f"fwmark {mark}" for mark in ("-1", "x", "1/1", "0x10/0xff", "1/x", "1/4294967296", "1/-1")),
    *("realms 5", "realms 5/6", "realms cosmos", "realms x", "realms 256"),
    *(f"suppress_prefixlength {n}" for n in ("0", "32", "128", "2147483647", "2147483648")),
    *("suppress_prefixlength x", "sup_pl 0", "sup_pl -1"),
    *named("suppress_ifgroup", 2**31 - 1, "default"),
    *("sup_group 5", "sup_group x"),
    *("dev eth0", "iif eth0", "oif eth1", "dev eth0 oif eth1"),
    *bounds("tunnel-id", 2**64 - 1),
    *("uidrange 1-2", "uidrange 1", "uidrange x-y", "uidrange 2-1", "uidrange 0-4294967295"),
    *bounds("protocol", 255),
    *("protocol 18", "protocol 4 no_track", "protocol keepalived"),
    *("ipproto 0", "ipproto 6", "ipproto 127", "ipproto 256", "ipproto tcp", "ipproto TCP"),
    *("ipproto icmp", "ipproto no-such-protocol", "ipproto -1", "ipproto 6x"),
    *("sport 80", "dport 443", "sport 1-2x", "sport 1-65536", "uidrange 1-2x", "ipproto 128"),
    *(
        "fwmark 0x10/",
        "sport 1-2",
        "sport 0-65535",
        "sport x",
        "sport 1-x",
        "dport 80-443",
        "dport x-1",
    ),
    *("preference 6", "order 7", "priority 8", "preference 0x10", "preference 010"),
    *("preference 4294967295", "preference 4294967296", "preference x", "preference -1"),
    *("table 101", "goto 10", "nop", "blackhole", "l3mdev", "type nop", "sport 2-1"),
]
RULE_ACTIONS = [
    *named("table", U32, "main", "local", "default"),
    *named("lookup", U32, "main"),
    *("", "goto 10", "goto 5", "goto 4", "goto 4294967295", "goto 4294967296", "goto x", "nop"),
    *("blackhole", "prohibit", "unreachable", "throw", "unicast", "6", "7", "8", "1", "256"),
    *("type blackhole", "type goto 10", "type nop", "type 6", "type x", "type throw", "l3mdev"),
    *("l3mdev table 100", "table 100 l3mdev", "blackhole nop", "nop realms 5", "nop sup_pl 0"),
    *("blackhole sup_group 0", "l3mdev sup_pl 0"),
]
RULES = [
    RULE,
    *("table 100 preference 5", "inet6 table 100 preference 5", "table 100 preference 5 inet6"),
    *("from 2001:db8::/32 table 100 preference 5", "from any table 100 preference 5"),
    *("to 203.0.113.0/24 from any table 100 preference 5", "from 192.0.2.0/24 table 100"),
    *("from 2001:db8::/32 realms 5 table 100 preference 5", "goto 5", "preference 5"),
    *("from default6 table 100 preference 5", "from 192.0.2.7/24 table 100 preference 5"),
    *with_options(RULE, RULE_OPTIONS),
    *with_options(ACTION, RULE_ACTIONS),
]
STATIC_RULES = [
    RULE,
    *with_options(RULE, ("dev eth0 track_group g", "track_group g", "dev eth0 track_group x")),
    *with_options(
        RULE, ("dev eth0 track_group g track_group g", "dev eth0 no_track track_group g")
    ),
]
STATIC_ADDRESSES = [
    *("192.0.2.60/32 dev eth0", "192.0.2.60/32", "2001:db8::60/64 dev eth1", "192.0.2", "x"),
    *with_options(
        "192.0.2.61/24 dev eth0",
        ("scope link", "scope 0x10", "scope 4294967296", "scope x", "label eth0:1", "brd +"),
    ),
    *with_options("192.0.2.61/24 dev eth0", ("track_group g", "track_group x", "use_vmac")),
    *with_options("192.0.2.61/24 dev eth0", ("no_track", "track_group g no_track", "rubbish")),
    *with_options("192.0.2.61/24 dev eth0", ("track_group g track_group g", "track_group")),
]

BLOCKS = {
    "virtual_routes": ROUTES,
    "virtual_rules": RULES,
    "static_routes": STATIC_ROUTES,
    "static_rules": STATIC_RULES,
    "static_ipaddress": STATIC_ADDRESSES,
}
DIFFERENT = {
    ("virtual_routes", "dev eth0 via 192.0.2.9 default"): (5, "any-family"),
    ("virtual_routes", "inet6 default dev eth0"): (5, "family-word"),
    ("virtual_routes", "inet 203.0.113.0/24 dev eth0"): (5, "family-word"),
    ("virtual_routes", "to blackhole 203.0.113.0/24 dev eth0"): (5, "type-behind-to"),
    ("virtual_routes", f"{V4} table 4294967296"): (0, "lax-numbers"),
    ("virtual_routes", f"{V4} table -1"): (0, "lax-numbers"),
    ("virtual_routes", f"{V4} rtt 100ms"): (0, "newer-language"),
    ("virtual_routes", f"{V4} rtt 121s"): (0, "newer-language"),
    ("virtual_routes", f"{V4} vrf eth1"): (5, "link-kinds"),
    ("virtual_routes", "203.0.113.0/ dev eth0"): (0, "empty-number"),
    ("virtual_routes", "203.0.113.0/24 via 192.0.2.9"): (5, "newer-language"),
    ("virtual_routes", "default nexthop via 2001:db8::1 dev eth0"): (5, "newer-language"),
    ("static_ipaddress", "192.0.2.61/24 dev eth0 scope 4294967296"): (0, "lax-numbers"),
    ("virtual_rules", "inet6 table 100 preference 5"): (5, "family-word"),
    ("virtual_rules", "to 203.0.113.0/24 from any table 100 preference 5"): (5, "any-family"),
    ("virtual_rules", f"{RULE} to any"): (5, "any-family"),
    ("virtual_rules", f"{RULE} sport 80"): (5, "one-port"),
    ("virtual_rules", f"{RULE} dport 443"): (5, "one-port"),
    ("virtual_rules", f"{RULE} sport 1-2x"): (0, "lax-numbers"),
    ("virtual_rules", f"{RULE} sport 1-65536"): (0, "lax-numbers"),
    ("virtual_rules", f"{RULE} uidrange 1-2x"): (0, "lax-numbers"),
    ("virtual_rules", f"{RULE} fwmark 0x10/"): (0, "empty-number"),
    ("virtual_rules", f"{RULE} ipproto 128"): (5, "ip-protocols"),
}
"""A line to the code keepalived has for it, and a row of QUIRKS.md."""

MISSING = [
    *(("virtual_routes", f"{V4} {option}") for option in ("src", "via", "via inet", "dev", "vrf")),
    *(("virtual_routes", f"{V4} {option}") for option in ("mtu", "mtu lock", "rtt lock", "table")),
    *(("virtual_routes", f"{V4} {option}") for option in ("congctl", "congctl lock", "features")),
    *(
        ("virtual_routes", f"{V4} {option}")
        for option in ("nexthop via", "nexthop dev", "or", "as")
    ),
    *(("virtual_routes", f"{V4} nexthop {option}") for option in ("weight", "realms", "as")),
    *(
        ("virtual_routes", line)
        for line in ("to", "blackhole", f"{V6} pref", f"{V6} expires", "10")
    ),
    *(
        ("virtual_rules", f"{RULE} {option}")
        for option in ("from", "to", "table", "fwmark", "sport")
    ),
    *(("virtual_rules", f"{RULE} {option}") for option in ("preference", "tos", "dev", "uidrange")),
    *(("virtual_rules", f"{ACTION} {option}") for option in ("goto", "type", "type goto")),
    ("static_routes", f"{V4} track_group"),
]
"""Lines that end the reading, in both programs with the code 2."""

FILES = {
    "track_group without a name": (5, "track_group {\ngroup {\na\n}\n}\n"),
    "track_group with two names": (5, "track_group g h {\ngroup {\na\n}\n}\n"),
    "track_group twice": (5, GROUPS + GROUPS),
    "track_group with two groups": (5, "track_group g {\ngroup {\na\n}\ngroup {\na\n}\n}\n"),
    "track_group with an empty group": (5, "track_group g {\ngroup {\n}\n}\n"),
    "track_group without a group": (0, "track_group g {\n}\n"),
    "track_group of nobody": (0, "track_group g {\ngroup {\nnobody\n}\n}\n"),
    "track_group with a wrong word": (5, "track_group g {\ngroups {\na\n}\n}\n"),
    "track_group behind its use": (5, f"static_routes {{\n{V4} track_group g\n}}\n{GROUPS}"),
    "an interface that is not there": (5, "static_routes {\n203.0.113.0/24 dev eth9\n}\n"),
    "a rule's interface is not there": (5, f"static_rules {{\n{RULE} iif eth9\n}}\n"),
    "no default interface": (
        4,
        "global_defs {\ndefault_interface eth9\n}\nstatic_ipaddress {\n192.0.2.60/32\n}\n",
    ),
    "no block": (5, f"static_routes\n{GROUPS}"),
    "an empty block": (0, "static_routes {\n}\n"),
}
"""Whole texts behind an instance, and the exit code of `-t` in both programs."""


@dataclass(frozen=True)
class Verdict:
    """Exit code, and the numbers of the lines that are complained about."""

    code: int
    lines: frozenset[int]


@pytest.fixture(scope="module")
def inside() -> Iterator[str]:
    with namespace() as name:
        yield name


def keepalived(inside: str, path: Path) -> Verdict:
    command = ("ip", "netns", "exec", inside, "keepalived", "-t", "-f", path.name)
    done = subprocess.run(
        command, cwd=path.parent, check=False, capture_output=True, text=True, timeout=20
    )
    told = re.findall(r"^\([^()]*: Line (\d+)\)", done.stderr + done.stdout, re.MULTILINE)
    return Verdict(done.returncode, frozenset(map(int, told)))


def ours(path: Path) -> Verdict:
    loaded = load(str(path), interfaces=("lo", *LINKS))
    counted = [d for d in loaded.diagnostics if d.problem_class is not ProblemClass.NONE]
    return Verdict(loaded.test_exit_code, frozenset(d.span.line for d in counted))


def text_of(block: str, lines: Iterable[str]) -> str:
    body = "\n".join(lines)
    text = f"{block} {{\n{body}\n}}"
    return f"{HEAD}{GROUPS}{INSIDE.format(text) if block.startswith('virtual') else text}\n"


@pytest.mark.parametrize("block", BLOCKS)
def test_lines(block: str, inside: str, tmp_path: Path) -> None:
    path = tmp_path / "keepalived.conf"
    lines = list(dict.fromkeys(BLOCKS[block]))
    text = text_of(block, lines)
    path.write_text(text)
    first = text[: text.index(f"{block} {{")].count("\n") + 2
    theirs, mine = keepalived(inside, path).lines, ours(path).lines
    differ = {
        line: 5 if number in theirs else 0
        for number, line in enumerate(lines, first)
        if (number in theirs) != (number in mine)
    }
    assert differ == {
        line: code for (where, line), (code, _) in DIFFERENT.items() if where == block
    }
    assert len(theirs) > len(lines) // 5


@pytest.mark.parametrize("case", MISSING, ids=" ".join)
def test_line_that_lacks_a_word(case: tuple[str, str], inside: str, tmp_path: Path) -> None:
    path = tmp_path / "keepalived.conf"
    path.write_text(text_of(case[0], [case[1]]))
    assert (keepalived(inside, path).code, ours(path).code) == (2, 2)


@pytest.mark.parametrize("name", FILES)
def test_file(name: str, inside: str, tmp_path: Path) -> None:
    code, text = FILES[name]
    path = tmp_path / "keepalived.conf"
    path.write_text(HEAD + text)
    assert (keepalived(inside, path).code, ours(path).code) == (code, code)
