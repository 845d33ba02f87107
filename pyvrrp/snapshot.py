"""The state of a Virtual Router as a frozen value, for whoever shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from .core.actions import StateName
from .core.events import InitializeReason
from .core.model import Address, Family
from .counters import Counters

__all__ = [
    "ActiveRouterSnapshot",
    "FileSnapshot",
    "ProcessSnapshot",
    "ScriptSnapshot",
    "TrackedSnapshot",
    "VirtualRouterSnapshot",
]


@dataclass(frozen=True, slots=True)
class ActiveRouterSnapshot:
    """The Active Router a Backup Router follows. `interval` is seconds, the learned one."""

    address: Address
    priority: int
    interval: float


@dataclass(frozen=True, slots=True)
class VirtualRouterSnapshot:
    """One Virtual Router at one moment. Names and addresses are those in use, not those configured."""

    name: str
    interface: str
    family: Family
    vrid: int
    state: StateName
    reason: InitializeReason | None
    """Why it takes no part; None when it does."""
    wants_active: bool
    """Its timer ran out, and it waits for the rest of its sync group."""
    base_priority: int
    priority: int
    """After tracking."""
    source: Address
    changed_at: float | None
    """Wall-clock time of the last change of the state, seconds since the epoch; None: none yet."""
    active_router: ActiveRouterSnapshot | None
    """Only of a Backup Router, once it heard one."""
    virtual_mac: str | None
    """Name of its virtual MAC link, while there is one."""
    installed: tuple[Address, ...]
    """Virtual addresses that are on this host because of it."""
    counters: Counters
    """A copy: what was counted until then."""


@dataclass(frozen=True, slots=True)
class ScriptSnapshot:
    """A tracker script. `count` is keepalived's counter of good results."""

    name: str
    count: int
    is_known: bool
    """It ran to its end once."""
    is_up: bool
    is_running: bool


@dataclass(frozen=True, slots=True)
class FileSnapshot:
    """A tracked file and the number in it."""

    name: str
    number: int


@dataclass(frozen=True, slots=True)
class ProcessSnapshot:
    """How many processes of a kind run, and what was made of it.

    `waits`: the number changed and that has to last for a while, after one more or one less.
    """

    name: str
    count: int
    has_quorum: bool
    waits: Literal["fork", "terminate"] | None


TrackedSnapshot: TypeAlias = ScriptSnapshot | FileSnapshot | ProcessSnapshot
