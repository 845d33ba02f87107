"""Why the rest of a sync group keeps a member out."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pyvrrp.core.events import InitializeReason
from pyvrrp.sync_groups import SyncGroups

DOWN, WAITS = InitializeReason.INTERFACE_DOWN, InitializeReason.AWAITING_TRACKED
OUT = InitializeReason.SYNC_GROUP


def member(fault: InitializeReason | None, group: str | None = "g") -> Any:
    return SimpleNamespace(settings=SimpleNamespace(sync_group=group), own_fault=fault)


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        pytest.param([None, None], None, id="nothing speaks against it"),
        pytest.param([None, DOWN], OUT, id="a fault"),
        pytest.param([WAITS, None], WAITS, id="one waits"),
        pytest.param([WAITS, WAITS], WAITS, id="all wait"),
        pytest.param([WAITS, DOWN], OUT, id="a fault is worse"),
    ],
)
@pytest.mark.parametrize("own", [None, DOWN])
def test_fault_beside(
    own: InitializeReason | None,
    others: list[InitializeReason | None],
    expected: InitializeReason | None,
) -> None:
    groups, first = SyncGroups(), member(own)
    for each in (first, *map(member, others), member(DOWN, "another"), member(DOWN, None)):
        groups.add(each)
    assert groups.fault_beside(first) is expected


def test_one_without_a_group_is_kept_out_by_nobody() -> None:
    groups, alone = SyncGroups(), member(None, None)
    for each in (alone, member(DOWN, None)):
        groups.add(each)
    assert groups.fault_beside(alone) is None
