"""What an agent tells: the notices of the core, and what happened to checks and to the table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from .core.model import Check
from .core.service import Notice, QuorumDown, QuorumUp, ServerDown, ServerUp
from .core.table import Destination
from .upkeep import Repair

__all__ = [
    "CheckFailed",
    "CheckRecovered",
    "Event",
    "QuorumDown",
    "QuorumUp",
    "Repair",
    "ServerDown",
    "ServerUp",
]


@dataclass(frozen=True, slots=True)
class CheckFailed:
    """A check is down for now, or an attempt of one with `log_all_failures` failed.

    `is_final`: the check went down by this; else it is tried again, or was down already.
    """

    virtual_server: str
    destination: Destination
    check: Check
    detail: str
    is_final: bool


@dataclass(frozen=True, slots=True)
class CheckRecovered:
    """A check that was down succeeds again."""

    virtual_server: str
    destination: Destination
    check: Check
    detail: str


Event: TypeAlias = Notice | CheckFailed | CheckRecovered | Repair
