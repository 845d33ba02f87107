"""Who this program says it is."""

from __future__ import annotations

import os

__all__ = ["COMPATIBLE_WITH", "PYVRRP_VERSION", "version_text"]

PYVRRP_VERSION = "0.1.0"
"""Held here because `importlib.metadata` costs the daemon 1 MB and 20 ms; a test compares."""

COMPATIBLE_WITH = "2.4.3"
"""The keepalived release whose command line, language and files this program follows."""


def version_text() -> str:
    """What `-v` prints. Other tools look for `Keepalived v<x>.<y>.<z>` in its first line."""
    kernel = os.uname()
    return (
        f"Keepalived v{COMPATIBLE_WITH} (pyvrrp {PYVRRP_VERSION})\n\n"
        f"pyvrrp {PYVRRP_VERSION}: keepalived's job in Python, compatible with keepalived"
        f" {COMPATIBLE_WITH}\n"
        f"Running on {kernel.sysname} {kernel.release} {kernel.version}\n"
    )
