"""SIGHUP with another configuration."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tests.netns.interop.routers import Instance
from tests.netns.scenarios.model import BACKUP, MASTER, Scenario, Want
from tests.netns.scenarios.parts import BOTH, SEVERAL, V3, pair, side
from tests.netns.scenarios.stimuli import reload, stop

__all__ = ["scenarios"]


def scenarios() -> Iterator[Scenario]:
    """All of these."""
    yield from _reloads()


def _reloads() -> Iterator[Scenario]:
    lower = side(V3, priority=50)
    yield pair("reload, priority", V3, *BOTH, reload("a", lower, a=BACKUP, b=MASTER))
    higher = side(V3, priority=250)
    yield pair(
        "reload, higher priority",
        V3,
        *BOTH,
        reload("a", higher, a=Want("MASTER", priority=250), b=BACKUP),
    )
    slower = side(replace(V3, interval=0.4), priority=200)
    yield pair(
        "reload, interval",
        V3,
        *BOTH,
        reload("a", slower, a=Want("MASTER", interval=0.4), b=BACKUP),
    )
    announced = {"a .*: only (keepalived|ours): wire .*": "announced-again"}
    more = side(replace(V3, addresses=(*V3.addresses, "192.0.2.109/24")), priority=200)
    reloaded = reload("a", more, a=MASTER, b=BACKUP)
    yield pair("reload, address added", V3, *BOTH, reloaded, known=announced)
    fewer = side(replace(SEVERAL, addresses=SEVERAL.addresses[:2]), priority=200)
    reloaded = reload("a", fewer, a=MASTER, b=BACKUP)
    yield pair("reload, address removed", SEVERAL, *BOTH, reloaded, known=announced)
    turned = side(replace(SEVERAL, addresses=SEVERAL.addresses[::-1]), priority=200)
    reloaded = reload("a", turned, a=MASTER, b=BACKUP)
    yield pair("reload, order of addresses", SEVERAL, *BOTH, reloaded, known=announced)
    second = Instance(53, ("192.0.2.153/24",), interval=0.3)
    yield pair(
        "reload, instance added",
        V3,
        *BOTH,
        reload("a", side(V3, second, priority=200), a=MASTER, b=BACKUP),
    )
    yield Scenario(
        "reload, instance removed",
        side(V3, second, priority=200),
        side(V3, second),
        (
            *BOTH,
            reload("a", side(V3, priority=200), a=MASTER, b={V3.name: BACKUP, second.name: MASTER}),
            stop("a", b=MASTER),
        ),
    )
