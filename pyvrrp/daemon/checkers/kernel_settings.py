"""What of IPVS is no service: idle times of connections, and the sync daemon that shares them."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Protocol

from healthcheck.core.sync import SyncDaemon, SyncState, Timeouts
from healthcheck.ipvs import IpvsError

from ..lvs.settings import CheckerSettings

__all__ = ["KernelSettings"]

logger = logging.getLogger(__name__)


class _Kernel(Protocol):
    """The part of `healthcheck.ipvs.Ipvs` that is used here; every call may raise IpvsError."""

    def timeouts(self) -> Timeouts: ...
    def set_timeouts(self, *, tcp: int = 0, tcp_fin: int = 0, udp: int = 0) -> None: ...
    def sync_daemons(self) -> Iterable[SyncDaemon]: ...
    def start_sync_daemon(self, daemon: SyncDaemon) -> None: ...
    def stop_sync_daemon(self, state: SyncState) -> None: ...


class KernelSettings:
    """Sets both as configured and puts them back. What the kernel refuses is logged, no more."""

    def __init__(self, ipvs: _Kernel) -> None:
        self._ipvs = ipvs
        self._original: Timeouts | None = None
        self._daemons: tuple[SyncDaemon, ...] = ()
        self._follows: str | None = None
        self._active: frozenset[str] = frozenset()

    def use(self, settings: CheckerSettings) -> None:
        """From now on have it as these settings say."""
        try:
            self._set_timeouts(settings.timeouts)
        except IpvsError as error:
            logger.error("%s", error)
        had_some, self._daemons = bool(self._daemons), settings.sync_daemons
        self._follows = settings.sync_follows
        if had_some or self._daemons:
            self._bring_in_line()

    def follow(self, active: Iterable[str]) -> None:
        """These Virtual Routers are Active, of those that the sync daemon may follow."""
        self._active = frozenset(active)
        if self._daemons and self._follows is not None:
            self._bring_in_line()

    def put_back(self) -> None:
        """Leave both as they were found."""
        self.use(CheckerSettings())

    def _set_timeouts(self, wanted: Timeouts) -> None:
        if wanted == Timeouts() and self._original is None:
            return
        if self._original is None:
            self._original = self._ipvs.timeouts()
        before = self._original
        self._ipvs.set_timeouts(
            tcp=wanted.tcp or before.tcp,
            tcp_fin=wanted.tcp_fin or before.tcp_fin,
            udp=wanted.udp or before.udp,
        )

    def _bring_in_line(self) -> None:
        """Stop what is not wanted first: the kernel has one daemon of each state."""
        wanted = {daemon.state: daemon for daemon in self._wanted()}
        try:
            running = {daemon.state: daemon for daemon in self._ipvs.sync_daemons()}
            for state, found in running.items():
                if state not in wanted or not _is_as(found, wanted[state]):
                    self._ipvs.stop_sync_daemon(state)
                else:
                    del wanted[state]
            for daemon in wanted.values():
                self._ipvs.start_sync_daemon(daemon)
                logger.info("sync daemon started: %s", daemon.state.name.lower())
        except IpvsError as error:
            logger.error("%s", error)

    def _wanted(self) -> Iterable[SyncDaemon]:
        if self._follows is None:
            return self._daemons
        state = SyncState.MASTER if self._follows in self._active else SyncState.BACKUP
        return [daemon for daemon in self._daemons if daemon.state is state]


def _is_as(found: SyncDaemon, wanted: SyncDaemon) -> bool:
    """Whether a daemon that runs is the one wanted; what is left to the kernel does not count."""
    return (found.interface, found.sync_id) == (wanted.interface, wanted.sync_id) and all(
        not asked or is_there == asked
        for is_there, asked in (
            (found.max_length, wanted.max_length),
            (found.port, wanted.port),
            (found.ttl, wanted.ttl),
            (found.group, wanted.group),
        )
    )
