"""What a reload does to Virtual Routers, their addresses and their sync groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ...core.model import Family
from ...settings import VirtualAddress, VirtualRouterSettings
from .differences import compared, differences
from .items import Change, Fate, Item

__all__ = ["Identity", "RouterPlan", "RouterStep", "item", "sync_groups"]

Identity = tuple[str, Family, int]
"""`VirtualRouterSettings.identity`: a Virtual Router that has another name is still the same one."""


@dataclass(frozen=True, slots=True)
class RouterStep:
    """What becomes of one Virtual Router; `reason` says why it has to restart.

    `name` is the one it will have, or had.
    """

    fate: Fate
    identity: Identity
    name: str
    old: VirtualRouterSettings | None
    new: VirtualRouterSettings | None
    reason: str = ""


class RouterPlan:
    """The way from the Virtual Routers that run to those that are wanted.

    It grows by one Virtual Router at a time, so no part of the work grows with the configuration.
    Several with one identity: only the first can be what runs, the others count as added.
    """

    def __init__(self, running: Mapping[Identity, VirtualRouterSettings]) -> None:
        self.unchanged: list[VirtualRouterSettings] = []
        self._gone = dict(running)
        self._steps: list[RouterStep] = []

    def want(self, new: VirtualRouterSettings) -> None:
        """One that is to run. Call it for each, in their order."""
        identity = new.identity
        old = self._gone.pop(identity, None)
        if old is None:
            self._steps.append(RouterStep(Fate.ADDED, identity, new.name, None, new))
        elif old == new:
            self.unchanged.append(new)
        else:
            reason = old.restart_reason(new)
            fate = Fate.IN_PLACE if reason is None else Fate.RESTART
            self._steps.append(RouterStep(fate, identity, new.name, old, new, reason or ""))

    def steps(self) -> Iterator[RouterStep]:
        """What is to be done once all are wanted, in this order.

        What vanished stops first, since its addresses may be somebody else's now.
        """
        for identity, old in self._gone.items():
            yield RouterStep(Fate.REMOVED, identity, old.name, old, None)
        yield from self._steps


def item(step: RouterStep) -> Item:
    """A step in words."""
    parts = tuple(_addresses(step.old, step.new))
    changes: tuple[Change, ...] = ()
    if step.old is not None and step.new is not None:
        changes = tuple(differences(step.old, step.new, skip=("addresses",)))
    return Item("virtual router", step.name, step.fate, step.reason, changes, parts)


def _addresses(
    old: VirtualRouterSettings | None, new: VirtualRouterSettings | None
) -> Iterator[Item]:
    before = {} if old is None else {(a.interface, a.dev): a for a in old.addresses}
    after = {} if new is None else {(a.interface, a.dev): a for a in new.addresses}
    for key, address in after.items():
        yield compared("address", _place(address), before.get(key), address)
    for key, address in before.items():
        if key not in after:
            yield Item("address", _place(address), Fate.REMOVED)


def _place(address: VirtualAddress) -> str:
    return f"{address.interface} dev {address.dev}" if address.dev else str(address.interface)


def sync_groups(
    old: Iterable[VirtualRouterSettings], new: Iterable[VirtualRouterSettings]
) -> Iterator[Item]:
    """What becomes of the groups: they are nothing but their members, which restart on a change."""
    before, after = _members(old), _members(new)
    for name, members in after.items():
        former = before.get(name)
        if former is None:
            yield Item("sync group", name, Fate.ADDED)
            continue
        left = (Change("member", each, None) for each in former if each not in members)
        came = (Change("member", None, each) for each in members if each not in former)
        changes = (*left, *came)
        fate = Fate.IN_PLACE if changes else Fate.UNCHANGED
        yield Item("sync group", name, fate, changes=changes)
    yield from (Item("sync group", name, Fate.REMOVED) for name in before if name not in after)


def _members(routers: Iterable[VirtualRouterSettings]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for router in routers:
        if router.sync_group is not None:
            groups.setdefault(router.sync_group, []).append(router.name)
    return groups
