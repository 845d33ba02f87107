"""The parent with one child: start, stop, reload, accidents."""

from __future__ import annotations

import os
import signal
import socket
import time
from pathlib import Path

import pytest

from netnslab import open_files
from netnslab.residents import children, is_alive

from .supervised import Daemon, poll


def test_start_and_stop(daemon: Daemon):
    daemon.start("one")
    daemon.wait_note("ready")
    assert daemon.process is not None
    assert daemon.pid_file.read_text() == f"{daemon.process.pid}\n"
    assert daemon.child != daemon.process.pid
    daemon.wait_journal("after one")
    assert daemon.journal.stat().st_mode & 0o777 == 0o600
    daemon.send(signal.SIGTERM)
    assert daemon.exit_code() == 0
    assert daemon.notes() == ["start one", "ready", "signal 15"]
    left = {path.name for path in daemon.pid_file.parent.iterdir()}
    assert left == {"notes", "conf", "console"}


def test_interrupt_stops_too_unless_ignored(daemon: Daemon):
    daemon.start("one", "--ignore-sigint")
    daemon.wait_note("ready")
    daemon.send(signal.SIGINT)
    daemon.send(signal.SIGUSR1)
    daemon.wait_note("asked DATA")
    daemon.send(signal.SIGTERM)
    assert daemon.exit_code() == 0


def test_interrupt_stops(daemon: Daemon):
    daemon.start("one")
    daemon.wait_note("ready")
    daemon.send(signal.SIGINT)
    assert daemon.exit_code() == 0
    assert daemon.notes()[-1] == "signal 15"


def test_stubborn_child_is_killed_and_its_journal_stays(daemon: Daemon):
    daemon.start("stubborn")
    daemon.wait_journal("after stubborn")
    started = time.monotonic()
    daemon.send(signal.SIGTERM)
    assert daemon.exit_code() == 0
    assert 0.4 < time.monotonic() - started < 5
    assert daemon.journal.read_text() == "after stubborn"
    assert not daemon.vrrp_pid_file.exists()


def test_child_that_is_still_starting_stops_in_order(daemon: Daemon):
    """It may have to clear away what a predecessor left."""
    daemon.start("late")
    daemon.wait_note("start late")
    daemon.send(signal.SIGTERM)
    daemon.wait_console("Stopping")
    daemon.notes_file.with_name("go").touch()
    assert daemon.exit_code() == 0
    assert daemon.notes() == ["start late", "signal 15"]


def test_unusable_at_start(daemon: Daemon):
    daemon.start("unusable")
    assert daemon.exit_code() == 2
    assert "cannot be used, problems: 3" in daemon.console.read_text()
    assert daemon.notes() == []
    assert not daemon.pid_file.exists()


def test_hung_loader_is_killed(daemon: Daemon):
    daemon.start("hang", deadline=0.3)
    assert daemon.exit_code() == 70
    assert "did not end in time and was killed" in daemon.console.read_text()


def test_hung_loader_of_a_killed_daemon_ends_by_itself(daemon: Daemon):
    daemon.start("one", deadline=1.0)
    daemon.wait_note("ready")
    daemon.reload("hang")
    assert daemon.process is not None
    parent = daemon.process.pid
    poll(lambda: len(children(parent)) == 2, "loader")
    (loader,) = set(children(parent)) - {daemon.child}
    daemon.send(signal.SIGKILL)
    poll(lambda: not is_alive(loader), "end of the loader")


def test_crashed_loader(daemon: Daemon):
    daemon.start("crash")
    assert daemon.exit_code() == 70
    assert "was killed by signal 6" in daemon.console.read_text()


def test_stop_while_loading(daemon: Daemon):
    daemon.start("hang")
    poll(lambda: _catches(daemon, signal.SIGTERM), "handlers")
    daemon.send(signal.SIGTERM)
    assert daemon.exit_code() == 0


def _status(daemon: Daemon) -> bytes:
    assert daemon.process is not None
    return Path(f"/proc/{daemon.process.pid}/status").read_bytes()


def _catches(daemon: Daemon, number: int) -> bool:
    line = next(line for line in _status(daemon).splitlines() if line.startswith(b"SigCgt"))
    return bool(int(line.split()[1], 16) >> (number - 1) & 1)


def test_prepared_child_that_dies_is_made_again(daemon: Daemon):
    daemon.start("slow")
    assert daemon.process is not None
    parent = daemon.process.pid
    # The loader comes first, then the child that waits for it.
    poll(lambda: len(children(parent)) == 2, "both")
    os.kill(children(parent)[1], signal.SIGKILL)
    daemon.wait_console("before it was needed")
    daemon.notes_file.with_name("go").touch()
    daemon.wait_note("start slow")
    daemon.send(signal.SIGTERM)
    assert daemon.exit_code() == 0


def test_nothing_to_run(daemon: Daemon):
    daemon.start("idle")
    poll(daemon.pid_file.exists, "PID file")
    daemon.wait_console("no configuration to run")
    daemon.reload("two")
    daemon.wait_note("start two")
    daemon.wait_note("ready")
    daemon.send(signal.SIGTERM)
    assert daemon.exit_code() == 0


def test_already_running(daemon: Daemon, tmp_path: Path):
    daemon.start("one")
    daemon.wait_journal("after one")
    second = Daemon(tmp_path)
    second.notes_file = tmp_path / "notes2"
    second.start("one")
    assert second.exit_code() == 0
    assert "already running" in second.console.read_text()
    assert second.notes() == []
    assert daemon.process is not None
    assert daemon.pid_file.read_text() == f"{daemon.process.pid}\n"
    assert daemon.journal.read_text() == "after one"


def test_reload(daemon: Daemon):
    daemon.start("one")
    daemon.wait_note("ready")
    daemon.reload("two")
    daemon.wait_note("reload two")
    daemon.wait_journal("after two")
    os.kill(daemon.child, signal.SIGKILL)
    daemon.wait_note("start two")


def test_reload_the_child_asks_for(daemon: Daemon):
    daemon.start("one")
    daemon.wait_note("ready")
    daemon.reload("two ask")
    daemon.wait_note("reload two ask", count=2)


@pytest.mark.parametrize("words", ["unusable", "crash", "hang"])
def test_reload_of_a_bad_file_is_refused(daemon: Daemon, words: str):
    daemon.start("one", deadline=1.0)
    daemon.wait_note("ready")
    daemon.reload(words)
    daemon.wait_console("Configuration not changed, the old one stays in use")
    os.kill(daemon.child, signal.SIGKILL)
    daemon.wait_note("start one", count=2)
    daemon.reload("two")
    daemon.wait_note("reload two")


def test_reload_that_the_child_refuses(daemon: Daemon):
    daemon.start("one")
    daemon.wait_note("ready")
    daemon.reload("two refuse")
    daemon.wait_console("the VRRP child refused it: I do not like it")
    assert daemon.journal.read_text() == "during two refuse"
    os.kill(daemon.child, signal.SIGKILL)
    daemon.wait_note("start one", count=2)


def test_reload_during_a_reload_is_queued(daemon: Daemon):
    daemon.start("one")
    daemon.wait_note("ready")
    daemon.reload("two mute")
    daemon.wait_note("reload two mute")
    daemon.reload("three")
    daemon.send(signal.SIGUSR1)
    daemon.wait_note("asked DATA")
    assert daemon.console.read_text().count(": Reloading\n") == 1
    os.kill(daemon.child, signal.SIGKILL)
    daemon.wait_console("the VRRP child died with it")
    # Which comes first, the new child or the new settings, is open.
    poll(lambda: bool({"start three", "reload three"} & set(daemon.notes())), "three")
    daemon.wait_journal("after three")


def test_child_that_dies_comes_back_at_once_then_later(daemon: Daemon):
    daemon.start("one")
    daemon.wait_note("ready")
    os.kill(daemon.child, signal.SIGKILL)
    daemon.wait_note("ready", count=2)
    daemon.wait_console("was killed by signal 9 (Killed): Respawning after 0 seconds")
    died = time.monotonic()
    os.kill(daemon.child, signal.SIGKILL)
    daemon.wait_note("ready", count=3)
    assert time.monotonic() - died > 0.9
    daemon.wait_console("Respawning after 1 seconds")


def test_what_a_dead_child_left_is_not_forgotten_by_a_reload(daemon: Daemon):
    daemon.start("one")
    daemon.wait_note("ready")
    os.kill(daemon.child, signal.SIGKILL)
    daemon.wait_note("ready", count=2)
    os.kill(daemon.child, signal.SIGKILL)
    daemon.wait_console("Respawning after 1 seconds")
    daemon.reload("two tell")
    daemon.wait_note("start two tell")
    daemon.wait_note("journal: during two tell")
    daemon.wait_journal("after two tell")


@pytest.mark.parametrize(("flags", "mask"), [([], "177"), (["-u", "027"], "27")])
def test_umask(daemon: Daemon, flags: list[str], mask: str):
    daemon.start("tell", *flags)
    daemon.wait_note(f"umask: {mask}")
    daemon.wait_note("journal: during tell")


def test_journal_of_another_daemon_is_left_alone(daemon: Daemon):
    daemon.journal.write_text("not ours")
    daemon.start("idle")
    daemon.wait_console("no configuration to run")
    daemon.reload("idle")
    daemon.wait_console("Reload finished")
    daemon.send(signal.SIGTERM)
    assert daemon.exit_code() == 0
    assert daemon.journal.read_text() == "not ours"


def test_child_that_must_not_come_back(daemon: Daemon):
    daemon.start("one", "-R")
    daemon.wait_note("ready")
    os.kill(daemon.child, signal.SIGKILL)
    assert daemon.exit_code() == 0
    assert "Exiting" in daemon.console.read_text()
    assert daemon.journal.exists()


@pytest.mark.parametrize("code", [1, 2, 4])
def test_final_exit_codes(daemon: Daemon, code: int):
    daemon.start(f"exit={code}")
    assert daemon.exit_code() == code
    assert len(daemon.notes()) == 1


@pytest.mark.parametrize("code", [0, 3, 70])
def test_other_exit_codes_are_respawned(daemon: Daemon, code: int):
    daemon.start(f"exit={code}")
    daemon.wait_note(f"start exit={code}", count=2)


def test_child_learns_of_the_parents_death(daemon: Daemon):
    daemon.start("one")
    daemon.wait_note("ready")
    daemon.send(signal.SIGKILL)
    daemon.wait_note("parent gone")
    assert daemon.exit_code() == -signal.SIGKILL
    daemon.start("two")
    daemon.wait_note("start two")


def test_service_manager_is_told(daemon: Daemon, tmp_path: Path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(10)
        daemon.environment = {"NOTIFY_SOCKET": str(tmp_path / "notify")}
        daemon.start("one")
        assert daemon.process is not None
        ready = b"READY=1\nMAINPID=%d\nSTATUS=" % daemon.process.pid
        assert manager.recv(500) == ready + b"running"
        daemon.wait_note("ready")
        daemon.reload("unusable")
        assert manager.recv(500).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
        said = manager.recv(500)
        assert said.startswith(ready + b"the last reload was refused: ")
        assert said.endswith(b"cannot be used, problems: 3")
        daemon.reload("two")
        assert manager.recv(500).startswith(b"RELOADING=1\n")
        assert manager.recv(500) == ready + b"running"
        daemon.send(signal.SIGTERM)
        assert manager.recv(500) == b"STOPPING=1\nSTATUS=stopping"
    assert daemon.exit_code() == 0


def test_failure_is_told(daemon: Daemon, tmp_path: Path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(10)
        daemon.environment = {"NOTIFY_SOCKET": str(tmp_path / "notify")}
        daemon.start("unusable")
        assert manager.recv(500) == b"STOPPING=1\nSTATUS=stopping, exit code 2"


@pytest.mark.parametrize("pid", ["", "1"], ids=["ours", "somebody else's"])
def test_watchdog(daemon: Daemon, tmp_path: Path, pid: str):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(10)
        daemon.environment = {
            "NOTIFY_SOCKET": str(tmp_path / "notify"),
            "WATCHDOG_USEC": "40000",
        } | ({"WATCHDOG_PID": pid} if pid else {})
        daemon.start("one")
        said = [manager.recv(500).partition(b"\n")[0]]
        while said[-1] != b"READY=1":
            said.append(manager.recv(500).partition(b"\n")[0])
        daemon.send(signal.SIGTERM if pid else 0)
        said.append(manager.recv(500).partition(b"\n")[0])
        assert said[-1] == (b"STOPPING=1" if pid else b"WATCHDOG=1")
        assert (b"WATCHDOG=1" in said) is not bool(pid)
        if not pid:
            daemon.send(signal.SIGTERM)
    assert daemon.exit_code() == 0


def test_file_is_there_while_a_reload_goes_on(daemon: Daemon, tmp_path: Path):
    marker = daemon.notes_file.with_name("marker")
    daemon.start("marked")
    daemon.wait_note("ready")
    assert daemon.process is not None
    assert Path(f"/proc/{daemon.process.pid}/comm").read_text() == "renamed\n"
    assert not marker.exists()
    marker.write_text("somebody waits for this to become empty")
    daemon.reload("slow marked")
    poll(lambda: marker.exists() and not marker.read_text(), "marker")
    daemon.notes_file.with_name("go").touch()
    daemon.wait_console("Reload finished")
    poll(lambda: not marker.exists(), "no marker")
    daemon.reload("unusable")
    daemon.wait_console("Configuration not changed")
    poll(lambda: not marker.exists(), "no marker")
    daemon.send(signal.SIGTERM)
    assert daemon.exit_code() == 0


def test_file_of_a_reload_outlives_the_end_of_the_start(daemon: Daemon):
    marker = daemon.notes_file.with_name("marker")
    daemon.start("marked late")
    daemon.wait_note("start marked late")
    daemon.reload("hang marked")
    poll(marker.exists, "marker")
    daemon.notes_file.with_name("go").touch()
    daemon.wait_console("Startup complete")
    assert marker.exists()
    daemon.send(signal.SIGTERM)
    assert daemon.exit_code() == 0
    assert not marker.exists()


def test_start_is_complete_though_a_reload_came_before(daemon: Daemon):
    daemon.start("one late")
    daemon.wait_note("start one late")
    daemon.reload("two")
    daemon.wait_journal("during two")
    daemon.notes_file.with_name("go").touch()
    daemon.wait_console("Reload finished")
    daemon.wait_console("Startup complete")
    daemon.send(signal.SIGTERM)
    assert daemon.exit_code() == 0


def test_child_has_only_the_descriptors_it_needs(daemon: Daemon):
    daemon.start("one")
    daemon.wait_note("ready")
    links = open_files(daemon.child)
    kinds = sorted(link.partition(":")[0] for link in links if "/dev/null" not in link)
    sockets = [kind for kind in kinds if kind == "socket"]
    memories = [link for link in links if link.startswith("/memfd:pyvrrp-settings")]
    assert (len(sockets), len(memories)) == (1, 1)
    assert not any("parent.pid" in link for link in links)


def test_stopped_parent_delays_nothing(daemon: Daemon):
    daemon.start("one")
    daemon.wait_note("ready")
    daemon.send(signal.SIGSTOP)
    os.kill(daemon.child, signal.SIGUSR1)
    daemon.wait_note("signal 10")
    daemon.send(signal.SIGCONT)
    daemon.send(signal.SIGTERM)
    assert daemon.exit_code() == 0


def test_unwritable_pid_file(daemon: Daemon, tmp_path: Path):
    daemon.pid_file = tmp_path / "nowhere" / "a.pid"
    daemon.start("one")
    assert daemon.exit_code() == 1
    assert "a.pid: No such file or directory" in daemon.console.read_text()
    assert daemon.notes() == []
