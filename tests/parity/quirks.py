"""The rows of QUIRKS.md."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["PAGE", "ROOT", "ROWS"]

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "pyvrrp/QUIRKS.md"
ROWS = re.findall(r"^\| `([a-z0-9-]+)` \|", PAGE.read_text(), re.MULTILINE)
"""Their names, in order."""
