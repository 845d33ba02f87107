"""The IPVS health-check agent: checks real servers and keeps the kernel's IPVS table true.

    from healthcheck import Agent, VirtualServer

    async with Agent([web]) as agent:
        async for event in agent.events():
            print(event)

The names below are loaded when they are used. `healthcheck.core` decides and does no I/O (settings,
checks, quorum, the desired table and the way to it); `healthcheck.probes` and `healthcheck.ipvs` are
its edges, `healthcheck.agent` runs them. Nothing here needs `pyvrrp`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .agent import Agent, CustomProbe
    from .core.model import (
        Check,
        CustomCheck,
        DnsCheck,
        FileCheck,
        FollowedCheck,
        HttpCheck,
        HttpVersion,
        MiscCheck,
        PingCheck,
        ProbeResult,
        RealServer,
        RegexOption,
        SmtpCheck,
        SorryServer,
        Target,
        TcpCheck,
        Timing,
        TlsMaterial,
        UdpCheck,
        Url,
        VirtualServer,
    )
    from .core.service import QuorumDown, QuorumUp, ServerDown, ServerUp
    from .core.table import (
        Destination,
        DestinationSettings,
        Family,
        FirewallMark,
        Forwarding,
        Method,
        Protocol,
        Service,
        ServiceAddress,
        ServiceFlag,
        ServiceKey,
        ServiceSettings,
        Table,
        TunnelChecksum,
        TunnelType,
    )
    from .errors import HealthcheckError
    from .events import CheckFailed, CheckRecovered, Event
    from .ipvs import Ipvs, IpvsError, IpvsMissing
    from .snapshot import AgentSnapshot, CheckSnapshot, ServerSnapshot, ServiceSnapshot
    from .upkeep import KernelTable, Repair

__all__ = [
    "Agent",
    "AgentSnapshot",
    "Check",
    "CheckFailed",
    "CheckRecovered",
    "CheckSnapshot",
    "CustomCheck",
    "CustomProbe",
    "Destination",
    "DestinationSettings",
    "DnsCheck",
    "Event",
    "Family",
    "FileCheck",
    "FirewallMark",
    "FollowedCheck",
    "Forwarding",
    "HealthcheckError",
    "HttpCheck",
    "HttpVersion",
    "Ipvs",
    "IpvsError",
    "IpvsMissing",
    "KernelTable",
    "Method",
    "MiscCheck",
    "PingCheck",
    "ProbeResult",
    "Protocol",
    "QuorumDown",
    "QuorumUp",
    "RealServer",
    "RegexOption",
    "Repair",
    "ServerDown",
    "ServerSnapshot",
    "ServerUp",
    "Service",
    "ServiceAddress",
    "ServiceFlag",
    "ServiceKey",
    "ServiceSettings",
    "ServiceSnapshot",
    "SmtpCheck",
    "SorryServer",
    "Table",
    "Target",
    "TcpCheck",
    "Timing",
    "TlsMaterial",
    "TunnelChecksum",
    "TunnelType",
    "UdpCheck",
    "Url",
    "VirtualServer",
]

_HOMES = {
    "agent": ("Agent", "CustomProbe"),
    "core.model": (
        "Check",
        "CustomCheck",
        "DnsCheck",
        "FileCheck",
        "FollowedCheck",
        "HttpCheck",
        "HttpVersion",
        "MiscCheck",
        "PingCheck",
        "ProbeResult",
        "RealServer",
        "RegexOption",
        "SmtpCheck",
        "SorryServer",
        "Target",
        "TcpCheck",
        "Timing",
        "TlsMaterial",
        "UdpCheck",
        "Url",
        "VirtualServer",
    ),
    "core.service": ("QuorumDown", "QuorumUp", "ServerDown", "ServerUp"),
    "core.table": (
        "Destination",
        "DestinationSettings",
        "Family",
        "FirewallMark",
        "Forwarding",
        "Method",
        "Protocol",
        "Service",
        "ServiceAddress",
        "ServiceFlag",
        "ServiceKey",
        "ServiceSettings",
        "Table",
        "TunnelChecksum",
        "TunnelType",
    ),
    "errors": ("HealthcheckError",),
    "events": ("CheckFailed", "CheckRecovered", "Event"),
    "ipvs": ("Ipvs", "IpvsError", "IpvsMissing"),
    "snapshot": ("AgentSnapshot", "CheckSnapshot", "ServerSnapshot", "ServiceSnapshot"),
    "upkeep": ("KernelTable", "Repair"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
