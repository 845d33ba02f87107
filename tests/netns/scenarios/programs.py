"""Scripts, files, FIFOs, routes and rules."""

from __future__ import annotations

from collections.abc import Iterator

from tests.netns.scenarios.model import BACKUP, DIRECTORY, FAULT, FIFO, MASTER, Scenario, Want
from tests.netns.scenarios.parts import (
    BOTH,
    GROUP,
    IPV6,
    MOVES,
    OUTSIDE,
    V3,
    backup,
    having,
    pair,
    side,
)
from tests.netns.scenarios.stimuli import plug, reload, remove_file, start, stop, unplug, write_file

__all__ = ["scenarios"]

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


def scenarios() -> Iterator[Scenario]:
    """All of these."""
    yield from _programs()
    yield from _routing()


def _programs() -> Iterator[Scenario]:
    """What scripts and files say, and what is told."""
    for name, weight, priority, out in (
        ("track_script", "", 200, FAULT),
        ("track_script, weight", " weight 20", 90, BACKUP),
        ("track_script, negative weight", " weight -20", 110, BACKUP),
    ):
        tracks = having(V3, "track_script {", f"up{weight}", "}")
        yield Scenario(
            name,
            side(tracks, priority=priority, more=_SCRIPTS + _CHECK),
            backup(),
            (
                write_file("a", "up", "yes"),
                *BOTH,
                remove_file("a", "up", a=out, b=MASTER),
                write_file("a", "up", "yes", a=MASTER, b=BACKUP),
            ),
        )
    yield Scenario(
        "track_script, fails at start",
        side(having(V3, "track_script {", "up", "}"), priority=200, more=_SCRIPTS + _CHECK + _FIFO),
        backup(),
        (
            start("b", b=MASTER),
            start("a", a=FAULT, b=MASTER),
            write_file("a", "up", "yes", a=MASTER, b=BACKUP),
        ),
        known={"a .*: only ours: state FAULT": "silent-fault"},
    )
    yield Scenario(
        "track_file",
        side(having(V3, "track_file {", "value weight 1", "}"), priority=100, more=_FILE),
        backup(),
        (
            write_file("a", "value", "50"),
            *BOTH,
            write_file("a", "value", "-50", a=BACKUP, b=MASTER),
            write_file("a", "value", "-254", a=FAULT, b=MASTER),
            write_file("a", "value", "100", a=Want("MASTER", priority=200), b=BACKUP),
        ),
    )
    moves = (unplug("a", a=FAULT, b=MASTER), plug("a", a=MASTER, b=BACKUP), stop("a", b=MASTER))
    yield pair("notify FIFO", V3, *BOTH, *moves, more=_FIFO)
    sides = [side(V3, OUTSIDE, priority=priority, more=_FIFO + GROUP) for priority in (200, 100)]
    outage = (unplug("a", "eth1", a=FAULT, b=MASTER), plug("a", "eth1", a=MASTER, b=BACKUP))
    yield Scenario("notify FIFO, sync group", *sides, (*BOTH, *outage), outside=True)


def _routing() -> Iterator[Scenario]:
    routes = having(
        V3,
        *("virtual_routes {", "203.0.113.0/24 via 192.0.2.254", "198.51.100.0/24 dev eth0", "}"),
        *("virtual_rules {", "from 203.0.113.0/24 table 100 priority 1000", "}"),
    )
    yield pair("virtual_routes and virtual_rules", routes, *MOVES)
    routes = having(IPV6, "virtual_routes {", "2001:db8:1::/48 via 2001:db8::fe metric 10", "}")
    yield pair("virtual_routes IPv6", routes, *MOVES)
    words = (
        "203.0.113.0/24 via 192.0.2.254",
        "203.0.114.0/24 via 192.0.2.254",
        "203.0.114.0/24 via 192.0.2.253",
    )
    before, after = (
        having(V3, "virtual_routes {", *each, "}") for each in (words[:2], (words[0], words[2]))
    )
    yield pair(
        "reload, route changed",
        before,
        *BOTH,
        reload("a", side(after, priority=201), a=Want("MASTER", priority=201), b=BACKUP),
        stop("a", b=MASTER),
        known={"a routing, .*: only keepalived: route - .*": "route-replaced"},
    )
