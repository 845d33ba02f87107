"""User-Mode Linux as a runner of single commands: what goes in, what comes out, what is left."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from netnslab import DeadlinePassed, Unsupported, uml, wait_until
from netnslab.cli import main

# Without root there is nothing to boot with, unless CI says it must run.
boots = pytest.mark.skipif(os.geteuid() != 0 and not os.environ.get("CI"), reason="needs root")
pytestmark = [pytest.mark.root, pytest.mark.alone, boots]

_FACTS = """
import json, os, socket, subprocess, sys
from pathlib import Path
print(json.dumps({
    "directory": os.getcwd(), "variable": os.environ["LEFT"], "words": sys.argv[1:],
    "ipvs": Path("/proc/net/ip_vs").exists(), "prefix": sys.prefix, "run": os.listdir("/run"),
    "own address": socket.create_server(("127.0.0.1", 0)).getsockname()[0],
    "host": socket.gethostname(), "parent": os.getppid(),
}))
file = open("left", "w")
print("by the guest", file=file, flush=True)
subprocess.Popen(["sleep", "61"], stdout=file)
print("to standard error", file=sys.stderr)
sys.exit(7)
"""
_FORKS = "(setsid sleep 61 &); trap '' TERM INT HUP; echo ready; sleep 61; sleep 61"


def _is_alive(prefix: str) -> bool:
    """Whether any process has the prefix of a machine's directory among its words."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if prefix.encode() in path.read_bytes():
                return True
        except OSError:  # ended meanwhile
            continue
    return False


@pytest.fixture
def prefix(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A beginning of directory names for this test's machines alone; at the end nothing is left."""
    own = f"netnslab-uml-test-{secrets.token_hex(4)}-"
    monkeypatch.setattr(uml, "_PREFIX", own)
    yield own
    assert not _is_alive(own)
    assert not list(Path("/dev/shm").glob(f"*{own}*"))


@pytest.mark.slow
def test_a_command_runs_as_if_here(
    prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEFT", "a 'quoted'\nline é")
    monkeypatch.chdir(tmp_path)
    words = ["two words", "$HOME", ""]
    seen: list[tuple[str, bytes]] = []
    done = uml.run(
        [sys.executable, "-c", _FACTS, *words],
        timeout=60,
        on_output=lambda stream, text: seen.append((stream, text)),
    )
    assert (done.returncode, done.stderr) == (7, "to standard error\n")
    assert json.loads(done.stdout) == {
        "directory": str(tmp_path),
        "variable": "a 'quoted'\nline é",
        "words": words,
        "ipvs": True,
        "prefix": sys.prefix,
        "run": ["netnslab-uml"],
        "own address": "127.0.0.1",
        "host": "uml",
        "parent": 1,
    }
    assert b"".join(text for stream, text in seen if stream == "stdout").decode() == done.stdout
    assert (tmp_path / "left").read_text() == "by the guest\n"


@pytest.mark.slow
def test_a_deadline_ends_every_process_and_tells_what_was_written(prefix: str) -> None:
    with pytest.raises(DeadlinePassed, match=r"not done after 8 s in .*; it wrote:\nready\n"):
        uml.run(["sh", "-c", _FORKS], timeout=8)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_every_process(prefix: str, number: signal.Signals, status: int) -> None:
    with _program(prefix) as program:
        program.send_signal(number)
        assert program.wait(10) == status
        assert program.communicate()[0] == b""


@pytest.mark.slow
def test_with_its_runner_killed_the_machine_dies_and_the_next_one_clears_its_files(
    prefix: str,
) -> None:
    with _program(prefix) as program:
        program.kill()
    wait_until(lambda: not _is_alive(prefix), what="the machine's end")
    assert len(list(Path("/dev/shm").glob(f"{prefix}*"))) == 1
    with pytest.raises(uml.BootFailed):
        uml.run(["true"], memory="10M")


@pytest.mark.slow
def test_a_panic_ends_the_machine_and_is_shown(prefix: str) -> None:
    with pytest.raises(
        uml.BootFailed, match=r"ended early; (?s:.*)Kernel panic - not syncing: sysrq"
    ):
        uml.run(["sh", "-c", "echo c > /proc/sysrq-trigger; sleep 61"], timeout=30)


def _program(prefix: str) -> subprocess.Popen[bytes]:
    """`netnslab uml` with a command that is up and that ignores signals."""
    code = (
        f"import sys; from netnslab import cli, uml; uml._PREFIX = {prefix!r}; sys.exit(cli.main())"
    )
    words = [sys.executable, "-c", code, "uml", "--timeout", "50", "--", "sh", "-c", _FORKS]
    program = subprocess.Popen(words, stdout=subprocess.PIPE)
    assert program.stdout is not None
    assert program.stdout.readline() == b"ready\n"
    return program


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "status", "text"),
    [
        (["sh", "-c", "echo out; kill -9 $$"], 137, "out\n"),
        (["--", "no-such-program"], 127, "no-such-program: No such file or directory\n"),
        (["--modules", "no_such_module", "--", "true"], 125, "Module no_such_module not found"),
        (["--mem", "10M", "--", "true"], 125, "Too few physical memory! Needed="),
        (["--timeout", "1", "--", "true"], 124, "true: not done after 1 s in User-Mode Linux; the"),
    ],
    ids=["killed", "no program", "no module", "no memory", "no time"],
)
def test_the_status_is_as_a_shell_has_it(
    prefix: str, command: list[str], status: int, text: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["uml", *command]) == status
    shown = capfd.readouterr()
    assert text in shown.out + shown.err


def test_without_user_mode_linux_the_package_is_named(
    prefix: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unsupported, match=r"no linux\.uml .* apt-get install user-mode-linux"):
        uml.run(["true"])


@pytest.mark.parametrize("is_locked", [True, False])
def test_only_the_directory_of_a_dead_machine_goes(prefix: str, is_locked: bool) -> None:
    other = Path("/dev/shm") / f"{prefix}other"
    other.mkdir()
    (other / "console").touch()
    handle = os.open(other, os.O_RDONLY)
    try:
        if is_locked:
            fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(uml.BootFailed):
            uml.run(["true"], memory="10M")
        assert other.exists() == is_locked
    finally:
        os.close(handle)
        if other.exists():
            (other / "console").unlink()
            other.rmdir()
