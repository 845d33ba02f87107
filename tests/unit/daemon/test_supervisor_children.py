"""The parent with two children: which run, and what becomes of settings that only one takes."""

from __future__ import annotations

import os
import signal

import pytest

from .supervised import Daemon, poll


def start(daemon: Daemon, words: str, *flags: str) -> None:
    daemon.start(words, *flags)
    daemon.wait_console("Startup complete")
    # It is said before the child notes that it said it is ready.
    runs_vrrp = "idle" not in words and "-C" not in flags
    runs_checkers = "|" in words and "missing" not in words and "-P" not in flags
    for mark in [""] * runs_vrrp + ["|"] * runs_checkers:
        daemon.wait_note(f"{mark}ready")


def test_both_start_and_stop(daemon: Daemon):
    start(daemon, "one |uno")
    assert daemon.process is not None
    assert len({daemon.child, daemon.checker, daemon.process.pid}) == 3
    text = daemon.console.read_text()
    assert text.index("Starting Healthcheck child process") < text.index("Starting VRRP child")
    assert text.count("Startup complete") == 1
    daemon.send(signal.SIGTERM)
    assert daemon.exit_code() == 0
    assert sorted(daemon.notes()) == sorted(
        ["start one", "ready", "signal 15", "|start uno", "|ready", "|signal 15"]
    )
    left = {path.name for path in daemon.pid_file.parent.iterdir()}
    assert left == {"notes", "conf", "console"}


@pytest.mark.parametrize(
    ("flags", "notes"),
    [
        pytest.param(["-P"], {"start one", "ready"}, id="VRRP only"),
        pytest.param(["-C"], {"|start uno", "|ready"}, id="checkers only"),
    ],
)
def test_one_alone(daemon: Daemon, flags: list[str], notes: set[str]):
    start(daemon, "one |uno", *flags)
    assert set(daemon.notes()) == notes


def test_each_without_the_other_is_nothing(daemon: Daemon):
    """keepalived 2.2.7: either flag takes the other one's part away."""
    daemon.start("one |uno", "-P", "-C")
    daemon.wait_console("no configuration to run")
    assert daemon.notes() == []


def test_reload_reaches_both(daemon: Daemon):
    start(daemon, "one |uno")
    daemon.reload("two |due")
    daemon.wait_console("Reload finished")
    assert {"reload two", "|reload due"} <= set(daemon.notes())
    daemon.wait_journal("after two |due")
    os.kill(daemon.checker, signal.SIGKILL)
    daemon.wait_note("|start due")


def test_reload_starts_what_is_newly_needed(daemon: Daemon):
    start(daemon, "one")
    daemon.reload("two |due")
    daemon.wait_note("|ready")
    assert daemon.notes() == ["start one", "ready", "reload two", "|start due", "|ready"]


def test_reload_starts_vrrp_with_a_journal(daemon: Daemon):
    start(daemon, "idle |uno")
    assert not daemon.journal.exists()
    daemon.reload("two tell |due")
    daemon.wait_note("journal: during two tell |due")
    daemon.wait_journal("after two tell |due")


def test_reload_stops_what_is_no_longer_needed(daemon: Daemon):
    start(daemon, "one |uno")
    daemon.reload("two")
    daemon.wait_note("|signal 15")
    daemon.wait_console("Reload finished")
    assert "Respawning" not in daemon.console.read_text()
    daemon.reload("three |tre")
    daemon.wait_note("|start tre")
    daemon.wait_note("reload three")


def test_vrrp_that_is_no_longer_needed_takes_its_journal_along(daemon: Daemon):
    start(daemon, "one |uno")
    daemon.wait_journal("after one |uno")
    daemon.reload("idle |due")
    daemon.wait_note("signal 15")
    poll(lambda: not daemon.journal.exists(), "no journal")
    daemon.wait_console("Reload finished")


def test_needed_again_while_it_stops(daemon: Daemon):
    """It is killed half a second after the first reload; the second comes before."""
    start(daemon, "one |stubborn")
    daemon.reload("two")
    daemon.wait_note("|signal 15")
    daemon.reload("three |tre")
    daemon.wait_console("Reload finished", count=2)
    assert "|start tre" not in daemon.notes()
    daemon.wait_note("|start tre")
    assert "|reload tre" not in daemon.notes()


@pytest.mark.parametrize(
    ("trial", "refuser"),
    [
        pytest.param("two refuse |due", "VRRP", id="VRRP refuses"),
        pytest.param("two |due refuse", "Healthcheck", id="checkers refuse"),
    ],
)
def test_who_took_what_the_other_refused_goes_back(daemon: Daemon, trial: str, refuser: str):
    start(daemon, "one |uno")
    daemon.reload(trial)
    daemon.wait_console(f"the {refuser} child refused it: I do not like it")
    taken, old = (
        ("|reload due", "|reload uno") if refuser == "VRRP" else ("reload two", "reload one")
    )
    daemon.wait_note(old)
    assert daemon.notes().index(taken) < daemon.notes().index(old)
    assert "Reload finished" not in daemon.console.read_text()
    daemon.reload("three |tre")
    daemon.wait_console("Reload finished")
    assert {"reload three", "|reload tre"} <= set(daemon.notes())


def test_who_cannot_go_back_begins_anew(daemon: Daemon):
    start(daemon, "one |uno refuse")
    daemon.reload("two refuse |due")
    daemon.wait_console("Healthcheck child cannot take the settings in use: restarted")
    daemon.wait_note("|start uno refuse", count=2)
    assert daemon.notes().count("start one") == 1


def test_nothing_is_stopped_or_started_for_settings_that_were_refused(daemon: Daemon):
    start(daemon, "one |uno")
    daemon.reload("two refuse")
    daemon.wait_console("Configuration not changed")
    daemon.reload("three |tre")
    daemon.wait_note("|reload tre")
    assert "|signal 15" not in daemon.notes()


def test_death_of_one_ends_the_trial_of_both(daemon: Daemon):
    start(daemon, "one |uno")
    daemon.reload("two |due mute")
    daemon.wait_note("reload two")
    daemon.wait_note("|reload due mute")
    os.kill(daemon.child, signal.SIGKILL)
    daemon.wait_console("the VRRP child died with it")
    daemon.wait_note("start one", count=2)
    daemon.wait_note("|reload uno")


def test_one_that_lacks_what_it_needs_leaves_the_other_alone(daemon: Daemon):
    start(daemon, "one |missing exit=1")
    daemon.wait_console("exited with code 1: going on without it")
    daemon.send(signal.SIGUSR1)
    daemon.wait_note("asked DATA")
    daemon.reload("two |due")
    daemon.wait_note("|start due")
    daemon.send(signal.SIGTERM)
    assert daemon.exit_code() == 0


def test_one_that_lacks_what_it_needs_is_not_tried_again_for_old_settings(daemon: Daemon):
    start(daemon, "one |missing exit=1")
    daemon.wait_console("going on without it")
    daemon.reload("two refuse |missing exit=1")
    daemon.wait_console("Configuration not changed")
    daemon.reload("three")
    daemon.wait_note("reload three")
    assert daemon.notes().count("|start missing exit=1") == 1


def test_one_that_lacks_what_it_needs_and_has_no_other(daemon: Daemon):
    daemon.start("idle |missing exit=1")
    assert daemon.exit_code() == 1
    assert daemon.notes() == ["|start missing exit=1"]


def test_final_exit_code_of_one_stops_the_other(daemon: Daemon):
    daemon.start("one |exit=2")
    assert daemon.exit_code() == 2
    assert daemon.notes().count("|start exit=2") == 1


def test_crash_of_one_is_no_matter_of_the_other(daemon: Daemon):
    start(daemon, "one |uno")
    os.kill(daemon.checker, signal.SIGKILL)
    daemon.wait_note("|ready", count=2)
    assert daemon.notes().count("start one") == 1
    daemon.wait_console("Healthcheck child process(")
    assert "signal 15" not in daemon.notes()


def test_a_child_knows_that_it_is_not_the_first(daemon: Daemon):
    start(daemon, "one tell |tell")
    daemon.wait_note("|restart: False")
    os.kill(daemon.checker, signal.SIGKILL)
    daemon.wait_note("|restart: True")


def test_siblings_have_a_link_and_get_a_new_one_when_either_is_started_again(daemon: Daemon):
    start(daemon, "one social |uno social")
    daemon.wait_note("CHECKERS says uno social")
    daemon.wait_note("|VRRP says one social")
    os.kill(daemon.checker, signal.SIGKILL)
    daemon.wait_note("CHECKERS says uno social", 2)
    daemon.wait_note("|VRRP says one social", 2)
    os.kill(daemon.child, signal.SIGKILL)
    daemon.wait_note("CHECKERS says uno social", 3)
    daemon.wait_note("|VRRP says one social", 3)


def test_a_sibling_that_is_newly_needed_gets_a_link(daemon: Daemon):
    start(daemon, "one social")
    daemon.reload("one social |due social")
    daemon.wait_note("CHECKERS says due social")
    daemon.wait_note("|VRRP says one social")
