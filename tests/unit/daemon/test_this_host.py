"""What a configuration hears about this machine's key files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pyvrrp.conf.load import Loaded
from pyvrrp.daemon.config_test import load_here

_TEXT = "0123456789abcdef0123456789abcdef"
_INSTANCE = """\
vrrp_instance a {{
    virtual_router_id 1
    version 3
    unicast_src_ip 192.0.2.9
    unicast_peer {{
        192.0.2.2
    }}
    auth_hmac {{
        key 1 {text}
        key 2 file:{file}
        active_key {active}
    }}
    virtual_ipaddress {{
        192.0.2.1
    }}
}}
"""


def loaded(directory: Path, active: int) -> Loaded:
    path = directory / "k.conf"
    path.write_text(_INSTANCE.format(file=directory / "key", active=active, text=_TEXT))
    return load_here(str(path), None)


def said(directory: Path, active: int) -> list[str]:
    lines = [str(each) for each in loaded(directory, active).diagnostics]
    return [line.replace(str(directory), "D") for line in lines]


def test_a_good_key_is_nothing_to_talk_about(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(_TEXT)
    (tmp_path / "key").chmod(0o600)
    assert said(tmp_path, 2) == []
    hmac = loaded(tmp_path, 2).config.instances[0].auth_hmac
    assert hmac is not None and [key.id for key in hmac.keys] == [1, 2]


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_a_key_for_everybody_is_told(tmp_path: Path, mode: int) -> None:
    (tmp_path / "key").write_text(_TEXT)
    (tmp_path / "key").chmod(mode)
    assert said(tmp_path, 2) == [
        "D/k.conf:10:15: warning[readable-key]:"
        " D/key holds a key and others than its owner may read it"
    ]
    assert loaded(tmp_path, 2).test_exit_code == 0


def test_a_key_that_is_none_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(_TEXT[1:])
    assert said(tmp_path, 1) == [
        "D/k.conf:10:15: error[bad-key]: key 2: D/key: holds 31 octets of key, not 32..64; ignored"
    ]
    hmac = loaded(tmp_path, 1).config.instances[0].auth_hmac
    assert hmac is not None and [key.id for key in hmac.keys] == [1]


def test_nothing_runs_without_the_key_that_signs(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "key")
    assert said(tmp_path, 2) == [
        "D/k.conf:10:15: error[bad-key]: key 2: D/key: is no regular file; ignored",
        "D/k.conf:11:9: error[bad-key]: auth_hmac signs with key 2, which cannot be used",
    ]
    assert [d.is_fatal for d in loaded(tmp_path, 2).diagnostics] == [False, True]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert said(tmp_path, 1) == [
        "D/k.conf:10:15: error[bad-key]: key 2: D/key: No such file or directory; ignored"
    ]
