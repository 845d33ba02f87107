"""Routes and rules in one line each: what Debian's keepalived 2.2.7 made of the same words."""

from __future__ import annotations

import pytest

from pyvrrp.conf.config import VrrpInstance
from pyvrrp.conf.load import load
from pyvrrp.conf.source import DictReader
from pyvrrp.conf.watched_links import watched_links
from pyvrrp.control.data_routes import route_text, rule_text

ROUTES = {
    "default via 192.0.2.1 dev eth0 table 7": (
        "prepend 0.0.0.0/0 via inet 192.0.2.1 dev eth0 table 7 proto 18"
    ),
    "default dev eth0 table 9 no_track": "prepend 0.0.0.0/0 dev eth0 table 9 no_track",
    "203.0.113.0/24 via inet 192.0.2.1 oif eth0 src 192.0.2.100 metric 50 onlink": (
        "prepend 203.0.113.0/24 src 192.0.2.100 via inet 192.0.2.1 dev eth0 proto 18 metric 50 onlink"
    ),
    "203.0.113.7 dev eth0 table 100 scope link priority 5": (
        "prepend 203.0.113.7 dev eth0 table 100 proto 18 scope 253 metric 5"
    ),
    "10.4.0.0/16 dev eth0 protocol 18 no_track": "prepend 10.4.0.0/16 dev eth0 proto 18 no_track",
    "10.3.0.0/16 dev eth0 protocol 12 no_track tos 0xb8 append": (
        "append 10.3.0.0/16 tos 184 dev eth0 proto 12 no_track"
    ),
    "10.4.0.0/16 dev eth0 realms 5/6 add": "add 10.4.0.0/16 dev eth0 proto 18 realms 5/6",
    "10.4.0.0/16 dev eth0 realms 6": "prepend 10.4.0.0/16 dev eth0 proto 18 realm 6",
    "10.5.0.0/16 dev eth0 mtu lock 1400 advmss lock 1300 hoplimit 60 window 1000 cwnd lock 10": (
        "prepend 10.5.0.0/16 dev eth0 proto 18 mtu lock 1400 window 1000 cwnd lock 10"
        " advmss lock 1300 hoplimit 60"
    ),
    "10.5.0.0/16 dev eth0 ssthresh 5 reordering 5": (
        "prepend 10.5.0.0/16 dev eth0 proto 18 ssthresh 5 reordering 5"
    ),
    "10.6.0.0/16 dev eth0 rtt lock 300ms rttvar lock 0.25s rto_min lock 1sec": (
        "prepend 10.6.0.0/16 dev eth0 proto 18 rtt lock 300ms rttvar lock 250ms rto_min lock 1s"
    ),
    "10.6.2.0/24 dev eth0 rtt 1601 rttvar 1001 rto_min 1.234s": (
        "prepend 10.6.2.0/24 dev eth0 proto 18 rtt 200.125ms rttvar 250.25ms rto_min 1.234s"
    ),
    "10.7.0.0/16 dev eth0 initcwnd 10 initrwnd 20 features ecn quickack 1 fastopen_no_cookie 1": (
        "prepend 10.7.0.0/16 dev eth0 proto 18 features ecn initcwnd 10 initrwnd 20 quickack 1"
        " fastopen_no_cookie 1"
    ),
    "10.8.0.0/16 dev eth0 ttl-propagate enabled congctl cubic": (
        "prepend 10.8.0.0/16 dev eth0 proto 18 congctl cubic ttl-propagate enabled"
    ),
    "10.10.0.0/16 dev eth0 encap ip id 5 dst 192.0.2.9 src 192.0.2.8 tos 8 ttl 5 flags 18 metric 7": (
        "prepend 10.10.0.0/16 encap ip id 5 dst 192.0.2.9 src 192.0.2.8 tos 8 ttl 5 flags 0x12"
        " dev eth0 proto 18 metric 7"
    ),
    "10.11.0.0/16 dev eth0 encap mpls 100/0xc8": (
        "prepend 10.11.0.0/16 encap mpls 64000/c8100 dev eth0 proto 18"
    ),
    "2001:db8:1::/48 via 2001:db8::1 dev eth0 from 2001:db8:2::/48 expires 100 pref high onlink": (
        "prepend 2001:db8:1::/48 from 2001:db8:2::/48 via inet6 2001:db8::1 dev eth0 proto 18"
        " expires 100sec pref high"
    ),
    "2001:db8:2::/48 dev eth0 encap ip6 id 5 tc 40 hoplimit 9 flags 1 pref 0": (
        "prepend 2001:db8:2::/48 encap ip6 id 5 tc 40 hoplimit 9 flags 0x1 dev eth0 proto 18 pref medium"
    ),
    "2001:db8:3::/48 dev eth0 encap ila 2001:db8:0:1 pref 7": (
        "prepend 2001:db8:3::/48 encap ila 72057597125787936 dev eth0 proto 18 pref unknown"
    ),
    "10.12.0.0/16 dev eth0 nexthop via 192.0.2.1 dev eth0 weight 2 nexthop realms 3/4 onlink": (
        "prepend 10.12.0.0/16 dev eth0 proto 18 nexthop via inet 192.0.2.1 dev eth0 weight 2"
        " nexthop onlink realm 4"
    ),
    "10.13.0.0/16 dev eth0 realms 3/4 nexthop via 192.0.2.2 realms 7 encap mpls 5": (
        "prepend 10.13.0.0/16 dev eth0 proto 18 realms 3/4 nexthop via inet 192.0.2.2 realms 0/7"
        " encap mpls 5100"
    ),
}

OURS = {
    "throw 10.4.0.0/16 dev eth0": "prepend throw 10.4.0.0/16 dev eth0 proto 18",
    "200 10.4.0.0/16 dev eth0": "prepend 200 10.4.0.0/16 dev eth0 proto 18",
    "10.7.0.0/16 dev eth0 congctl lock reno": (
        "prepend 10.7.0.0/16 dev eth0 proto 18 congctl lock reno"
    ),
}
"""2.2.7 shows add for prepend with a type, and `renolock`."""

RULES = {
    "from 192.0.2.100 table main preference 1000": (
        "from 192.0.2.100 priority 1000 tos 0x0 protocol 18 lookup 254"
    ),
    "not from 192.0.2.0/24 dev eth0 tos 0x10 table 103 priority 1003": (
        "not from 192.0.2.0/24 priority 1003 tos 0x10 iif eth0 protocol 18 lookup 103"
    ),
    "fwmark 0x10/0xff iif eth0 oif eth1 table 4294967295 preference 1004": (
        "from all priority 1004 tos 0x0 fwmark 0x10/0xff iif eth0 oif eth1 protocol 18"
        " lookup 4294967295"
    ),
    "fwmark 7/0xffffffff table 104 preference 1005": (
        "from all priority 1005 tos 0x0 fwmark 0x7 protocol 18 lookup 104"
    ),
    "table 105 preference 1006 inet6": "inet6 from all priority 1006 tos 0x0 protocol 18 lookup 105",
    "from 2001:db8::/32 to 2001:db8::/32 table 106 preference 1007": (
        "from 2001:db8::/32 to 2001:db8::/32 priority 1007 tos 0x0 protocol 18 lookup 106"
    ),
    "realms 6 sup_pl 16 sup_group 5 tunnel-id 7 table 108 preference 1009": (
        "from all priority 1009 tos 0x0 suppress_prefixlen 16 suppress_ifgroup 5 tunnel-id 7"
        " protocol 18 realms 0/6 lookup 108"
    ),
    "uidrange 1000-2000 ipproto tcp sport 1000-2000 dport 443-443 table 109 preference 1010": (
        "from all priority 1010 tos 0x0 uidrange 1000-2000 protocol 18 ipproto 6 sport 1000-2000"
        " dport 443-443 lookup 109"
    ),
    "protocol 4 no_track table 110 preference 1011": (
        "from all priority 1011 tos 0x0 protocol 4 lookup 110 no_track"
    ),
    "no_track table 110 preference 1011": "from all priority 1011 tos 0x0 lookup 110 no_track",
    "from all l3mdev preference 1012": "from 0.0.0.0/0 priority 1012 tos 0x0 l3mdev protocol 18 lookup 0",
    "from 192.0.2.101 goto 2000 preference 1013": (
        "from 192.0.2.101 priority 1013 tos 0x0 protocol 18 goto 2000"
    ),
    "from 192.0.2.103 type prohibit preference 1015": (
        "from 192.0.2.103 priority 1015 tos 0x0 protocol 18 type prohibit"
    ),
    "from 192.0.2.105 nop preference 1017": "from 192.0.2.105 priority 1017 tos 0x0 protocol 18 nop",
}


def instance(text: str, before: str = "") -> VrrpInstance:
    return load(
        "k.conf",
        reader=DictReader(
            {
                "k.conf": f"{before}vrrp_instance a {{\ninterface e\nvirtual_router_id 1\n"
                f"virtual_ipaddress {{\n192.0.2.1\n}}\n{text}\n}}\n"
            }
        ),
        config_id="x",
        environ={},
    ).config.instances[0]


@pytest.mark.parametrize(("words", "shown"), [*ROUTES.items(), *OURS.items()])
def test_route(words: str, shown: str) -> None:
    (route,) = instance(f"virtual_routes {{\n{words}\n}}").virtual_routes
    assert route_text(route) == shown


@pytest.mark.parametrize(("words", "shown"), RULES.items())
def test_rule(words: str, shown: str) -> None:
    (rule,) = instance(f"virtual_rules {{\n{words}\n}}").virtual_rules
    assert rule_text(rule) == shown


def test_links_that_are_watched() -> None:
    text = (
        "track_group g {\ngroup {\na\n}\n}\ntrack_group h {\ngroup {\nb\n}\n}\n"
        "static_ipaddress {\n192.0.2.9 dev s0 track_group g\n192.0.2.8 dev s1 track_group h\n"
        "192.0.2.7 dev s2\n}\n"
        "static_routes {\n10.0.0.0/8 dev s3 track_group g\n10.1.0.0/16 dev s4 no_track track_group g\n}\n"
        "static_rules {\niif s5 oif s6 table 5 preference 5 track_group g\n}\n"
        "vrrp_instance a {\ninterface e\nvirtual_router_id 1\nvirtual_ipaddress {\n192.0.2.1\n}\n"
        "virtual_routes {\n10.2.0.0/16 dev r0\n10.3.0.0/16 dev r1 no_track\n}\n"
        "virtual_rules {\niif r2 oif r3 table 5 preference 6\noif r4 table 5 preference 7 no_track\n}\n}\n"
    )
    config = load("k", reader=DictReader({"k": text}), config_id="x", environ={}).config
    watched = set(watched_links(config, config.instances[0]))
    assert watched == {"s0", "s3", "s5", "r0", "r2", "r3"}
