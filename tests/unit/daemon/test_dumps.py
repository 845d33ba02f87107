"""Dumps: what the parent asks for, and what the process that writes is given."""

from __future__ import annotations

import os
import signal
import time

import pytest

from netnslab import open_files
from pyvrrp.daemon import handoff
from pyvrrp.daemon.handoff import HandoffError

from .supervised import Daemon, poll

BOTH = "CHECKERS,VRRP"
ALL = f"dump DATA all {BOTH}: ['config of one |uno', 'state of one', 'state of uno']"


def start(daemon: Daemon, words: str, *, deadline: float = 10.0) -> None:
    daemon.start(words, deadline=deadline)
    for mark, half in zip(("", "|"), words.split("|"), strict=False):
        daemon.wait_note(f"{mark}ready")
        assert half
    daemon.wait_console("Startup complete")


def test_all_that_is_known_is_brought_together(daemon: Daemon):
    start(daemon, "one |uno")
    daemon.send(signal.SIGUSR1)
    daemon.wait_note(ALL)
    assert [note for note in daemon.notes() if "asked" in note] in (
        ["asked DATA", "|asked DATA"],
        ["|asked DATA", "asked DATA"],
    )


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        pytest.param(signal.SIGUSR2, "STATS", id="statistics"),
        pytest.param(signal.SIGRTMAX - 1, "STATS_CLEAR", id="from zero"),
        pytest.param(signal.SIGRTMIN + 2, "JSON", id="JSON"),
    ],
)
def test_only_who_has_a_part_in_it_is_asked(daemon: Daemon, number: int, kind: str):
    start(daemon, "one |uno")
    daemon.send(number)
    daemon.wait_note(f"dump {kind} all {BOTH}: ['config of one |uno', 'state of one']")
    assert [note for note in daemon.notes() if "asked" in note] == [f"asked {kind}"]


def test_settings_in_use_are_shown_after_a_reload(daemon: Daemon):
    start(daemon, "one |uno")
    daemon.reload("two |due")
    daemon.wait_console("Reload finished")
    daemon.reload("three |unusable")
    daemon.wait_console("the old one stays in use")
    daemon.send(signal.SIGUSR1)
    daemon.wait_note(
        f"dump DATA all {BOTH}: ['config of two |due', 'state of one', 'state of uno']"
    )


def test_what_is_wanted_during_the_start_is_done_after_it(daemon: Daemon):
    daemon.start("slow late |uno")
    poll(daemon.configuration.exists, "a configuration")
    daemon.wait_console("reading")
    daemon.send(signal.SIGUSR1)
    daemon.notes_file.with_name("go").touch()
    daemon.wait_note(
        f"dump DATA all {BOTH}: ['config of slow late |uno', 'state of slow late', 'state of uno']"
    )


def test_a_child_that_is_asked_wants_its_own_only(daemon: Daemon):
    start(daemon, "one |want")
    daemon.wait_note(f"dump DATA CHECKERS {BOTH}: ['config of one |want', 'state of want']")
    assert "asked DATA" not in daemon.notes()


def test_a_child_that_does_not_answer_is_left_out(daemon: Daemon):
    start(daemon, "silent |uno", deadline=0.3)
    daemon.send(signal.SIGUSR1)
    daemon.wait_note(f"dump DATA all {BOTH}: ['config of silent |uno', 'state of uno']")
    daemon.wait_console("the VRRP child does not answer: dumped without its state")


def test_a_child_that_dies_is_not_waited_for(daemon: Daemon):
    start(daemon, "silent |uno")
    started = time.monotonic()
    daemon.send(signal.SIGUSR1)
    daemon.wait_note("asked DATA")
    os.kill(daemon.child, signal.SIGKILL)
    daemon.wait_console("was killed by signal 9")
    daemon.wait_note(f"dump DATA all {BOTH}: ['config of silent |uno', 'state of uno']")
    assert time.monotonic() - started < 5


def test_more_requests_make_one_more_dump(daemon: Daemon):
    start(daemon, "one |stuck")
    daemon.send(signal.SIGUSR1)
    daemon.wait_note(ALL.replace("uno", "stuck"))
    for _ in range(5):
        daemon.send(signal.SIGUSR1)
    daemon.reload("two |unusable")
    daemon.wait_console("the old one stays in use")  # by then the signals were taken
    daemon.notes_file.with_name("go").touch()
    daemon.wait_note(ALL.replace("uno", "stuck"), count=2)
    daemon.reload("three |unusable")
    daemon.wait_console("the old one stays in use", count=2)
    assert daemon.notes().count(ALL.replace("uno", "stuck")) == 2


def test_one_that_does_not_end_is_killed(daemon: Daemon):
    start(daemon, "one |stuck", deadline=0.5)
    daemon.send(signal.SIGUSR1)
    daemon.wait_console("the process that writes a dump does not end: killed")
    daemon.wait_console("the process that writes a dump was killed by signal 9")
    daemon.send(signal.SIGUSR1)
    daemon.wait_note(ALL.replace("uno", "stuck"), count=2)
    daemon.notes_file.with_name("go").touch()  # or the second one outlives the test


def test_the_end_of_the_daemon_does_not_wait_for_it(daemon: Daemon):
    start(daemon, "one |stuck")
    daemon.send(signal.SIGUSR1)
    daemon.wait_note(ALL.replace("uno", "stuck"))
    daemon.send(signal.SIGTERM)
    assert daemon.exit_code(5) == 0


def test_descriptors_are_given_back(daemon: Daemon):
    start(daemon, "one |uno")
    for count in range(1, 4):
        daemon.reload("one |uno")
        daemon.wait_console("Reload finished", count=count)
        daemon.send(signal.SIGUSR1)
        daemon.wait_note(ALL, count=count)
    assert daemon.process is not None
    parent = daemon.process.pid

    def memories() -> int:
        return sum(link.startswith("/memfd:") for link in open_files(parent))

    poll(lambda: memories() == 2, "settings and Config, and nothing else")


def test_plain_memory_holds_records_in_order():
    memory = handoff.new_memory()
    assert list(handoff.records(memory)) == []
    handoff.append(memory, ("a", 1))
    handoff.append(memory, None)
    assert list(handoff.records(memory)) == [("a", 1), None]
    assert list(handoff.records(memory)) == [("a", 1), None]
    os.ftruncate(memory, os.fstat(memory).st_size - 1)
    with pytest.raises(HandoffError, match="end early"):
        list(handoff.records(memory))
    os.close(memory)
