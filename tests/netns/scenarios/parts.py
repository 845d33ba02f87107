"""What most scenarios are made of."""

from __future__ import annotations

from dataclasses import replace

from tests.netns.interop.routers import Instance
from tests.netns.scenarios.model import BACKUP, MASTER, Scenario, Side, Step, Want
from tests.netns.scenarios.stimuli import start, stop

__all__ = [
    "BOTH",
    "GROUP",
    "IPV6",
    "MOVES",
    "NEVER",
    "OUTSIDE",
    "SEVERAL",
    "V2",
    "V3",
    "active",
    "backup",
    "having",
    "pair",
    "side",
]

V3 = Instance(51, ("192.0.2.100/24",), interval=0.3)
V2 = Instance(51, ("192.0.2.100/24",), version=2, interval=1)
IPV6 = Instance(51, ("fe80::51/64", "2001:db8::100/64"), interval=0.3)
SEVERAL = Instance(51, tuple(f"192.0.2.{end}/24" for end in (100, 101, 102)), interval=0.3)
OUTSIDE = Instance(52, ("198.51.100.100/24",), interval=0.3, interface="eth1")
GROUP = f"vrrp_sync_group G {{\ngroup {{\n{V3.name}\n{OUTSIDE.name}\n}}\n}}\n"

BOTH = (start("a", a=MASTER), start("b", a=MASTER, b=BACKUP))
MOVES = (start("b", b=MASTER), start("a", a=MASTER, b=BACKUP), stop("a", b=MASTER))
NEVER = Want("MASTER", adverts=8)
"""Longer than a Backup Router would wait."""


def having(instance: Instance, *lines: str) -> Instance:
    """With these lines of keepalived.conf besides."""
    return replace(instance, more=(*instance.more, *lines))


def side(*instances: Instance, priority: int = 100, more: str = "") -> Side:
    """All with the same priority."""
    return Side(tuple(each.having(priority) for each in instances), more)


def pair(name: str, instance: Instance, *steps: Step, more: str = "", **rest: object) -> Scenario:
    """The same instance on both, priority 200 on `a` and 100 on `b`."""
    a, b = (side(instance, priority=priority, more=more) for priority in (200, 100))
    return Scenario(name, a, b, steps, **rest)


def active(*lines: str, base: Instance = V3) -> Side:
    """Priority 200, and these lines besides."""
    return side(having(base, *lines), priority=200)


def backup(*lines: str, base: Instance = V3) -> Side:
    """Priority 100, and these lines besides."""
    return side(having(base, *lines))
