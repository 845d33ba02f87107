"""Keywords that are known and not acted on, and what may stand behind any keyword."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from .diagnostics import ProblemClass

__all__ = ["Block", "Known"]


class Block(Enum):
    """What stands behind a keyword."""

    NONE = 0
    ENTRIES = 1
    TABLE = 2


class Known(NamedTuple):
    """A keyword that is not acted on: how many words it needs, and what its block holds."""

    name: str
    path: str
    words: int = 0
    block: Block = Block.NONE
    missing: ProblemClass = ProblemClass.MISSING_PARAMETER
