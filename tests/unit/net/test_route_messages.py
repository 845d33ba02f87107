"""Routes and rules as rtnetlink messages: octets by the header files, and what a kernel makes of them.

On a kernel the same words go through this program on one host and through ip(8) on another; then
ip(8) must show the same on both, and what the one made the other must be able to remove.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from pathlib import Path

import pytest

from netnslab import Host, Lab, wait_until
from pyvrrp.conf.load import load
from pyvrrp.conf.source import DictReader
from pyvrrp.net.route_messages import add_route, add_rule, remove_route, remove_rule
from pyvrrp.net.rtnetlink import Change, RouteSocket
from pyvrrp.routing import (
    Action,
    Encap,
    IlaEncap,
    IpEncap,
    Metric,
    MetricKind,
    MplsEncap,
    NextHop,
    Range,
    Route,
    Rule,
)

TEN = IPv4Network("10.0.0.0/8")


def octets(text: str) -> bytes:
    return bytes.fromhex(re.sub(r"#.*", "", text))


def test_a_route() -> None:
    route = Route(TEN, via=IPv4Address("192.0.2.1"), dev="eth0", metric=7, table=1000, tos=8)
    change = add_route(route, {"eth0": 3})
    assert (str(change), change.kind, change.flags) == (
        "add route 10.0.0.0/8 in table 1000",
        24,
        0x400,
    )
    assert change.payload == octets("""
        02 08 00 08 00 12 00 01  00000000   # family, lengths, tos, table, protocol, scope, type
        0800 0f00 e8030000                  # RTA_TABLE
        0800 0100 0a000000                  # RTA_DST
        0800 0600 07000000                  # RTA_PRIORITY
        0800 0500 c0000201                  # RTA_GATEWAY
        0800 0400 03000000                  # RTA_OIF
    """)


def test_removing_a_route_matches_any_scope() -> None:
    metrics = (Metric(MetricKind.MTU, 1400),)
    change = remove_route(Route(TEN, dev="eth0", metrics=metrics), {"eth0": 3})
    assert (change.kind, change.flags) == (25, 0)
    assert change.payload == octets("""
        02 08 00 00 fe 12 ff 01  00000000
        0800 0100 0a000000
        0800 0400 03000000
    """)


@pytest.mark.parametrize(
    ("position", "flags"), [("add", 0x600), ("prepend", 0x400), ("append", 0xC00)]
)
def test_position(position: str, flags: int) -> None:
    assert add_route(Route(TEN, position=position), {}).flags == flags  # type: ignore[arg-type]


def test_metrics_and_their_locks() -> None:
    metrics = (
        Metric(MetricKind.MTU, 1400, True),
        Metric(MetricKind.RTT, 2400),
        Metric(MetricKind.CC_ALGO, "reno", True),
    )
    change = add_route(Route(IPv4Network("0.0.0.0/0"), metrics=metrics), {})
    assert change.payload == octets("""
        02 00 00 00 fe 12 00 01  00000000
        2800 0800                           # RTA_METRICS
          0800 0100 04000100                # RTAX_LOCK: bits 2 and 16
          0800 0200 78050000
          0800 0400 60090000
          0900 1000 72656e6f 00 000000
    """)


def test_nexthops() -> None:
    hops = (
        NextHop(via=IPv4Address("192.0.2.1"), dev="eth0", weight=2),
        NextHop(via=IPv6Address("2001:db8::1"), onlink=True, realms=7),
    )
    change = add_route(Route(TEN, nexthops=hops), {"eth0": 3})
    assert change.payload == octets("""
        02 08 00 00 fe 12 00 01  00000000
        0800 0100 0a000000
        3c00 0900                           # RTA_MULTIPATH
          1000 00 01 03000000               # struct rtnexthop: length, flags, weight - 1, link
            0800 0500 c0000201
          2800 04 00 00000000
            1600 1200 0a00 20010db8000000000000000000000001 0000    # RTA_VIA
            0800 0b00 07000000
    """)


@pytest.mark.parametrize(
    ("encap", "attributes"),
    [
        pytest.param(
            MplsEncap((100, 200)),
            "1000 1600  0c00 0100 00064000 000c8100  0600 1500 0100 0000",
            id="mpls",
        ),
        pytest.param(
            IlaEncap(0x20010DB800000001),
            "1000 1600  0c00 0100 20010db800000001  0600 1500 0300 0000",
            id="ila",
        ),
        pytest.param(
            IpEncap(4, id=5, dst=IPv4Address("192.0.2.9"), tos=8, ttl=9),
            "2800 1600  0c00 0100 0000000000000005  0800 0200 c0000209"
            "  0500 0400 09 000000  0500 0500 08 000000  0600 1500 0200 0000",
            id="ip",
        ),
        pytest.param(
            IpEncap(6, src=IPv6Address("2001:db8::8"), flags=4),
            "2000 1600  1400 0300 20010db8000000000000000000000008  0600 0600 0004 0000"
            "  0600 1500 0400 0000",
            id="ip6",
        ),
    ],
)
def test_encap(encap: Encap, attributes: str) -> None:
    """RTA_ENCAP and RTA_ENCAP_TYPE; tunnels have network byte order inside."""
    change = add_route(Route(IPv4Network("0.0.0.0/0"), encap=encap), {})
    assert change.payload[12:] == octets(attributes)


def test_a_rule() -> None:
    rule = Rule(
        4,
        1000,
        Action.TABLE,
        table=300,
        invert=True,
        source=TEN,
        tos=16,
        iif="eth0",
        fwmark=1,
        fwmask=255,
        tunnel_id=5,
        sport=Range(1, 2),
    )
    change = add_rule(rule)
    assert (str(change), change.kind, change.flags) == (
        "add IPv4 rule of preference 1000",
        32,
        0x600,
    )
    assert change.payload == octets("""
        02 00 08 10 00 0000 01  02000000    # family, lengths, tos, table, action, FIB_RULE_INVERT
        0800 0600 e8030000                  # FRA_PRIORITY
        0800 0200 0a000000                  # FRA_SRC
        0900 0300 6574683000 000000         # FRA_IIFNAME
        0800 0f00 2c010000                  # FRA_TABLE
        0800 0a00 01000000                  # FRA_FWMARK
        0800 1000 ff000000                  # FRA_FWMASK
        0c00 0c00 0000000000000005          # FRA_TUN_ID
        0800 1700 0100 0200                 # FRA_SPORT_RANGE
        0500 1500 12 000000                 # FRA_PROTOCOL
    """)
    assert remove_rule(rule).payload == change.payload
    assert remove_rule(rule).kind == 33


def test_the_link_must_be_known() -> None:
    with pytest.raises(KeyError, match="eth9"):
        add_route(Route(TEN, dev="eth9"), {"eth0": 3})


def test_the_table_of_a_vrf_goes_before_the_one_written() -> None:
    change = add_route(Route(IPv6Network("::/0"), vrf="blue", table=5), {}, table=10)
    assert change.payload == octets("0a 00 00 00 0a 12 00 01  00000000")


ROUTES = (
    "10.0.0.0/8 via 192.0.2.1 dev eth0",
    "default via 192.0.2.1 dev eth0 table 300 metric 5",
    "10.0.0.0/8 dev eth0 scope link src 192.0.2.250 table 100",
    "10.0.0.0/8 dev eth0 scope global tos 0x10 metric 4294967295",
    "10.0.0.0/8 via 203.0.113.1 dev eth0 onlink",
    "10.0.0.0/8 via 192.0.2.1 dev eth0 realms 5/6",
    "10.0.0.0/8 dev eth0 scope link mtu lock 1400 advmss lock 1300 hoplimit 60 window 1000 cwnd lock 10",
    "10.0.0.0/8 dev eth0 scope link rtt 300ms rttvar lock 250ms rto_min lock 1s reordering 5 ssthresh 9",
    "10.0.0.0/8 dev eth0 scope link initcwnd 10 initrwnd 20 features ecn quickack 1 congctl lock reno",
    "10.0.0.0/8 dev eth0 scope link fastopen_no_cookie 1",
    "10.0.0.0/8 dev eth0 scope link encap ip id 5 dst 192.0.2.9 src 192.0.2.8 tos 8 ttl 5",
    *(f"{kind} 10.0.0.0/8" for kind in ("blackhole", "unreachable", "prohibit", "throw")),
    "10.0.0.0/8 nexthop via 192.0.2.1 dev eth0 weight 256 nexthop via 198.51.100.1 dev eth1",
    "10.0.0.0/8 nexthop via 203.0.113.1 dev eth0 onlink nexthop via 198.51.100.1 realms 3",
    "2001:db8:5::/48 via 2001:db8::1 dev eth0 metric 9",
    "2001:db8:5::/48 from 2001:db8:2::/48 via 2001:db8::1 dev eth0",
    "2001:db8:5::/48 dev eth0 expires 1000 pref high mtu 1300",
    "2001:db8:5::/48 dev eth0 src 2001:db8::250 pref low",
    "2001:db8:5::/48 dev eth0 encap ip6 id 5 dst 2001:db8::9 hoplimit 7",
    "2001:db8:5::/48 nexthop via 2001:db8::1 dev eth0 weight 3 nexthop via 2001:db8:1::1 dev eth1",
    "unreachable 2001:db8:5::/48 dev lo",
)
"""Words of keepalived.conf that are words of ip-route(8) too."""

RULES = (
    "from 192.0.2.0/24 table 100 preference 1000",
    "to 203.0.113.7 lookup 300 order 1000",
    "not from 192.0.2.0/24 to 203.0.113.0/24 iif eth0 oif eth1 table main priority 1000",
    "iif eth9 table 100 priority 1000",
    "from 192.0.2.0/24 tos 0x10 fwmark 0x10/0xff table 100 priority 1000",
    "fwmark 7 table 100 priority 1000",
    "from 192.0.2.0/24 realms 5/6 table 100 priority 1000",
    "table 100 suppress_prefixlength 8 suppress_ifgroup 5 priority 1000",
    "uidrange 1-2 ipproto tcp sport 5 dport 7-9 table 100 priority 1000",
    "tunnel-id 77 table 100 priority 1000",
    "l3mdev priority 1000",
    "from 192.0.2.1 goto 32766 priority 1000",
    *(f"from 192.0.2.1 {kind} priority 1000" for kind in ("blackhole", "prohibit", "unreachable")),
    "from 192.0.2.1 nop priority 1000",
    "from 2001:db8::/32 to 2001:db8:1::/48 table 100 priority 1000",
    "from 2001:db8::/32 fwmark 7 dport 80 ipproto udp table 300 priority 1000",
)


def as_ip_says(words: str) -> list[str]:
    """ip(8) has another name for one, and locks one always."""
    return words.replace("tunnel-id", "tun_id").replace("rto_min lock", "rto_min").split()


def read(block: str, words: str) -> Route | Rule:
    text = (
        "vrrp_instance a {\ninterface e\nvirtual_router_id 1\nvirtual_ipaddress {\n192.0.2.1\n}\n"
        f"{block} {{\n{words}\n}}\n}}\n"
    )
    loaded = load("k", reader=DictReader({"k": text}), config_id="x", environ={})
    (found,) = getattr(loaded.config.instances[0], block)
    assert isinstance(found, Route | Rule)
    return found


@pytest.fixture
def hosts(lab: Lab) -> Iterator[tuple[Host, Host, dict[str, RouteSocket]]]:
    """Two hosts that are alike, down to the indexes of their links, and a socket on each."""
    made = []
    with ExitStack() as stack:
        sockets = {}
        for name in ("one", "two"):
            host = lab.host(name)
            for number in (0, 1):
                link, peer = f"eth{number}", f"peer{number}"
                host.ip("link", "add", link, "type", "veth", "peer", peer)
                host.ip("link", "set", link, "up")
                host.ip("link", "set", peer, "up")
            host.ip("addr", "add", "192.0.2.250/24", "dev", "eth0")
            host.ip("addr", "add", "198.51.100.250/24", "dev", "eth1")
            host.ip("addr", "add", "2001:db8::250/64", "dev", "eth0", "nodad")
            host.ip("addr", "add", "2001:db8:1::250/64", "dev", "eth1", "nodad")
            host.ip("link", "set", "lo", "up")
            with host.entered():
                sockets[name] = RouteSocket()
            stack.callback(sockets[name].close)
            made.append(host)
        yield made[0], made[1], sockets


def routes_of(host: Host) -> str:
    shown = (host.ip(family, "-d", "route", "show", "table", "all") for family in ("-4", "-6"))
    ours = (line for text in shown for line in text.splitlines() if " proto keepalived " in line)
    return re.sub(r"expires \d+sec", "expires some time", "\n".join(ours))


def rules_of(host: Host) -> str:
    shown = (host.ip(family, "-d", "rule", "show") for family in ("-4", "-6"))
    return "\n".join(
        line for text in shown for line in text.splitlines() if line.startswith("1000:")
    )


def links_of(socket: RouteSocket) -> dict[str, int]:
    return {link.name: link.index for link in socket.links()}


def changes(found: Route | Rule, links: dict[str, int]) -> tuple[Change, Change]:
    """To add, and to remove."""
    if isinstance(found, Rule):
        return add_rule(found), remove_rule(found)
    return add_route(found, links), remove_route(found, links)


def family_of(words: str) -> str:
    return "-6" if "2001:db8" in words else "-4"


@pytest.mark.root
@pytest.mark.slow
@pytest.mark.parametrize("block", ["virtual_routes", "virtual_rules"])
def test_the_kernel_understands_us_as_it_does_ip(
    block: str, hosts: tuple[Host, Host, dict[str, RouteSocket]]
) -> None:
    one, two, sockets = hosts
    lines, shown = (ROUTES, routes_of) if block == "virtual_routes" else (RULES, rules_of)
    differ = {}
    for words in lines:
        add, remove = changes(read(block, words), links_of(sockets["one"]))
        refused = sockets["one"].apply([add])
        if block == "virtual_routes":
            two.ip(family_of(words), "route", "prepend", "proto", "18", *as_ip_says(words))
        else:
            two.ip(family_of(words), "rule", "add", *as_ip_says(words), "protocol", "18")
        mine, theirs = shown(one), shown(two)
        refused += sockets["one"].apply([remove]) + sockets["two"].apply([remove])
        left = shown(one) + shown(two)
        if refused or left or not mine or mine != theirs:
            differ[words] = (mine, theirs, left, [str(refusal) for refusal in refused])
    assert differ == {}


@pytest.mark.root
def test_what_is_so_already_is_no_failure(
    hosts: tuple[Host, Host, dict[str, RouteSocket]],
) -> None:
    _, _, sockets = hosts
    socket = sockets["one"]
    links = links_of(socket)
    route = read("virtual_routes", "10.0.0.0/8 via 192.0.2.1 dev eth0")
    rule = read("virtual_rules", "from 192.0.2.0/24 table 100 preference 1000")
    pairs = [changes(found, links) for found in (route, rule)]
    for adding in ([add for add, _ in pairs], [remove for _, remove in pairs]):
        assert socket.apply(adding) == ()
        assert socket.apply(adding) == ()


@pytest.mark.root
def test_many_at_once(hosts: tuple[Host, Host, dict[str, RouteSocket]]) -> None:
    one, _, sockets = hosts
    networks = [IPv4Network((0x0A000000 + (n << 8), 24)) for n in range(300)]
    routes = [Route(network, via=IPv4Address("192.0.2.1"), dev="eth0") for network in networks]
    links = links_of(sockets["one"])
    assert sockets["one"].apply([add_route(route, links) for route in routes]) == ()
    shown = routes_of(one).splitlines()
    assert (len(shown), shown[-1].split()[:2]) == (300, ["unicast", "10.1.43.0/24"])
    assert sockets["one"].apply([remove_route(route, links) for route in routes]) == ()
    assert routes_of(one) == ""


@pytest.mark.root
def test_a_refusal_names_the_route(hosts: tuple[Host, Host, dict[str, RouteSocket]]) -> None:
    _, _, sockets = hosts
    route = read("virtual_routes", "10.0.0.0/8 via 203.0.113.1 dev eth0")
    assert isinstance(route, Route)
    good = add_route(Route(TEN, dev="lo"), {"lo": 1})
    (refusal,) = sockets["one"].apply([add_route(route, links_of(sockets["one"])), good])
    assert str(refusal) == "add route 10.0.0.0/8 in table 254: Network is unreachable"


def configuration() -> str:
    """All of them, each route in a table of its own where none is named."""
    routes = "\n".join(f"table {number} {words}" for number, words in enumerate(ROUTES, 1000))
    rules = "\n".join(words for words in RULES if "eth9" not in words)
    rules = re.sub(r"port (\d+) ", r"port \1-\1 ", rules)  # 2.2.7 refuses a single one
    return (
        "vrrp_instance a {\ninterface eth0\nvirtual_router_id 1\nstate MASTER\npriority 255\n"
        "virtual_ipaddress {\n192.0.2.1\n}\n"
        f"virtual_routes {{\n{routes}\n}}\nvirtual_rules {{\n{rules}\n}}\n}}\n"
    )


@pytest.mark.root
def test_the_kernel_gets_what_keepalived_gives_it(
    hosts: tuple[Host, Host, dict[str, RouteSocket]], tmp_path: Path
) -> None:
    one, two, sockets = hosts
    path = tmp_path / "keepalived.conf"
    path.write_text(configuration())
    (instance,) = load(str(path), config_id="x", environ={}).config.instances
    links = links_of(sockets["one"])
    additions = [
        *(add_route(route, links) for route in instance.virtual_routes),
        *(add_rule(rule) for rule in instance.virtual_rules),
    ]
    assert len(additions) == len(ROUTES) + len(RULES) - 1
    assert sockets["one"].apply(additions) == ()
    files = ("-p", str(tmp_path / "parent"), "-r", str(tmp_path / "vrrp"))
    two.start(("/usr/sbin/keepalived", "-n", "-l", "-D", "-P", *files, "-f", str(path)))
    last = rules_of(one).splitlines()[-1]
    wait_until(lambda: last in rules_of(two), what="keepalived's last rule", timeout=10)
    assert sorted(routes_of(two).splitlines()) == sorted(routes_of(one).splitlines())
    assert rules_of(two) == rules_of(one)
