"""What a scenario is made of: two configurations, and stimuli with what is seen before the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from tests.netns.interop.routers import Instance

if TYPE_CHECKING:
    from tests.netns.scenarios.run import Run

__all__ = [
    "BACKUP",
    "DIRECTORY",
    "FAULT",
    "FIFO",
    "MASTER",
    "Scenario",
    "Side",
    "Step",
    "Stimulus",
    "Want",
    "WantsOf",
]

State: TypeAlias = Literal["BACKUP", "FAULT", "MASTER"]


DIRECTORY = "HERE"
"""In `Side.more`: the directory of the host."""

FIFO = "told"
"""The FIFO in it that is read; what comes out is part of the trace."""


@dataclass(frozen=True, slots=True)
class Side:
    """The configuration of one router."""

    instances: tuple[Instance, ...]
    more: str = ""
    """Further blocks."""


@dataclass(frozen=True, slots=True)
class Want:
    """How a Virtual Router has to be before the next stimulus.

    A MASTER has sent `adverts` Advertisements since the last one, of this priority and interval (in
    seconds) where they are given, and made `announcements`; it has all its addresses, or those that
    `holding` names. Who is not MASTER says nothing, and has no address but those.
    """

    state: State
    adverts: int = 3
    priority: int | None = None
    interval: float | None = None
    announcements: int = 0
    holding: tuple[str, ...] | None = None


MASTER, BACKUP, FAULT = Want("MASTER"), Want("BACKUP"), Want("FAULT")

WantsOf: TypeAlias = "Want | Mapping[str, Want]"
"""Of all Virtual Routers of a host, or by name."""

Stimulus: TypeAlias = "Callable[[Run], None]"


@dataclass(frozen=True, slots=True)
class Step:
    """Do something, then wait until the hosts are as wanted, and somebody or other sent so many
    Advertisements."""

    name: str
    act: Stimulus
    wants: Mapping[str, WantsOf]
    adverts: int = 0


@dataclass(frozen=True, slots=True)
class Scenario:
    """Routers `a` (192.0.2.1, 2001:db8::1) and `b` (.2, ::2) on one switch, with `outside` on
    another (198.51.100.1 and .2 on eth1). They are routers for IPv6, too, unless `forwarding` is off.

    In the end all that runs is stopped, those that are no Active Router first. `count` tells each
    announcement. `known` are the differences that are meant: patterns of whole lines of
    `trace.differences`, each with its row of QUIRKS.md; they leave the step open, which is only when
    something was seen.
    """

    name: str
    a: Side
    b: Side
    steps: tuple[Step, ...]
    outside: bool = False
    forwarding: bool = True
    count: bool = False
    known: Mapping[str, str] = field(default_factory=dict)
