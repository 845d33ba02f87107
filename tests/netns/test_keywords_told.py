"""Words that say what a daemon tells, runs and writes, and as whom; one daemon has nearly all of them."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import stat
import tempfile
import time
from collections.abc import Iterator
from ipaddress import IPv6Address
from pathlib import Path

import pytest

from netnslab import Lab, wait_until
from tests.netns.contract.place import INSTANCE, OURS, Place
from tests.netns.interop.routers import Instance, Keepalived
from tests.netns.wire.rig import Wire
from tests.netns.wire.stand import announcements
from tests.unit.daemon.mail_server import Mail, MailServer

pytestmark = pytest.mark.slow

_PATIENCE = 20.0
_NOTE = """#!/bin/sh
echo "$(id -un) $(id -Gn | tr ' ' ,) $*" >> DIR/calls
"""
_READER = """#!/bin/sh
exec cat "$2" >> DIR/$1
"""
_TEXT = """
instance blue
global_defs {
    process_name one
    vrrp_process_name two
    vrrp_rt_priority 20
    bfd_rt_priority 19
    vrrp_no_swap
    vrrp_cpu_affinity 0
    vrrp_rlimit_rttime 200000
    bfd_rlimit_rttime 200000
    bfd_process_name three
    bfd_priority -7
    bfd_no_swap
    bfd_cpu_affinity 0
    router_id told
    notification_email {
        one@example.org
        two@example.org
    }
    notification_email_from ha@example.org
    smtp_server 192.0.2.9 2525
    smtp_helo_name helo.example.org
    smtp_alert
    no_email_faults
    enable_script_security
    script_user frr
    set_supplementary_groups
    startup_script "NOTE startup"
    shutdown_script "NOTE shutdown"
    notify_fifo DIR/common
    notify_fifo_script "READER common.lines"
    vrrp_notify_fifo DIR/vrrp
    vrrp_notify_fifo_script "READER vrrp.lines"
    fifo_write_vrrp_states_on_reload
    state_dump_file DIR/state.txt
    stats_dump_file DIR/stats.txt
    json_dump_file DIR/shown.json
    data_use_instance
    umask 0027
    json_version 2
    dynamic_interfaces
    vrrp_strict
    vrrp_min_garp
    vrrp_garp_interval 0.2
    vrrp_gna_interval 0.2
    vrrp_startup_delay 2.5
}
bfd_instance peer {
    neighbor_ip 192.0.2.9
    source_ip 192.0.2.1
}
track_file number {
    file DIR/number
    weight 1
}
vrrp_track_process sleeps {
    process SLEEP
}
vrrp_sync_group G {
    group {
        b
    }
    notify_priority_changes
    smtp_alert false
    sync_group_tracking_weight
    track_file {
        number weight 2
    }
    track_process {
        sleeps weight 30
    }
    track_bfd {
        peer weight 40
    }
}
"""
_INSTANCE = """
vrrp_instance NAME {
    interface eth0
    virtual_router_id VRID
    version 3
    advert_int 0.1
    MORE
    virtual_ipaddress {
        ADDRESS
    }
}
"""
_INSTANCES: dict[str, tuple[str, ...]] = {
    "a": ('notify "NOTE a"', 'notify_backup "NOTE root" root', 'notify_master "OPEN" root'),
    "b": (),
    "c": ("smtp_alert false", "notify_priority_changes", "track_file {\nnumber\n}"),
    "d": ("smtp_alert false", "track_file {\nnumber\n}"),
    "e": ("smtp_alert false", "garp_master_repeat 4"),
    "f": ("smtp_alert false", "garp_master_repeat 4"),
    "z": ('notify "NOTE z"',),
}
_ADDRESSES = {"a": "192.0.2.100/24", "f": "2001:db8::6/64"}
_PEER = """
bfd_instance peer {
    neighbor_ip 192.0.2.1
    source_ip 192.0.2.9
}
"""


def _instance(number: int, name: str) -> str:
    words = {
        "NAME": name,
        "VRID": str(number),
        "MORE": "\n".join(_INSTANCES[name]),
        "ADDRESS": _ADDRESSES.get(name, f"10.0.0.{number}/32"),
    }
    text = _INSTANCE.replace("eth0", "eth9") if name == "z" else _INSTANCE
    for word, value in words.items():
        text = text.replace(word, value)
    return text


class Stand:
    """The daemon in a place of its own, and a neighbour that takes mails and speaks BFD."""

    def __init__(self, lab: Lab, base: Path) -> None:
        self.host, self.neighbour = lab.host("r"), lab.host("neighbour")
        addresses = ["192.0.2.1/24", "2001:db8::1/64"]
        self.host.connect(self.neighbour, addresses=addresses)
        self.neighbour.add_address("eth0", "192.0.2.9/24")
        self.out = base / "out"
        self.out.mkdir()
        self.out.chmod(0o777)
        self.place = Place(self.host, base / "place", OURS)
        self._scripts = base
        for name, text, mode in (
            ("NOTE", _NOTE, 0o755),
            ("READER", _READER, 0o755),
            ("OPEN", _NOTE.replace("$*", "open"), 0o777),
        ):
            path = base / name
            path.write_text(text.replace("DIR", str(self.out)))
            path.chmod(mode)
        shutil.copy("/bin/sleep", base / "napper")
        self.wire = Wire(self.neighbour)
        with self.neighbour.entered():
            self.mails = MailServer(socket.create_server(("192.0.2.9", 2525)))
        self.other = Keepalived(self.neighbour, OURS)

    def start(self) -> None:
        self.host.start([str(self._scripts / "napper"), "600"])
        tracks = Instance(99, ("10.0.0.99/32",), more=("track_bfd {", "peer", "}"))
        self.other.start([tracks], _PEER)
        text = _TEXT + "".join(_instance(n, name) for n, name in enumerate(_INSTANCES, 1))
        for word in ("NOTE", "READER", "OPEN"):
            text = text.replace(word, str(self._scripts / word))
        text = text.replace("DIR", str(self.out)).replace("SLEEP", "napper")
        self.begun = time.monotonic()
        self.process = self.place.start(text=text)

    def close(self) -> None:
        if self.process.is_running:
            self.process.stop(_PATIENCE)
        self.other.stop()
        self.wire.close()
        self.mails.close()

    def calls(self) -> list[str]:
        """Account, groups and words of each script that ran."""
        return self.read("calls")

    def read(self, name: str) -> list[str]:
        path = self.out / name
        return path.read_text().splitlines() if path.exists() else []

    def wait_line(self, name: str, line: str, count: int = 1) -> None:
        wait_until(
            lambda: self.read(name).count(line) >= count,
            what=f"{line} in {name}",
            timeout=_PATIENCE,
        )

    def wait_mail(self, subject: str, count: int = 1) -> list[Mail]:
        def found() -> list[Mail]:
            return [each for each in self.mails.mails if each.subject == f"[told] {subject}"]

        wait_until(lambda: len(found()) >= count, what=f"a mail: {subject}", timeout=_PATIENCE)
        return found()

    def pid(self, name: str) -> int:
        return self.place.pid(f"keepalived/{name}_blue.pid")


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    with Lab(f"keywords-told-{os.getpid()}") as lab, tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        made = Stand(lab, Path(name))
        made.start()
        yield made
        made.close()


def test_startup_delay(stand: Stand) -> None:
    assert stand.wire.wait_advert(1, timeout=_PATIENCE).time - stand.begun > 2.5


def test_scripts(stand: Stand) -> None:
    """script_user, set_supplementary_groups, startup_script."""
    stand.wait_line("calls", "frr frr,frrvty a INSTANCE a MASTER 100")
    stand.wait_line("calls", "frr frr,frrvty startup")
    stand.wait_line("calls", "root root root")


def test_readers_of_fifos(stand: Stand) -> None:
    """notify_fifo_script, vrrp_notify_fifo_script."""
    for name in ("common.lines", "vrrp.lines"):
        stand.wait_line(name, 'INSTANCE "a" MASTER 100')


def test_mails(stand: Stand) -> None:
    """smtp_alert of everybody, of a group and of an instance; what stands in a mail, and who says it."""
    (mail,) = stand.wait_mail("VRRP Instance a - Entering MASTER state")
    assert [line.lower() for line in mail.commands[:4]] == [
        "helo helo.example.org",
        "mail from:<ha@example.org>",
        "rcpt to:<one@example.org>",
        "rcpt to:<two@example.org>",
    ]
    stand.wait_mail("VRRP Instance b - Entering MASTER state")


def test_weights_of_a_group_and_who_is_told_of_them(stand: Stand) -> None:
    """track_file, track_process, track_bfd; notify_priority_changes of a group and an instance."""
    stand.wire.wait_advert(2, wanted=lambda h: h.priority == 170, timeout=_PATIENCE)
    (stand.out / "number").write_text("5\n")
    stand.wire.wait_advert(2, wanted=lambda h: h.priority == 180, timeout=_PATIENCE)
    stand.wire.wait_advert(4, wanted=lambda h: h.priority == 105, timeout=_PATIENCE)
    stand.wait_line("vrrp.lines", 'INSTANCE "b" MASTER_PRIORITY 180')
    stand.wait_line("vrrp.lines", 'INSTANCE "c" MASTER_PRIORITY 105')
    (stand.out / "number").write_text("6\n")
    stand.wait_line("vrrp.lines", 'INSTANCE "c" MASTER_PRIORITY 106')
    assert not [
        line for line in stand.read("vrrp.lines") if line.startswith('INSTANCE "d" MASTER_')
    ]


def test_strict_and_sparing(stand: Stand) -> None:
    """vrrp_strict, vrrp_min_garp, vrrp_garp_interval, vrrp_gna_interval."""
    rules = stand.host.run(["nft", "list", "ruleset"]).stdout
    assert "192.0.2.100" in rules
    for vip in (bytes((10, 0, 0, 5)), IPv6Address("2001:db8::6").packed):
        wait_until(
            lambda v=vip: len(announcements(stand.wire, v)) == 4, what="four", timeout=_PATIENCE
        )
        times = announcements(stand.wire, vip)
        assert times[3] - times[0] > 0.2
    assert len(announcements(stand.wire, bytes((192, 0, 2, 100)))) == 1


def test_processes(stand: Stand) -> None:
    """Names, priorities, processors, memory, budget."""
    vrrp, bfd = stand.pid("vrrp"), stand.pid("bfd")
    names = [Path(f"/proc/{pid}/comm").read_text() for pid in (stand.pid("keepalived"), vrrp, bfd)]
    assert names == ["one\n", "two\n", "three\n"]
    assert [os.sched_getparam(pid).sched_priority for pid in (vrrp, bfd)] == [20, 19]
    assert os.getpriority(os.PRIO_PROCESS, bfd) == -7
    assert [os.sched_getaffinity(pid) for pid in (vrrp, bfd)] == [{0}, {0}]
    for pid in (vrrp, bfd):
        assert os.sched_getscheduler(pid) & ~os.SCHED_RESET_ON_FORK == os.SCHED_RR
        assert re.search(r"Max realtime timeout +200000 ", Path(f"/proc/{pid}/limits").read_text())
        assert re.search(r"VmLck:\s+[1-9]", Path(f"/proc/{pid}/status").read_text())


def test_dumps(stand: Stand) -> None:
    """state_dump_file, stats_dump_file, json_dump_file, data_use_instance, umask, json_version."""
    stand.process.signal(signal.SIGUSR1)
    dump = stand.out / "state.blue.txt"
    wait_until(dump.exists, what="a dump", timeout=_PATIENCE)
    assert stat.S_IMODE(dump.stat().st_mode) == 0o640
    os.kill(stand.pid("vrrp"), signal.SIGRTMIN + 2)
    shown = stand.out / "shown.json"
    wait_until(shown.exists, what="a JSON dump", timeout=_PATIENCE)
    os.kill(stand.pid("vrrp"), signal.SIGUSR2)
    wait_until((stand.out / "stats.txt").exists, what="statistics", timeout=_PATIENCE)
    assert [each["data"]["iname"] for each in json.loads(shown.read_text())["vrrp"]][:2] == [
        "a",
        "b",
    ]


def test_interface_that_comes_later_and_fails(stand: Stand) -> None:
    """dynamic_interfaces, no_email_faults."""
    addresses = ["198.51.100.1/24"]
    link = stand.host.connect(stand.neighbour, "eth9", addresses=addresses, far_interface="eth9")
    stand.host.wait_address("10.0.0.7", timeout=_PATIENCE)
    stand.wait_mail("VRRP Instance z - Entering MASTER state")
    link.down()
    stand.wait_line("calls", "frr frr,frrvty z INSTANCE z FAULT 100", 2)
    link.up()
    stand.wait_mail("VRRP Instance z - Entering MASTER state", 2)
    subjects = [each.subject for each in stand.mails.mails]
    told = {subject.split(" - ")[0] for subject in subjects}
    assert told == {f"[told] VRRP Instance {name}" for name in "abz"}
    assert not [subject for subject in subjects if "FAULT" in subject]


def test_a_reload_tells_the_states_again(stand: Stand) -> None:
    """fifo_write_vrrp_states_on_reload."""
    before = stand.read("vrrp.lines").count('INSTANCE "a" MASTER 100')
    stand.process.signal(signal.SIGHUP)
    stand.wait_line("vrrp.lines", 'INSTANCE "a" MASTER 100', before + 1)


def test_end(stand: Stand) -> None:
    """shutdown_script; enable_script_security, for nothing ran that others could have changed."""
    assert stand.process.stop(_PATIENCE) == 0
    stand.wait_line("calls", "frr frr,frrvty shutdown")
    assert not [line for line in stand.calls() if line.endswith("open")]


_IMPATIENT = """
use_pid_dir
child_wait_time 1
global_defs {
    script_user root
    startup_script "NAPPER 600"
    startup_script_timeout 1
    shutdown_script "NAPPER 600"
    shutdown_script_timeout 1
    notification_email {
        one@example.org
    }
    smtp_server 192.0.2.9
    smtp_connect_timeout 1
    smtp_alert_vrrp
}
"""


def test_who_takes_too_long_is_ended(lab: Lab, tmp_path: Path) -> None:
    """child_wait_time, startup_script_timeout, shutdown_script_timeout, smtp_connect_timeout.

    And use_pid_dir.
    """
    host, neighbour = lab.host("r"), lab.host("neighbour")
    host.connect(neighbour, addresses=["192.0.2.1/24"])
    neighbour.add_address("eth0", "192.0.2.9/24")
    place = Place(host, tmp_path, OURS)
    napper = tmp_path / "napper"
    shutil.copy("/bin/sleep", napper)
    with neighbour.entered():
        mails = MailServer(socket.create_server(("192.0.2.9", 25)), silent=True)
    text = _IMPATIENT.replace("NAPPER", str(napper)) + INSTANCE
    process = place.start("-D", text=text)
    process.wait_for_log("not sent: .*timed out", timeout=_PATIENCE)
    os.kill(place.pid("keepalived/vrrp.pid"), signal.SIGSTOP)
    assert process.stop(_PATIENCE) == 0
    mails.close()
    assert "VRRP child did not stop in time, which is 1 s: killed" in process.output()
    assert len(re.findall(r"not finished within 1 s\b", process.output())) == 2
