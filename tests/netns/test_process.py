"""The whole daemon, started as a user starts it, on a real kernel."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from netnslab import Host, Lab, Process, wait_until

_PROGRAM = Path(sys.executable).with_name("keepalived")

_ONE = """
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
_TWO = _ONE.replace("instance one", "instance two").replace("51", "52").replace(".100/", ".200/")


@dataclass
class Daemon:
    host: Host
    directory: Path

    @property
    def configuration(self) -> Path:
        return self.directory / "keepalived.conf"

    @property
    def journal(self) -> Path:
        return self.directory / "vrrp.state"

    def command(self, *flags: str) -> list[str]:
        files = {"-f": "keepalived.conf", "-p": "keepalived.pid", "-r": "vrrp.pid"}
        named = [word for f, name in files.items() for word in (f, str(self.directory / name))]
        return [str(_PROGRAM), *named, *flags]

    def start(self, text: str, *flags: str) -> Process:
        self.configuration.write_text(text)
        return self.host.start(self.command("-nlDG", *flags), wait="Startup complete", timeout=10)

    def pid(self, name: str) -> int:
        return int((self.directory / name).read_text())


@pytest.fixture
def daemon(lab: Lab, tmp_path: Path) -> Daemon:
    lan = lab.bridge("lan")
    host = lab.host("r")
    host.connect(lan, addresses=["192.0.2.1/24"])
    return Daemon(host, tmp_path)


def test_start_takes_the_address_and_stop_gives_it_back(daemon: Daemon) -> None:
    process = daemon.start(_ONE)
    daemon.host.wait_address("192.0.2.100")
    assert Path(f"/proc/{process.pid}/comm").read_text() == "keepalived\n"
    assert daemon.pid("keepalived.pid") == process.pid
    assert daemon.pid("vrrp.pid") in process.descendants()
    assert process.stop() == 0
    assert not daemon.host.has_address("192.0.2.100")
    assert [path.name for path in daemon.directory.iterdir()] == ["keepalived.conf"]


def test_daemon_leaves_the_terminal_with_all_its_processes(daemon: Daemon) -> None:
    daemon.configuration.write_text(_ONE)
    done = daemon.host.run(daemon.command("-G"))
    assert (done.stdout, done.stderr) == ("", "")
    daemon.host.wait_address("192.0.2.100")
    pids = daemon.pid("keepalived.pid"), daemon.pid("vrrp.pid")
    for pid in pids:
        proc = Path(f"/proc/{pid}")
        assert {(proc / "fd" / n).readlink() for n in "012"} == {Path("/dev/null")}
        assert (proc / "cwd").readlink() == Path("/")
        assert os.getsid(pid) == pids[0]
    os.kill(pids[0], signal.SIGTERM)
    wait_until(lambda: not (daemon.directory / "keepalived.pid").exists(), what="the end")
    assert not daemon.host.has_address("192.0.2.100")


def test_leftovers_of_a_crash_are_cleared(daemon: Daemon) -> None:
    """Also those the new configuration does not mention any more."""
    process = daemon.start(_ONE)
    daemon.host.wait_address("192.0.2.100")
    child = daemon.pid("vrrp.pid")
    os.kill(child, signal.SIGSTOP)
    process.signal(signal.SIGKILL)
    process.wait()
    os.kill(child, signal.SIGKILL)
    assert daemon.host.has_address("192.0.2.100")
    again = daemon.start(_TWO)
    daemon.host.wait_address("192.0.2.200")
    assert not daemon.host.has_address("192.0.2.100")
    assert '"192.0.2.200/24"' in daemon.journal.read_text()
    wait_until(lambda: "192.0.2.100" not in daemon.journal.read_text(), what="a narrow journal")
    assert again.stop() == 0
    assert not daemon.host.has_address("192.0.2.200")


def test_killed_parent_takes_its_child_along_in_order(daemon: Daemon) -> None:
    process = daemon.start(_ONE)
    daemon.host.wait_address("192.0.2.100")
    process.signal(signal.SIGKILL)
    daemon.host.wait_address("192.0.2.100", present=False)
    again = daemon.start(_ONE)
    daemon.host.wait_address("192.0.2.100")
    assert again.stop() == 0


def test_killed_child_comes_back_and_takes_the_address_again(daemon: Daemon) -> None:
    process = daemon.start(_ONE)
    process.wait_for_log("Entering MASTER STATE")
    killed = daemon.pid("vrrp.pid")
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: process.output().count("Entering MASTER STATE") == 2, what="a second Active")
    daemon.host.wait_address("192.0.2.100")
    assert daemon.pid("vrrp.pid") != killed
    assert process.stop() == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(_ONE.replace("eth0", "eth9"), "eth9", id="no such interface"),
        pytest.param(None, "does not exist", id="no file"),
    ],
)
def test_bad_file_is_refused_and_the_address_stays(
    daemon: Daemon, text: str | None, said: str
) -> None:
    process = daemon.start(_ONE)
    daemon.host.wait_address("192.0.2.100")
    if text is None:
        daemon.configuration.unlink()
    else:
        daemon.configuration.write_text(text)
    process.signal(signal.SIGHUP)
    process.wait_for_log("Configuration not changed, the old one stays in use")
    assert said in process.output()
    assert daemon.host.has_address("192.0.2.100")
    assert process.output().count("Entering") == 2  # BACKUP and MASTER, at the start
    daemon.configuration.write_text(_ONE + _TWO)
    process.signal(signal.SIGHUP)
    daemon.host.wait_address("192.0.2.200")
    assert process.stop() == 0


def test_interface_that_is_not_there_at_the_start(daemon: Daemon) -> None:
    daemon.configuration.write_text(_ONE.replace("eth0", "eth9"))
    done = daemon.host.run(daemon.command("-nlG"), check=False)
    assert done.returncode == 2
    assert f"{daemon.configuration}:3:15: error[unknown-interface]" in done.stderr


def test_missing_capability_is_named(daemon: Daemon) -> None:
    daemon.configuration.write_text(_ONE)
    drop = ["setpriv", "--bounding-set", "-net_raw", "--inh-caps", "-net_raw"]
    done = daemon.host.run([*drop, *daemon.command("-nG")], check=False)
    assert done.returncode == 4
    assert done.stderr.count("\n") == 1
    assert "CAP_NET_RAW" in done.stderr
    assert "CAP_NET_ADMIN" not in done.stderr


def test_small(daemon: Daemon) -> None:
    """The whole process tree of one Virtual Router: 36 MB of proportional set size."""
    process = daemon.start(_ONE)
    daemon.host.wait_address("192.0.2.100")
    pids = process.descendants()
    assert len(pids) == 2
    assert sum(map(_pss, pids)) < 36 * 1024
    parent = Path(f"/proc/{process.pid}/maps").read_text()
    assert "_ctypes" not in parent, "400 KB, for the timer of the VRRP process only"
    assert process.stop() == 0


def _pss(pid: int) -> int:
    """Proportional set size in KiB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
