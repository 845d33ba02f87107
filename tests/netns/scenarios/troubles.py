"""What happens to interfaces, cables and addresses, and what is tracked."""

from __future__ import annotations

from collections.abc import Iterator

from tests.netns.scenarios.model import BACKUP, FAULT, MASTER, Scenario
from tests.netns.scenarios.parts import BOTH, GROUP, IPV6, OUTSIDE, V3, backup, having, pair, side
from tests.netns.scenarios.stimuli import (
    add_address,
    connect,
    disconnect,
    link_down,
    link_up,
    mute,
    plug,
    remove_address,
    start,
    stop,
    unmute,
    unplug,
)

__all__ = ["scenarios"]

_DYNAMIC = "global_defs {\ndynamic_interfaces\n}\n"


def scenarios() -> Iterator[Scenario]:
    """All of these."""
    yield from _links()
    yield from _trackers()
    yield from _addresses()


def _links() -> Iterator[Scenario]:
    yield pair(
        "link down",
        V3,
        *BOTH,
        link_down("a", a=FAULT, b=MASTER),
        link_up("a", a=MASTER, b=BACKUP),
    )
    yield pair(
        "link down IPv6",
        IPV6,
        *BOTH,
        link_down("a", a=FAULT, b=MASTER),
        link_up("a", a=MASTER, b=BACKUP),
    )
    yield pair(
        "cable out", V3, *BOTH, unplug("a", a=FAULT, b=MASTER), plug("a", a=MASTER, b=BACKUP)
    )
    yield pair(
        "cable of the Backup Router out",
        V3,
        *BOTH,
        unplug("b", a=MASTER, b=FAULT),
        plug("b", a=MASTER, b=BACKUP),
    )
    yield pair(
        "cable out at start",
        V3,
        unplug("a"),
        start("a", a=FAULT),
        start("b", b=MASTER),
        plug("a", a=MASTER, b=BACKUP),
    )
    yield pair(
        "interface made anew",
        V3,
        *BOTH,
        disconnect("a", a=FAULT, b=MASTER),
        connect("a", a=MASTER, b=BACKUP),
        more=_DYNAMIC,
    )
    yield pair(
        "dont_track_primary",
        having(V3, "dont_track_primary"),
        *BOTH,
        unplug("a", b=MASTER),
        plug("a", a=MASTER, b=BACKUP),
    )
    yield pair(
        "partition", V3, *BOTH, mute("a", a=MASTER, b=MASTER), unmute("a", a=MASTER, b=BACKUP)
    )


def _trackers() -> Iterator[Scenario]:
    outage = (
        unplug("a", "eth1", a=FAULT, b=MASTER),
        plug("a", "eth1", a=MASTER, b=BACKUP),
    )
    tracks = having(V3, "track_interface {", "eth1", "}")
    yield pair("track_interface", tracks, *BOTH, *outage, outside=True)
    sides = [side(V3, OUTSIDE, priority=priority, more=GROUP) for priority in (200, 100)]
    yield Scenario("sync group", *sides, (*BOTH, *outage, stop("a", b=MASTER)), outside=True)
    late = (unplug("a", "eth1"), start("a", a=FAULT), start("b", b=MASTER), outage[1])
    yield Scenario("sync group, cable out at start", *sides, late, outside=True)
    for name, a, words in (
        ("track_interface, weight", 90, "eth1 weight 20"),
        ("track_interface, negative weight", 110, "eth1 weight -20"),
    ):
        yield Scenario(
            name,
            side(having(V3, "track_interface {", words, "}"), priority=a),
            backup(),
            (
                *BOTH,
                unplug("a", "eth1", a=BACKUP, b=MASTER),
                plug("a", "eth1", a=MASTER, b=BACKUP),
            ),
            outside=True,
        )
    yield Scenario(
        "track_interface, reverse",
        side(having(V3, "track_interface {", "eth1 weight 20 reverse", "}"), priority=110),
        backup(),
        (
            start("b", b=MASTER),
            start("a", a=BACKUP, b=MASTER),
            unplug("a", "eth1", a=MASTER, b=BACKUP),
            plug("a", "eth1", a=BACKUP, b=MASTER),
        ),
        outside=True,
    )


def _addresses() -> Iterator[Scenario]:
    yield pair(
        "address removed by somebody",
        V3,
        *BOTH,
        remove_address("a", "192.0.2.100/24", a=MASTER, b=BACKUP),
    )
    yield pair(
        "own address removed by somebody",
        V3,
        *BOTH,
        remove_address("a", "192.0.2.1/24", a=FAULT, b=MASTER),
        add_address("a", "192.0.2.1/24", a=MASTER, b=BACKUP),
    )
    yield pair("address added by somebody", V3, *BOTH, add_address("b", "192.0.2.100/24", a=MASTER))
