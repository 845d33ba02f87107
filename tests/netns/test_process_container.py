"""The daemon as containers start it: process 1, or a user with two capabilities."""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from netnslab import Host, Lab, Process, wait_until
from netnslab.residents import children, name_of

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
        timeout=20,
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
    host.wait_address("192.0.2.100", timeout=20)
    inside = container.descendants("keepalived")[0]
    assert _own_id(inside) == 1
    assert (tmp_path / "p.pid").read_text() == "1\n"
    orphan = ["nsenter", "-t", str(inside), "-p", "sh", "-c", "(sh -c 'sleep 0.05' & ) & exit"]
    for _ in range(3):
        host.run(orphan)
    wait_until(lambda: not _zombies(inside), timeout=20, what="no zombie")
    os.kill(inside, 15)
    assert container.wait(timeout=20) == 0
    assert not host.has_address("192.0.2.100")


def test_shell_as_process_1(host: Host, tmp_path: Path) -> None:
    """The usual script around it: it passes TERM on and waits."""
    line = shlex.join(commands(tmp_path, "-nlG"))
    script = f"trap 'kill $child' TERM; {line} & child=$!; wait; wait $child"
    container = in_container(host, f"sh -c {shlex.quote(script)}")
    host.wait_address("192.0.2.100", timeout=20)
    shell = next(pid for pid in container.descendants() if _own_id(pid) == 1)
    os.kill(shell, 15)
    assert container.wait(timeout=20) == 0
    assert not host.has_address("192.0.2.100")


@pytest.fixture
def for_all() -> Iterator[Path]:
    """A directory that everybody may use; those above pytest's are root's alone."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        yield Path(name)


def test_user_with_two_capabilities(host: Host, for_all: Path) -> None:
    as_nobody = ["setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"]
    capabilities = "+net_admin,+net_raw"
    as_nobody += [f"--inh-caps={capabilities}", f"--ambient-caps={capabilities}"]
    process = host.start(
        [*as_nobody, *commands(for_all, "-nlG")], wait="Startup complete", timeout=20
    )
    host.wait_address("192.0.2.100", timeout=20)
    assert Path(f"/proc/{process.pid}").stat().st_uid == _NOBODY
    process.wait_for_log("Entering MASTER", timeout=20)  # a line that is queued dies with it
    os.kill(int((for_all / "r.pid").read_text()), 9)
    wait_until(lambda: process.output().count("Entering MASTER") == 2, timeout=20, what="again")
    host.wait_address("192.0.2.100", timeout=20)
    assert process.stop(20) == 0
    assert not host.has_address("192.0.2.100")
    assert [path.name for path in for_all.iterdir()] == ["k.conf"]


def _own_id(pid: int) -> int:
    """What it is in its own process table."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    line = next(line for line in status.splitlines() if line.startswith("NSpid:"))
    return int(line.split()[-1])


def _zombies(pid: int) -> list[int]:
    """Dead children of a process, or any that are not dead yet and not its own."""
    return [child for child in children(pid) if name_of(child) != "keepalived"]
