"""Log files: their names, their lines, and what is no file."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import pytest

from pyvrrp.daemon import log
from pyvrrp.daemon.log_file import LogFile, path_for
from pyvrrp.daemon.options import Options


@pytest.mark.parametrize(
    ("given", "ident", "names", "expected"),
    [
        pytest.param("", "Keepalived", "", "/t/keepalived.log", id="default"),
        pytest.param("", "Keepalived_vrrp", "", "/t/keepalived_vrrp.log", id="child"),
        pytest.param("", "Keepalived_healthcheckers", "", "/t/keepalived_check.log", id="checks"),
        pytest.param("/v/a.b/k", "Keepalived_vrrp", "_ns_i", "/v/a.b/k_vrrp_ns_i", id="no dot"),
        pytest.param("/v/k.log", "Keepalived", "_i", "/v/k_i.log", id="instance"),
        pytest.param("k.log", "Keepalived", "", "/t/k.log", id="no directory"),
    ],
)
def test_names(
    given: str, ident: str, names: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", "/t")
    assert path_for(given, ident, names) == expected


def test_lines(tmp_path: Path) -> None:
    path = tmp_path / "k_vrrp.log"
    path.write_text("older\n")
    log.start(Options(syslog=False, log_file=str(tmp_path / "k.log")), "Keepalived_vrrp")
    logging.getLogger("pyvrrp").info("(VI_1) Entering MASTER STATE")
    log.stop()
    older, line = path.read_text().splitlines()
    assert older == "older"
    date = r"[A-Z]\w\w [A-Z]\w\w \d\d \d\d:\d\d:\d\d\.\d{9} 20\d\d"
    assert re.fullmatch(rf"{date}: \(VI_1\) Entering MASTER STATE", line)


def test_link_is_not_followed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    target, path = tmp_path / "target", tmp_path / "k.log"
    path.symlink_to(target)
    outlet = LogFile(str(path))
    assert f"log file {path}: " in capfd.readouterr().err
    assert outlet.write(logging.makeLogRecord({}), "text")
    outlet.close()
    assert not target.exists()
