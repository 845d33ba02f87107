"""A reload carried out, step by step, on a stand-in for the Virtual Routers."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, replace

import pytest

from pyvrrp.core.actions import StateName
from pyvrrp.core.model import Version
from pyvrrp.daemon.vrrp.running_routers import RunningRouters
from pyvrrp.errors import PyvrrpError
from pyvrrp.net.vrrp_socket import SocketError
from pyvrrp.settings import HostSettings, VirtualRouterSettings

WEB = VirtualRouterSettings.of("web", "eth0", 51, ["192.0.2.100/24"])
DNS = VirtualRouterSettings.of("dns", "eth0", 52, ["192.0.2.110/24"])
OLD = VirtualRouterSettings.of("old", "eth0", 53, ["192.0.2.120/24"])
HEAVIER = replace(WEB, protocol=replace(WEB.protocol, priority=150))
SECOND = replace(WEB, name="second")


@dataclass
class Running:
    settings: VirtualRouterSettings
    state_name = StateName.ACTIVE

    @property
    def name(self) -> str:
        return self.settings.name


class Stand:
    """What VrrpRouter does with settings; it refuses the names in `broken`."""

    def __init__(self) -> None:
        self.running: dict[object, Running] = {}
        self.broken: set[str] = set()
        self.calls: list[str] = []
        self.is_started = asyncio.Event()

    @property
    def routers(self) -> tuple[Running, ...]:
        return tuple(self.running.values())

    def find(self, identity: object) -> Running | None:
        return self.running.get(identity)

    def start(self) -> None:
        self.calls.append("start")
        self.is_started.set()

    async def add(self, settings: VirtualRouterSettings, *, start: bool = True) -> None:
        self.calls.append(f"add {settings.name}{'' if start else ' at rest'}")
        if settings.identity in self.running:
            raise ValueError("VRID is taken")
        if settings.name in self.broken:
            raise PyvrrpError("broken")
        self.running[settings.identity] = Running(settings)

    async def remove(self, router: Running) -> None:
        self.calls.append(f"remove {router.name}")
        del self.running[router.settings.identity]

    async def reconfigure(self, router: Running, settings: VirtualRouterSettings) -> None:
        self.calls.append(f"reconfigure {router.name}")
        if router.settings.restart_reason(settings):
            await self.remove(router)
            await self.add(settings)
        router.settings = settings


@pytest.fixture
def stand() -> Stand:
    return Stand()


async def started(stand: Stand, *wanted: VirtualRouterSettings) -> RunningRouters:
    routers = RunningRouters(stand)
    await routers.start(wanted, HostSettings())
    stand.calls.clear()
    return routers


async def reload(routers: RunningRouters, *wanted: VirtualRouterSettings) -> None:
    plan = routers.plan()
    for settings in wanted:
        plan.want(settings)
    await routers.carry_out(plan)


async def test_all_start_together(stand: Stand):
    await RunningRouters(stand).start([WEB, DNS], HostSettings())
    assert stand.calls == ["add web at rest", "add dns at rest", "start"]


async def test_only_what_changed_is_touched(stand: Stand, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)
    routers = await started(stand, WEB, DNS, OLD)
    await reload(routers, HEAVIER, DNS)
    assert stand.calls == ["remove old", "reconfigure web"]
    assert [r.getMessage() for r in caplog.records] == [
        "(old) removed",
        "(web) in place: priority 100 -> 150",
        "reload: 1 unchanged, 1 in place (web: priority 100 -> 150), 1 removed (old)",
    ]
    stand.calls.clear()
    await reload(routers, HEAVIER, DNS)
    assert stand.calls == []


async def test_one_that_could_not_start_is_tried_again(stand: Stand):
    stand.broken = {"web"}
    routers = await started(stand, WEB, DNS)
    await reload(routers, WEB, DNS)
    assert stand.calls == ["add web"]
    stand.broken = set()
    stand.calls.clear()
    await reload(routers, WEB, DNS)
    await reload(routers, WEB, DNS)
    assert stand.calls == ["add web"]


async def test_one_that_could_not_restart_is_tried_again(stand: Stand):
    routers = await started(stand, WEB)
    stand.broken = {"web"}
    older = replace(WEB, protocol=replace(WEB.protocol, version=Version.V2))
    await reload(routers, older)
    assert stand.calls == ["reconfigure web", "remove web", "add web"]
    stand.calls.clear()
    await reload(routers, older)
    assert stand.calls == ["add web"]


async def test_a_second_of_one_identity_changes_nothing(stand: Stand):
    routers = await started(stand, WEB)
    await reload(routers, WEB, SECOND)
    assert stand.calls == ["add second"]
    assert [router.name for router in stand.routers] == ["web"]
    stand.calls.clear()
    await reload(routers, WEB)
    assert stand.calls == []


async def test_without_permission_there_is_no_start(stand: Stand, monkeypatch: pytest.MonkeyPatch):
    async def add(settings: VirtualRouterSettings, *, start: bool = True) -> None:
        raise SocketError("open", PermissionError(1, "Operation not permitted"))

    monkeypatch.setattr(stand, "add", add)
    with pytest.raises(SocketError):
        await RunningRouters(stand).start([WEB], HostSettings())


async def test_who_is_active(stand: Stand):
    routers = await started(stand, WEB)
    assert routers.is_active("web")
    assert not routers.is_active("dns")


_LONG, _SHORT = HostSettings(start_delay=3600.0), HostSettings(start_delay=0.001)


async def test_a_delayed_start(stand: Stand, caplog: pytest.LogCaptureFixture):
    """What a reload brings meanwhile waits too, and it may make the wait shorter."""
    caplog.set_level(logging.INFO)
    routers = RunningRouters(stand)
    await routers.start([WEB], _LONG)
    await reload(routers, WEB, DNS)
    assert stand.calls == ["add web at rest", "add dns at rest"]
    routers.hold(_SHORT)
    await asyncio.wait_for(stand.is_started.wait(), 20)
    routers.hold(_LONG)  # too late
    await reload(routers, WEB, DNS, OLD)
    assert stand.calls[2:] == ["start", "add old"]
    said = [line for line in caplog.messages if "elay" in line]
    assert said[0].startswith("Delaying startup for 3") and len(said) > 1


async def test_a_start_that_waits_for_the_host(stand: Stand, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("time.clock_gettime", lambda clock: {time.CLOCK_BOOTTIME: 90.0}[clock])
    other = Stand()
    early, late = RunningRouters(stand), RunningRouters(other)
    await early.start([WEB], HostSettings(delay_after_boot=3690.0))
    await late.start([WEB], HostSettings(delay_after_boot=89.0))
    assert stand.calls == ["add web at rest"]
    assert other.calls == ["add web at rest", "start"]
    early.hold(HostSettings(start_delay=3600.0, delay_after_boot=1.0))
    assert stand.calls == ["add web at rest"]
    early.hold(HostSettings())
    assert stand.calls == ["add web at rest", "start"]
