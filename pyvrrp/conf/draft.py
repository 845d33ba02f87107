"""A `vrrp_instance` that has been read and is being checked as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .config import Family, GlobalDefs
from .context import Context
from .values import Values

__all__ = ["OWNER", "UNICAST", "Draft", "Group"]

OWNER = 255
"""Priority of the address owner."""

UNICAST = "unicast/configured"
"""Set by every keyword that asks for unicast."""


@dataclass(frozen=True, slots=True)
class Group:
    """What an instance must know of the sync group it is in."""

    name: str
    weighted: bool
    """Weights of members' trackers count."""
    notify_priority_changes: bool | None


class Draft:
    """One instance while it is completed."""

    def __init__(
        self, context: Context, values: Values, defs: GlobalDefs, group: Group | None
    ) -> None:
        self.context = context
        self.values = values
        self.defs = defs
        self.group = group
        self.strict = values.get("strict", defs.vrrp_strict)
        self.family: Family = values.get("family", 4)
        self.version: Literal[2, 3] = 2
        self.priority = values.get("priority", 100)
        self.state: Literal["MASTER", "BACKUP"] = values.get("state", "BACKUP")

    def complain(self, id: str, field: str, message: str, *, is_fatal: bool = False) -> None:
        """Report a problem at the statement that set `field`."""
        self.context.problem(id, self.values.where(field), 0, message, is_fatal=is_fatal)

    def clear(self, field: str) -> None:
        """Back to the default."""
        self.values.set.pop(field, None)

    def is_set(self, field: str) -> bool:
        """True for a flag that was given."""
        return bool(self.values.get(field, False))

    @property
    def is_owner(self) -> bool:
        """The address owner: priority 255."""
        return self.priority == OWNER

    @property
    def name(self) -> str:
        """How messages name the block."""
        return f"vrrp_instance {self.values.owner.words[1]}"
