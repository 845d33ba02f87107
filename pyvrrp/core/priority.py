"""Effective priority: the configured one moved by tracked objects."""

from __future__ import annotations

from collections.abc import Iterable

from .model import OWNER_PRIORITY

__all__ = ["effective_priority"]


def effective_priority(base: int, weights: Iterable[int]) -> int:
    """`base` plus the weights in force, kept in 1..254; an owner's 255 never moves.

    0 would resign and 255 would claim ownership, so neither can be reached by tracking.
    """
    if base == OWNER_PRIORITY:
        return base
    return min(max(base + sum(weights), 1), OWNER_PRIORITY - 1)
