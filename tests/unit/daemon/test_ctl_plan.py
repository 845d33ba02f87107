"""`pyvrrpctl plan`, in this process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pyvrrp.daemon.ctl import main

OLD = """\
vrrp_sync_group front {
    group { web dns }
}
vrrp_instance web {
    interface eth0
    virtual_router_id 51
    priority 100
    virtual_ipaddress { 192.0.2.100/24
    192.0.2.101/24 }
}
vrrp_instance dns {
    interface eth0
    virtual_router_id 52
    virtual_ipaddress { 192.0.2.110/24 }
}
virtual_server 192.0.2.100 80 {
    lvs_sched wlc
    lvs_method DR
    protocol TCP
    real_server 192.0.2.11 80 {
        TCP_CHECK {
            connect_timeout 3
        }
    }
    real_server 192.0.2.12 80 {
        weight 1
    }
}
"""
EDITS = {
    "priority 100": "priority 150",
    "192.0.2.101": "192.0.2.102",
    "router_id 52": "router_id 53",
    "sched wlc": "sched rr",
    "connect_timeout 3": "connect_timeout 2",
}
TEXT = """\
virtual router dns: removed
    address 192.0.2.110/24: removed
virtual router web: in place
    priority 100 -> 150
    address 192.0.2.102/24: added
    address 192.0.2.101/24: removed
virtual router dns: added
    address 192.0.2.110/24: added
virtual server [192.0.2.100]:tcp:80: in place
    lvs_sched wlc -> rr
    real server [192.0.2.11]:80: in place
        check TCP_CHECK: restart, its settings changed
            connect_timeout 3 s -> 2 s
virtual routers: 1 in place, 1 added, 1 removed
addresses: 1 unchanged, 2 added, 2 removed
sync groups: 1 unchanged
virtual servers: 1 in place
real servers: 1 unchanged, 1 in place
checks: 1 restart
"""


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    old, new = tmp_path / "old.conf", tmp_path / "new.conf"
    old.write_text(OLD)
    text = OLD
    for was, becomes in EDITS.items():
        text = text.replace(was, becomes)
    new.write_text(text)
    return str(old), str(new)


def test_text(files: tuple[str, str], capsys: pytest.CaptureFixture[str]):
    old, new = files
    assert main(["plan", new, "--against", old]) == 0
    assert capsys.readouterr().out == TEXT


def test_json(files: tuple[str, str], capsys: pytest.CaptureFixture[str]):
    old, new = files
    assert main(["plan", new, "--against", old, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["counts"]["address"] == {"unchanged": 1, "added": 2, "removed": 2}
    web = found["items"][1]
    assert web["changes"] == [{"what": "priority", "old": "100", "new": "150"}]
    assert [part["name"] for part in web["parts"]] == ["192.0.2.102/24", "192.0.2.101/24"]


def test_nothing_changes(files: tuple[str, str], capsys: pytest.CaptureFixture[str]):
    old, _ = files
    assert main(["plan", old, "--against", old]) == 0
    assert capsys.readouterr().out.startswith("virtual routers: 2 unchanged\n")
    main(["plan", old, "--against", old, "--all"])
    assert "    real server [192.0.2.12]:80: unchanged\n" in capsys.readouterr().out


def test_nothing_at_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    empty = tmp_path / "empty.conf"
    empty.touch()
    assert main(["plan", str(empty), "--against", str(empty)]) == 0
    assert capsys.readouterr().out == "nothing runs, and nothing would\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            OLD.replace("virtual_router_id 51", ""),
            ":4:1: error[missing-vrid]",
            id="a fatal problem",
        ),
        pytest.param(None, "does not exist", id="no file"),
    ],
)
def test_what_a_reload_refuses(
    text: str | None,
    said: str,
    files: tuple[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
):
    path = tmp_path / "refused.conf"
    if text is not None:
        path.write_text(text)
    assert main(["plan", str(path), "--against", files[0]]) == 2
    done = capsys.readouterr()
    assert (done.out, said in done.err) == ("", True)
    assert done.err.endswith(
        f"{path}: no daemon runs with this file, so a reload is refused and what runs goes on\n"
    )


def test_nothing_to_compare_with(
    files: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["plan", files[0], "--against", str(tmp_path / "none")]) == 2
    assert capsys.readouterr().err.endswith("so nothing can be compared with it\n")
