"""What may stand behind a keyword."""

from __future__ import annotations

from enum import Enum

__all__ = ["Block"]


class Block(Enum):
    """What stands behind a keyword."""

    NONE = 0
    ENTRIES = 1
    TABLE = 2
