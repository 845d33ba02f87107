"""The scenarios."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tests.netns.interop.routers import Instance
from tests.netns.scenarios.model import (
    BACKUP,
    DIRECTORY,
    FAULT,
    FIFO,
    MASTER,
    Scenario,
    Side,
    Step,
    Want,
)
from tests.netns.scenarios.stimuli import (
    add_address,
    connect,
    crash,
    disconnect,
    freeze,
    kill_child,
    kill_parent,
    link_down,
    link_up,
    mute,
    plug,
    reload,
    remove_address,
    remove_file,
    start,
    stop,
    thaw,
    unmute,
    unplug,
    wait,
    write_file,
)

__all__ = ["SCENARIOS"]

_V3 = Instance(51, ("192.0.2.100/24",), interval=0.3)
_V2 = Instance(51, ("192.0.2.100/24",), version=2, interval=1)
_IPV6 = Instance(51, ("fe80::51/64", "2001:db8::100/64"), interval=0.3)
_SEVERAL = Instance(51, tuple(f"192.0.2.{end}/24" for end in (100, 101, 102)), interval=0.3)
_OUTSIDE = Instance(52, ("198.51.100.100/24",), interval=0.3, interface="eth1")
_OWNED = replace(_IPV6, addresses=("fe80::1/64", "2001:db8::1/64"))
_GROUP = f"vrrp_sync_group G {{\ngroup {{\n{_V3.name}\n{_OUTSIDE.name}\n}}\n}}\n"
_DYNAMIC = "global_defs {\ndynamic_interfaces\n}\n"

_BOTH = (start("a", a=MASTER), start("b", a=MASTER, b=BACKUP))
_NEVER = Want("MASTER", adverts=8)
"""Longer than a Backup Router would wait."""


def _with(instance: Instance, *lines: str) -> Instance:
    return replace(instance, more=(*instance.more, *lines))


def _pass(word: str) -> tuple[str, ...]:
    return ("authentication {", "auth_type PASS", f"auth_pass {word}", "}")


def _peer(source: str, *peers: str) -> tuple[str, ...]:
    return (f"unicast_src_ip {source}", "unicast_peer {", *peers, "}")


def _side(*instances: Instance, priority: int = 100, more: str = "") -> Side:
    return Side(tuple(each.having(priority) for each in instances), more)


def _pair(name: str, instance: Instance, *steps: Step, more: str = "", **rest: object) -> Scenario:
    """The same instance on both, priority 200 on `a` and 100 on `b`."""
    a, b = (_side(instance, priority=priority, more=more) for priority in (200, 100))
    return Scenario(name, a, b, steps, **rest)


def _active(*lines: str, base: Instance = _V3) -> Side:
    return _side(_with(base, *lines), priority=200)


def _backup(*lines: str, base: Instance = _V3) -> Side:
    return _side(_with(base, *lines))


def _elections() -> Iterator[Scenario]:
    yield _pair("lower priority joins", _V3, *_BOTH, wait(a=_NEVER))
    preempts = (start("b", b=MASTER), start("a", a=MASTER, b=BACKUP))
    yield _pair("preempt", _V3, *preempts)
    yield _pair("several addresses", _SEVERAL, *preempts)
    yield _pair("IPv6", _IPV6, *preempts, stop("a", b=MASTER))
    yield _pair(
        "nopreempt",
        replace(_V3, preempt=False),
        start("b", b=MASTER),
        start("a", a=BACKUP, b=MASTER),
        wait(b=_NEVER, a=BACKUP),
        stop("b", a=MASTER),
    )
    yield Scenario(
        "down_timer_adverts",
        _active(),
        _backup("down_timer_adverts 5"),
        (*_BOTH, crash("a", b=MASTER)),
    )
    yield _pair("vrrp_startup_delay", _V3, *_BOTH, more="global_defs {\nvrrp_startup_delay 2\n}\n")
    yield Scenario("preempt_delay", _active("preempt_delay 2"), _backup(), preempts)
    yield Scenario(
        "state MASTER",
        _active("state MASTER"),
        _backup("state MASTER"),
        (start("b", b=MASTER), start("a", a=MASTER, b=BACKUP)),
    )
    yield Scenario(
        "owner IPv6",
        _side(_OWNED, priority=255),
        _side(_OWNED),
        (
            start("b", b=MASTER),
            add_address("a", "fe80::1/64"),
            start("a", a=MASTER, b=BACKUP),
            stop("a", b=MASTER),
        ),
        known={
            r"a .*: only keepalived: address [+-] .*": "owner-addresses",
            r"a .*, start a: only keepalived: state BACKUP": "owner-waits",
        },
    )
    owned = replace(_V3, addresses=("192.0.2.1/24",))
    yield Scenario(
        "owner IPv4",
        _side(owned, priority=255),
        _side(owned),
        (start("b", b=MASTER), start("a"), wait(20)),
        known={
            r"a .*: only (keepalived|ours): .*": "owner-addresses",
            r"b .*: only (keepalived|ours): .*": "owner-addresses",
        },
    )
    meet = (start("a", a=MASTER), start("b"), wait(20, a=BACKUP, b=MASTER), stop("b", a=MASTER))
    sides = [_side(_with(_V3, "state MASTER"), priority=255) for _ in "ab"]
    told = {r"a .*, stop b: only (keepalived|ours): wire .*": "owner-254"}
    yield Scenario("two owners", *sides, meet, known=told)
    sides = [_side(_V3, priority=255) for _ in "ab"]
    waits = {".*: only (keepalived|ours): .*": "owner-waits"}
    yield Scenario(
        "two owners, state BACKUP",
        *sides,
        (start("a", a=MASTER), start("b"), wait(20)),
        known=waits,
    )
    equal = (_backup(), _backup())
    yield Scenario(
        "equal priority, higher address",
        *equal,
        (*_BOTH, wait(a=_NEVER), mute("a", a=BACKUP, b=MASTER), unmute("a", a=BACKUP, b=_NEVER)),
    )
    yield Scenario(
        "equal priority, lower address",
        *equal,
        (
            start("b", b=MASTER),
            start("a", a=BACKUP, b=MASTER),
            mute("b", a=MASTER, b=MASTER),
            unmute("b", a=BACKUP, b=MASTER),
        ),
    )


def _ends() -> Iterator[Scenario]:
    back = start("a", a=MASTER, b=BACKUP)
    yield _pair("crash", _V3, *_BOTH, crash("a", b=MASTER), back)
    yield _pair("stop", _V3, *_BOTH, stop("a", b=MASTER), back)
    yield _pair("stop of the Backup Router", _V3, *_BOTH, stop("b", a=_NEVER))
    yield _pair("parent killed", _V3, *_BOTH, kill_parent("a", b=MASTER))
    quick = replace(_with(_V3, "state MASTER"), interval=1)  # is back before the other one notices
    yield _pair("VRRP process killed", quick, *_BOTH, kill_child("a", a=MASTER, b=BACKUP))
    yield _pair("frozen", _V3, *_BOTH, freeze("a", b=MASTER), thaw("a", a=MASTER, b=BACKUP))


def _links() -> Iterator[Scenario]:
    yield _pair(
        "link down",
        _V3,
        *_BOTH,
        link_down("a", a=FAULT, b=MASTER),
        link_up("a", a=MASTER, b=BACKUP),
    )
    yield _pair(
        "link down IPv6",
        _IPV6,
        *_BOTH,
        link_down("a", a=FAULT, b=MASTER),
        link_up("a", a=MASTER, b=BACKUP),
    )
    yield _pair(
        "cable out", _V3, *_BOTH, unplug("a", a=FAULT, b=MASTER), plug("a", a=MASTER, b=BACKUP)
    )
    yield _pair(
        "cable of the Backup Router out",
        _V3,
        *_BOTH,
        unplug("b", a=MASTER, b=FAULT),
        plug("b", a=MASTER, b=BACKUP),
    )
    yield _pair(
        "cable out at start",
        _V3,
        unplug("a"),
        start("a", a=FAULT),
        start("b", b=MASTER),
        plug("a", a=MASTER, b=BACKUP),
    )
    yield _pair(
        "interface made anew",
        _V3,
        *_BOTH,
        disconnect("a", a=FAULT, b=MASTER),
        connect("a", a=MASTER, b=BACKUP),
        more=_DYNAMIC,
    )
    yield _pair(
        "dont_track_primary",
        _with(_V3, "dont_track_primary"),
        *_BOTH,
        unplug("a", b=MASTER),
        plug("a", a=MASTER, b=BACKUP),
    )
    yield _pair(
        "partition", _V3, *_BOTH, mute("a", a=MASTER, b=MASTER), unmute("a", a=MASTER, b=BACKUP)
    )


def _trackers() -> Iterator[Scenario]:
    outage = (
        unplug("a", "eth1", a=FAULT, b=MASTER),
        plug("a", "eth1", a=MASTER, b=BACKUP),
    )
    tracks = _with(_V3, "track_interface {", "eth1", "}")
    yield _pair("track_interface", tracks, *_BOTH, *outage, outside=True)
    sides = [_side(_V3, _OUTSIDE, priority=priority, more=_GROUP) for priority in (200, 100)]
    yield Scenario("sync group", *sides, (*_BOTH, *outage, stop("a", b=MASTER)), outside=True)
    late = (unplug("a", "eth1"), start("a", a=FAULT), start("b", b=MASTER), outage[1])
    yield Scenario("sync group, cable out at start", *sides, late, outside=True)
    for name, a, words in (
        ("track_interface, weight", 90, "eth1 weight 20"),
        ("track_interface, negative weight", 110, "eth1 weight -20"),
    ):
        yield Scenario(
            name,
            _side(_with(_V3, "track_interface {", words, "}"), priority=a),
            _backup(),
            (
                *_BOTH,
                unplug("a", "eth1", a=BACKUP, b=MASTER),
                plug("a", "eth1", a=MASTER, b=BACKUP),
            ),
            outside=True,
        )
    yield Scenario(
        "track_interface, reverse",
        _side(_with(_V3, "track_interface {", "eth1 weight 20 reverse", "}"), priority=110),
        _backup(),
        (
            start("b", b=MASTER),
            start("a", a=BACKUP, b=MASTER),
            unplug("a", "eth1", a=MASTER, b=BACKUP),
            plug("a", "eth1", a=BACKUP, b=MASTER),
        ),
        outside=True,
    )


_SCRIPTS = "global_defs {\nenable_script_security\nscript_user root\n}\n"
_CHECK = f"""
vrrp_script up {{
    script "/usr/bin/test -e {DIRECTORY}/up"
    interval 1
    fall 1
    rise 1
}}
"""
_FILE = f"vrrp_track_file value {{\nfile {DIRECTORY}/value\n}}\n"
_FIFO = f"global_defs {{\nvrrp_notify_fifo {DIRECTORY}/{FIFO}\n}}\n"


def _programs() -> Iterator[Scenario]:
    """What scripts and files say, and what is told."""
    for name, weight, priority, out in (
        ("track_script", "", 200, FAULT),
        ("track_script, weight", " weight 20", 90, BACKUP),
        ("track_script, negative weight", " weight -20", 110, BACKUP),
    ):
        tracks = _with(_V3, "track_script {", f"up{weight}", "}")
        yield Scenario(
            name,
            _side(tracks, priority=priority, more=_SCRIPTS + _CHECK),
            _backup(),
            (
                write_file("a", "up", "yes"),
                *_BOTH,
                remove_file("a", "up", a=out, b=MASTER),
                write_file("a", "up", "yes", a=MASTER, b=BACKUP),
            ),
        )
    yield Scenario(
        "track_script, fails at start",
        _side(
            _with(_V3, "track_script {", "up", "}"), priority=200, more=_SCRIPTS + _CHECK + _FIFO
        ),
        _backup(),
        (
            start("b", b=MASTER),
            start("a", a=FAULT, b=MASTER),
            write_file("a", "up", "yes", a=MASTER, b=BACKUP),
        ),
        known={"a .*, start a: only ours: state FAULT": "silent-fault"},
    )
    yield Scenario(
        "track_file",
        _side(_with(_V3, "track_file {", "value weight 1", "}"), priority=100, more=_FILE),
        _backup(),
        (
            write_file("a", "value", "50"),
            *_BOTH,
            write_file("a", "value", "-50", a=BACKUP, b=MASTER),
            write_file("a", "value", "-254", a=FAULT, b=MASTER),
            write_file("a", "value", "100", a=Want("MASTER", priority=200), b=BACKUP),
        ),
    )
    moves = (unplug("a", a=FAULT, b=MASTER), plug("a", a=MASTER, b=BACKUP), stop("a", b=MASTER))
    yield _pair("notify FIFO", _V3, *_BOTH, *moves, more=_FIFO)
    sides = [
        _side(_V3, _OUTSIDE, priority=priority, more=_FIFO + _GROUP) for priority in (200, 100)
    ]
    outage = (unplug("a", "eth1", a=FAULT, b=MASTER), plug("a", "eth1", a=MASTER, b=BACKUP))
    yield Scenario("notify FIFO, sync group", *sides, (*_BOTH, *outage), outside=True)


def _strangers() -> Iterator[Scenario]:
    """Routers that do not believe each other, or should."""
    unheard = Want("MASTER", adverts=0)  # keepalived falls silent (quirk: bad-frame)
    learns = _side(replace(_V3, interval=0.4))
    yield Scenario(
        "v3, other interval", _active(), learns, (*_BOTH, wait(a=_NEVER), stop("a", b=MASTER))
    )
    for name, a, b in (
        ("v2, other interval", _V2, replace(_V2, interval=2)),
        ("v2, other password", _with(_V2, *_pass("one")), _with(_V2, *_pass("two"))),
        ("v2, password and none", _with(_V2, *_pass("one")), _V2),
        ("v2 and v3", _V2, _V3),
        ("other multicast group", _V3, _V3),
    ):
        group = "global_defs {\nvrrp_mcast_group4 224.0.0.19\n}\n" if "group" in name else ""
        yield Scenario(
            name,
            _side(_with(a, "state MASTER"), priority=200, more=group),
            _side(_with(b, "state MASTER")),
            (start("a", a=MASTER), start("b", a=unheard, b=Want("MASTER", adverts=1)), wait(12)),
        )
    for name, line in (("other addresses", ()), ("skip_check_adv_addr", ("skip_check_adv_addr",))):
        yield Scenario(
            name,
            _active(*line),
            _side(_with(replace(_V3, addresses=("192.0.2.101/24",)), *line)),
            (start("b", b=MASTER), start("a", a=MASTER), wait(a=_NEVER)),
            known={r"b .*: only (keepalived|ours): .*": "other-addresses"},
        )


def _version_2() -> Iterator[Scenario]:
    first = _with(_V2, "state MASTER")
    back = start("a", a=MASTER, b=BACKUP)
    yield _pair("v2", first, *_BOTH, stop("a", b=MASTER), back)
    yield _pair("v2 PASS", _with(first, *_pass("secret")), *_BOTH, stop("a", b=MASTER))


def _unicast() -> Iterator[Scenario]:
    moves = (start("b", b=MASTER), start("a", a=MASTER, b=BACKUP), stop("a", b=MASTER))
    one, two = "192.0.2.1", "192.0.2.2"
    yield Scenario("unicast", _active(*_peer(one, two)), _backup(*_peer(two, one)), moves)
    one, two = "2001:db8::1", "2001:db8::2"
    yield Scenario(
        "unicast IPv6",
        _active(*_peer(one, two), base=_IPV6),
        _backup(*_peer(two, one), base=_IPV6),
        moves,
    )
    one, two = "192.0.2.1", "192.0.2.2"
    deaf = ("check_unicast_src", *_peer(two, "192.0.2.77"))
    unheard = Want("MASTER", adverts=0, announcements=1)
    yield Scenario(
        "unicast, wrong peer",
        _active(*_peer(one, two)),
        _backup(*deaf),
        (start("a", a=MASTER), start("b", a=MASTER, b=unheard), wait(a=_NEVER)),
    )


def _frames() -> Iterator[Scenario]:
    moves = (start("b", b=MASTER), start("a", a=MASTER, b=BACKUP), stop("a", b=MASTER))
    yield _pair("use_vmac", _with(_V3, "use_vmac"), *moves)
    yield _pair("use_vmac IPv6", _with(_IPV6, "use_vmac"), *moves)
    excluded = _with(_V3, "virtual_ipaddress_excluded {", "192.0.2.110/24", "2001:db8::110/64", "}")
    yield _pair("excluded addresses", excluded, *moves)
    yield Scenario(
        "mcast_src_ip",
        _active("mcast_src_ip 192.0.2.1"),
        _backup("mcast_src_ip 192.0.2.2"),
        moves,
    )
    heard = (*_BOTH, mute("a", a=MASTER, b=MASTER), unmute("a", a=MASTER, b=BACKUP))
    yield _pair("lower_prio_no_advert", _with(_V3, "lower_prio_no_advert"), *heard)
    quiet = Want("MASTER", announcements=2, adverts=8)
    yield _pair(
        "garp_lower_prio_repeat, counted",
        _with(_V3, "garp_master_repeat 2", "garp_lower_prio_repeat 0"),
        start("a", a=quiet),
        start("b", a=MASTER, b=BACKUP),
        mute("a", a=MASTER, b=quiet),
        unmute("a", a=MASTER, b=BACKUP),
        count=True,
    )
    yield _pair(
        "IPv6 without forwarding",
        _IPV6,
        *moves,
        forwarding=False,
        known={".*: only (keepalived|ours): wire NA .*": "router-flag"},
    )
    yield _pair("higher_prio_send_advert", _with(_V3, "higher_prio_send_advert"), *heard)
    twice = Want("MASTER", announcements=4, adverts=6)
    yield _pair(
        "announcements, counted",
        _with(_V3, "garp_master_repeat 2", "garp_master_delay 1"),
        start("a", a=twice),
        start("b", a=MASTER, b=BACKUP),
        stop("a", b=twice),
        count=True,
    )
    refreshed = Want("MASTER", announcements=9)
    yield _pair(
        "announcements, refreshed", _with(_V3, "garp_master_refresh 1"), start("a", a=refreshed)
    )


def _routing() -> Iterator[Scenario]:
    moves = (start("b", b=MASTER), start("a", a=MASTER, b=BACKUP), stop("a", b=MASTER))
    routes = _with(
        _V3,
        *("virtual_routes {", "203.0.113.0/24 via 192.0.2.254", "198.51.100.0/24 dev eth0", "}"),
        *("virtual_rules {", "from 203.0.113.0/24 table 100 priority 1000", "}"),
    )
    yield _pair("virtual_routes and virtual_rules", routes, *moves)
    routes = _with(_IPV6, "virtual_routes {", "2001:db8:1::/48 via 2001:db8::fe metric 10", "}")
    yield _pair("virtual_routes IPv6", routes, *moves)
    words = (
        "203.0.113.0/24 via 192.0.2.254",
        "203.0.114.0/24 via 192.0.2.254",
        "203.0.114.0/24 via 192.0.2.253",
    )
    before, after = (
        _with(_V3, "virtual_routes {", *each, "}") for each in (words[:2], (words[0], words[2]))
    )
    yield _pair(
        "reload, route changed",
        before,
        *_BOTH,
        reload("a", _side(after, priority=201), a=Want("MASTER", priority=201), b=BACKUP),
        stop("a", b=MASTER),
        known={"a routing, reload a: only keepalived: route - .*": "route-replaced"},
    )


def _reloads() -> Iterator[Scenario]:
    lower = _side(_V3, priority=50)
    yield _pair("reload, priority", _V3, *_BOTH, reload("a", lower, a=BACKUP, b=MASTER))
    higher = _side(_V3, priority=250)
    yield _pair(
        "reload, higher priority",
        _V3,
        *_BOTH,
        reload("a", higher, a=Want("MASTER", priority=250), b=BACKUP),
    )
    slower = _side(replace(_V3, interval=0.4), priority=200)
    yield _pair(
        "reload, interval",
        _V3,
        *_BOTH,
        reload("a", slower, a=Want("MASTER", interval=0.4), b=BACKUP),
    )
    announced = {r"a .*, reload a: only (keepalived|ours): wire .*": "announced-again"}
    more = _side(replace(_V3, addresses=(*_V3.addresses, "192.0.2.109/24")), priority=200)
    reloaded = reload("a", more, a=MASTER, b=BACKUP)
    yield _pair("reload, address added", _V3, *_BOTH, reloaded, known=announced)
    fewer = _side(replace(_SEVERAL, addresses=_SEVERAL.addresses[:2]), priority=200)
    reloaded = reload("a", fewer, a=MASTER, b=BACKUP)
    yield _pair("reload, address removed", _SEVERAL, *_BOTH, reloaded, known=announced)
    turned = _side(replace(_SEVERAL, addresses=_SEVERAL.addresses[::-1]), priority=200)
    reloaded = reload("a", turned, a=MASTER, b=BACKUP)
    yield _pair("reload, order of addresses", _SEVERAL, *_BOTH, reloaded, known=announced)
    second = Instance(53, ("192.0.2.153/24",), interval=0.3)
    yield _pair(
        "reload, instance added",
        _V3,
        *_BOTH,
        reload("a", _side(_V3, second, priority=200), a=MASTER, b=BACKUP),
    )
    yield Scenario(
        "reload, instance removed",
        _side(_V3, second, priority=200),
        _side(_V3, second),
        (
            *_BOTH,
            reload(
                "a", _side(_V3, priority=200), a=MASTER, b={_V3.name: BACKUP, second.name: MASTER}
            ),
            stop("a", b=MASTER),
        ),
    )


def _several() -> Iterator[Scenario]:
    """More than one Virtual Router."""
    second = Instance(53, ("192.0.2.153/24",), interval=0.3)
    shared = {_V3.name: MASTER, second.name: BACKUP}, {_V3.name: BACKUP, second.name: MASTER}
    yield Scenario(
        "load shared",
        Side((_V3.having(200), second.having(100))),
        Side((_V3.having(100), second.having(200))),
        (
            start("a", a=MASTER),
            start("b", a=shared[0], b=shared[1]),
            crash("a", b=MASTER),
            start("a", a=shared[0], b=shared[1]),
            stop("b", a=MASTER),
        ),
    )
    members = "\n".join((_V3.name, _IPV6.name))
    group = f"vrrp_sync_group G {{\ngroup {{\n{members}\n}}\n}}\n"
    sides = [_side(_V3, _IPV6, priority=priority, more=group) for priority in (200, 100)]
    yield Scenario("sync group of two families", *sides, (*_BOTH, crash("a", b=MASTER)))
    named = replace(_OUTSIDE, vrid=_V3.vrid, addresses=("198.51.100.100/24",))
    sides = [_side(_V3, named, priority=priority) for priority in (200, 100)]
    yield Scenario(
        "one VRID on two interfaces", *sides, (*_BOTH, stop("a", b=MASTER)), outside=True
    )


def _addresses() -> Iterator[Scenario]:
    yield _pair(
        "address removed by somebody",
        _V3,
        *_BOTH,
        remove_address("a", "192.0.2.100/24", a=MASTER, b=BACKUP),
    )
    yield _pair(
        "own address removed by somebody",
        _V3,
        *_BOTH,
        remove_address("a", "192.0.2.1/24", a=FAULT, b=MASTER),
        add_address("a", "192.0.2.1/24", a=MASTER, b=BACKUP),
    )
    yield _pair(
        "address added by somebody", _V3, *_BOTH, add_address("b", "192.0.2.100/24", a=MASTER)
    )


SCENARIOS = tuple(
    scenario
    for group in (
        _elections,
        _ends,
        _links,
        _trackers,
        _programs,
        _strangers,
        _version_2,
        _unicast,
        _frames,
        _routing,
        _reloads,
        _several,
        _addresses,
    )
    for scenario in group()
)
