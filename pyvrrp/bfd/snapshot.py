"""The state of a session as a frozen value, for whoever shows it."""

from __future__ import annotations

from dataclasses import dataclass

from .core.session import Session
from .settings import BfdSettings

__all__ = ["SessionSnapshot"]


@dataclass(frozen=True, slots=True)
class SessionSnapshot:
    """One session at one moment; the moments in `session` are of the loop's clock."""

    settings: BfdSettings
    session: Session
    heard_at: float | None
    """Wall-clock time of the last packet, seconds since the epoch; None: none yet."""
    has_send_error: bool
