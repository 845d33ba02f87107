"""Octavia's VRRP template with the fixtures of its own tests, for the Python that has the wheel.

Writes a file for each fixture into the directory that is named.
"""

from __future__ import annotations

import sys
from pathlib import Path

from octavia.tests.unit.amphorae.drivers.keepalived.jinja import test_jinja_cfg


def main(directory: Path) -> None:
    """The reference of each fixture, which the wheel's own test compares with what is rendered."""
    fixture = test_jinja_cfg.TestVRRPRestDriver("test_build_keepalived_config")
    fixture.setUp()
    for name in ("ref_conf", "ref_v6_conf", "ref_v4_v6_conf", "ref_v6_v4_conf"):
        (directory / f"{name}.conf").write_text(getattr(fixture, name) + "\n")


main(Path(sys.argv[1]))
