"""Debian's keepalived and this program on one host."""

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
