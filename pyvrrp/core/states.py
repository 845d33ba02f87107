"""The three states of a Virtual Router. Each carries its own timers: none exists without its state."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TypeAlias, assert_never

from .actions import NewActiveReason, StateName
from .events import InitializeReason
from .model import Address

__all__ = ["Active", "Backup", "Initialize", "State", "deadline", "rearmed", "state_name"]


@dataclass(frozen=True, slots=True)
class Initialize:
    """Taking no part. The reason tells a stopped Virtual Router from a faulty one."""

    reason: InitializeReason = InitializeReason.NOT_STARTED


@dataclass(frozen=True, slots=True)
class Backup:
    """Listening for the Active Router."""

    active_down_at: float
    """When silence has lasted Active_Down_Interval (or Skew_Time after a resignation)."""
    active_adver_interval: float
    """Learned from the Active Router; our own until then."""
    armed_at: float
    """When the timer was last set, so that a new priority can set it again."""
    claim: NewActiveReason = NewActiveReason.NO_RESPONSE
    """What a takeover now would be reported as."""
    preempt_at: float | None = None
    """End of the preempt delay, running since the first losing Advertisement."""
    wants_active: bool = False
    """Sync group member whose timer ran out and who waits for the others."""
    active_router: Address | None = None
    """Source of the last Advertisement obeyed."""
    is_starting: bool = False
    """Nothing was heard since Startup, so the timer is the start delay."""


@dataclass(frozen=True, slots=True)
class Active:
    """Forwarding for the virtual addresses."""

    adver_at: float
    """When the next periodic Advertisement is due."""
    announce_at: float = inf
    """When the next scheduled announcement is due."""
    announce_count: int = 0
    """How many per address it will send."""
    quiet_until: float = -inf
    """Until then losing Advertisements share one announcement, sent at its end."""
    is_put_off: bool = False
    """The scheduled announcement is that one."""
    is_waking: bool = False
    """It was stalled, and listens until `adver_at` before it says anything (`stall`)."""


State: TypeAlias = Initialize | Backup | Active


def deadline(state: State) -> float:
    """The moment a Tick is wanted, in the caller's clock; infinity when none is."""
    match state:
        case Backup():
            return state.active_down_at
        case Active():
            return min(state.adver_at, state.announce_at)
        case Initialize():
            return inf
        case _:
            assert_never(state)


def rearmed(state: Backup, at: float) -> Backup:
    """The state after what set the timer last was heard once more, at that moment."""
    return Backup(
        state.active_down_at + (at - state.armed_at),
        state.active_adver_interval,
        at,
        state.claim,
        state.preempt_at,
        state.wants_active,
        state.active_router,
        state.is_starting,
    )


def state_name(state: State) -> StateName:
    """The RFC's name of a state."""
    match state:
        case Backup():
            return StateName.BACKUP
        case Active():
            return StateName.ACTIVE
        case Initialize():
            return StateName.INITIALIZE
        case _:
            assert_never(state)
