"""What others are told about Virtual Routers and sync groups: plain values in keepalived's words.

The VRRP process says `Notice`s; whoever runs scripts, writes FIFOs and sends mails acts on them.
Source: keepalived 2.2.7, seen running.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["STATES", "Kind", "Notice", "What"]


class Kind(StrEnum):
    """What a notice is about."""

    GROUP = "GROUP"
    INSTANCE = "INSTANCE"


class What(StrEnum):
    """What it is now, or what happened to it."""

    MASTER = "MASTER"
    BACKUP = "BACKUP"
    FAULT = "FAULT"
    STOP = "STOP"
    DELETED = "DELETED"
    LOWER_HEARD = "MASTER_RX_LOWER_PRI"
    MASTER_PRIORITY = "MASTER_PRIORITY"
    BACKUP_PRIORITY = "BACKUP_PRIORITY"


STATES = frozenset({What.MASTER, What.BACKUP, What.FAULT, What.STOP, What.DELETED})
"""The others are events in a state that goes on."""


@dataclass(frozen=True, slots=True)
class Notice:
    """`priority` is the one after tracking, that of a group 0."""

    kind: Kind
    name: str
    what: What
    priority: int = 0

    @property
    def words(self) -> tuple[str, str, str, str]:
        """What a script is told."""
        return self.kind, self.name, self.what, str(self.priority)

    @property
    def line(self) -> bytes:
        """What a FIFO is told."""
        text = f'{self.kind} "{self.name}" {self.what} {self.priority}\n'
        return text.encode("utf-8", "surrogateescape")

    def encode(self) -> str:
        """For `decode` in another process."""
        return f"{self.kind} {self.what} {self.priority} {self.name}"

    @classmethod
    def decode(cls, text: str) -> Notice:
        """Raises: ValueError."""
        kind, what, priority, name = text.split(" ", 3)
        return cls(Kind(kind), name, What(what), int(priority))
