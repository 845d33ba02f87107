"""`python -m pyvrrp`: the daemon."""

from __future__ import annotations

import sys

from .daemon.cli import main

__all__: list[str] = []

sys.exit(main(["pyvrrp", *sys.argv[1:]]))
