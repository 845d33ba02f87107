"""What the BFD process is given: `ProcessSettings`, then each session and who hears of it."""

from __future__ import annotations

from dataclasses import dataclass

from ...bfd.settings import BfdSettings

__all__ = ["ToldSession"]


@dataclass(frozen=True, slots=True)
class ToldSession:
    """A session, and the processes that are told when it goes up or down."""

    settings: BfdSettings
    tells_vrrp: bool = True
    tells_checkers: bool = True
