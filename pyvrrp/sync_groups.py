"""The sync groups of this host, kept in step by the rules of `core.sync_group`."""

from __future__ import annotations

from collections import deque

from .core.events import Dispossessed, InitializeReason
from .core.sync_group import consequences, standing
from .virtual_router import VirtualRouter

__all__ = ["SyncGroups"]


class SyncGroups:
    """Who belongs together. A Virtual Router without a group may be handed in; nothing happens."""

    def __init__(self) -> None:
        self._members: dict[str, list[VirtualRouter]] = {}
        self._news: deque[VirtualRouter] = deque()
        self._settling = False

    def add(self, router: VirtualRouter) -> None:
        """A member to be taken into account."""
        if router.settings.sync_group is not None:
            self._members.setdefault(router.settings.sync_group, []).append(router)

    def remove(self, router: VirtualRouter) -> None:
        """A member no more."""
        if router.settings.sync_group is not None:
            self._members[router.settings.sync_group].remove(router)

    def fault_beside(self, router: VirtualRouter) -> InitializeReason | None:
        """Why the other members keep this one out; None: they do not."""
        members = self._members.get(router.settings.sync_group or "", ())
        faults = {m.own_fault for m in members if m is not router} - {None}
        if not faults:
            return None
        only_wait = faults == {InitializeReason.AWAITING_TRACKED}
        return InitializeReason.AWAITING_TRACKED if only_wait else InitializeReason.SYNC_GROUP

    def dispossess(self, router: VirtualRouter, now: float) -> None:
        """A member's things were taken away: all that are Active resign, and stand again soon."""
        members = self._members.get(router.settings.sync_group or "", [router])
        self._settling = True
        try:
            for member in [m for m in members if m.is_active]:
                member.feed(Dispossessed(), now)
        finally:
            self._settling = False
        self.settle(router, now)

    def settle(self, router: VirtualRouter, now: float) -> None:
        """A member's standing changed: tell the others, and those that change by it, in turn."""
        if router.settings.sync_group is None:
            return
        self._news.append(router)
        if self._settling:
            return
        self._settling = True
        try:
            while self._news:
                self._tell(self._news.popleft(), now)
        finally:
            self._settling = False

    def _tell(self, router: VirtualRouter, now: float) -> None:
        members = {m.name: m for m in self._members.get(router.settings.sync_group or "", ())}
        if router.name in members:
            standings = {name: standing(member.state) for name, member in members.items()}
            for name, event in consequences(standings, router.name):
                members[name].feed(event, now)
