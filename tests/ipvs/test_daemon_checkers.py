"""The whole daemon with virtual servers, started as a user starts it, on a kernel with IPVS."""

from __future__ import annotations

import os
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from netnslab import Process, wait_until
from tests.ipvs.site import SERVERS4, VIP4, Director, parse_rules
from tests.unit.daemon.mail_server import MailServer

_PROGRAM = Path(sys.executable).with_name("keepalived")


class Daemon:
    """keepalived on the director, with a service of two servers that are checked every second."""

    def __init__(self, director: Director, directory: Path) -> None:
        self.director = director
        self.directory = directory
        self.service = f"-t {VIP4}:{director.port} -s rr"

    def configuration(self, *, weight: int = 1, words: str = "") -> str:
        """The service; `words` stand before it."""
        port = self.director.port
        servers = "".join(
            f"""
            real_server {address} {port} {{
                weight {weight}
                notify_down "{self.directory}/tell {address} down" root
                notify_up "{self.directory}/tell {address} up" root
                TCP_CHECK {{
                    connect_timeout 1
                    retry 0
                    warmup 0
                }}
            }}"""
            for address in SERVERS4[:2]
        )
        return f"""
        {words}
        virtual_server {VIP4} {port} {{
            delay_loop 1
            lvs_sched rr
            lvs_method NAT
            protocol TCP
            quorum_up "{self.directory}/tell quorum up" root
            quorum_down "{self.directory}/tell quorum down" root
            {servers}
        }}"""

    def start(self, text: str, *flags: str) -> Process:
        """Write the configuration and start; returns when everything runs."""
        script = self.directory / "tell"
        script.write_text(f'#!/bin/sh\necho "$*" >> {self.directory}/told\n')
        script.chmod(0o755)
        self.write(text)
        command = [
            str(_PROGRAM),
            "-nlDG",
            "-f",
            str(self.directory / "keepalived.conf"),
            *flags,
        ]
        for flag, name in (("-p", "keepalived"), ("-r", "vrrp"), ("-c", "checkers")):
            command += [flag, str(self.directory / f"{name}.pid")]
        return self.director.host.start(command, wait="Startup complete", timeout=60)

    def write(self, text: str) -> None:
        (self.directory / "keepalived.conf").write_text(text)

    def told(self) -> list[str]:
        """What the scripts were told so far."""
        file = self.directory / "told"
        return file.read_text().splitlines() if file.exists() else []

    def checker(self) -> int:
        return int((self.directory / "checkers.pid").read_text())

    def pool(self, *weights: tuple[str, int]) -> dict[str, list[str]]:
        """The whole table as it should be."""
        port = self.director.port
        return {self.service: [f"{address}:{port} -m -w {weight}" for address, weight in weights]}

    def wait_table(self, expected: dict[str, list[str]]) -> None:
        wait_until(lambda: self.director.rules() == expected, timeout=10, what=str(expected))


@pytest.fixture
def daemon(director: Director, tmp_path: Path) -> Daemon:
    tmp_path.chmod(0o755)
    return Daemon(director, tmp_path)


def test_servers_that_come_and_go(daemon: Daemon) -> None:
    first, second = SERVERS4[:2]
    process = daemon.start(daemon.configuration())
    assert daemon.director.rules() == daemon.pool((first, 1), (second, 1))
    assert not (daemon.directory / "vrrp.pid").exists()
    daemon.director.fail(daemon.director.servers[1])
    daemon.wait_table(daemon.pool((first, 1)))
    wait_until(lambda: f"{second} down" in daemon.told(), what="notify_down")
    daemon.director.revive(daemon.director.servers[1])
    daemon.wait_table(daemon.pool((first, 1), (second, 1)))
    wait_until(lambda: f"{second} up" in daemon.told(), what="notify_up")
    assert daemon.told() == ["quorum up", f"{second} down", f"{second} up"]

    daemon.write(daemon.configuration(weight=5))
    process.signal(signal.SIGHUP)
    daemon.wait_table(daemon.pool((first, 5), (second, 5)))
    process.wait_for_log(r"reload: 1 in place \(.*: real server .* weight 1 -> 5, real server ")

    os.kill(daemon.checker(), signal.SIGKILL)
    daemon.director.ipvsadm(
        f"-d -t {VIP4}:{daemon.director.port} -r {first}:{daemon.director.port}"
    )
    daemon.wait_table(daemon.pool((first, 5), (second, 5)))

    assert process.stop() == 0
    assert daemon.director.rules() == {}
    assert sorted(path.name for path in daemon.directory.iterdir()) == [
        "keepalived.conf",
        "tell",
        "told",
    ]


def test_a_check_that_hangs_does_not_outlive_its_process(daemon: Daemon) -> None:
    process = daemon.start(f"""
        virtual_server {VIP4} {daemon.director.port} {{
            delay_loop 1
            protocol TCP
            real_server {SERVERS4[0]} {daemon.director.port} {{
                MISC_CHECK {{
                    misc_path "/bin/sleep 1000003"
                    misc_timeout 1000
                    warmup 0
                }}
            }}
        }}""")

    def checks() -> set[int]:
        found = set()
        for pid in daemon.director.host.process_ids():
            with suppress(OSError):
                if b"1000003" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    found.add(pid)
        return found

    before = wait_until(checks, what="the check", timeout=20)
    os.kill(daemon.checker(), signal.SIGKILL)
    wait_until(
        lambda: len(checks()) == 1 and not checks() & before,
        what="the next checker's check and no other",
        timeout=20,
    )
    assert process.stop() == 0
    assert not checks()


def test_mails(daemon: Daemon) -> None:
    """Of each check that changes its server, and of quorum; those of one moment in no order.

    keepalived 2.2.7 did the same when it was here instead.
    """
    director = daemon.director
    postman = SERVERS4[2]
    words = f"""
    global_defs {{
        router_id par
        notification_email {{
            ops@example.org
        }}
        smtp_server {postman}
        smtp_alert
        no_checker_emails
    }}"""
    with director.servers[2].entered():
        listener = socket.create_server((postman, 25))
    server = MailServer(listener)
    vs = f"[{VIP4}]:tcp:{director.port}"
    first, second = (
        f"Realserver [{address}]:tcp:{director.port} of virtual server {vs}"
        for address in SERVERS4[:2]
    )

    def mails(count: int) -> list[tuple[str, str]]:
        wait_until(lambda: len(server.mails) >= count, timeout=20, what=f"{count} mails")
        taken, server.mails[:] = server.mails[:], []
        return sorted((each.subject.removeprefix("[par] "), each.body) for each in taken)

    try:
        process = daemon.start(daemon.configuration(words=words))
        begin = (f"Virtualserver {vs} - UP", "=> Starting with quorum up 1+0=1 <= 2 <=")
        assert mails(1) == [begin]
        director.fail(director.servers[1])
        assert mails(1) == [(f"{second} - DOWN", "=> TCP CHECK failed on service <=")]
        director.fail(director.servers[0])
        assert mails(2) == [
            (f"{first} - DOWN", "=> TCP CHECK failed on service <="),
            (f"Virtualserver {vs} - DOWN", "=> Lost quorum 1+0=1 <= 0 <="),
        ]
        director.revive(director.servers[0])
        assert mails(2) == [
            (f"{first} - UP", "=> TCP CHECK succeed on service <="),
            (f"Virtualserver {vs} - UP", "=> Gained quorum 1+0=1 <= 1 <="),
        ]
        assert process.stop(20) == 0
        assert server.mails == []
    finally:
        server.close()
        director.renew()


def test_table_in_another_namespace(daemon: Daemon) -> None:
    """Checks go out from where the daemon is."""
    elsewhere = daemon.director.servers[2]
    process = daemon.start(daemon.configuration(words=f"net_namespace_ipvs {elsewhere.namespace}"))
    daemon.director.fail(daemon.director.servers[1])
    port = daemon.director.port
    left = {daemon.service: [f"{SERVERS4[0]}:{port} -m -w 1"]}

    def found() -> dict[str, list[str]]:
        return parse_rules(elsewhere.run(["ipvsadm", "-S", "-n"]).stdout)

    wait_until(lambda: found() == left, timeout=10, what=str(left))
    assert daemon.director.rules() == {}
    assert process.stop() == 0
    assert found() == {}


def test_table_may_outlive_the_daemon(daemon: Daemon) -> None:
    process = daemon.start(daemon.configuration(), "-I")
    expected = daemon.pool((SERVERS4[0], 1), (SERVERS4[1], 1))
    assert daemon.director.rules() == expected
    assert process.stop() == 0
    assert daemon.director.rules() == expected


_INSTANCE = """
vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 51
    priority 200
    version 3
    advert_int 0.1
    virtual_ipaddress {
        198.51.100.200/24
    }
}
"""


def test_timeouts_and_sync_daemon(daemon: Daemon) -> None:
    """The sync daemon sends once the Virtual Router is Active."""
    director = daemon.director

    def read(what: str) -> str:
        return director.host.run(["ipvsadm", "-Ln", f"--{what}"]).stdout

    before = read("timeout")
    words = "global_defs {\n lvs_timeouts tcp 801\n lvs_sync_daemon eth0 inst VI_1\n}" + _INSTANCE
    process = daemon.start(daemon.configuration(words=words))
    wait_until(lambda: read("daemon").startswith("master sync daemon"), what="master")
    assert read("daemon").startswith("master sync daemon (mcast=eth0, syncid=51, ")
    assert read("daemon").count("sync daemon") == 1
    assert " 801 " in read("timeout")

    daemon.write(daemon.configuration(words="global_defs {\n lvs_flush_on_stop\n}" + _INSTANCE))
    process.signal(signal.SIGHUP)
    wait_until(lambda: read("daemon") == "", what="no sync daemon")
    wait_until(lambda: read("timeout") == before, what="timeouts as they were")

    director.ipvsadm("-A -f 7 -s rr")
    assert process.stop() == 0
    assert director.rules() == {}


def test_checkers_are_stopped_and_started_by_reloads(daemon: Daemon) -> None:
    process = daemon.start(_INSTANCE)
    assert daemon.director.rules() == {}
    daemon.write(daemon.configuration(words=_INSTANCE))
    process.signal(signal.SIGHUP)
    daemon.wait_table(daemon.pool((SERVERS4[0], 1), (SERVERS4[1], 1)))
    daemon.write(_INSTANCE)
    process.signal(signal.SIGHUP)
    daemon.wait_table({})
    assert process.stop() == 0


def test_a_server_follows_its_bfd_session(daemon: Daemon) -> None:
    """The other end is one more of our daemons, with nothing but the session."""
    first, second = SERVERS4[:2]
    director, server = daemon.director, daemon.director.servers[0]
    timers = "min_rx 100\nmin_tx 100\nmultiplier 5\n"
    session = f"bfd_instance one {{\nneighbor_ip {first}\n{timers}}}\n"
    servers = (
        f"real_server {first} {director.port} {{\nBFD_CHECK {{\nname one\nalpha\n}}\n}}\n"
        f"real_server {second} {director.port} {{\n}}\n"
    )
    service = "lvs_sched rr\nlvs_method NAT\nprotocol TCP\n"
    text = f"{session}virtual_server {VIP4} {director.port} {{\n{service}{servers}}}\n"
    process = daemon.start(text, "-b", str(daemon.directory / "bfd.pid"))
    daemon.wait_table(daemon.pool((second, 1)))
    answering = server.directory / "answering.conf"
    answering.write_text(f"bfd_instance one {{\nneighbor_ip 10.0.0.1\n{timers}}}\n")
    names = [w for n in "prcb" for w in (f"-{n}", str(server.directory / f"{n}.pid"))]
    command = [str(_PROGRAM), "-nlDG", "-f", str(answering), *names]
    other = server.start(command, wait="Startup complete", timeout=60)
    daemon.wait_table(daemon.pool((first, 1), (second, 1)))
    other.stop()
    daemon.wait_table(daemon.pool((second, 1)))
    process.wait_for_log(rf"BFD check of \[one\] RS\(\[{first}\]:tcp:{director.port}\) is DOWN")
    assert process.stop() == 0
