"""Who becomes Active, and what happens when somebody ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tests.netns.interop.routers import Instance
from tests.netns.scenarios.model import BACKUP, MASTER, Scenario, Side
from tests.netns.scenarios.parts import (
    BOTH,
    IPV6,
    NEVER,
    OUTSIDE,
    SEVERAL,
    V3,
    active,
    backup,
    having,
    pair,
    side,
)
from tests.netns.scenarios.stimuli import (
    add_address,
    crash,
    freeze,
    kill_child,
    kill_parent,
    mute,
    start,
    stop,
    thaw,
    unmute,
    wait,
)

__all__ = ["scenarios"]

_OWNED = replace(IPV6, addresses=("fe80::1/64", "2001:db8::1/64"))
_SECOND = Instance(53, ("192.0.2.153/24",), interval=0.3)


def scenarios() -> Iterator[Scenario]:
    """All of these."""
    yield from _elections()
    yield from _owners()
    yield from _ends()
    yield from _several()


def _elections() -> Iterator[Scenario]:
    yield pair("lower priority joins", V3, *BOTH, wait(a=NEVER))
    preempts = (start("b", b=MASTER), start("a", a=MASTER, b=BACKUP))
    yield pair("preempt", V3, *preempts)
    yield pair("several addresses", SEVERAL, *preempts)
    yield pair("IPv6", IPV6, *preempts, stop("a", b=MASTER))
    yield pair(
        "nopreempt",
        replace(V3, preempt=False),
        start("b", b=MASTER),
        start("a", a=BACKUP, b=MASTER),
        wait(b=NEVER, a=BACKUP),
        stop("b", a=MASTER),
    )
    yield Scenario(
        "down_timer_adverts",
        active(),
        backup("down_timer_adverts 5"),
        (*BOTH, crash("a", b=MASTER)),
    )
    yield pair("vrrp_startup_delay", V3, *BOTH, more="global_defs {\nvrrp_startup_delay 2\n}\n")
    yield Scenario("preempt_delay", active("preempt_delay 2"), backup(), preempts)
    yield Scenario(
        "state MASTER",
        active("state MASTER"),
        backup("state MASTER"),
        (start("b", b=MASTER), start("a", a=MASTER, b=BACKUP)),
    )
    equal = (backup(), backup())
    yield Scenario(
        "equal priority, higher address",
        *equal,
        (*BOTH, wait(a=NEVER), mute("a", a=BACKUP, b=MASTER), unmute("a", a=BACKUP, b=NEVER)),
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


def _owners() -> Iterator[Scenario]:
    yield Scenario(
        "owner IPv6",
        side(_OWNED, priority=255),
        side(_OWNED),
        (
            start("b", b=MASTER),
            add_address("a", "fe80::1/64"),
            start("a", a=MASTER, b=BACKUP),
            stop("a", b=MASTER),
        ),
        known={
            r"a .*: only keepalived: address [+-] .*": "owner-addresses",
            "a .*: only keepalived: state BACKUP": "owner-waits",
        },
    )
    owned = replace(V3, addresses=("192.0.2.1/24",))
    yield Scenario(
        "owner IPv4",
        side(owned, priority=255),
        side(owned),
        (start("b", b=MASTER), start("a"), wait(20)),
        known={
            r"a .*: only (keepalived|ours): .*": "owner-addresses",
            r"b .*: only (keepalived|ours): .*": "owner-addresses",
        },
    )
    met = start("b", a=BACKUP, b=MASTER)
    meet = (start("a", a=MASTER), met, wait(20, a=BACKUP, b=MASTER), stop("b", a=MASTER))
    sides = [side(having(V3, "state MASTER"), priority=255) for _ in "ab"]
    told = {"a .*: only (keepalived|ours): wire .*": "owner-254"}
    yield Scenario("two owners", *sides, meet, known=told)
    sides = [side(V3, priority=255) for _ in "ab"]
    waits = {".*: only (keepalived|ours): .*": "owner-waits"}
    yield Scenario(
        "two owners, state BACKUP",
        *sides,
        (start("a", a=MASTER), start("b"), wait(20)),
        known=waits,
    )


def _ends() -> Iterator[Scenario]:
    back = start("a", a=MASTER, b=BACKUP)
    yield pair("crash", V3, *BOTH, crash("a", b=MASTER), back)
    yield pair("stop", V3, *BOTH, stop("a", b=MASTER), back)
    yield pair("stop of the Backup Router", V3, *BOTH, stop("b", a=NEVER))
    yield pair("parent killed", V3, *BOTH, kill_parent("a", b=MASTER))
    quick = replace(having(V3, "state MASTER"), interval=1)  # is back before the other one notices
    yield pair("VRRP process killed", quick, *BOTH, kill_child("a", a=MASTER, b=BACKUP))
    yield pair("frozen", V3, *BOTH, freeze("a", b=MASTER), thaw("a", a=MASTER, b=BACKUP))


def _several() -> Iterator[Scenario]:
    """More than one Virtual Router."""
    second = Instance(53, ("192.0.2.153/24",), interval=0.3)
    shared = {V3.name: MASTER, second.name: BACKUP}, {V3.name: BACKUP, second.name: MASTER}
    yield Scenario(
        "load shared",
        Side((V3.having(200), second.having(100))),
        Side((V3.having(100), second.having(200))),
        (
            start("a", a=MASTER),
            start("b", a=shared[0], b=shared[1]),
            crash("a", b=MASTER),
            start("a", a=shared[0], b=shared[1]),
            stop("b", a=MASTER),
        ),
    )
    members = "\n".join((V3.name, IPV6.name))
    group = f"vrrp_sync_group G {{\ngroup {{\n{members}\n}}\n}}\n"
    sides = [side(V3, IPV6, priority=priority, more=group) for priority in (200, 100)]
    yield Scenario("sync group of two families", *sides, (*BOTH, crash("a", b=MASTER)))
    named = replace(OUTSIDE, vrid=V3.vrid, addresses=("198.51.100.100/24",))
    sides = [side(V3, named, priority=priority) for priority in (200, 100)]
    yield Scenario("one VRID on two interfaces", *sides, (*BOTH, stop("a", b=MASTER)), outside=True)
