"""VRRP for Linux: a Virtual Router as a library, and a daemon that reads keepalived.conf.

    from pyvrrp import VirtualRouterSettings, VrrpRouter

    async with VrrpRouter() as router:
        web = await router.add(VirtualRouterSettings.of("web", "eth0", 51, ["192.0.2.100/24"]))
        async for change in web.changes():
            print(change.current.value)

The names below are loaded when they are used: importing the package alone opens no socket and
loads no networking code. `pyvrrp.core` is the protocol without any I/O, `pyvrrp.conf` the
language, `pyvrrp.daemon` the program.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .core.actions import NewActiveReason, StateName
    from .core.events import InitializeReason
    from .core.model import (
        AnnounceSchedule,
        ChecksumForm,
        Family,
        Peer,
        Version,
        VirtualRouterConfig,
    )
    from .core.packet import Advertisement, DiscardReason, IpFacts, PacketError, decode, encode
    from .counters import Counters
    from .errors import PyvrrpError
    from .settings import (
        TrackedInterface,
        TrackedKind,
        TrackedObject,
        VirtualAddress,
        VirtualMac,
        VirtualRouterSettings,
    )
    from .snapshot import ActiveRouterSnapshot, VirtualRouterSnapshot
    from .virtual_router import Occurrence, StateChange, VirtualRouter
    from .vrrp_router import VrrpRouter

__all__ = [
    "ActiveRouterSnapshot",
    "Advertisement",
    "AnnounceSchedule",
    "ChecksumForm",
    "Counters",
    "DiscardReason",
    "Family",
    "InitializeReason",
    "IpFacts",
    "NewActiveReason",
    "Occurrence",
    "PacketError",
    "Peer",
    "PyvrrpError",
    "StateChange",
    "StateName",
    "TrackedInterface",
    "TrackedKind",
    "TrackedObject",
    "Version",
    "VirtualAddress",
    "VirtualMac",
    "VirtualRouter",
    "VirtualRouterConfig",
    "VirtualRouterSettings",
    "VirtualRouterSnapshot",
    "VrrpRouter",
    "decode",
    "encode",
]

_HOMES = {
    "core.actions": ("NewActiveReason", "StateName"),
    "core.events": ("InitializeReason",),
    "core.model": (
        "AnnounceSchedule",
        "ChecksumForm",
        "Family",
        "Peer",
        "Version",
        "VirtualRouterConfig",
    ),
    "core.packet": (
        "Advertisement",
        "DiscardReason",
        "IpFacts",
        "PacketError",
        "decode",
        "encode",
    ),
    "counters": ("Counters",),
    "errors": ("PyvrrpError",),
    "settings": (
        "TrackedInterface",
        "TrackedKind",
        "TrackedObject",
        "VirtualAddress",
        "VirtualMac",
        "VirtualRouterSettings",
    ),
    "snapshot": ("ActiveRouterSnapshot", "VirtualRouterSnapshot"),
    "virtual_router": ("Occurrence", "StateChange", "VirtualRouter"),
    "vrrp_router": ("VrrpRouter",),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
