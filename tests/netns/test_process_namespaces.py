"""The daemon in a network namespace that it enters by itself, on a real kernel."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from netnslab import Host, Lab, Process, wait_until
from pyvrrp.daemon.namespaces import NamespaceError, inside

_PROGRAM = Path(sys.executable).with_name("keepalived")
_INSTANCE = """
vrrp_instance one {
    interface eth7
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
def inner(lab: Lab) -> Host:
    """Where the daemon goes: only there is an eth7."""
    host = lab.host("inner")
    host.connect(lab.bridge("lan"), "eth7", addresses=["192.0.2.1/24"])
    return host


@pytest.fixture
def outer(lab: Lab) -> Host:
    """Where it is started."""
    return lab.host("outer")


def start(outer: Host, directory: Path, text: str, *flags: str) -> Process:
    path = directory / "k.conf"
    path.write_text(text)
    command = [str(_PROGRAM), "-nlDG", "-f", str(path), *flags]
    return outer.start(command, wait="Startup complete", timeout=20)


@pytest.mark.parametrize("place", ["file", "command line"])
def test_addresses_and_files_are_those_of_the_namespace(
    outer: Host, inner: Host, tmp_path: Path, place: str
) -> None:
    flags = ("-s", inner.namespace) if place == "command line" else ()
    words = "" if flags else f"net_namespace {inner.namespace}"
    text = f"{words}\ninstance blue\n{_INSTANCE}"
    process = start(outer, tmp_path, text, *flags)
    inner.wait_address("192.0.2.100", timeout=20)
    directory = Path("/run/keepalived", inner.namespace)
    assert (directory / "keepalived_blue.pid").read_text() == f"{process.pid}\n"
    child = int((directory / "vrrp_blue.pid").read_text())
    spaces = {Path(f"/proc/{pid}/ns/net").readlink() for pid in (process.pid, child)}
    assert spaces == {Path(f"net:[{Path('/run/netns', inner.namespace).stat().st_ino}]")}

    # It stays there, and so does a child that is started again.
    (tmp_path / "k.conf").write_text(f"instance blue\n{_INSTANCE.replace('.100', '.200')}")
    process.signal(signal.SIGHUP)
    process.wait_for_log("Reload finished", timeout=20)
    os.kill(child, signal.SIGKILL)
    wait_until(lambda: process.output().count("Entering MASTER") >= 2, timeout=20, what="again")
    inner.wait_address("192.0.2.200", timeout=20)
    assert process.stop(20) == 0
    assert not inner.has_address("192.0.2.200")
    assert not directory.exists()


def test_syslog_knows_the_names(outer: Host, inner: Host, tmp_path: Path) -> None:
    """In a mount namespace of its own, whose /dev/log is ours."""
    log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    log.bind(str(tmp_path / "log"))
    log.settimeout(20)
    path = tmp_path / "k.conf"
    path.write_text(f"net_namespace {inner.namespace}\ninstance blue\n{_INSTANCE}")
    own_log = 'mount -t tmpfs none /dev && ln -s "$1" /dev/log && mknod -m 666 /dev/null c 1 3'
    shell = f'{own_log} && shift && exec "$@"'
    command = ["unshare", "-m", "sh", "-c", shell, "sh", str(tmp_path / "log")]
    process = outer.start([*command, str(_PROGRAM), "-n", "-f", str(path)])
    wanted = {f"Keepalived_{inner.namespace}_blue", f"Keepalived_vrrp_{inner.namespace}_blue"}
    with log:
        while wanted:
            line = log.recv(4096).decode()
            wanted.discard(line.split("[")[0].split()[-1])
    assert process.stop() == 0


def test_namespace_that_is_not_there(outer: Host, tmp_path: Path) -> None:
    """quirk: namespace-missing"""
    path = tmp_path / "k.conf"
    path.write_text(f"net_namespace nowhere-7\n{_INSTANCE}")
    done = outer.run([str(_PROGRAM), "-nG", "-f", str(path)], check=False)
    assert done.returncode == 1
    assert "ip netns add nowhere-7" in done.stderr


def test_only_for_a_moment(inner: Host) -> None:
    before = socket.if_nameindex()
    with inside(inner.namespace):
        assert "eth7" in [name for _, name in socket.if_nameindex()]
    assert socket.if_nameindex() == before
    with pytest.raises(NamespaceError, match="nowhere-7"), inside("nowhere-7"):
        pass
    assert socket.if_nameindex() == before


def test_test_sees_the_links_there(outer: Host, inner: Host, tmp_path: Path) -> None:
    path = tmp_path / "k.conf"
    path.write_text(_INSTANCE)
    codes = [
        subprocess.run(
            ["ip", "netns", "exec", outer.namespace, _PROGRAM, "-t", "-f", path, *flags],
            capture_output=True,
            check=False,
            timeout=30,
        ).returncode
        for flags in ([], ["-s", inner.namespace])
    ]
    assert codes == [5, 0]
