"""Who this program says it is."""

from __future__ import annotations

import os

__all__ = ["COMPATIBLE_WITH", "PYVRRP_VERSION", "version_text"]

PYVRRP_VERSION = "0.1.0"
"""Held here because `importlib.metadata` costs the daemon 1 MB and 20 ms; a test compares."""

COMPATIBLE_WITH = "2.4.3"
"""The keepalived release whose command line, language and files this program follows."""


_OPTIONS = "--enable-bfd --enable-json --enable-regex --enable-log-file --with-init=systemd"
_FEATURES = (
    "NFTABLES LVS REGEX VRRP VRRP_AUTH VRRP_VMAC JSON BFD INIT=systemd SYSTEMD_NOTIFY LOG_FILE"
)


def version_text() -> str:
    """What `-v` prints, for tools too: `Keepalived v<x>.<y>.<z>` in its first line, and in
    keepalived's words what it can do: an exporter reads JSON only where it finds --enable-json.
    """
    kernel = os.uname()
    return (
        f"Keepalived v{COMPATIBLE_WITH} (pyvrrp {PYVRRP_VERSION})\n\n"
        f"pyvrrp {PYVRRP_VERSION}: keepalived's job in Python, compatible with keepalived"
        f" {COMPATIBLE_WITH}\n"
        f"Running on {kernel.sysname} {kernel.release} {kernel.version}\n\n"
        f"configure options: {_OPTIONS}\n\n"
        f"Config options:  {_FEATURES}\n"
    )
