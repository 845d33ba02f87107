"""Trackers in the dumps, once they ran: as keepalived 2.2.7 shows the same file, captured."""

from __future__ import annotations

import json
from pathlib import Path

from pyvrrp.conf.load import load
from pyvrrp.control import data_json, data_vrrp
from pyvrrp.snapshot import FileSnapshot, ProcessSnapshot, ScriptSnapshot, TrackedSnapshot

_TEXT = """
global_defs {
    script_user root
    json_version 2
}
vrrp_script up {
    script "/usr/bin/test -f /tmp/up"
    interval 1
    weight 20
}
vrrp_script file {
    script "</tmp/file"
    interval 1
    fall 2
    weight -5
}
track_file f {
    file /tmp/number
    weight 2
}
vrrp_track_process p {
    process httpd
    fork_delay 2
}
vrrp_instance a {
    interface eth0
    virtual_router_id 1
    virtual_ipaddress {
        192.0.2.1/24
    }
    track_file {
        f
    }
    track_process {
        p weight 5
    }
    track_script {
        up
        file
    }
}
"""
_TRACKED: tuple[TrackedSnapshot, ...] = (
    ScriptSnapshot("up", 0, is_known=True, is_up=False, is_running=True),
    ScriptSnapshot("file", 2, is_known=True, is_up=True, is_running=False),
    FileSnapshot("f", 3),
    ProcessSnapshot("p", 4, has_quorum=False, waits="fork"),
)
_SHOWN = """\
------< VRRP Scripts >------
 VRRP Script = up
   Command = '/usr/bin/test' '-f' '/tmp/up'
   Interval = 1 sec
   Timeout = 0 sec
   Weight = 20
   Rise = 1
   Fall = 1
   Result = 0
   Insecure = no
   Init state = unknown
   Status = BAD
   Script uid:gid = 0:0
   VRRP instances :
   Tracking instances :
     a, weight 20
   State = running
 VRRP Script = file
   Command = </tmp/file
   Interval = 1 sec
   Timeout = 0 sec
   Weight = -5
   Rise = 1
   Fall = 2
   Result = 2
   Insecure = no
   Init state = unknown
   Status = GOOD
   Script uid:gid = 0:0
   VRRP instances :
   Tracking instances :
     a, weight -5
   State = idle
------< VRRP Track files >------
 Track file = f
   File = /tmp/number
   Status = 3
   Weight = 2
   Tracking instances :
     a, weight 2
------< VRRP Track processes >------
 VRRP Track process = p
   Process = httpd
   Min processes = 1
   Current processes = 4
   Have quorum = false
   Weight = 0
   Terminate delay = 0.000000s
   Fork delay = 2.000000s
   Full command = false
   Tracking instances :
     a, weight 5
"""


def test_text(tmp_path: Path) -> None:
    path = tmp_path / "k.conf"
    path.write_text(_TEXT)
    config = load(str(path), interfaces=("eth0",)).config
    shown = "\n".join([*data_vrrp.lines(config, tracked=_TRACKED), ""])
    assert shown[shown.index("------< VRRP Scripts") :] == _SHOWN


def test_json(tmp_path: Path) -> None:
    path = tmp_path / "k.conf"
    path.write_text(_TEXT)
    config = load(str(path), interfaces=("eth0",)).config
    (process,) = json.loads(data_json.text(config, {}, tracked=_TRACKED) or "")["track_process"]
    assert (process["current_processes"], process["have_quorum"]) == (4, False)
    assert process["fork_delay_timer_running"] is True
    assert process["terminate_delay_timer_running"] is False
