"""What the kernel says of an entry leads to what we asked for; the octets are a real kernel's (6.18)."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Network

import pytest

from pyvrrp.net.identity import route_key, route_protocol, rule_key
from pyvrrp.net.route_messages import add_route, add_rule
from pyvrrp.routing import Action, Range, Route, Rule

_ROUTES = [
    pytest.param(
        Route(IPv4Network("10.0.0.0/8"), via=IPv4Address("192.0.2.2"), table=300, metric=5),
        "02080000fc1200010000000008000f002c010000080001000a0000000800060005000000"
        "08000500c00002020800040003000000",
        id="a large table",
    ),
    pytest.param(
        Route(IPv6Network("2001:db8:1::/48"), dev="eth0"),
        "0a300000fe1200010000000008000f00fe0000001400010020010db800010000000000000000000008000600"
        "00040000080004000300000024000c0000000000000000000000000000000000000000000000000000000000"
        "00000000" "0500140000000000",
        id="IPv6 has a metric of its own",
    ),
    pytest.param(
        Route(
            IPv6Network("2001:db8:1::/48"),
            source=IPv6Network("2001:db8:2::/48"),
            dev="eth0",
            metric=7,
        ),
        "0a303000fe1200010000000008000f00fe0000001400010020010db800010000000000000000000014000200"
        "20010db80002000000000000000000000800060007000000080004000300000024000c000000000000000000"
        "0000000000000000000000000000000000000000000000000500140000000000",
        id="from",
    ),
]  # fmt: skip

_FROM = IPv4Network("192.0.2.0/24")
_RULES = [
    pytest.param(
        Rule(4, 1000, Action.TABLE, table=100, source=_FROM, fwmark=7),
        "02001800640000010000000008000f006400000008000e00ffffffff050015001200000008000600e8030000"
        "08000a000700000008001000ffffffff08000200c0000200",
        id="a mark has a mask",
    ),
    pytest.param(
        Rule(4, 1000, Action.TABLE, table=300, tunnel_id=77, suppress_prefixlength=8),
        "02000000fc0000010000000008000f002c01000008000e0008000000050015001200000008000600e8030000"
        "0c000c00000000000000004d",
        id="a large table",
    ),
    pytest.param(
        Rule(6, 1000, Action.TABLE, l3mdev=True, invert=True, iif="eth0"),
        "0a000000000000010200000008000f000000000008000e00ffffffff05001500120000000900030065746830"
        "0000000008000600e80300000500130001000000",
        id="inverted, detached",
    ),
    pytest.param(
        Rule(4, 1000, Action.GOTO, goto=32766, ipproto=6, sport=Range(5, 7)),
        "02000000000000020000000008000f000000000008000e00ffffffff050015001200000008000600e8030000"
        "08000400fe7f000008001700050007000500160006000000",
        id="goto",
    ),
    pytest.param(
        Rule(4, 1000, Action.BLACKHOLE, fwmark=0, fwmask=5),
        "02000000000000060000000008000f000000000008000e00ffffffff050015001200000008000600e8030000"
        "0800100005000000",
        id="no mark under a mask",
    ),
]


@pytest.mark.parametrize(("route", "said"), _ROUTES)
def test_routes(route: Route, said: str) -> None:
    assert route_key(bytes.fromhex(said)) == route_key(add_route(route, {"eth0": 3}).payload)
    assert route_protocol(bytes.fromhex(said)) == 18


@pytest.mark.parametrize(("rule", "said"), _RULES)
def test_rules(rule: Rule, said: str) -> None:
    assert rule_key(bytes.fromhex(said)) == rule_key(add_rule(rule).payload)


def test_all_of_these_are_different() -> None:
    routes = {route_key(bytes.fromhex(str(each.values[1]))) for each in _ROUTES}
    rules = {rule_key(bytes.fromhex(str(each.values[1]))) for each in _RULES}
    assert (len(routes), len(rules)) == (3, 5)
