"""The unit files of the package: systemd understands them, and the program its command lines."""

from __future__ import annotations

import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest

import pyvrrp
from pyvrrp.daemon.options import Options, parse

UNITS = sorted(Path(pyvrrp.__file__).with_name("systemd").glob("*.service"))
FOREGROUND = {
    "keepalived": ("notify", True),
    "keepalived@": ("notify", True),
    "keepalived-simple": ("simple", True),
    "keepalived-forking": ("forking", False),
}


def service(unit: Path) -> dict[str, str]:
    parser = ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(unit)
    return dict(parser["Service"])


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_understands_it(unit: Path) -> None:
    done = subprocess.run(
        ["systemd-analyze", "verify", unit],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "SYSTEMD_LOG_LEVEL": "warning"},
    )
    about = [line for line in done.stderr.splitlines() if unit.name in line]
    assert (done.returncode, about) == (0, [])


def test_type_and_command_line() -> None:
    found = {}
    for unit in UNITS:
        said = service(unit)
        words = said["ExecStart"].replace("$DAEMON_ARGS", "").replace("%i", "blue").split()
        options = parse(words)
        assert isinstance(options, Options)
        found[unit.stem] = (said["Type"], options.foreground)
        is_template = unit.stem.endswith("@")
        assert options.namespace == ("blue" if is_template else None)
    assert found == FOREGROUND
