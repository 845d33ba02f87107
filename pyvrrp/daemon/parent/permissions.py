"""Whether this process may do what its children need."""

from __future__ import annotations

from pathlib import Path

__all__ = ["missing_capabilities"]

_ADMIN, _RAW = 12, 13
"""Bit numbers of linux/capability.h."""


def missing_capabilities(
    status: Path = Path("/proc/self/status"), *, vrrp: bool, checkers: bool
) -> tuple[str, ...]:
    """Names and purposes of the capabilities that are needed and not effective (proc(5), CapEff).

    Empty also where that cannot be told: the kernel will then answer for itself.
    """
    try:
        lines = status.read_text().splitlines()
    except OSError:
        return ()
    needed: dict[int, str] = {}
    if checkers:
        needed[_ADMIN] = "CAP_NET_ADMIN (to change the IPVS table)"
    if vrrp:
        needed[_ADMIN] = "CAP_NET_ADMIN (to set addresses)"
        needed[_RAW] = "CAP_NET_RAW (to send and receive VRRP)"
    effective = next((int(line.split()[1], 16) for line in lines if line.startswith("CapEff:")), -1)
    return tuple(text for bit, text in needed.items() if not effective >> bit & 1)
