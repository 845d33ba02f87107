"""The programs as a shell sees them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pyvrrp.daemon.cli import main

_AS = "import sys; from pyvrrp.daemon.cli import main; sys.exit(main([{name!r}, *sys.argv[1:]]))"

_BAD = "vrrp_instance a {\n bogus 3\n}\n"


def run(
    *words: str, name: str = "keepalived", cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", _AS.format(name=name), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, cwd=cwd, check=False)


@pytest.mark.parametrize("name", ["keepalived", "pyvrrp"])
def test_version(name: str, capsys: pytest.CaptureFixture[str]):
    assert main([f"/usr/bin/{name}", "-v"]) == 0
    out, error = capsys.readouterr()
    assert (out, error.splitlines()[0]) == ("", "Keepalived v2.4.3 (pyvrrp 0.1.0)")


def test_help_knows_its_name(capsys: pytest.CaptureFixture[str]):
    assert main(["/usr/bin/pyvrrp", "--help"]) == 0
    out, error = capsys.readouterr()
    assert out == ""
    assert error.startswith("Usage: pyvrrp [OPTION...]\n  -f, --use-file=FILE ")


def test_signum(capsys: pytest.CaptureFixture[str]):
    assert main(["keepalived", "--signum=RELOAD"]) == 0
    assert capsys.readouterr() == ("1\n", "")


def test_test_in_a_namespace_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """To go on would look at links that the daemon will not have. quirk: namespace-missing"""
    path = tmp_path / "k.conf"
    path.write_text("net_namespace blue-7\n")
    assert main(["keepalived", "-t", "-f", str(path)]) == 1
    assert "ip netns add blue-7" in capsys.readouterr().err
    assert main(["keepalived", "-t", "-s", "blue-8", "-f", str(path)]) == 1
    assert "ip netns add blue-8" in capsys.readouterr().err


def test_unknown_option(capsys: pytest.CaptureFixture[str]):
    assert main(["keepalived", "--bogus"]) == 1
    out, error = capsys.readouterr()
    assert (out, error.splitlines()[0]) == ("", "Unknown option --bogus")


def test_module():
    command = [sys.executable, "-m", "pyvrrp", "-h"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.stderr.startswith("Usage: pyvrrp ")


def test_config_test_lists_problems(tmp_path: Path):
    (tmp_path / "k.conf").write_text(_BAD)
    done = run("-t", "-f", "k.conf", "stray", cwd=tmp_path)
    assert done.returncode == 5
    assert done.stdout == "Unexpected argument(s): stray\n"
    assert "k.conf:2:2: error[unknown-keyword]: " in done.stderr
    assert "\n   2 |  bogus 3\n     |  ^^^^^\n" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["k.conf"]


def test_config_test_appends_to_a_log(tmp_path: Path):
    (tmp_path / "k.conf").write_text(_BAD)
    (tmp_path / "LOG").write_text("before\n")
    done = run("-tLOG", "-f", "k.conf", cwd=tmp_path)
    assert done.returncode == 5
    lines = (tmp_path / "LOG").read_text().splitlines()
    assert lines[0] == "before"
    assert lines[1:] == [line for line in done.stderr.splitlines() if line.startswith("k.conf:")]
    assert any("k.conf:2:2: error[unknown-keyword]" in line for line in lines)


def test_config_test_with_a_log_that_cannot_be_written(tmp_path: Path):
    (tmp_path / "k.conf").write_text("")
    done = run("-t/nowhere/LOG", "-f", "k.conf", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "/nowhere/LOG: No such file or directory\n")


def test_config_test_of_nothing_is_fine(tmp_path: Path):
    (tmp_path / "x.conf").write_text("")
    (tmp_path / "x.conf").chmod(0o755)
    for name, text in (("none", "does not exist"), (".", "is a dir"), ("x.conf", "is executable")):
        done = run("-t", "-f", name, cwd=tmp_path)
        assert done.returncode == 0
        assert text in done.stderr


@pytest.mark.parametrize("foreground", [True, False])
def test_daemon_without_its_file(tmp_path: Path, foreground: bool):
    done = run("-G", "-f", "none.conf", *(["-n"] if foreground else []), cwd=tmp_path)
    assert done.returncode == 6
    assert done.stderr.endswith("none.conf does not exist\n")


def test_daemon_leaves_the_terminal_when_it_runs(tmp_path: Path):
    (tmp_path / "k.conf").write_text("global_defs {\n}\n")
    done = run("-G", "-f", "k.conf", "-p", "k.pid", "-r", "v.pid", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    pid = int((tmp_path / "k.pid").read_text())
    try:
        proc = Path("/proc", str(pid))
        assert proc.joinpath("comm").read_text() == "keepalived\n"
        assert proc.joinpath("cmdline").read_bytes().startswith(b"keepalived\0-G\0-f\0")
        assert proc.joinpath("cwd").readlink() == Path("/")
        streams = {proc.joinpath("fd", number).readlink() for number in "012"}
        assert streams == {Path("/dev/null")}
        assert os.getsid(pid) == pid
        again = run("-G", "-f", "k.conf", "-p", "k.pid", "-r", "v.pid", cwd=tmp_path)
        assert again.returncode == 0
        assert "already running" in again.stderr
    finally:
        os.kill(pid, 15)
    wait_gone(tmp_path / "k.pid")


def wait_gone(path: Path) -> None:
    deadline = time.monotonic() + 10
    while path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_closed_standard_streams(tmp_path: Path):
    """Else the PID file could become stderr, and receive what is meant for a person."""
    (tmp_path / "k.conf").write_text("global_defs {\n bogus\n}\n")
    daemon = [sys.executable, "-c", _AS.format(name="keepalived"), "-Gf", "k.conf", "-p", "k.pid"]
    shell = ["sh", "-c", 'exec "$@" 0<&- 1>&- 2>&-', "sh", *daemon, "-r", "v.pid"]
    assert subprocess.run(shell, cwd=tmp_path, timeout=30, check=False).returncode == 0
    pid = int((tmp_path / "k.pid").read_text())
    os.kill(pid, 15)
    wait_gone(tmp_path / "k.pid")


def test_reader_that_leaves_early(tmp_path: Path):
    (tmp_path / "k.conf").write_text("bogus\n" * 500)
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-c", _AS.format(name="keepalived"), "-nGlf", "k.conf"]
    files = ["-p", str(tmp_path / "k.pid"), "-r", str(tmp_path / "v.pid")]
    with subprocess.Popen([*command, *files], cwd=tmp_path, stderr=writer) as process:
        os.close(writer)
        deadline = time.monotonic() + 10
        while not (tmp_path / "k.pid").exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.terminate()
        assert process.wait(10) == 0
