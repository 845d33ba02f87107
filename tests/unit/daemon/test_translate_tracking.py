"""Who tracks what, and what is watched, from the text of a configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyvrrp.conf.load import load
from pyvrrp.daemon.notices.commands import Command
from pyvrrp.daemon.process_settings import ProcessSettings
from pyvrrp.daemon.trackers.initial_files import InitialFile
from pyvrrp.daemon.trackers.settings import (
    ScriptsSettings,
    TrackerFile,
    TrackerProcess,
    TrackerScript,
)
from pyvrrp.daemon.translate.sections import records
from pyvrrp.settings import TrackedInterface, TrackedKind, TrackedObject, VirtualRouterSettings

_INSTANCE = """
vrrp_instance {name} {{
    interface eth0
    virtual_router_id {vrid}
    virtual_ipaddress {{
        192.0.2.{vrid}/24
    }}
    {more}
}}
"""


def read(tmp_path: Path, text: str) -> tuple[list[VirtualRouterSettings], list[object]]:
    """The Virtual Routers, and what is watched for them."""
    path = tmp_path / "k.conf"
    path.write_text(text)
    found = records(load(str(path), interfaces=("eth0", "eth1")).config)
    routers = [each for each in found.vrrp if isinstance(each, VirtualRouterSettings)]
    watched = (TrackerScript, TrackerFile, TrackerProcess, ScriptsSettings)
    return routers, [each for each in found.scripts if isinstance(each, watched)]


def test_what_is_watched(tmp_path: Path) -> None:
    text = """
global_defs {
    script_user nobody
    process_names
    process_monitor_rcv_bufs 65536
    process_monitor_rcv_bufs_force
}
vrrp_script own {
    script "/bin/true a"
    interval 3
    timeout 2
    rise 4
    fall 5
    user root
}
vrrp_script opens {
    script "< /tmp/x y"
}
vrrp_script nobody_tracks {
    script /bin/true
}
track_file f {
    file /tmp/f
    init_file 7 overwrite
}
vrrp_track_process p {
    process httpd -k start
    quorum_max 0
    delay 2
}
"""
    more = "track_script {\nown\nopens weight 5\n}\ntrack_file {\nf\n}\ntrack_process {\np\n}"
    text += _INSTANCE.format(name="a", vrid=1, more=more)
    (router,), watched = read(tmp_path, text)
    assert router.tracked == (
        TrackedObject(TrackedKind.SCRIPT, "own"),
        TrackedObject(TrackedKind.SCRIPT, "opens", 5),
        TrackedObject(TrackedKind.FILE, "f", 1),
        TrackedObject(TrackedKind.PROCESS, "p"),
    )
    assert watched == [
        ScriptsSettings(ProcessSettings("keepalived_scripts"), 65536, True),
        TrackerScript("own", Command(("/bin/true", "a"), "root"), None, 3.0, 2.0, 4, 5),
        TrackerScript("opens", None, "/tmp/x y"),
        TrackerFile("f", "/tmp/f", InitialFile("/tmp/f", 7, overwrite=True)),
        TrackerProcess(
            name="p",
            process="httpd",
            arguments=("-k", "start"),
            param_match="exact",
            full_command=True,
            quorum=0,
            quorum_max=0,
            fork_delay=2.0,
            terminate_delay=2.0,
        ),
    ]


def test_a_group_s_entry_counts_for_each_member(tmp_path: Path) -> None:
    """And takes the place of the member's own, unless that has no weight."""
    text = """
vrrp_script s {
    script /bin/true
    weight 3 reverse
}
vrrp_sync_group g {
    group {
        a
        b
    }
    track_script {
        s weight 9
    }
    track_interface {
        eth1 weight -4
    }
    sync_group_tracking_weight
}
"""
    own = "track_script {\ns\n}\ntrack_interface {\neth1\n}"
    text += _INSTANCE.format(name="a", vrid=1, more=own)
    text += _INSTANCE.format(name="b", vrid=2, more="track_script {\ns weight 0\n}")
    (a, b), _ = read(tmp_path, text)
    assert a.tracked == (TrackedObject(TrackedKind.SCRIPT, "s", 9, reverse=True),)
    assert b.tracked == (TrackedObject(TrackedKind.SCRIPT, "s", 0, reverse=True),)
    assert a.tracked_interfaces == (TrackedInterface("eth1"),)
    assert b.tracked_interfaces == (TrackedInterface("eth1", -4),)


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        pytest.param("script /nonexistent", "there is no program /nonexistent", id="program"),
        pytest.param("script /bin/true\nuser no-one-here", "no user no-one-here", id="user"),
        pytest.param("script /bin/true\nuser root no-group", "no group no-group", id="group"),
    ],
)
def test_a_script_that_cannot_run_is_not_tracked(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, lines: str, why: str
) -> None:
    """As in keepalived 2.2.7, where the instance starts without it."""
    text = f"vrrp_script s {{\n{lines}\n}}\n"
    text += _INSTANCE.format(name="a", vrid=1, more="track_script {\ns\n}")
    (router,), watched = read(tmp_path, text)
    assert (router.tracked, watched) == ((), [])
    assert why in caplog.text
