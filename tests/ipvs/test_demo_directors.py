"""The second half of the demo, as a user starts it on a kernel that has IPVS; and what it makes of what
it sees."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

_DEMO = Path(__file__).parents[2] / "netns-lab" / "demo"


@pytest.mark.slow
@pytest.mark.ipvs(timeout=150)
def test_keepalived_can_be_compared_with(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(_DEMO), "directors", "--keepalived", "--pictures", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=140,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("keepalived: two directors share 192.0.2.100, before two nginx")
    assert "staying connection goes on" in done.stdout
    picture = ElementTree.parse(tmp_path / "directors.svg").getroot()
    assert picture.tag == "{http://www.w3.org/2000/svg}svg"
