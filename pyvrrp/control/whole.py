"""A configuration on a host at one moment, with what is looked up for each of many instances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..conf.config import Config, SyncGroup, VrrpInstance
from ..snapshot import (
    FileSnapshot,
    ProcessSnapshot,
    ScriptSnapshot,
    TrackedSnapshot,
    VirtualRouterSnapshot,
)
from .host import HostFacts, LinkFacts

__all__ = ["Whole"]


class Whole:
    """Made once for each dump. `snapshots`, `instances`, `group_of` are by name of the instance."""

    __slots__ = (
        *("_own_links", "config", "group_of", "host", "instances", "links", "scripts"),
        *("snapshots", "tracked_files", "tracked_processes", "tracked_scripts"),
    )

    def __init__(
        self,
        config: Config,
        host: HostFacts,
        snapshots: Mapping[str, VirtualRouterSnapshot],
        tracked: Sequence[TrackedSnapshot] = (),
    ) -> None:
        self.config = config
        self.host = host
        self.snapshots = snapshots
        self.tracked_scripts = {t.name: t for t in tracked if isinstance(t, ScriptSnapshot)}
        self.tracked_files = {t.name: t for t in tracked if isinstance(t, FileSnapshot)}
        self.tracked_processes = {t.name: t for t in tracked if isinstance(t, ProcessSnapshot)}
        self.instances = {instance.name: instance for instance in config.instances}
        self.scripts = {script.name: script for script in config.scripts}
        self.group_of: dict[str, SyncGroup] = {}
        for group in config.sync_groups:
            for member in group.members:
                self.group_of.setdefault(member, group)
        self.links = {link.name: link for link in host.links}
        self._own_links = {(link.parent, link.mac): link for link in host.links if link.is_ours}

    def snapshot(self, instance: VrrpInstance) -> VirtualRouterSnapshot | None:
        """What became of it; None: not known, or it has not started."""
        return self.snapshots.get(instance.name)

    def members(self, group: SyncGroup) -> list[VrrpInstance]:
        """Those that there are."""
        return [self.instances[name] for name in group.members if name in self.instances]

    def link(self, name: str | None) -> LinkFacts | None:
        """The interface of that name."""
        return None if name is None else self.links.get(name)

    def own_link(self, parent: str | None, mac: bytes) -> LinkFacts | None:
        """The link on `parent` that was made for that MAC address."""
        return self._own_links.get((parent, mac))
