"""The same command lines through Debian's keepalived and through this program."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from netnslab import Host, Lab

_OURS = Path(sys.executable).with_name("keepalived")
_THEIRS = Path("/usr/sbin/keepalived")

_GOOD = """
vrrp_instance a {
    interface eth0
    virtual_router_id 1
    virtual_ipaddress {
        192.0.2.100/24
    }
}
"""


@pytest.fixture
def host(lab: Lab) -> Host:
    made = lab.host("r")
    made.connect(lab.bridge("lan"), addresses=["192.0.2.1/24"])
    return made


def both(host: Host, *words: str) -> tuple[subprocess.CompletedProcess[str], ...]:
    """Keepalived's run first."""
    ours, theirs = (host.run([str(program), *words], check=False) for program in (_OURS, _THEIRS))
    return theirs, ours


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["-v"], id="version"),
        pytest.param(["-nlD", "--version"], id="version after a cluster"),
        pytest.param(["-h"], id="help"),
        pytest.param(["-Z", "-v"], id="version after an unknown option"),
        pytest.param(["-Z"], id="unknown short"),
        pytest.param(["--bogus=3"], id="unknown long"),
        pytest.param(["--no"], id="ambiguous"),
        pytest.param(["-f"], id="argument missing"),
        pytest.param(["-lnp"], id="argument missing after a cluster"),
        pytest.param(["--signum", "TDUMP"], id="signal not built"),
        pytest.param(["-S", "9", "-v"], id="bad facility"),
        pytest.param(["-u", "xx", "-v"], id="bad umask"),
    ],
)
def test_exit_code_and_stream(host: Host, words: list[str]) -> None:
    theirs, ours = both(host, *words)
    assert ours.returncode == theirs.returncode
    assert bool(ours.stdout) == bool(theirs.stdout)
    assert bool(ours.stderr) == bool(theirs.stderr)


@pytest.mark.parametrize("name", ["STOP", "RELOAD", "DATA", "STATS", "STATS_CLEAR", "JSON"])
def test_signum(host: Host, name: str) -> None:
    theirs, ours = both(host, f"--signum={name}")
    assert (ours.returncode, ours.stdout) == (0, theirs.stdout)


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        pytest.param(_GOOD, 0o644, id="good"),
        pytest.param(_GOOD, 0o755, id="executable"),
        pytest.param(None, 0, id="missing"),
        pytest.param(_GOOD.replace("eth0", "eth9"), 0o644, id="no such interface"),
        pytest.param(_GOOD.replace("virtual_router_id", "bogus"), 0o644, id="unknown keyword"),
        pytest.param(_GOOD.replace("id 1", "id"), 0o644, id="missing parameter"),
        pytest.param(_GOOD.replace("id 1", "id 300"), 0o644, id="number"),
        pytest.param(_GOOD.rstrip().rstrip("}"), 0o644, id="missing brace"),
    ],
)
def test_config_test(host: Host, tmp_path: Path, text: str | None, mode: int) -> None:
    path = tmp_path / "k.conf"
    if text is not None:
        path.write_text(text)
        path.chmod(mode)
    theirs, ours = both(host, "-t", "-f", str(path))
    assert ours.returncode == theirs.returncode
    assert bool(ours.stderr) == bool(theirs.stderr)


@pytest.mark.parametrize("foreground", ["-n", "-G"])
def test_daemon_without_its_file(host: Host, tmp_path: Path, foreground: str) -> None:
    pid_files = ["-p", str(tmp_path / "p"), "-r", str(tmp_path / "r")]
    theirs, ours = both(host, "-G", foreground, "-f", str(tmp_path / "none"), *pid_files)
    assert (ours.returncode, theirs.returncode) == (6, 6)


def test_keepalived_sees_that_we_run(host: Host, tmp_path: Path) -> None:
    """Not the reverse: keepalived 2.2.7 takes no lock, which 2.4 and we look for."""
    path = tmp_path / "k.conf"
    path.write_text(_GOOD)
    command = ["-nlG", "-f", str(path), "-p", str(tmp_path / "p"), "-r", str(tmp_path / "r")]
    process = host.start([str(_OURS), *command], wait="Startup complete")
    theirs, ours = both(host, *command)
    assert (ours.returncode, theirs.returncode) == (0, 0)
    assert "already running" in ours.stderr
    assert "already running" in theirs.stderr
    assert process.stop() == 0
