"""The scripts at the beginning and the end of the daemon's life."""

from __future__ import annotations

import signal
import time

import pytest

from .supervised import Daemon


@pytest.mark.parametrize(("more", "said"), [("", ""), (" broken", "exit status 1")])
def test_they_enclose_the_life(daemon: Daemon, more: str, said: str):
    words = "startup shutdown" + more
    daemon.start(words)
    daemon.wait_note("ready")
    assert daemon.notes() == ["startup begins", f"start {words}", "ready"]
    daemon.send(signal.SIGTERM)
    assert daemon.exit_code(30) == 0
    assert daemon.notes()[3:] == ["signal 15", "shutdown begins"]
    assert daemon.console.read_text().count(f"script /bin/sh: {said}") == (2 if said else 0)
    assert not daemon.pid_file.exists()


def test_neither_takes_longer_than_it_may(daemon: Daemon):
    """Each has half a second."""
    daemon.start("startup shutdown endless")
    daemon.wait_note("ready")
    started = time.monotonic()
    daemon.send(signal.SIGTERM)
    assert daemon.exit_code(30) == 0
    assert time.monotonic() - started >= 0.5
    assert daemon.console.read_text().count("/bin/sh: not finished within 0.5 s") == 2


def test_reload_waits_for_the_startup_script(daemon: Daemon):
    daemon.start("startup patient")
    daemon.wait_note("startup begins")
    daemon.reload("two")
    (daemon.pid_file.parent / "go").touch()
    daemon.wait_note("reload two")
    assert daemon.notes() == ["startup begins", "start startup patient", "ready", "reload two"]


def test_shutdown_script_is_the_one_of_the_last_reload(daemon: Daemon):
    daemon.start("shutdown")
    daemon.wait_note("ready")
    daemon.reload("two")
    daemon.wait_console("Reload finished")
    daemon.send(signal.SIGTERM)
    assert daemon.exit_code(30) == 0
    assert "shutdown begins" not in daemon.notes()


def test_stop_ends_the_startup_script(daemon: Daemon):
    """Nothing was started, so nothing is shut down."""
    daemon.start("startup shutdown patient")
    daemon.wait_note("startup begins")
    daemon.send(signal.SIGTERM)
    assert daemon.exit_code(30) == 0
    assert daemon.notes() == ["startup begins"]
