"""What a reload means: which virtual servers, real servers and checks go on, begin or end.

A virtual server is known by its name, a real server by its address, a check by being equal. Who
carries a reload out and who only tells what it would do go by the same answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from .model import Check, RealServer, VirtualServer

__all__ = ["ServerStep", "ServiceStep", "carried_checks", "server_steps", "service_steps"]


@dataclass(frozen=True, slots=True)
class ServiceStep:
    """A virtual server before and after; None: it is not there."""

    name: str
    old: VirtualServer | None
    new: VirtualServer | None
    is_unchanged: bool = False


@dataclass(frozen=True, slots=True)
class ServerStep:
    """A real server before and after; None: it is not there.

    `carried` is for each check of `new` the index of the one of `old` that goes on as it.
    """

    old: RealServer | None
    new: RealServer | None
    carried: tuple[int | None, ...] = ()


def service_steps(
    old: Mapping[str, VirtualServer], new: Iterable[VirtualServer]
) -> Iterator[ServiceStep]:
    """Those of `new` in their order, then those of `old` (by name) that end."""
    wanted = set()
    for config in new:
        wanted.add(config.name)
        former = old.get(config.name)
        yield ServiceStep(config.name, former, config, former is config or former == config)
    for name, former in old.items():
        if name not in wanted:
            yield ServiceStep(name, former, None)


def server_steps(old: VirtualServer, new: VirtualServer) -> Iterator[ServerStep]:
    """Those of `new` in their order, then those of `old` that end."""
    before = {server.address: server for server in old.real_servers}
    wanted = {server.address for server in new.real_servers}
    for server in new.real_servers:
        former = before.get(server.address)
        none = (None,) * len(server.checks)
        carried = none if former is None else carried_checks(former, server)
        yield ServerStep(former, server, carried)
    for address, former in before.items():
        if address not in wanted:
            yield ServerStep(former, None)


def carried_checks(old: RealServer, new: RealServer) -> tuple[int | None, ...]:
    """For each check of `new` the index of the equal one in `old`; None: it is new or changed."""
    if old.checks == new.checks:
        return tuple(range(len(new.checks)))
    places: dict[Check, list[int]] = {}
    for index in range(len(old.checks) - 1, -1, -1):
        places.setdefault(old.checks[index], []).append(index)
    found = (places.get(check) for check in new.checks)
    return tuple(place.pop() if place else None for place in found)
