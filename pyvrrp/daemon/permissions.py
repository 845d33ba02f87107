"""Whether this process may do what VRRP needs."""

from __future__ import annotations

from pathlib import Path

__all__ = ["missing_capabilities"]

_NEEDED = {
    12: "CAP_NET_ADMIN (to set addresses)",
    13: "CAP_NET_RAW (to send and receive VRRP)",
}
"""Bit numbers of linux/capability.h."""


def missing_capabilities(status: Path = Path("/proc/self/status")) -> tuple[str, ...]:
    """Names and purposes of the capabilities that are needed and not effective (proc(5), CapEff).

    Empty also where that cannot be told: the kernel will then answer for itself.
    """
    try:
        lines = status.read_text().splitlines()
    except OSError:
        return ()
    effective = next((int(line.split()[1], 16) for line in lines if line.startswith("CapEff:")), -1)
    return tuple(text for bit, text in _NEEDED.items() if not effective >> bit & 1)
