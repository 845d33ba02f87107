"""Settings of the checker process, read twice."""

from __future__ import annotations

import os
from ipaddress import IPv4Address

import pytest

from healthcheck.core.model import RealServer, VirtualServer
from healthcheck.core.table import Destination
from pyvrrp.daemon import handoff
from pyvrrp.daemon.checkers.reader import SettingsReader
from pyvrrp.daemon.lvs.settings import CheckedService, CheckerSettings, ServerCommands


def service(name: str, weight: int) -> CheckedService:
    server = RealServer(Destination(IPv4Address("10.0.0.1"), 80), weight)
    return CheckedService(VirtualServer(name, (), (server,)), (ServerCommands(),))


async def read(
    reader: SettingsReader, *records: object
) -> tuple[CheckerSettings, list[CheckedService]]:
    descriptor = handoff.new_memory()
    try:
        handoff.write(descriptor, (), records)
        return await reader.read(descriptor)
    finally:
        os.close(descriptor)


async def test_what_is_the_same_is_the_same_object():
    reader = SettingsReader()
    settings = CheckerSettings(flush_at_start=True)
    first = await read(reader, settings, service("a", 1), service("b", 1))
    assert first == (settings, [service("a", 1), service("b", 1)])
    second = await read(reader, CheckerSettings(), service("b", 1), service("a", 2))
    assert second == (CheckerSettings(), [service("b", 1), service("a", 2)])
    assert second[1][0] is first[1][1]


async def test_nothing_at_all():
    assert await read(SettingsReader()) == (CheckerSettings(), [])


async def test_damage_changes_nothing():
    reader = SettingsReader()
    first = await read(reader, service("a", 1))
    empty = handoff.new_memory()
    with pytest.raises(handoff.HandoffError):
        await reader.read(empty)
    os.close(empty)
    second = await read(reader, service("a", 1))
    assert second[1][0] is first[1][0]
