"""A lab is for everybody: it knows nothing of the daemons it runs, and loads little."""

from __future__ import annotations

import subprocess
import sys

_SCRIPT = """
import sys
for blocked in ("pyvrrp", "healthcheck"):
    sys.modules[blocked] = None
import netnslab, netnslab.pytest_plugin, netnslab.cli, netnslab.observe, netnslab.build
heavy = {"scapy", "matplotlib", "rich", "pyroute2", "asyncio"} - {"asyncio"}
print(sorted(heavy & set(sys.modules)))
"""


def test_it_imports_without_the_daemons_and_the_heavy_libraries() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
