"""What signals and `-d` have the daemon write, beside Debian's keepalived."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from pathlib import Path

import pytest

from netnslab import Host, Lab, Process, is_open, wait_until

pytestmark = pytest.mark.slow

OURS = str(Path(sys.executable).with_name("keepalived"))
DEBIAN = "/usr/sbin/keepalived"

_TEXT = """
vrrp_instance one {
    interface eth0
    virtual_router_id 51
    priority 200
    version 3
    advert_int 0.2
    virtual_ipaddress {
        192.0.2.100/24
    }
}
"""
_FILES = {"keepalived.data", "keepalived_parent.data"}


class Daemon:
    """One of the two, with files in a directory of its own."""

    def __init__(self, host: Host, directory: Path, program: str) -> None:
        self.host = host
        self.directory = directory
        self.program = program
        directory.mkdir()

    def start(self, text: str, *flags: str) -> Process:
        (self.directory / "keepalived.conf").write_text(text)
        command = ["env", f"TMPDIR={self.directory}", self.program, "-nlG", *flags]
        for flag, name in (("-f", "keepalived.conf"), ("-p", "p"), ("-r", "v"), ("-c", "c")):
            command += [flag, str(self.directory / name)]
        return self.host.start(command, wait="Startup complete", timeout=10)

    def wait_dumped(self, names: set[str]) -> None:
        """Every file is there and closed: keepalived names it before it is written."""

        wait_until(lambda: all(self._is_whole(self.directory / n) for n in names), what="the dump")

    def _is_whole(self, path: Path) -> bool:
        writers = [int((self.directory / name).read_text()) for name in ("p", "v")]
        return path.exists() and not any(is_open(path, writer) for writer in writers)

    def lines(self, name: str) -> list[str]:
        return (self.directory / name).read_text().splitlines()

    def dumped(self) -> set[str]:
        return {path.name for path in self.directory.glob("keepalived*.data")}


@pytest.fixture
def host(lab: Lab) -> Host:
    made = lab.host("r")
    made.connect(lab.bridge("lan"), addresses=["192.0.2.1/24"])
    return made


def test_sigusr1_writes_the_files_that_keepalived_writes(host: Host, tmp_path: Path) -> None:
    shapes = {}
    for name, program in (("ours", OURS), ("theirs", DEBIAN)):
        daemon = Daemon(host, tmp_path / name, program)
        process = daemon.start(_TEXT)
        host.wait_address("192.0.2.100", timeout=10)
        os.kill(int((daemon.directory / "p").read_text()), signal.SIGUSR1)
        daemon.wait_dumped(_FILES)
        assert daemon.dumped() == _FILES
        modes = {(daemon.directory / file).stat().st_mode for file in _FILES}
        state = next(line for line in daemon.lines("keepalived.data") if "State = " in line)
        parts = [
            line
            for file in sorted(_FILES)
            for line in daemon.lines(file)
            if line.startswith("------<") and "Sockpool" not in line  # ours are other sockets
        ]
        shapes[name] = (modes, state, parts)
        process.stop()
        logged = re.findall(r"(Printing .* for process)\(\d+\) on signal", process.output())
        assert sorted(logged) == [
            "Printing VRRP data for process",
            "Printing parent data for process",
        ]
    assert shapes["ours"] == shapes["theirs"]
    assert shapes["ours"][:2] == ({0o100600}, "   State = MASTER")


def test_statistics_are_written_and_counted_anew(host: Host, tmp_path: Path) -> None:
    for name, program in (("ours", OURS), ("theirs", DEBIAN)):
        daemon = Daemon(host, tmp_path / name, program)
        process = daemon.start(_TEXT)
        host.wait_address("192.0.2.100", timeout=10)
        masters = []
        for number in (signal.SIGUSR2, signal.SIGRTMAX - 1, signal.SIGUSR2):
            os.kill(int((daemon.directory / "v").read_text()), number)
            daemon.wait_dumped({"keepalived.stats"})
            masters.append(daemon.lines("keepalived.stats")[4])
            (daemon.directory / "keepalived.stats").unlink()
        assert process.output().count("Printing VRRP stats for process(") == 2
        assert process.output().count("Printing and clearing VRRP stats for process(") == 1
        assert masters == [f"  Became master: {count}" for count in (1, 1, 0)]
        process.stop()


def test_json_is_written(host: Host, tmp_path: Path) -> None:
    daemon = Daemon(host, tmp_path / "d", OURS)
    daemon.start(_TEXT)
    host.wait_address("192.0.2.100", timeout=10)
    os.kill(int((daemon.directory / "p").read_text()), signal.SIGRTMIN + 2)
    daemon.wait_dumped({"keepalived.json"})
    (instance,) = json.loads((daemon.directory / "keepalived.json").read_text())
    assert (instance["data"]["iname"], instance["data"]["state"]) == ("one", 2)
    assert instance["stats"]["become_master"] == 1
    assert instance["stats"]["advert_sent"] >= 1


def test_a_child_that_is_asked_writes_its_own_file(host: Host, tmp_path: Path) -> None:
    daemon = Daemon(host, tmp_path / "d", OURS)
    daemon.start(_TEXT)
    os.kill(int((daemon.directory / "v").read_text()), signal.SIGUSR1)
    daemon.wait_dumped({"keepalived.data"})
    assert daemon.dumped() == {"keepalived.data"}


def test_a_place_that_cannot_be_written_is_a_line_in_the_log(host: Host, tmp_path: Path) -> None:
    daemon = Daemon(host, tmp_path / "d", OURS)
    (daemon.directory / "keepalived_parent.data").mkdir()
    process = daemon.start(_TEXT)
    process.signal(signal.SIGUSR1)
    wrong = f"Can't open dump file {daemon.directory}/keepalived_parent.data (Is a directory)"
    wait_until(lambda: wrong in process.output(), what=wrong)
    daemon.wait_dumped({"keepalived.data"})


@pytest.mark.parametrize("program", [OURS, DEBIAN], ids=["ours", "theirs"])
def test_dump_conf_logs_what_the_dump_has(host: Host, tmp_path: Path, program: str) -> None:
    daemon = Daemon(host, tmp_path / "d", program)
    process = daemon.start(_TEXT, "-d")
    wait_until(lambda: "     one, weight 0" in process.output(), what="the last line")
    logged = [
        re.sub(r"^\w{3} \w{3} [ \d]\d [\d:]{8} \d{4}: ", "", x)
        for x in process.output().splitlines()
    ]
    start = logged.index("------< Global definitions >------")
    assert "------< VRRP Topology >------" in logged[start:]
    assert "   Virtual Router ID = 51" in logged[start:]
    assert not daemon.dumped()
