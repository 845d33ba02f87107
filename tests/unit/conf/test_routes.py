"""Routes, rules and static entries: what the golden files do not show."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import pytest

from pyvrrp.conf.diagnostics import concise
from pyvrrp.conf.load import Loaded
from pyvrrp.routing import (
    Action,
    Metric,
    MetricKind,
    MplsEncap,
    NextHop,
    Range,
    Route,
    RouteType,
    Rule,
)

Read = Callable[..., Loaded]

HEAD = "vrrp_instance a {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n192.0.2.1\n}\n"


def route(read: Read, line: str, **files: str) -> Route:
    loaded = read(f"{HEAD}virtual_routes {{\n{line}\n}}\n}}\n", **files)
    (found,) = loaded.config.instances[0].virtual_routes
    return found


def rule(read: Read, line: str, **files: str) -> Rule:
    loaded = read(f"{HEAD}virtual_rules {{\n{line}\n}}\n}}\n", **files)
    (found,) = loaded.config.instances[0].virtual_rules
    return found


def said(loaded: Loaded) -> list[str]:
    return [concise(d) for d in loaded.diagnostics if d.id != "not-acted-on"]


def test_a_route_with_everything(read: Read) -> None:
    found = route(
        read,
        "add to throw 203.0.113.0/24 via inet 192.0.2.254 dev eth0 src 192.0.2.9 table 100 vrf blue"
        " scope link tos 8 metric 7 protocol 4 no_track onlink realms 1/2 encap mpls 16 mtu lock 1400"
        " ttl-propagate disabled nexthop via 192.0.2.7 weight 256",
    )
    assert found == Route(
        IPv4Network("203.0.113.0/24"),
        found.span,
        type=RouteType.THROW,
        position="add",
        src=IPv4Address("192.0.2.9"),
        via=IPv4Address("192.0.2.254"),
        dev="eth0",
        nexthops=(NextHop(via=IPv4Address("192.0.2.7"), weight=256),),
        table=100,
        vrf="blue",
        protocol=4,
        scope=253,
        tos=8,
        metric=7,
        onlink=True,
        encap=MplsEncap((16,)),
        realms=1 << 16 | 2,
        ttl_propagate=False,
        metrics=(Metric(MetricKind.MTU, 1400, True),),
        no_track=True,
    )
    assert (found.family, str(found.span)) == (4, "k.conf:8:1")


def test_a_rule_with_everything(read: Read) -> None:
    found = rule(
        read,
        "not from 2001:db8::/32 to any iif eth0 oif eth1 tos 8 fwmark 0x10/0xf0 tunnel-id 5"
        " uidrange 1-2 ipproto udp sport 53 dport 1-9 sup_pl 3 sup_group 4 protocol 4 no_track"
        " table 100 priority 7",
    )
    assert found == Rule(
        6,
        7,
        Action.TABLE,
        found.span,
        table=100,
        invert=True,
        source=IPv6Network("2001:db8::/32"),
        destination=IPv6Network("::/0"),
        tos=8,
        fwmark=16,
        fwmask=240,
        iif="eth0",
        oif="eth1",
        tunnel_id=5,
        uidrange=Range(1, 2),
        ipproto=17,
        sport=Range(53, 53),
        dport=Range(1, 9),
        suppress_prefixlength=3,
        suppress_ifgroup=4,
        protocol=4,
        no_track=True,
    )


def test_names_come_from_the_reader(read: Read) -> None:
    files = {"/etc/iproute2/rt_tables": "100 office\n", "/etc/iproute2/rt_realms": "9 shop\n"}
    found = route(read, "203.0.113.0/24 dev eth0 table office realms shop/3", **files)
    assert (found.table, found.realms) == (100, 9 << 16 | 3)


def test_names_come_from_the_directories_that_are_named(read: Read) -> None:
    text = (
        f"{HEAD}virtual_routes {{\n203.0.113.0/24 dev eth0 table office realms shop\n}}\n}}\n"
        "global_defs {\niproute_etc_dir /opt/etc\niproute_usr_dir /opt/usr\n}\n"
    )
    files = {"/opt/etc/rt_tables": "100 office\n", "/opt/usr/rt_realms": "9 shop\n"}
    loaded = read(text, **files)
    (found,) = loaded.config.instances[0].virtual_routes
    assert (found.table, found.realms, said(loaded)) == (100, 9, [])


def test_moving_a_line_is_no_change(read: Read) -> None:
    first = route(read, "203.0.113.0/24 dev eth0 hoplimit 9 mtu 1400")
    assert first == route(read, "\n  203.0.113.0/24 mtu 1400 hoplimit 9 dev eth0")


def test_the_later_word_counts(read: Read) -> None:
    found = route(read, "203.0.113.0/24 dev eth0 metric 1 mtu lock 5 priority 2 mtu 6 append add")
    assert (found.metric, found.metrics, found.position) == (2, (Metric(MetricKind.MTU, 6),), "add")
    assert rule(read, "fwmark 1/2 fwmark 3 table 5 order 6").fwmask is None


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("rtt 300ms", 2400),
        ("rtt 1.5s", 12000),
        ("rtt 2000", 2000),
        ("rtt 100ms", 1600),
        ("rtt 200S", 960000),
        ("rttvar 300ms", 1200),
        ("rto_min 0.3sec", 300),
        ("rto_min 0", 200),
    ],
)
def test_times_are_in_the_unit_of_the_kernel(read: Read, words: str, value: int) -> None:
    (metric,) = route(read, f"203.0.113.0/24 dev eth0 {words}").metrics
    assert metric.value == value


def test_a_broken_nexthop_costs_only_itself(read: Read) -> None:
    found = route(
        read, "default dev eth0 nexthop via x weight 2 nexthop via 192.0.2.2 nexthop dev e1"
    )
    assert found.nexthops == (NextHop(via=IPv4Address("192.0.2.2")), NextHop(dev="e1"))


def test_nexthops_settle_the_family(read: Read) -> None:
    found = route(read, "default nexthop via 2001:db8::1")
    assert found.destination == IPv6Network("::/0")
    assert found.nexthops == (NextHop(via=IPv6Address("2001:db8::1")),)


def test_or_makes_nexthops(read: Read) -> None:
    found = route(read, "default via 192.0.2.2 or 192.0.2.3")
    hops = (NextHop(via=IPv4Address("192.0.2.2")), NextHop(via=IPv4Address("192.0.2.3")))
    assert (found.via, found.nexthops) == (None, hops)


def test_each_family_counts_preferences_downwards(read: Read) -> None:
    loaded = read(
        f"static_rules {{\ntable 1\n}}\n{HEAD}"
        "virtual_rules {\nto 192.0.2.0/24 table 2\ninet6 table 3\ntable 4 preference 9\ntable 5\n}\n}\n"
    )
    rules = (*loaded.config.static_rules, *loaded.config.instances[0].virtual_rules)
    assert [(rule.table, rule.preference) for rule in rules] == [
        (1, 16384),
        (2, 16383),
        (3, 16384),
        (4, 9),
        (5, 16382),
    ]


def test_the_default_interface_holds_static_addresses(read: Read) -> None:
    loaded = read(
        "global_defs {\ndefault_interface eth7\n}\nstatic_ipaddress {\n192.0.2.9/24\n}\n",
        interfaces=("eth7",),
    )
    (static,) = loaded.config.static_addresses
    assert (static.address.dev, str(static.address.interface)) == ("eth7", "192.0.2.9/24")


def test_a_track_group_holds_members_that_exist(read: Read) -> None:
    text = "track_group g {\ngroup {\na b\nc\n}\n}\n" + HEAD + "}\n"
    loaded = read(text)
    assert loaded.config.track_groups[0].members == ("a",)
    assert said(loaded) == [
        "k.conf:3:3: warning[unknown-instance]: there is no vrrp_instance 'b'; it is left out",
        "k.conf:4:1: warning[unknown-instance]: there is no vrrp_instance 'c'; it is left out",
    ]


def test_a_place_in_a_variable_is_told(read: Read) -> None:
    loaded = read(f"$GW=192.0.2\n{HEAD}virtual_routes {{\ndefault via $GW dev eth0\n}}\n}}\n")
    (problem,) = [d for d in loaded.diagnostics if d.id == "bad-address"]
    assert (str(problem.span), problem.notes) == (
        "k.conf:9:13",
        ("$GW was set at k.conf:1:1",),
    )


PROGRAM = """
import sys
from pyvrrp.conf.load import load
from pyvrrp.conf.source import DictReader

def loaded(text):
    load("k.conf", reader=DictReader({"k.conf": text}), config_id="x", environ={})
    return sorted(n for n in sys.modules if "rout" in n or "rules" in n or "statics" in n)

plain = "vrrp_instance a {\\ninterface e\\nvirtual_router_id 1\\nvirtual_ipaddress {\\n192.0.2.1\\n}\\n}\\n"
assert loaded(plain) == [], loaded(plain)
assert "pyvrrp.conf.statics" in loaded("static_routes {\\n}\\n")
"""


def test_readers_are_loaded_when_needed() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
