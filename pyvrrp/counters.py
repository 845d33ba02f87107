"""What a Virtual Router counts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from .core.packet import DiscardReason
from .core.receive import Admitted, Mismatch

__all__ = ["Counters"]


@dataclass(slots=True)
class Counters:
    """What happened since the start (RFC 6527, RFC 8347)."""

    advertisements_received: int = 0
    advertisements_sent: int = 0
    priority_zero_received: int = 0
    priority_zero_sent: int = 0
    active_transitions: int = 0
    active_releases: int = 0
    send_errors: int = 0
    discarded: dict[DiscardReason, int] = field(default_factory=dict)
    mismatches: dict[Mismatch, int] = field(default_factory=dict)

    def copy(self) -> Counters:
        """What was counted until now, which does not go on counting."""
        return replace(self, discarded=dict(self.discarded), mismatches=dict(self.mismatches))

    def count_admitted(self, admitted: Admitted, times: int) -> None:
        """An Advertisement was obeyed, that many times."""
        self.advertisements_received += times
        if admitted.advertisement.priority == 0:
            self.priority_zero_received += times
        for mismatch in admitted.mismatches:
            self.mismatches[mismatch] = self.mismatches.get(mismatch, 0) + times

    def count_discarded(self, reason: DiscardReason) -> None:
        """A message was thrown away."""
        self.discarded[reason] = self.discarded.get(reason, 0) + 1
