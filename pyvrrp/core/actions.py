"""What a Virtual Router may ask its edge to do. Imperatives, in order; a closed union."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from .events import InitializeReason
from .packet import Advertisement

__all__ = [
    "Action",
    "Announce",
    "InstallAddresses",
    "LowerPriorityHeard",
    "NewActiveReason",
    "RemoveAddresses",
    "RequestPromotion",
    "SendAdvertisement",
    "StateChanged",
    "StateName",
]


class StateName(Enum):
    """The three states of RFC 9568 §6.3; the value is for people."""

    INITIALIZE = "Initialize"
    BACKUP = "Backup"
    ACTIVE = "Active"


class NewActiveReason(Enum):
    """Why a Virtual Router became Active (RFC 8347 new-master-reason)."""

    NOT_ACTIVE = "not-master"
    PRIORITY = "priority"
    PREEMPTED = "preempted"
    NO_RESPONSE = "no-response"


@dataclass(frozen=True, slots=True)
class SendAdvertisement:
    """Send one Advertisement now; priority 0 resigns."""

    priority: int


@dataclass(frozen=True, slots=True)
class InstallAddresses:
    """Make the host answer for exactly the configured virtual addresses."""


@dataclass(frozen=True, slots=True)
class RemoveAddresses:
    """Take the virtual addresses away again."""


@dataclass(frozen=True, slots=True)
class Announce:
    """Send `count` gratuitous ARPs or unsolicited NAs per virtual address.

    `is_planned`: its time came, nothing else asks for it. First listen, then speak: an announcement
    that follows the next Active Router's would lead the neighbours astray.
    """

    count: int
    is_planned: bool = False


@dataclass(frozen=True, slots=True)
class StateChanged:
    """The state changed. Told last, after everything the change asked for.

    `reason` says why it left for Initialize, or why it became Active; `previous_reason` why it was
    in Initialize until now, where it stays there for another reason.
    """

    previous: StateName
    current: StateName
    reason: InitializeReason | NewActiveReason | None = None
    previous_reason: InitializeReason | None = None


@dataclass(frozen=True, slots=True)
class LowerPriorityHeard:
    """While Active, a losing Advertisement arrived (keepalived's MASTER_RX_LOWER_PRI)."""

    advertisement: Advertisement


@dataclass(frozen=True, slots=True)
class RequestPromotion:
    """A sync group member's Active_Down_Interval ran out: ask the group."""


Action: TypeAlias = (
    SendAdvertisement
    | InstallAddresses
    | RemoveAddresses
    | Announce
    | StateChanged
    | LowerPriorityHeard
    | RequestPromotion
)
