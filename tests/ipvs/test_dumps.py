"""keepalived_check.data: what Debian's keepalived writes, and what both write of the same servers."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from netnslab import Host, Lab, Process, is_open, wait_until
from tests.ipvs.site import SERVERS4, VIP4, Director

pytestmark = pytest.mark.slow

OURS = str(Path(sys.executable).with_name("keepalived"))
DEBIAN = "/usr/sbin/keepalived"
KNOWN = Path(__file__).parents[1] / "unit" / "control" / "lvs"
NAMES = ("checks", "groups", "services")
PARTS = ("------< SSL definitions >------", "------< LVS Topology >------")
"""What comes after the globals."""
LEFT_OUT = (
    " libnftnl version ",  # there is none here
    " Gratuitous ARP lower priority ",  # where nobody needs it 2.2.7 does not set it
    "     Last errno = ",  # how the kernel refused is not kept here
)


class Daemon:
    """A keepalived with the checks only, and a directory for its files."""

    def __init__(self, host: Host, directory: Path, program: str, text: str) -> None:
        self.directory = directory
        self.dump = directory / "keepalived_check.data"
        directory.mkdir()
        (directory / "keepalived.conf").write_text(text)
        command = ["env", f"TMPDIR={directory}", program, "-nlGDCB"]
        for flag, name in (("-f", "keepalived.conf"), ("-p", "p"), ("-r", "v"), ("-c", "c")):
            command += [flag, str(directory / name)]
        self.process: Process = host.start(command, wait="Startup complete", timeout=20)

    def dumped(self) -> list[str]:
        """What it writes now."""
        self.dump.unlink(missing_ok=True)
        os.kill(int((self.directory / "c").read_text()), signal.SIGUSR1)
        wait_until(self._is_whole, what="the dump", timeout=20)
        return self.dump.read_text().splitlines()

    def _is_whole(self) -> bool:
        """keepalived names the file before it is written."""
        writer = int((self.directory / "c").read_text())
        return self.dump.exists() and not is_open(self.dump, writer)


def test_what_the_unit_tests_know_of_keepalived_is_true(lab: Lab, tmp_path: Path) -> None:
    """It is shown as it starts: nobody is there to be checked."""
    host, lan = lab.host("r"), lab.bridge("lan")
    for interface in ("eth0", "eth1"):
        host.connect(lan, interface)
    found = {}
    for name in NAMES:
        daemon = Daemon(host, tmp_path / name, DEBIAN, (KNOWN / f"{name}.conf").read_text())
        lines = daemon.dumped()
        found[name] = lines[min(lines.index(part) for part in PARTS if part in lines) :]
        daemon.process.kill()
        host.run(["ipvsadm", "-C"])
    assert found == {name: (KNOWN / f"{name}.data").read_text().splitlines() for name in NAMES}


def test_what_became_of_servers(director: Director, tmp_path: Path) -> None:
    """One is down, and the other is too few."""
    director.fail(director.servers[0])
    text = _service(director.port)
    shown = {}
    for program in (DEBIAN, OURS):
        daemon = Daemon(director.host, tmp_path / Path(program).parts[1], program, text)
        lines: list[str] = []

        def all_ran(lines: list[str] = lines, daemon: Daemon = daemon) -> bool:
            lines[:] = daemon.dumped()
            return lines.count("   Has run = yes") == 2

        wait_until(all_ran, what="every check ran", timeout=20)
        daemon.process.stop()
        shown[program] = [line for line in lines if not line.startswith(LEFT_OUT)]
    assert shown[OURS] == shown[DEBIAN]
    assert "   quorum_state_up = 0" in shown[OURS]
    assert shown[OURS].count("   RS set = 0") == 2
    assert shown[OURS].count("   alive = 0") == 1


def _service(port: int) -> str:
    servers = "".join(
        f"""
        real_server {address} {port} {{
            weight {weight}
            TCP_CHECK {{
            }}
        }}"""
        for address, weight in zip(SERVERS4[:2], (3, 4), strict=True)
    )
    return f"""
    global_defs {{
        router_id director
    }}
    virtual_server {VIP4} {port} {{
        delay_loop 600
        warmup 0
        lvs_sched rr
        lvs_method NAT
        protocol TCP
        quorum 5
        sorry_server {SERVERS4[2]} {port}
        {servers}
    }}"""
