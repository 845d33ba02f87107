"""What a reload does to virtual services, their real servers and the checks of these."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from healthcheck.core.model import Check, RealServer
from healthcheck.core.succession import ServerStep, server_steps, service_steps

from ..lvs.check_names import keyword
from ..lvs.settings import CheckedService, ServerCommands
from .differences import differences
from .items import Change, Fate, Item

__all__ = ["ServiceChange", "changes", "item"]

_NO_COMMANDS = ServerCommands()


@dataclass(frozen=True, slots=True)
class ServiceChange:
    """What becomes of one virtual service. It is never stopped in order to change."""

    fate: Fate
    name: str
    old: CheckedService | None
    new: CheckedService | None


def changes(
    old: Mapping[str, CheckedService], new: Iterable[CheckedService]
) -> Iterator[ServiceChange]:
    """What becomes of each: those of `new` in their order, then those of `old` that end.

    The checker's agent goes by the same `healthcheck.core.succession`.
    """
    wanted = {service.server.name: service for service in new}
    before = {name: service.server for name, service in old.items()}
    for step in service_steps(before, (service.server for service in wanted.values())):
        was, is_ = old.get(step.name), wanted.get(step.name)
        if was is None:
            fate = Fate.ADDED
        elif is_ is None:
            fate = Fate.REMOVED
        elif step.is_unchanged and (was is is_ or was == is_):
            fate = Fate.UNCHANGED
        else:
            fate = Fate.IN_PLACE
        yield ServiceChange(fate, step.name, was, is_)


def item(change: ServiceChange) -> Item:
    """A change in words."""
    old, new = change.old, change.new
    told: tuple[Change, ...] = ()
    if old is None or new is None or change.fate is Fate.UNCHANGED:
        parts = tuple(_all_alike(new or old, change.fate))
    else:
        told = tuple(differences(old, new, skip=("real_servers", "servers")))
        parts = _servers(old, new)
    return Item("virtual server", change.name, change.fate, changes=told, parts=parts)


def _all_alike(service: CheckedService | None, fate: Fate) -> Iterator[Item]:
    """The servers of a service that share its fate, and so do their checks."""
    for server in service.server.real_servers if service is not None else ():
        yield _alike(server, fate)


def _alike(server: RealServer, fate: Fate) -> Item:
    checks = tuple(Item("check", keyword(check), fate) for check in server.checks)
    return Item("real server", str(server.address), fate, parts=checks)


def _servers(old: CheckedService, new: CheckedService) -> tuple[Item, ...]:
    before, after = _commands(old), _commands(new)
    steps = server_steps(old.server, new.server)
    return tuple(item for step in steps for item in _server(step, before, after))


def _commands(service: CheckedService) -> dict[object, ServerCommands]:
    both = zip(service.server.real_servers, service.servers, strict=True)
    return {server.address: commands for server, commands in both if commands != _NO_COMMANDS}


def _server(
    step: ServerStep, before: dict[object, ServerCommands], after: dict[object, ServerCommands]
) -> Iterator[Item]:
    old, new = step.old, step.new
    if old is not None and new is not None:
        address = new.address
        commands = before.get(address, _NO_COMMANDS), after.get(address, _NO_COMMANDS)
        told = (*differences(old, new, skip=("checks",)), *differences(*commands))
        parts = tuple(_checks(old, new, step.carried))
        is_same = not told and all(part.fate is Fate.UNCHANGED for part in parts)
        fate = Fate.UNCHANGED if is_same else Fate.IN_PLACE
        yield Item("real server", str(address), fate, changes=told, parts=parts)
    elif new is not None:
        yield _alike(new, Fate.ADDED)
    elif old is not None:
        yield _alike(old, Fate.REMOVED)


def _checks(old: RealServer, new: RealServer, carried: tuple[int | None, ...]) -> Iterator[Item]:
    """A changed check starts again: it is told beside the old one of its kind that ends."""
    ending: dict[str, list[Check]] = {}
    for index, check in enumerate(old.checks):
        if index not in carried:
            ending.setdefault(keyword(check), []).append(check)
    for check, place in zip(new.checks, carried, strict=True):
        kind = keyword(check)
        if place is not None:
            yield Item("check", kind, Fate.UNCHANGED)
        elif ending.get(kind):
            told = tuple(differences(ending[kind].pop(0), check))
            yield Item("check", kind, Fate.RESTART, "its settings changed", told)
        else:
            yield Item("check", kind, Fate.ADDED)
    for kind, rest in ending.items():
        yield from (Item("check", kind, Fate.REMOVED) for _ in rest)
