"""The order in which changes are said. What is expected was read from a FIFO of keepalived 2.2.7."""

from __future__ import annotations

import pytest

from pyvrrp.daemon.notices.notice import Kind, Notice, What
from pyvrrp.daemon.vrrp.reporter import Reporter


class Heard:
    def __init__(self) -> None:
        self.reporter = Reporter(lambda notice: self._lines.append(notice.line.decode()))
        self._lines: list[str] = []
        self.reporter.use({"G": ("a", "b")})

    def take(self) -> list[str]:
        lines, self._lines = self._lines, []
        return [line.removesuffix("\n") for line in lines]


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def started(heard: Heard) -> Heard:
    with heard.reporter.starting():
        for name in ("a", "b", "s"):
            heard.reporter.state(name, What.BACKUP, 100)
    heard.take()
    return heard


def test_start(heard: Heard):
    with heard.reporter.starting():
        heard.reporter.state("a", What.BACKUP, 100)
        heard.reporter.state("b", What.BACKUP, 100)
        heard.reporter.state("s", What.BACKUP, 150)
        assert heard.take() == []
    assert heard.take() == [
        'GROUP "G" BACKUP 0',
        'INSTANCE "a" BACKUP 100',
        'INSTANCE "b" BACKUP 100',
        'INSTANCE "s" BACKUP 150',
    ]


def test_start_with_a_fault(heard: Heard):
    with heard.reporter.starting():
        heard.reporter.state("own", What.MASTER, 255)
        heard.reporter.state("a", What.FAULT, 100)
        heard.reporter.state("b", What.FAULT, 100)
        heard.reporter.state("d", What.FAULT, 100)
    assert heard.take() == [
        'INSTANCE "a" FAULT 100',
        'INSTANCE "b" FAULT 100',
        'INSTANCE "d" FAULT 100',
        'GROUP "G" FAULT 0',
        'INSTANCE "own" MASTER 255',
    ]


def test_groups_begin_in_the_order_written(heard: Heard):
    heard.reporter.use({"H": ("h",), "G": ("a",)})
    with heard.reporter.starting():
        heard.reporter.state("a", What.BACKUP, 1)
        heard.reporter.state("h", What.BACKUP, 2)
    assert heard.take()[:2] == ['GROUP "H" BACKUP 0', 'GROUP "G" BACKUP 0']


def test_group_follows_its_last_member(started: Heard):
    reporter = started.reporter
    reporter.state("b", What.MASTER, 100)
    assert started.take() == ['INSTANCE "b" MASTER 100']
    reporter.state("a", What.MASTER, 100)
    assert started.take() == ['INSTANCE "a" MASTER 100', 'GROUP "G" MASTER 0']
    reporter.state("a", What.FAULT, 100)
    reporter.state("b", What.FAULT, 100)
    assert started.take() == [
        'INSTANCE "a" FAULT 100',
        'INSTANCE "b" FAULT 100',
        'GROUP "G" FAULT 0',
    ]


def test_another_reason_is_no_other_state(started: Heard):
    started.reporter.state("s", What.FAULT, 150)
    started.reporter.state("s", What.FAULT, 150)
    assert started.take() == ['INSTANCE "s" FAULT 150']


def test_events(started: Heard):
    reporter = started.reporter
    reporter.priority("s", 130)
    reporter.state("s", What.MASTER, 130)
    reporter.priority("s", 150)
    reporter.lower_heard("s", 150)
    assert started.take() == [
        'INSTANCE "s" BACKUP_PRIORITY 130',
        'INSTANCE "s" MASTER 130',
        'INSTANCE "s" MASTER_PRIORITY 150',
        'INSTANCE "s" MASTER_RX_LOWER_PRI 150',
    ]


def test_priority_before_the_first_state_is_where_it_begins(heard: Heard):
    heard.reporter.priority("s", 130)
    assert heard.take() == []


def test_deleted_and_begun_anew(started: Heard):
    reporter = started.reporter
    reporter.deleted("s", 150)
    reporter.gone("a")
    reporter.state("a", What.BACKUP, 90)
    assert started.take() == ['INSTANCE "s" DELETED 150', 'INSTANCE "a" BACKUP 90']


def test_stop(started: Heard):
    started.reporter.stopped([("a", 100), ("b", 100)])
    assert started.take() == [
        'INSTANCE "a" STOP 100',
        'INSTANCE "b" STOP 100',
        'GROUP "G" STOP 0',
    ]


def test_group_that_a_reload_changes(started: Heard):
    started.reporter.use({"G": ("a",), "N": ("b",)})
    started.reporter.state("b", What.MASTER, 100)
    started.reporter.state("a", What.MASTER, 100)
    assert started.take() == [
        'INSTANCE "b" MASTER 100',
        'GROUP "N" MASTER 0',
        'INSTANCE "a" MASTER 100',
        'GROUP "G" MASTER 0',
    ]


def test_notice_survives_its_way_to_another_process():
    notice = Notice(Kind.INSTANCE, "a b  c", What.LOWER_HEARD, 7)
    assert notice.encode() == "INSTANCE MASTER_RX_LOWER_PRI 7 a b  c"
    assert Notice.decode(notice.encode()) == notice
    assert notice.words == ("INSTANCE", "a b  c", "MASTER_RX_LOWER_PRI", "7")
