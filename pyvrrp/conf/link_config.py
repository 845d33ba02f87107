"""What a configuration says about links besides virtual MAC interfaces."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from .diagnostics import Span

if TYPE_CHECKING:
    from .config import Interface

__all__ = ["GarpGroup", "InterfaceDelay", "Ipvlan", "LinkbeatInterface"]


@dataclass(frozen=True, slots=True)
class Ipvlan:
    """`use_ipvlan`; `name` None: a generated one, `group` None: that of the interface below."""

    name: str | None = None
    address: Interface | None = None
    mode: Literal["bridge", "private", "vepa"] = "bridge"
    group: int | None = None


@dataclass(frozen=True, slots=True)
class GarpGroup:
    """`garp_group { ... }`: seconds between announcements on all of `interfaces` together.

    None: not limited.
    """

    interfaces: tuple[str, ...]
    garp_interval: float | None
    gna_interval: float | None
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class InterfaceDelay:
    """An entry of `interface_up_down_delays`: seconds until a change of the link is believed."""

    name: str
    down: float
    up: float
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class LinkbeatInterface:
    """An entry of `linkbeat_interfaces`; `method` None: the first one that works."""

    name: str
    method: Literal["MII", "ETHTOOL", "IOCTL"] | None
    span: Span = field(compare=False)
