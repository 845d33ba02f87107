"""One life of a daemon, keepalived's and ours: the same scripts, lines and mails."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path

import pytest

from netnslab import Lab

from .notices.rig import PROGRAMS, Site

_GLOBAL = """
global_defs {
    router_id par
    notification_email {
        ops@example.org
        "Second <sec@example.org>"
    }
    notification_email_from ha@example.org
    smtp_server 192.0.2.9
    smtp_alert_vrrp
    notify_fifo DIR/common
    vrrp_notify_fifo DIR/vrrp
    vrrp_notify_priority_changes true
    script_user root
}
vrrp_sync_group G {
    group {
        a
        b
    }
    notify "NOTE g"
    notify_master "NOTE g-master"
    notify_backup "NOTE g-backup"
    notify_fault "NOTE g-fault"
    notify_stop "NOTE g-stop"
}
"""
_INSTANCE = """
vrrp_instance NAME {
    interface INTERFACE
    virtual_router_id VRID
    priority PRIORITY
    advert_int 0.1
    version 3
    notify "NOTE NAME"
    notify_master "NOTE NAME-master"
    notify_backup "NOTE NAME-backup"
    notify_fault "NOTE NAME-fault"
    notify_stop "NOTE NAME-stop"
    notify_master_rx_lower_pri "NOTE NAME-lower"
    MORE
    virtual_ipaddress {
        ADDRESS
    }
}
"""


def instance(name: str, interface: str, vrid: int, priority: int, more: str = "") -> str:
    net = {"eth0": "192.0.2", "eth1": "192.0.3"}[interface]
    words = {"NAME": name, "INTERFACE": interface, "VRID": vrid, "PRIORITY": priority}
    text = _INSTANCE.replace("MORE", more).replace("ADDRESS", f"{net}.{100 + vrid}/24")
    for word, value in words.items():
        text = text.replace(word, str(value))
    return text


_GROUPED = _GLOBAL + instance("a", "eth0", 1, 100) + instance("b", "eth1", 2, 100)
_TRACKING = "track_interface {\n eth1 weight -20\n }\n notify_deleted"
_ALL = _GROUPED + instance("s", "eth0", 3, 150, _TRACKING) + instance("o", "eth1", 4, 150)


@pytest.fixture
def build(lab: Lab, tmp_path: Path) -> Iterator[Callable[..., Site]]:
    made: list[Site] = []

    def make(program: str, *, silent: bool = False) -> Site:
        made.append(Site(lab, tmp_path, PROGRAMS[program], silent=silent))
        return made[0]

    yield make
    for site in made:
        site.close()


def settled(lines: list[str]) -> dict[str, list[str]]:
    """By what belongs together; who of a group comes first into a state is told by no rule."""
    found: dict[str, list[str]] = {"group": [], '"s"': [], '"o"': []}
    for line in lines:
        name = line.split()[1]
        found[name if name in found else "group"].append(line)
    for unit, own in found.items():
        runs = groupby(own, key=lambda line: (line.split()[0], line.split()[2]))
        found[unit] = [line for _, run in runs for line in sorted(run)]
    return found


def told(changes: str) -> tuple[list[str], list[str]]:
    """Lines, and calls of scripts, for `a BACKUP 100` and the like, one in each line."""
    lines, calls = [], []
    for change in changes.split("\n"):
        name, state, priority = change.split()
        kind = "GROUP" if name == "G" else "INSTANCE"
        lines.append(f'{kind} "{name}" {state} {priority}')
        if state == "MASTER_RX_LOWER_PRI":
            calls.append(f"{name.lower()}-lower")
        elif not state.endswith("_PRIORITY"):
            calls.append(f"{name.lower()} {kind} {name} {state} {priority}")
            calls.append(f"{name.lower()}-{state.lower()}")
    return lines, sorted(calls)


def mails(changes: str) -> list[tuple[str, str]]:
    bodies = {
        ("VRRP Instance", "MASTER"): "=> VRRP Instance is now owning VRRP VIPs <=",
        ("VRRP Instance", "BACKUP"): "=> VRRP Instance is no longer owning VRRP VIPs <=",
        ("VRRP Instance", "FAULT"): "=> VRRP Instance is no longer owning VRRP VIPs <=",
        ("VRRP Group", "MASTER"): "=> All VRRP group instances are now in MASTER state <=",
        ("VRRP Group", "BACKUP"): "=> All VRRP group instances are now in BACKUP state <=",
        ("VRRP Group", "FAULT"): "=> All VRRP group instances are now in FAULT state <=",
    }
    found = []
    for name, state, _ in (change.split() for change in changes.split("\n")):
        kind = "VRRP Group" if name == "G" else "VRRP Instance"
        if (kind, state) in bodies:
            found.append((f"[par] {kind} {name} - Entering {state} state", bodies[kind, state]))
    return sorted(found)


def check(site: Site, changes: str, *, are_mailed: bool = True) -> None:
    lines, calls = told(changes)
    assert settled(site.lines(len(lines))) == settled(lines)
    assert site.calls(len(calls)) == calls
    if are_mailed:
        assert site.mails(len(mails(changes))) == mails(changes)


_MASTER = "a MASTER 100\nb MASTER 100\nG MASTER 0"
_BACKUP = "a BACKUP 100\nb BACKUP 100\nG BACKUP 0"


@pytest.mark.slow
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_life(build: Callable[..., Site], program: str) -> None:
    site = build(program)
    process = site.start(_ALL)
    begin = "G BACKUP 0\na BACKUP 100\nb BACKUP 100\ns BACKUP 150\no BACKUP 150"
    check(site, f"{begin}\ns MASTER 150\no MASTER 150\n{_MASTER}")
    site.advertise(3, 50, "192.0.2.103")
    check(site, "s MASTER_RX_LOWER_PRI 150")
    site.advertise(1, 200, "192.0.2.101")
    check(site, f"{_BACKUP}\n{_MASTER}")
    site.cable.lose_carrier()
    faults = "a FAULT 100\nb FAULT 100\nG FAULT 0\no FAULT 150\ns MASTER_PRIORITY 130"
    check(site, faults)
    site.cable.restore_carrier()
    back = f"{_BACKUP}\no BACKUP 150\ns MASTER_PRIORITY 150\no MASTER 150\n{_MASTER}"
    check(site, back)
    site.reload(_ALL)
    process.wait_for_log("Reload (complete|finished)", timeout=20)
    site.reload(_GROUPED)
    assert site.lines(2) == ['INSTANCE "s" DELETED 150', 'INSTANCE "o" FAULT 150']
    assert site.calls(2) == ["o INSTANCE o FAULT 150", "s INSTANCE s DELETED 150"]
    assert site.mails(2) == [
        (
            "[par] VRRP Instance o - Entering FAULT state",
            "=> VRRP Instance is no longer owning VRRP VIPs <=",
        ),
        ("[par] VRRP Instance s - Deleted", "=> VRRP Deleted at reload <="),
    ]
    assert process.stop(20) == 0
    check(site, "a STOP 100\nb STOP 100\nG STOP 0", are_mailed=False)


_HANG = """#!/bin/sh
trap '' TERM
echo $$ >> DIR/hung
while :; do sleep 1; done
"""


@pytest.mark.slow
def test_others_that_hang_hold_up_nothing(build: Callable[..., Site], tmp_path: Path) -> None:
    """A mail server that is silent, scripts that do not even end when they are told to.

    Scripts of the same sort wait for them, all others run. The process that does all this is
    killed, and its successor goes on. At last all is ended within the time there is.
    """
    site = build("ours", silent=True)
    hang, hung = tmp_path / "hang", tmp_path / "hung"
    hang.write_text(_HANG.replace("DIR", str(tmp_path)))
    hang.chmod(0o755)
    text = _GROUPED.replace('"NOTE a-master"', str(hang)).replace('"NOTE b-stop"', str(hang))
    text = text.replace("script_user", "process_names\n    script_user")
    process = site.start(text)
    lines, calls = told(f"{_BACKUP}\n{_MASTER}")
    assert len(site.lines(len(lines))) == len(lines)
    assert site.calls(11) == [call for call in calls if call != "a-master"]
    site.cable.lose_carrier()
    lines, calls = told("a FAULT 100\nb FAULT 100\nG FAULT 0")
    site.lines(len(lines))
    assert site.calls(5) == [call for call in calls if call != "a-fault"]
    (pid,) = process.descendants("keepalived_scri")
    os.kill(pid, signal.SIGKILL)
    site.cable.restore_carrier()
    _, calls = told(f"{_BACKUP}\n{_MASTER}")
    assert site.calls(11) == [call for call in calls if call != "a-master"]
    assert process.stop(20) == 0
    assert site.calls(4) == [
        "a INSTANCE a STOP 100",
        "b INSTANCE b STOP 100",
        "g GROUP G STOP 0",
        "g-stop",
    ]
    assert "did not stop in time" not in process.output()
    ours = hung.read_text().split()[1:]
    assert not [pid for pid in ours if Path("/proc", pid).exists()]
