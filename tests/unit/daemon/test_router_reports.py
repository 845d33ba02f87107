"""What the VRRP process reports of its Virtual Routers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pyvrrp.core.actions import NewActiveReason, StateName
from pyvrrp.core.events import InitializeReason
from pyvrrp.daemon.process_settings import Reported
from pyvrrp.daemon.vrrp.router_reports import RouterReports
from pyvrrp.virtual_router import Occurrence, StateChange

ROUTER: Any = SimpleNamespace(name="a", config=SimpleNamespace(priority=90))


def change(current: StateName, reason: object = None) -> Any:
    return StateChange("a", StateName.BACKUP, current, reason, 0.0)


class Said:
    def __init__(self) -> None:
        self._said: list[str] = []
        self.noted: dict[str, str | None] = {}
        self.reports = RouterReports(self._said.append, self.noted.__setitem__)
        self.reports.use(Reported(), ["a"])

    def take(self) -> list[str]:
        said, self._said[:] = list(self._said), []
        return said


@pytest.fixture
def said() -> Said:
    return Said()


def test_states(said: Said):
    for state in (
        change(StateName.INITIALIZE, InitializeReason.AWAITING_TRACKED),
        change(StateName.BACKUP),
        change(StateName.ACTIVE, NewActiveReason.NO_RESPONSE),
        change(StateName.INITIALIZE, InitializeReason.INTERFACE_DOWN),
        change(StateName.INITIALIZE, InitializeReason.SYNC_GROUP),
    ):
        said.reports.changed(ROUTER, state)
    assert said.take() == ["INSTANCE BACKUP 90 a", "INSTANCE MASTER 90 a", "INSTANCE FAULT 90 a"]
    assert said.noted == {"INSTANCE a": "INSTANCE FAULT 90 a"}


def test_what_is_deleted_is_nothing_any_more(said: Said):
    said.reports.changed(ROUTER, change(StateName.BACKUP))
    said.reports.use(Reported(), [])
    said.reports.changed(ROUTER, change(StateName.INITIALIZE, InitializeReason.STOPPED))
    assert said.noted == {"INSTANCE a": None}


def test_occurrences(said: Said):
    said.reports.changed(ROUTER, change(StateName.ACTIVE))
    said.reports.occurred(ROUTER, Occurrence.PRIORITY_CHANGED)
    said.reports.occurred(ROUTER, Occurrence.LOWER_PRIORITY_HEARD)
    assert said.take()[1:] == [
        "INSTANCE MASTER_PRIORITY 90 a",
        "INSTANCE MASTER_RX_LOWER_PRI 90 a",
    ]


def test_end_by_a_reload(said: Said):
    stopped = change(StateName.INITIALIZE, InitializeReason.STOPPED)
    said.reports.changed(ROUTER, change(StateName.BACKUP))
    said.reports.changed(ROUTER, stopped)
    said.reports.changed(ROUTER, change(StateName.BACKUP))
    assert said.take() == ["INSTANCE BACKUP 90 a"] * 2, "it began anew"
    said.reports.use(Reported(), [])
    said.reports.changed(ROUTER, stopped)
    assert said.take() == ["INSTANCE DELETED 90 a"]


def test_stop(said: Said):
    said.reports.use(Reported((("G", ("a",)),)), ["a"])
    said.reports.stop()
    said.reports.changed(ROUTER, change(StateName.INITIALIZE, InitializeReason.STOPPED))
    said.reports.stopped([("a", 90)])
    assert said.take() == ["INSTANCE STOP 90 a", "GROUP STOP 0 G"]


def test_unwanted_is_followed_and_not_reported(said: Said):
    said.reports.use(None, ["a"])
    said.reports.changed(ROUTER, change(StateName.BACKUP))
    assert said.take() == []
    said.reports.use(Reported(), ["a"])
    said.reports.changed(ROUTER, change(StateName.BACKUP))
    assert said.take() == []
    said.reports.changed(ROUTER, change(StateName.ACTIVE))
    assert said.take() == ["INSTANCE MASTER 90 a"]


def test_last_one_to_be_told_hears_that_its_router_is_deleted(said: Said):
    stopped = change(StateName.INITIALIZE, InitializeReason.STOPPED)
    said.reports.changed(ROUTER, change(StateName.BACKUP))
    said.reports.expect(None, [])
    said.reports.changed(ROUTER, stopped)
    said.reports.use(None, [])
    said.reports.changed(ROUTER, change(StateName.BACKUP))
    assert said.take() == ["INSTANCE BACKUP 90 a", "INSTANCE DELETED 90 a"]
