"""How keepalived calls services and places, and what is read off a service's keys."""

from __future__ import annotations

from typing import TypeAlias

from healthcheck.core.table import Address, Destination, Family, FirewallMark, Protocol
from healthcheck.snapshot import ServiceSnapshot

from ..conf.lvs_config import LvsService

__all__ = ["Shown", "families", "label", "on", "pair", "place", "protocol"]

Shown: TypeAlias = tuple[LvsService, ServiceSnapshot]
"""A service and what became of it."""


def label(service: LvsService) -> str:
    """A service."""
    key = service.server.keys[0]
    if service.group is None and isinstance(key, FirewallMark):
        return f"FWM {key.mark}"
    return service.server.name


def place(service: LvsService, where: Destination) -> str:
    """A server of a service."""
    found = protocol(service)
    return f"[{where.address}]:{'none' if found is None else found.name.lower()}:{where.port}"


def pair(address: Address, port: int) -> str:
    """An address and a port."""
    return f"[{address}]:{port}"


def families(service: LvsService) -> set[Family]:
    """Both, when a group has both."""
    return {key.family for key in service.server.keys}


def protocol(service: LvsService) -> Protocol | None:
    """None when it has only firewall marks."""
    keys = service.server.keys
    return next((key.protocol for key in keys if not isinstance(key, FirewallMark)), None)


def on(value: bool) -> str:
    """ "ON" or "OFF"."""
    return "ON" if value else "OFF"
