"""Effective priority: the configured one moved by tracked objects."""

from __future__ import annotations

from collections.abc import Iterable

from .model import OWNER_PRIORITY

__all__ = ["effect", "effect_of_number", "effective_priority"]

_FAULT_BELOW = -253
_MOST = 253


def effective_priority(base: int, weights: Iterable[int]) -> int:
    """`base` plus the weights in force, kept in 1..254; an owner's 255 never moves.

    0 would resign and 255 would claim ownership, so neither can be reached by tracking.
    """
    if base == OWNER_PRIORITY:
        return base
    return min(max(base + sum(weights), 1), OWNER_PRIORITY - 1)


def effect(weight: int, *, reverse: bool, is_up: bool) -> int | None:
    """What something that is up or down adds to the priority; None: it is a fault.

    Weight 0: it is a fault when down. A positive weight is added while it is up, a negative one
    while it is down. `reverse` turns the sign of weights and the meaning of 0.
    Source: keepalived 2.2.7, seen.
    """
    if weight == 0:
        return None if is_up is reverse else 0
    if is_up is not (weight > 0):
        return 0
    return -weight if reverse else weight


def effect_of_number(weight: int, number: int, *, reverse: bool) -> int | None:
    """What a number in a file adds to the priority; None: it is a fault.

    It counts `weight` times, up to 253; from -254 down it is a fault. Weight 0: any number but 0
    is one. `reverse` as in `effect`.
    """
    if weight == 0:
        return None if (number != 0) is not reverse else 0
    product = number * (-weight if reverse else weight)
    return None if product < _FAULT_BELOW else min(product, _MOST)
