"""What routers say to each other, and whom they believe."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tests.netns.scenarios.model import BACKUP, MASTER, Scenario, Want
from tests.netns.scenarios.parts import (
    BOTH,
    IPV6,
    MOVES,
    NEVER,
    V2,
    V3,
    active,
    backup,
    having,
    pair,
    side,
)
from tests.netns.scenarios.stimuli import crash, mute, start, stop, unmute, wait

__all__ = ["scenarios"]


def scenarios() -> Iterator[Scenario]:
    """All of these."""
    yield from _strangers()
    yield from _version_2()
    yield from _unicast()
    yield from _frames()


def _secret(word: str, kind: str = "PASS") -> tuple[str, ...]:
    return ("authentication {", f"auth_type {kind}", f"auth_pass {word}", "}")


def _peer(source: str, *peers: str) -> tuple[str, ...]:
    return (f"unicast_src_ip {source}", "unicast_peer {", *peers, "}")


def _strangers() -> Iterator[Scenario]:
    """Routers that do not believe each other, or should."""
    unheard = Want("MASTER", adverts=0)  # keepalived falls silent (quirk: bad-frame)
    learns = side(replace(V3, interval=0.4))
    yield Scenario(
        "v3, other interval", active(), learns, (*BOTH, wait(a=NEVER), stop("a", b=MASTER))
    )
    for name, a, b in (
        ("v2, other interval", V2, replace(V2, interval=2)),
        ("v2, other password", having(V2, *_secret("one")), having(V2, *_secret("two"))),
        ("v2, password and none", having(V2, *_secret("one")), V2),
        ("v2 and v3", V2, V3),
        ("other multicast group", V3, V3),
    ):
        group = "global_defs {\nvrrp_mcast_group4 224.0.0.19\n}\n" if "group" in name else ""
        yield Scenario(
            name,
            side(having(a, "state MASTER"), priority=200, more=group),
            side(having(b, "state MASTER")),
            (start("a", a=MASTER), start("b", a=unheard, b=Want("MASTER", adverts=1)), wait(12)),
        )
    for name, line in (("other addresses", ()), ("skip_check_adv_addr", ("skip_check_adv_addr",))):
        yield Scenario(
            name,
            active(*line),
            side(having(replace(V3, addresses=("192.0.2.101/24",)), *line)),
            (start("b", b=MASTER), start("a", a=MASTER), wait(a=NEVER)),
            known={r"b .*: only (keepalived|ours): .*": "other-addresses"},
        )


def _version_2() -> Iterator[Scenario]:
    first = having(V2, "state MASTER")
    back = start("a", a=MASTER, b=BACKUP)
    yield pair("v2", first, *BOTH, stop("a", b=MASTER), back)
    yield pair("v2 PASS", having(first, *_secret("secret")), *BOTH, stop("a", b=MASTER))
    yield pair("v2 AH", having(first, *_secret("secret", "AH")), *BOTH, stop("a", b=MASTER))


def _unicast() -> Iterator[Scenario]:
    one, two = "192.0.2.1", "192.0.2.2"
    yield Scenario("unicast", active(*_peer(one, two)), backup(*_peer(two, one)), MOVES)
    one, two = "2001:db8::1", "2001:db8::2"
    yield Scenario(
        "unicast IPv6",
        active(*_peer(one, two), base=IPV6),
        backup(*_peer(two, one), base=IPV6),
        MOVES,
    )
    one, two = "192.0.2.1", "192.0.2.2"
    deaf = ("check_unicast_src", *_peer(two, "192.0.2.77"))
    unheard = Want("MASTER", adverts=0, announcements=1)
    yield Scenario(
        "unicast, wrong peer",
        active(*_peer(one, two)),
        backup(*deaf),
        (start("a", a=MASTER), start("b", a=MASTER, b=unheard), wait(a=NEVER)),
    )


def _frames() -> Iterator[Scenario]:
    yield pair("use_vmac", having(V3, "use_vmac"), *MOVES)
    yield pair("use_vmac IPv6", having(IPV6, "use_vmac"), *MOVES)
    back = start("a", a=MASTER, b=BACKUP)
    yield pair("use_vmac, crash", having(V3, "use_vmac"), *BOTH, crash("a", b=MASTER), back)
    yield pair("vmac_xmit_base", having(V3, "use_vmac", "vmac_xmit_base"), *MOVES)
    yield pair("no_accept", having(V3, "no_accept"), *MOVES)
    yield pair("vrrp_strict", V3, *MOVES, more="global_defs {\nvrrp_strict\n}\n")
    elsewhere = replace(V3, addresses=(*V3.addresses, "198.51.100.100/24 dev eth1"))
    yield pair("address on another interface", elsewhere, *MOVES, outside=True)
    excluded = having(V3, "virtual_ipaddress_excluded {", "192.0.2.110/24", "2001:db8::110/64", "}")
    yield pair("excluded addresses", excluded, *MOVES)
    yield Scenario(
        "mcast_src_ip",
        active("mcast_src_ip 192.0.2.1"),
        backup("mcast_src_ip 192.0.2.2"),
        MOVES,
    )
    heard = (*BOTH, mute("a", a=MASTER, b=MASTER), unmute("a", a=MASTER, b=BACKUP))
    yield pair("lower_prio_no_advert", having(V3, "lower_prio_no_advert"), *heard)
    quiet = Want("MASTER", announcements=2, adverts=8)
    yield pair(
        "garp_lower_prio_repeat, counted",
        having(V3, "garp_master_repeat 2", "garp_lower_prio_repeat 0"),
        start("a", a=quiet),
        start("b", a=MASTER, b=BACKUP),
        mute("a", a=MASTER, b=quiet),
        unmute("a", a=MASTER, b=BACKUP),
        count=True,
    )
    yield pair(
        "IPv6 without forwarding",
        IPV6,
        *MOVES,
        forwarding=False,
        known={".*: only (keepalived|ours): wire NA .*": "router-flag"},
    )
    yield pair("higher_prio_send_advert", having(V3, "higher_prio_send_advert"), *heard)
    twice = Want("MASTER", announcements=4, adverts=6)
    yield pair(
        "announcements, counted",
        having(V3, "garp_master_repeat 2", "garp_master_delay 1"),
        start("a", a=twice),
        start("b", a=MASTER, b=BACKUP),
        stop("a", b=twice),
        count=True,
    )
    refreshed = Want("MASTER", announcements=9)
    yield pair(
        "announcements, refreshed", having(V3, "garp_master_refresh 1"), start("a", a=refreshed)
    )
