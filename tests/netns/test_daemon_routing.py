"""Routes and rules of Virtual Routers, seen from outside with ip(8)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from netnslab import Host, Lab, Process, wait_until
from tests.netns.interop.routers import OURS, THEIRS, Instance, Keepalived
from tests.netns.interop.stand import router, traces
from tests.netns.interop.witness import Witness

pytestmark = pytest.mark.slow

_INSTANCE = """
vrrp_instance one {{
    interface eth0
    virtual_router_id 51
    version 3
    advert_int 0.1
    virtual_ipaddress {{
        192.0.2.100/24
    }}
    {0}
}}
"""


def instance(*lines: str) -> str:
    return _INSTANCE.format("\n    ".join(lines))


def routing(routes: str = "", rules: str = "") -> str:
    return instance(f"virtual_routes {{\n{routes}\n}}", f"virtual_rules {{\n{rules}\n}}")


def routes(host: Host) -> set[tuple[str, str | None]]:
    """Destination and gateway of keepalived's routes in any table, of both families."""
    found = []
    for family in ("-4", "-6"):
        found += json.loads(host.ip("-j", family, "route", "show", "table", "all", "proto", "18"))
    return {(route["dst"], route.get("gateway")) for route in found}


def rules(host: Host) -> set[int]:
    """Preferences of all rules but the kernel's own, of both families."""
    found = json.loads(host.ip("-j", "rule")) + json.loads(host.ip("-6", "-j", "rule"))
    return {rule["priority"] for rule in found if 0 < rule["priority"] < 32766}


def wait_routing(
    host: Host, expected_routes: set[tuple[str, str | None]], *preferences: int
) -> None:
    wanted = expected_routes, set(preferences)
    wait_until(lambda: (routes(host), rules(host)) == wanted, what=f"{wanted}", timeout=20)


@pytest.fixture
def daemon(lab: Lab) -> Keepalived:
    return router(lab)


_OLD = routing(
    "10.1.0.0/16 via 192.0.2.2 src 192.0.2.100\n10.2.0.0/16 via 192.0.2.2\n10.3.0.0/16 via 192.0.2.2",
    "from 10.1.0.0/16 table 100 preference 1000\nfrom 10.2.0.0/16 table 100 preference 1001",
)
_NEW = routing(
    "10.1.0.0/16 via 192.0.2.2 src 192.0.2.100\n10.2.0.0/16 via 192.0.2.3\n2001:db8:4::/48 via 2001:db8::2",
    "from 10.1.0.0/16 table 100 preference 1000\nfrom 10.3.0.0/16 table 100 preference 1002",
)


@pytest.fixture
def monitor(daemon: Keepalived) -> Iterator[Process]:
    """What ip(8) hears of routes and rules; the first thing is one of its own."""
    process = daemon.host.start(["ip", "monitor", "route", "rule"])

    def is_listening() -> bool:
        daemon.host.ip("route", "add", "blackhole", "203.0.113.0/24")
        daemon.host.ip("route", "del", "blackhole", "203.0.113.0/24")
        return "203.0.113.0" in process.output()

    wait_until(is_listening, what="the monitor", timeout=20)
    yield process
    process.kill()


def test_a_reload_changes_only_the_difference_and_a_crash_leaves_nothing(
    daemon: Keepalived, monitor: Process
) -> None:
    host = daemon.host
    before = traces(host)
    daemon.start([], _OLD)
    old = {("10.1.0.0/16", "192.0.2.2"), ("10.2.0.0/16", "192.0.2.2"), ("10.3.0.0/16", "192.0.2.2")}
    wait_routing(host, old, 1000, 1001)
    daemon.write([], _NEW)
    daemon.reload()
    new = {
        ("10.1.0.0/16", "192.0.2.2"),
        ("10.2.0.0/16", "192.0.2.3"),
        ("2001:db8:4::/48", "2001:db8::2"),
    }
    wait_routing(host, new, 1000, 1002)
    wait_until(lambda: "Deleted 1001:" in monitor.output(), what="the last change", timeout=20)
    deleted = [line for line in monitor.output().splitlines() if line.startswith("Deleted 10")]
    assert [line.split()[1] for line in deleted] == ["1001:", "10.3.0.0/16"]
    daemon.crash()
    assert (routes(host), rules(host)) == (new, {1000, 1002})
    daemon.start([], instance())
    wait_routing(host, set())
    daemon.stop()
    assert traces(host) == before


_MEMBER = Instance(52, ("192.0.2.152/24",), interval=0.1)
_LOSER = Instance(
    53,
    ("192.0.2.153/24", "192.0.2.154/24 no_track"),
    interval=0.1,
    more=(
        "virtual_routes {\n10.1.0.0/16 via 192.0.2.2 dev eth0",
        "10.2.0.0/16 via 192.0.2.2 dev eth0 no_track\n}",
        "virtual_rules {\nfrom 10.1.0.0/16 table 100 preference 1001",
        "from 10.2.0.0/16 table 100 preference 1002 no_track\n}",
    ),
)
_GROUP = f"vrrp_sync_group g {{\ngroup {{\n{_MEMBER.name}\n{_LOSER.name}\n}}\n}}\n"
_WATCHED = (
    ("addr", "del", "192.0.2.153/24", "dev", "eth0"),
    ("route", "del", "10.1.0.0/16"),
    ("rule", "del", "preference", "1001"),
)
_UNWATCHED = (
    ("addr", "del", "192.0.2.154/24", "dev", "eth0"),
    ("route", "del", "10.2.0.0/16"),
    ("rule", "del", "preference", "1002"),
)


@pytest.mark.parametrize("program", [OURS, THEIRS], ids=["ours", "keepalived"])
def test_what_somebody_takes_away_costs_the_role_for_a_moment(lab: Lab, program: Path) -> None:
    """That of its sync group too; what has no_track may leave."""
    host = router(lab).host
    daemon = Keepalived(host, program)
    both = (_MEMBER, _LOSER)
    via = "192.0.2.2"
    with Witness(lab) as witness:
        daemon.start(both, _GROUP)
        witness.wait_sole_active("r", both, 0.0)
        wait_routing(host, {("10.1.0.0/16", via), ("10.2.0.0/16", via)}, 1001, 1002)
        since = witness.now()
        for words in _UNWATCHED:
            host.ip(*words)
        for each in both:
            witness.wait_adverts(each, "r", 5, since=since)
            assert all(advert.priority for _, advert in witness.adverts(each, "r", since))
        for words in _WATCHED:
            taken = witness.now()
            host.ip(*words)
            for each in both:
                wait_until(
                    partial(has_resigned, witness, each, taken), what=f"{words} noticed", timeout=20
                )
            witness.wait_sole_active("r", both, taken)
            wait_routing(host, {("10.1.0.0/16", via), ("10.2.0.0/16", via)}, 1001, 1002)
            host.wait_address("192.0.2.153", timeout=20)
        daemon.stop()


def has_resigned(witness: Witness, of: Instance, since: float) -> bool:
    return any(advert.priority == 0 for _, advert in witness.adverts(of, "r", since))


def test_what_somebody_takes_away_is_put_back_at_once(daemon: Keepalived) -> None:
    host, text = (
        daemon.host,
        routing("10.1.0.0/16 via 192.0.2.2", "from 10.1.0.0/16 table 100 preference 1001"),
    )
    daemon.start([], "global_defs {\nvrrp_restore_removed\n}\n" + text)
    expected = {("10.1.0.0/16", "192.0.2.2")}
    wait_routing(host, expected, 1001)
    for words in (
        ("route", "del", "10.1.0.0/16"),
        ("rule", "del", "preference", "1001"),
        ("addr", "del", "192.0.2.100/24", "dev", "eth0"),
    ):
        host.ip(*words)
        wait_routing(host, expected, 1001)
        host.wait_address("192.0.2.100", timeout=20)
    daemon.stop()
    assert "Entering BACKUP STATE" not in daemon.process.output().split("MASTER STATE", 1)[1]


_STATICS = """
static_ipaddress {
    10.9.0.1/24 dev eth1
    10.9.0.2/24 dev eth1 no_track
}
static_routes {
    10.1.0.0/16 via 192.0.2.2 dev eth0
    10.2.0.0/16 via 10.9.0.9 dev eth1
}
static_rules {
    from 10.1.0.0/16 table 100 preference 1001
}
"""


def test_static_entries_last_as_long_as_the_daemon(lab: Lab) -> None:
    """Whatever somebody else does to them (quirk: statics-unwatched); but for no_track."""
    daemon = router(lab, "eth1")
    host, before = daemon.host, traces(daemon.host)
    daemon.start([], _STATICS + instance())
    expected = {("10.1.0.0/16", "192.0.2.2"), ("10.2.0.0/16", "10.9.0.9")}
    for words in (
        ("route", "show"),
        ("addr", "del", "10.9.0.2/24", "dev", "eth1"),
        ("addr", "del", "10.9.0.1/24", "dev", "eth1"),
        ("route", "del", "10.1.0.0/16"),
        ("rule", "del", "preference", "1001"),
    ):
        host.ip(*words)
        host.wait_address("10.9.0.1", timeout=20)
        if words[0] != "addr":
            wait_routing(host, expected, 1001)
    assert not host.has_address("10.9.0.2")
    daemon.stop()
    assert traces(host) == before


_PROMOTING = """
vrrp_instance low {
    interface eth0
    virtual_router_id 61
    version 3
    advert_int 0.1
    promote_secondaries
    virtual_ipaddress {
        10.61.0.1/24
    }
}
vrrp_instance none {
    interface eth0
    virtual_router_id 62
    version 3
    advert_int 0.1
    no_virtual_ipaddress
    virtual_ipaddress_excluded {
        10.61.0.2/24
    }
}
"""


def test_secondary_addresses_stay_and_an_instance_may_have_none(daemon: Keepalived) -> None:
    """The sysctl is put back at stop, and by the next start after a crash."""
    host = daemon.host

    def promotes() -> str:
        with host.entered():
            return Path("/proc/sys/net/ipv4/conf/eth0/promote_secondaries").read_text().strip()

    assert promotes() == "0"
    daemon.start([], _PROMOTING)
    assert promotes() == "1"
    for address in ("10.61.0.1", "10.61.0.2"):
        host.wait_address(address, timeout=20)
    host.ip("addr", "del", "10.61.0.1/24", "dev", "eth0")
    daemon.process.wait_for_log(
        r"\(low\) Entering BACKUP STATE\n(.*\n)*.*\(low\) Entering MASTER", timeout=20
    )
    host.wait_address("10.61.0.1", timeout=20)
    assert host.has_address("10.61.0.2")
    assert daemon.process.output().count("(none) Entering") == 2
    daemon.crash()
    assert promotes() == "1"
    daemon.start([], instance())
    wait_until(lambda: promotes() == "0", what="the old value", timeout=20)
    daemon.stop()


_FOLLOWERS = {
    "eth1": ("one", "static_ipaddress {\n10.5.1.1/24 dev eth1 track_group g1\n}\n"),
    "eth2": ("two", "static_routes {\n10.5.2.0/24 via 10.2.0.9 dev eth2 track_group g2\n}\n"),
    "eth3": ("three", "static_rules {\niif eth3 table 5 preference 77 track_group g3\n}\n"),
}
_FOLLOWED = "track_group g{0} {{\ngroup {{\n{1}\n}}\n}}\n"


@pytest.mark.parametrize("program", [OURS, THEIRS], ids=["ours", "keepalived"])
def test_a_group_follows_the_interfaces_of_static_entries(lab: Lab, program: Path) -> None:
    host = router(lab, *_FOLLOWERS).host
    daemon = Keepalived(host, program)
    text = instance().replace("one", "other")
    for vrid, (name, block) in enumerate(_FOLLOWERS.values(), 1):
        text += (
            instance().replace("one", name).replace("51", str(vrid)).replace(".100", f".10{vrid}")
        )
        text += _FOLLOWED.format(vrid, name) + block
    daemon.start([], text)
    for vrid, (interface, (name, _)) in enumerate(_FOLLOWERS.items(), 1):
        host.wait_address(f"192.0.2.10{vrid}", timeout=20)
        host.link(interface).down()
        daemon.process.wait_for_log(rf"\({name}\) Entering FAULT", timeout=20)
        host.wait_address(f"192.0.2.10{vrid}", present=False, timeout=20)
        host.link(interface).up()
    for vrid in range(4):
        host.wait_address(f"192.0.2.10{vrid}", timeout=20)
    daemon.stop()
    faults = re.findall(r"\((\w+)\) Entering FAULT", daemon.process.output())
    assert faults == ["one", "two", "three"]


_ON_ETH0 = """
static_routes {
    10.9.0.0/16 via 192.0.2.2 dev eth0
}
"""


def test_an_interface_changes_its_name_and_is_made_again(daemon: Keepalived, lab: Lab) -> None:
    """Without it there is a fault and nothing of ours, with it everything again; keepalived 2.2.7
    does the same. Another MTU disturbs nobody."""
    host, via = daemon.host, "192.0.2.2"
    daemon.start([], _ON_ETH0 + routing("10.1.0.0/16 via 192.0.2.2 dev eth0"))
    all_of_it = {("10.1.0.0/16", via), ("10.9.0.0/16", via)}
    wait_routing(host, all_of_it)
    host.ip("link", "set", "eth0", "mtu", "1400")
    for before, after in (("eth0", "wan0"), ("wan0", "eth0")):
        host.ip("link", "set", before, "down")
        host.ip("link", "set", before, "name", after)
        host.ip("link", "set", after, "up")
        there = after == "eth0"
        wait_routing(host, all_of_it if there else set())
        host.wait_address("192.0.2.100", present=there, timeout=20)
    host.ip("link", "del", "eth0")
    daemon.process.wait_for_log(r"MASTER(.*\n)*.*MASTER(.*\n)*.*FAULT", timeout=20)
    host.connect(lab.bridges["lan"], addresses=["192.0.2.1/24"])
    wait_routing(host, all_of_it)
    host.wait_address("192.0.2.100", timeout=20)
    daemon.stop()
    assert re.findall(r"Entering (\w+) STATE", daemon.process.output()) == [
        *("BACKUP", "MASTER", "FAULT", "BACKUP", "MASTER", "FAULT", "BACKUP", "MASTER")
    ]
