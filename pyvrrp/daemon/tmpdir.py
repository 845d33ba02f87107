"""Where files go whose place nobody says."""

from __future__ import annotations

import os

__all__ = ["directory"]


def directory() -> str:
    """$TMPDIR when that is absolute, else /tmp: keepalived's rule."""
    named = os.environ.get("TMPDIR", "")
    return named if named.startswith("/") else "/tmp"
