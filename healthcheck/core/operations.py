"""What can be done to the kernel's IPVS table: one change of one entry each.

Made by `reconcile.plan`, carried out by `healthcheck.ipvs`. `str()` of one names it for people.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from .table import Destination, DestinationSettings, ServiceKey, ServiceSettings

__all__ = [
    "BATCH",
    "AddDestination",
    "AddService",
    "Operation",
    "RemoveDestination",
    "RemoveService",
    "SetDestination",
    "SetService",
]

BATCH = 200
"""Operations that go to the kernel at a time: about 1 ms natively, up to 11 in User-Mode Linux with
what it takes to plan and pack them. Then an event loop has its turn."""


@dataclass(frozen=True, slots=True)
class AddService:
    """Make a virtual service without destinations."""

    key: ServiceKey
    settings: ServiceSettings

    def __str__(self) -> str:
        return f"add service {self.key}"


@dataclass(frozen=True, slots=True)
class SetService:
    """Change every setting of a virtual service; its destinations and connections stay."""

    key: ServiceKey
    settings: ServiceSettings

    def __str__(self) -> str:
        return f"change service {self.key}"


@dataclass(frozen=True, slots=True)
class RemoveService:
    """Remove a virtual service with all its destinations."""

    key: ServiceKey

    def __str__(self) -> str:
        return f"remove service {self.key}"


@dataclass(frozen=True, slots=True)
class AddDestination:
    """Give a real server to a virtual service."""

    key: ServiceKey
    destination: Destination
    settings: DestinationSettings

    def __str__(self) -> str:
        return f"add destination {self.destination} to service {self.key}"


@dataclass(frozen=True, slots=True)
class SetDestination:
    """Change every setting of a real server in one service; its connections stay."""

    key: ServiceKey
    destination: Destination
    settings: DestinationSettings

    def __str__(self) -> str:
        return f"change destination {self.destination} of service {self.key}"


@dataclass(frozen=True, slots=True)
class RemoveDestination:
    """Take a real server from a virtual service."""

    key: ServiceKey
    destination: Destination

    def __str__(self) -> str:
        return f"remove destination {self.destination} from service {self.key}"


Operation: TypeAlias = (
    AddService | SetService | RemoveService | AddDestination | SetDestination | RemoveDestination
)
