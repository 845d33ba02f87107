"""What lasts as long as the daemon, and who watches it; routes and rules are in `pyvrrp.routing`."""

from __future__ import annotations

from dataclasses import dataclass, field

from .config import VirtualAddress
from .diagnostics import Span

__all__ = ["StaticAddress", "TrackGroup"]


@dataclass(frozen=True, slots=True)
class StaticAddress:
    """One entry of `static_ipaddress`; its `dev` is always known."""

    address: VirtualAddress
    track_group: str | None = None


@dataclass(frozen=True, slots=True)
class TrackGroup:
    """Instances that watch the interfaces of the static entries that name the group."""

    name: str
    span: Span = field(compare=False)
    members: tuple[str, ...]
