"""What of IPVS is no service: idle times of connections, and the sync daemon that shares them."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Protocol

from healthcheck.ipvs import IpvsError, SyncDaemon, SyncState, Timeouts

from . import checker_settings

__all__ = ["KernelSettings"]

logger = logging.getLogger(__name__)

_BOTH = frozenset({SyncState.MASTER, SyncState.BACKUP})


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
        self._sync: checker_settings.SyncDaemon | None = None
        self._active: frozenset[str] = frozenset()

    def use(self, settings: checker_settings.CheckerSettings) -> None:
        """From now on have it as these settings say."""
        try:
            self._set_timeouts(settings.timeouts)
        except IpvsError as error:
            logger.error("%s", error)
        had_one, self._sync = self._sync is not None, settings.sync_daemon
        if had_one or self._sync is not None:
            self._bring_in_line()

    def follow(self, active: Iterable[str]) -> None:
        """These Virtual Routers are Active, of those that the sync daemon may follow."""
        self._active = frozenset(active)
        if self._sync is not None and self._sync.follows is not None:
            self._bring_in_line()

    def put_back(self) -> None:
        """Leave both as they were found."""
        self.use(checker_settings.CheckerSettings())

    def _set_timeouts(self, wanted: checker_settings.Timeouts) -> None:
        if wanted == checker_settings.Timeouts() and self._original is None:
            return
        if self._original is None:
            self._original = self._ipvs.timeouts()
        before = self._original
        self._ipvs.set_timeouts(
            tcp=wanted.tcp or before.tcp,
            tcp_fin=wanted.tcpfin or before.tcp_fin,
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
        sync = self._sync
        if sync is None:
            return
        states = _BOTH
        if sync.follows is not None:
            is_active = sync.follows in self._active
            states = frozenset({SyncState.MASTER if is_active else SyncState.BACKUP})
        for state in sorted(states):
            yield SyncDaemon(
                state=state,
                interface=sync.interface,
                sync_id=sync.id,
                max_length=sync.maxlen or 0,
                port=sync.port or 0,
                ttl=sync.ttl or 0,
                group=sync.group,
            )


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
