"""Timeouts and sync daemons, on a kernel that notes what it is asked."""

from __future__ import annotations

import errno
import logging
from dataclasses import replace

import pytest

from healthcheck.core.sync import SyncDaemon, SyncState, Timeouts
from healthcheck.ipvs import IpvsError
from pyvrrp.daemon.checkers.kernel_settings import KernelSettings
from pyvrrp.daemon.lvs.settings import CheckerSettings

MASTER, BACKUP = SyncState.MASTER, SyncState.BACKUP
SYNC = CheckerSettings(
    sync_daemons=(SyncDaemon(MASTER, "eth0", 51), SyncDaemon(BACKUP, "eth0", 51))
)
FOLLOWING = replace(SYNC, sync_follows="VI_1")


def with_port(settings: CheckerSettings, port: int) -> CheckerSettings:
    daemons = tuple(replace(daemon, port=port) for daemon in settings.sync_daemons)
    return replace(settings, sync_daemons=daemons)


class Kernel:
    """Resolves what is left to it, as Linux does."""

    def __init__(self) -> None:
        self.values = Timeouts(900, 120, 300)
        self.daemons: dict[SyncState, SyncDaemon] = {}
        self.log: list[str] = []

    def timeouts(self) -> Timeouts:
        return self.values

    def set_timeouts(self, *, tcp: int = 0, tcp_fin: int = 0, udp: int = 0) -> None:
        old = self.values
        self.values = Timeouts(tcp or old.tcp, tcp_fin or old.tcp_fin, udp or old.udp)
        self.log.append(f"timeouts {tcp} {tcp_fin} {udp}")

    def sync_daemons(self) -> tuple[SyncDaemon, ...]:
        return tuple(self.daemons.values())

    def start_sync_daemon(self, daemon: SyncDaemon) -> None:
        if daemon.state in self.daemons:
            raise IpvsError("start", "runs already", errno.EEXIST)
        self.daemons[daemon.state] = replace(daemon, max_length=1472, port=daemon.port or 8848)
        self.log.append(f"start {daemon.state.name} {daemon.interface} {daemon.sync_id}")

    def stop_sync_daemon(self, state: SyncState) -> None:
        del self.daemons[state]
        self.log.append(f"stop {state.name}")


@pytest.fixture
def kernel() -> Kernel:
    return Kernel()


@pytest.fixture
def settings(kernel: Kernel) -> KernelSettings:
    return KernelSettings(kernel)


def test_nothing_configured_is_nothing_touched(kernel: Kernel, settings: KernelSettings):
    kernel.start_sync_daemon(SyncDaemon(BACKUP, "eth9"))
    kernel.log.clear()
    settings.use(CheckerSettings())
    settings.follow({"VI_1"})
    settings.put_back()
    assert kernel.log == []


def test_timeouts_are_set_and_put_back(kernel: Kernel, settings: KernelSettings):
    settings.use(CheckerSettings(timeouts=Timeouts(tcp=800)))
    assert kernel.values == Timeouts(800, 120, 300)
    settings.use(CheckerSettings(timeouts=Timeouts(udp=10)))
    assert kernel.values == Timeouts(900, 120, 10)
    settings.put_back()
    assert kernel.values == Timeouts(900, 120, 300)


def test_without_instance_both_run(kernel: Kernel, settings: KernelSettings):
    settings.use(SYNC)
    settings.follow({"VI_1"})
    assert kernel.log == ["start MASTER eth0 51", "start BACKUP eth0 51"]
    settings.put_back()
    assert kernel.daemons == {}


def test_follows_its_virtual_router(kernel: Kernel, settings: KernelSettings):
    settings.use(FOLLOWING)
    settings.follow({"VI_1"})
    settings.follow(set())
    assert kernel.log == [
        "start BACKUP eth0 51",
        "stop BACKUP",
        "start MASTER eth0 51",
        "stop MASTER",
        "start BACKUP eth0 51",
    ]


def test_news_may_come_before_the_settings(kernel: Kernel, settings: KernelSettings):
    settings.follow({"VI_1"})
    settings.use(FOLLOWING)
    assert kernel.log == ["start MASTER eth0 51"]


def test_reload_leaves_alone_what_is_the_same(kernel: Kernel, settings: KernelSettings):
    settings.use(FOLLOWING)
    settings.use(FOLLOWING)
    assert kernel.log == ["start BACKUP eth0 51"]
    settings.use(with_port(FOLLOWING, 9000))
    assert kernel.log[1:] == ["stop BACKUP", "start BACKUP eth0 51"]


def test_one_that_a_crashed_predecessor_left_is_taken_over(
    kernel: Kernel, settings: KernelSettings
):
    kernel.start_sync_daemon(SyncDaemon(MASTER, "eth0", 51))
    kernel.log.clear()
    settings.use(FOLLOWING)
    assert kernel.log == ["stop MASTER", "start BACKUP eth0 51"]


def test_refusal_is_said_and_nothing_more(
    kernel: Kernel, settings: KernelSettings, caplog: pytest.LogCaptureFixture
):
    def refuse(daemon: SyncDaemon) -> None:
        raise IpvsError("start the backup sync daemon on eth7", "no such device", errno.ENODEV)

    caplog.set_level(logging.ERROR)
    kernel.start_sync_daemon = refuse  # type: ignore[method-assign]
    settings.use(FOLLOWING)
    assert caplog.messages == ["IPVS: start the backup sync daemon on eth7: no such device"]
