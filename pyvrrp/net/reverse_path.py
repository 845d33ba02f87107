"""rp_filter: the kernel drops a packet whose answer would not leave by the link it came in by.

What clients send to a virtual MAC link is such a packet, since the route to them leads over the link
below. For each link the greater of its own value and that of "all" counts (Documentation/networking/
ip-sysctl.rst), so one link is only exempt when "all" is 0; every other link and "default" then need
the value themselves, or they would be exempt as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from .sysctl import Sysctl, SysctlError, links_with_settings, read_sysctl

__all__ = ["SUFFIX", "relaxed"]

SUFFIX = "/rp_filter"
"""What the names of all these settings end with."""

_ALL = f"ipv4/conf/all{SUFFIX}"


def relaxed() -> tuple[Sysctl, ...]:
    """The changes that exempt nobody but who asks for it; "all" is the last. Nothing, where nobody
    filters."""
    with suppress(SysctlError):
        level = read_sysctl(_ALL)
        if level != "0":
            return (*_raised(level), Sysctl(_ALL, "0"))
    return ()


def _raised(level: str) -> Iterable[Sysctl]:
    for link in links_with_settings():
        name = f"ipv4/conf/{link}{SUFFIX}"
        with suppress(SysctlError):
            if link != "all" and int(read_sysctl(name)) < int(level):
                yield Sysctl(name, level)
