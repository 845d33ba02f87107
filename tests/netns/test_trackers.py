"""What is tracked moves priorities and makes faults: keepalived and ours, from the same file.

Each row is a Virtual Router that tracks one thing in one way. Both daemons live through the same
steps, each on a LAN of its own, and after each step every row must be heard with its priority, or,
where that is None, resign.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from netnslab import DeadlinePassed, Host, Lab, wait_until
from tests.netns.children import scripts_process
from tests.netns.interop.routers import OURS, THEIRS, Instance, Keepalived
from tests.netns.interop.witness import Witness

_SCRIPTS = """
global_defs {{
    script_user root
    enable_script_security
    process_names
}}
vrrp_script good {{
    script "{test} -e {directory}/good"
    interval 1
    weight 7
}}
vrrp_script slow {{
    script "{test} -e {directory}/good"
    interval 1
    rise 2
    fall 2
}}
vrrp_script open {{
    script "<{directory}/good"
    interval 1
}}
vrrp_script backward {{
    script "{test} -e {directory}/good"
    interval 1
    weight 7 reverse
}}
track_file number {{
    file {directory}/{host}
    weight 2
    init_file 5
}}
track_file negated {{
    file {directory}/{host}
    weight 3 reverse
}}
track_file kept {{
    file {directory}/{host}-kept
    init_file 7
}}
track_file begun {{
    file {directory}/{host}-begun
    init_file 7 overwrite
}}
vrrp_track_file old {{
    file {directory}/{host}-old
    weight 4
    init_file 6
}}
"""
_PROCESS = """
vrrp_track_process runs {{
    process {name}
    quorum 1
}}
vrrp_track_process none {{
    process {name}
    quorum_max 0
}}
vrrp_track_process two {{
    process {name}
    quorum 2
    weight 9
}}
vrrp_track_process one {{
    process {name}
    quorum_max 1
    weight 9 reverse
}}
vrrp_track_process path {{
    process {directory}/{name}
    full_command
    weight 9
}}
vrrp_track_process name {{
    process {directory}/{name}
    weight 9
}}
vrrp_track_process exact {{
    process {directory}/{name} 600
    weight 9
}}
vrrp_track_process partial {{
    process {directory}/{name} 600
    param_match partial
    weight 9
}}
vrrp_track_process initial {{
    process {directory}/{name} 600 3
    param_match initial
    weight 9
}}
vrrp_track_process soon {{
    process {name}
    fork_delay 0.5
    terminate_delay 0.5
    weight 9
}}
vrrp_track_process forks {{
    process {name}
    fork_delay 3600
    weight 9
}}
vrrp_track_process ends {{
    process {name}
    terminate_delay 3600
    weight 9
}}
vrrp_track_process both {{
    process {name}
    delay 3600
    weight 9
}}
vrrp_track_process pair {{
    process {name}
    delay 3600
    quorum 2
    weight 9
}}
"""


_NAME = f"process{os.getpid()}"
"""Every process on the machine is looked at, those of other test runs too."""


def _row(block: str, entry: str) -> tuple[str, ...]:
    return (f"{block} {{", entry, "}")


_ROWS: dict[str, tuple[str, tuple[int | None, int | None, int | None]]] = {
    # script good, number 5, eth1 up | script bad, number -300, eth1 down | good, 0, up
    "track_script good": ("the script's own weight", (107, 100, 107)),
    "track_script good weight 20": ("positive", (120, 100, 120)),
    "track_script good weight -20": ("negative", (100, 80, 100)),
    "track_script good weight 20 reverse": ("positive, reversed", (80, 100, 80)),
    "track_script good weight -20 reverse": ("negative, reversed", (100, 120, 100)),
    "track_script good weight 0": ("a fault", (100, None, 100)),
    "track_script good weight 0 reverse": ("a fault, reversed", (None, 100, None)),
    "track_script good weight 253": ("up to 254", (254, 100, 254)),
    "track_script good weight -253": ("down to 1", (100, 1, 100)),
    "track_script backward": ("the script's own reverse", (93, 100, 93)),
    "track_script backward weight 7 noreverse": ("not reversed", (107, 100, 107)),
    "track_script slow weight 20": ("rise and fall", (120, 100, 120)),
    "track_script open": ("a file to open", (100, None, 100)),
    "track_file number": ("the file's own weight", (110, None, 100)),
    "track_file number weight 1": ("once", (105, None, 100)),
    "track_file number weight -3": ("negative", (85, 254, 100)),
    "track_file number weight 3 reverse": ("reversed", (85, 254, 100)),
    "track_file number weight 0": ("a fault", (None, None, 100)),
    "track_file number weight 0 reverse": ("a fault, reversed", (100, 100, None)),
    "track_file negated": ("the file's own reverse", (85, 254, 100)),
    "track_file negated weight 3 noreverse": ("not reversed", (115, None, 100)),
    "track_file kept": ("init_file of a file that is there", (109, 109, 109)),
    "track_file begun": ("init_file overwrites", (107, 107, 107)),
    "track_file old": ("by its old name", (124, 124, 124)),
    "track_interface eth1": ("a fault", (100, None, 100)),
    "track_interface eth1 weight 20": ("positive", (120, 100, 120)),
    "track_interface eth1 weight 20 reverse": ("positive, reversed", (80, 100, 80)),
    "track_interface eth1 weight -20 reverse": ("negative, reversed", (100, 120, 100)),
    "track_interface eth1 weight 0 reverse": ("a fault, reversed", (None, 100, None)),
}
_OF_PROCESSES: dict[str, tuple[str, tuple[int | None, int | None, int | None]]] = {
    # one process | none | two
    "track_process runs": ("a quorum", (100, None, 100)),
    "track_process runs weight 20": ("positive", (120, 100, 120)),
    "track_process runs weight 20 reverse": ("positive, reversed", (80, 100, 80)),
    "track_process none": ("none may run", (None, 100, None)),
    "track_process two": ("own weight, quorum", (100, 100, 109)),
    "track_process one": ("own reverse, most", (91, 100, 100)),
    "track_process one weight 9 noreverse": ("not reversed", (109, 100, 100)),
    "track_process path": ("full_command", (109, 100, 109)),
    "track_process name": ("a path is no name", (100, 100, 100)),
    "track_process exact": ("all arguments", (100, 100, 100)),
    "track_process partial": ("the first arguments", (109, 100, 109)),
    "track_process initial": ("the last begins so", (109, 100, 109)),
    "track_process soon": ("delays that pass", (109, 100, 109)),
    "track_process forks": ("a start not believed yet", (109, 100, 100)),
    "track_process ends": ("an end not believed yet", (109, 109, 109)),
    "track_process both": ("nor with both delays", (109, 109, 109)),
    "track_process pair": ("nor a start", (100, 100, 100)),
}
"""keepalived 2.2.7 hears of no process in a network namespace."""


@dataclass
class Story:
    """One daemon and its rows."""

    daemon: Keepalived
    rows: dict[str, Instance]
    text: str

    @property
    def host(self) -> Host:
        return self.daemon.host


def story(lab: Lab, name: str, directory: Path, rows: Mapping[str, object]) -> Story:
    ours = name == "ours"
    host = lab.host(name)
    host.connect(lab.bridge(f"lan-{name}"), addresses=["192.0.2.1/24"])
    host.connect(lab.bridge(f"other-{name}"), "eth1")
    instances = {
        entry: Instance(
            vrid, (f"198.51.100.{vrid}/32",), interval=0.3, more=_row(*entry.split(" ", 1))
        )
        for vrid, entry in enumerate(rows, 1)
    }
    text = _SCRIPTS + (_PROCESS if ours else "")
    return Story(
        Keepalived(host, OURS if ours else THEIRS),
        instances,
        text.format(
            test=Path("/usr/bin/test").resolve(),
            directory=directory,
            host=name,
            name=_NAME,
        ),
    )


def heard(witness: Witness, story: Story) -> dict[str, int | None]:
    """The priority of each row's last Advertisement; None: it resigned, or was never Active."""
    found: dict[str, int | None] = {}
    for entry, instance in story.rows.items():
        adverts = witness.adverts(instance, story.host.name)
        found[entry] = (adverts[-1][1].priority or None) if adverts else None
    return found


def wait_heard(witness: Witness, story: Story, wanted: dict[str, int | None]) -> None:
    with suppress(DeadlinePassed):
        wait_until(lambda: heard(witness, story) == wanted, what="the priorities", timeout=30)
    assert heard(witness, story) == wanted, story.host.name


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    shutil.copy("/bin/sleep", tmp_path / _NAME)
    return tmp_path


def test_priorities_and_faults(lab: Lab, directory: Path) -> None:
    ours = story(lab, "ours", directory, {**_ROWS, **_OF_PROCESSES})
    stories = [ours, story(lab, "theirs", directory, _ROWS)]
    good, process = directory / "good", [str(directory / _NAME), "600", "30"]

    def step(number: str | None, *, up: bool) -> None:
        (good.touch if up else good.unlink)()
        for each in stories:
            if number is not None:
                (directory / each.host.name).write_text(number)
            link = each.host.link("eth1")
            (link.up if up else link.down)()

    def wait_all(step: int) -> None:
        rows = {**_ROWS, **_OF_PROCESSES}
        for each in stories:
            wait_heard(witness, each, {row: rows[row][1][step] for row in each.rows})

    with Witness(lab) as witness:
        for each in stories:
            (directory / f"{each.host.name}-kept").write_text("9")
            (directory / f"{each.host.name}-begun").write_text("99")
        step(None, up=True)
        running = ours.host.start(process)
        for each in stories:
            each.daemon.begin(each.rows.values(), each.text)
        wait_all(0)
        assert (directory / "ours").read_text() == "5\n"
        step("-300", up=False)
        running.kill()
        wait_all(1)
        step("0", up=True)
        for _ in range(2):
            ours.host.start(process)
        wait_all(2)
        for each in stories:
            each.daemon.stop()


_GROUPS = """
vrrp_sync_group weighted {
    group {
        vr51_4
        vr52_4
    }
    track_script {
        good weight 10
    }
    track_interface {
        eth1 weight -30
    }
    sync_group_tracking_weight
}
vrrp_sync_group faulty {
    group {
        vr53_4
        vr54_4
    }
}
vrrp_sync_group own {
    group {
        vr55_4
        vr56_4
    }
    sync_group_tracking_weight
}
"""
_MEMBERS: dict[int, tuple[str, tuple[int | None, ...]]] = {
    # script good, eth1 up | script bad | good, eth1 down
    51: ("", (110, 100, 80)),
    52: ("track_interface eth1 weight 50", (110, 100, 80)),
    53: ("track_script good weight 0", (100, None, 100)),
    54: ("", (100, None, 100)),
    55: ("track_script good weight 20", (120, 100, 120)),
    56: ("track_script slow weight -20", (100, 80, 100)),
}


def test_groups_and_reload(lab: Lab, directory: Path) -> None:
    """A group's entry counts for each member, and takes the place of the member's own."""
    good = directory / "good"
    stories = [story(lab, name, directory, {}) for name in ("ours", "theirs")]
    members = {
        vrid: Instance(
            vrid,
            (f"198.51.100.{vrid}/32",),
            interval=0.3,
            more=_row(*entry.split(" ", 1)) if entry else (),
        )
        for vrid, (entry, _) in _MEMBERS.items()
    }
    for each in stories:
        each.rows = {str(vrid): member for vrid, member in members.items()}

    def wait_all(step: int) -> None:
        for each in stories:
            wait_heard(witness, each, {str(vrid): m[1][step] for vrid, m in _MEMBERS.items()})

    with Witness(lab) as witness:
        good.touch()
        for each in stories:
            each.daemon.begin(members.values(), each.text + _GROUPS)
        wait_all(0)
        good.unlink()
        wait_all(1)
        good.touch()
        for each in stories:
            each.host.link("eth1").down()
        wait_all(2)
        reloaded = witness.now()
        members[55] = replace(members[55], more=_row("track_script", "good weight 30"))
        for each in stories:
            each.daemon.write(members.values(), each.text + _GROUPS)
            each.daemon.reload()
            each.rows["55"] = members[55]
            steady = {str(vrid): m[1][2] for vrid, m in _MEMBERS.items()}
            wait_heard(witness, each, steady | {"55": 130})
            for vrid, (_, priorities) in _MEMBERS.items():
                since = {
                    advert.priority
                    for _, advert in witness.adverts(members[vrid], each.host.name, reloaded)
                }
                assert since <= {priorities[2], 130}
        ours = stories[0].daemon
        killed = scripts_process(ours.process.pid, ours.child())
        os.kill(killed, signal.SIGKILL)
        wait_until(
            lambda: scripts_process(ours.process.pid, ours.child()) != killed, what="a new one"
        )
        wait_heard(witness, stories[0], steady | {"55": 130})
        good.unlink()
        for each in stories:
            bad = {"51": 70, "52": 70, "53": None, "54": None, "55": 100, "56": 80}
            wait_heard(witness, each, bad)
        for each in stories:
            each.daemon.stop()


_DELAYS = "interface_up_down_delays {\n    eth1 2.5 0\n}\n"


def test_a_change_of_a_link_must_last(lab: Lab, directory: Path) -> None:
    stories = [story(lab, name, directory, {}) for name in ("ours", "theirs")]
    row = Instance(
        61, ("198.51.100.61/32",), interval=0.3, more=_row("track_interface", "eth1 weight 20")
    )
    with Witness(lab) as witness:
        for each in stories:
            each.rows = {"61": row}
            each.daemon.begin([row], _DELAYS)
        for each in stories:
            wait_heard(witness, each, {"61": 120})
            link = each.host.link("eth1")
            link.down()
            link.up()
            link.wait_carrier()
        flapped = witness.now()
        for each in stories:
            witness.wait_adverts(row, each.host.name, 5, since=flapped)
        down = witness.now()
        for each in stories:
            each.host.link("eth1").down()
        for each in stories:
            wait_heard(witness, each, {"61": 100})
            adverts = witness.adverts(row, each.host.name)
            assert {advert.priority for _, advert in adverts} == {120, 100}
            assert min(when for when, advert in adverts if advert.priority == 100) >= down + 2.4
        for each in stories:
            each.host.link("eth1").up()
        for each in stories:
            wait_heard(witness, each, {"61": 120})
            each.daemon.stop()
