"""Kernel settings on a made-up /proc/sys/net."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from pyvrrp.net import sysctl
from pyvrrp.net.sysctl import Sysctl, SysctlError, Sysctls, read_sysctl, write_sysctl

_NAME = "ipv4/conf/eth0/arp_ignore"
_ON = (Sysctl(_NAME, "1"),)


@pytest.fixture
def setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sysctl, "_ROOT", tmp_path)
    path = tmp_path / _NAME
    path.parent.mkdir(parents=True)
    path.write_text("2\n")
    return path


def test_last_one_puts_it_back(setting: Path) -> None:
    sysctls = Sysctls()
    sysctls.hold(_ON)
    sysctls.hold(_ON)
    assert setting.read_text() == "1"
    assert sysctls.release(_ON) == []
    assert setting.read_text() == "1"
    assert sysctls.release(_ON) == []
    assert setting.read_text() == "2"


def test_original_is_read_anew_when_nobody_held_it(setting: Path) -> None:
    sysctls = Sysctls()
    sysctls.hold(_ON)
    sysctls.release(_ON)
    setting.write_text("8")
    sysctls.hold(_ON)
    sysctls.release(_ON)
    assert setting.read_text() == "8"


def test_release_without_hold_writes_nothing(setting: Path) -> None:
    assert Sysctls().release(_ON) == []
    assert setting.read_text() == "2\n"


def test_interface_that_went_away(setting: Path) -> None:
    sysctls = Sysctls()
    sysctls.hold(_ON)
    setting.unlink()
    setting.parent.rmdir()
    assert sysctls.release(_ON) == []


def test_refusal_is_reported_and_the_rest_released(setting: Path) -> None:
    other = setting.parent / "arp_filter"
    other.write_text("0")
    both = (*_ON, Sysctl("ipv4/conf/eth0/arp_filter", "1"))
    sysctls = Sysctls()
    sysctls.hold(both)
    setting.unlink()
    setting.mkdir()
    (failure,) = sysctls.release(both)
    assert (failure.name, failure.errno) == (_NAME, errno.EISDIR)
    assert str(failure) == "set to 2 net/ipv4/conf/eth0/arp_ignore: Is a directory"
    assert other.read_text() == "0"


def test_missing_setting(setting: Path) -> None:
    with pytest.raises(SysctlError, match="read net/ipv4/none: No such file") as caught:
        read_sysctl("ipv4/none")
    assert caught.value.errno == errno.ENOENT
    with pytest.raises(SysctlError, match="set to 1 net/ipv4/none/x: No such file"):
        write_sysctl(Sysctl("ipv4/none/x", "1"))
    assert read_sysctl(_NAME) == "2"
