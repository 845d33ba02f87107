"""The daemon as containers start it: process 1, or a user with two capabilities."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import pytest

from netnslab import Host, Lab, Process, wait_until

_PROGRAM = Path(sys.executable).with_name("keepalived")
_NOBODY = 65534
_INSTANCE = """
vrrp_instance one {
    interface eth0
    virtual_router_id 51
    priority 200
    advert_int 0.1
    version 3
    virtual_ipaddress {
        192.0.2.100/24
    }
}
"""


@pytest.fixture
def host(lab: Lab) -> Host:
    made = lab.host("pod")
    made.connect(lab.bridge("lan"), addresses=["192.0.2.1/24"])
    return made


def commands(directory: Path, *flags: str) -> list[str]:
    (directory / "k.conf").write_text(_INSTANCE)
    files = [f"-{flag}{directory}/{flag}.pid" for flag in "prcb"]
    return [str(_PROGRAM), "-f", str(directory / "k.conf"), *files, *flags]


def in_container(host: Host, entry: str) -> Process:
    """With a process table of its own, in which the entry line is process 1."""
    line = f"mount -t proc proc /proc && exec {entry}"
    return host.start(
        ["unshare", "--pid", "--fork", "--mount", "--kill-child", "sh", "-c", line],
        wait="Startup complete",
        timeout=15,
    )


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param("{keepalived} --dont-fork --log-console --no-syslog", id="exec"),
        pytest.param(
            "{keepalived} -nldG --log-detail --dump-conf", id="what osixia and k8s images add"
        ),
    ],
)
def test_process_1(host: Host, tmp_path: Path, entry: str) -> None:
    """It takes leave of whoever died without parent, and a stop is a stop."""
    line = entry.format(keepalived=shlex.join(commands(tmp_path)))
    container = in_container(host, line)
    host.wait_address("192.0.2.100")
    inside = next(pid for pid in container.descendants() if _comm(pid) == "keepalived")
    assert _own_id(inside) == 1
    assert (tmp_path / "p.pid").read_text() == "1\n"
    orphan = ["nsenter", "-t", str(inside), "-p", "sh", "-c", "(sh -c 'sleep 0.05' & ) & exit"]
    for _ in range(3):
        host.run(orphan)
    wait_until(lambda: not _zombies(inside), timeout=15, what="no zombie")
    os.kill(inside, 15)
    assert container.wait(timeout=15) == 0
    assert not host.has_address("192.0.2.100")


def test_shell_as_process_1(host: Host, tmp_path: Path) -> None:
    """The usual script around it: it passes TERM on and waits."""
    line = shlex.join(commands(tmp_path, "-nlG"))
    script = f"trap 'kill $child' TERM; {line} & child=$!; wait; wait $child"
    container = in_container(host, f"sh -c {shlex.quote(script)}")
    host.wait_address("192.0.2.100")
    shell = next(pid for pid in container.descendants() if _own_id(pid) == 1)
    os.kill(shell, 15)
    assert container.wait(timeout=15) == 0
    assert not host.has_address("192.0.2.100")


def test_user_with_two_capabilities(host: Host, tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    for directory in tmp_path.parents[:2]:
        directory.chmod(0o755)
    as_nobody = ["setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"]
    capabilities = "+net_admin,+net_raw"
    as_nobody += [f"--inh-caps={capabilities}", f"--ambient-caps={capabilities}"]
    process = host.start(
        [*as_nobody, *commands(tmp_path, "-nlG")], wait="Startup complete", timeout=15
    )
    host.wait_address("192.0.2.100")
    assert Path(f"/proc/{process.pid}").stat().st_uid == _NOBODY
    os.kill(int((tmp_path / "r.pid").read_text()), 9)
    wait_until(lambda: process.output().count("Entering MASTER") == 2, timeout=15, what="again")
    host.wait_address("192.0.2.100")
    assert process.stop() == 0
    assert not host.has_address("192.0.2.100")
    assert [path.name for path in tmp_path.iterdir()] == ["k.conf"]


def _comm(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def _own_id(pid: int) -> int:
    """What it is in its own process table."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    line = next(line for line in status.splitlines() if line.startswith("NSpid:"))
    return int(line.split()[-1])


def _zombies(pid: int) -> list[str]:
    """Dead children of a process, or any that are not dead yet and not its own."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [child for child in children if _comm(int(child)) != "keepalived"]
