"""The service without a bus, and what it answers; on a bus it is seen in tests/netns/test_dbus.py."""

from __future__ import annotations

import asyncio
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from dbus_fast import Message, Variant

from pyvrrp.daemon.dbus import words as dbus_words
from pyvrrp.daemon.dbus.service import DbusService
from pyvrrp.daemon.notices.notice import Kind, Notice, What
from pyvrrp.daemon.notices.settings import DbusSettings

ROOT = "/org/keepalived/Vrrp1"
A = f"{ROOT}/Instance/eth0/51/IPv4"
SETTINGS = DbusSettings("org.keepalived.Vrrp1", ROOT, {"a": A})


class Service:
    """A service that finds no bus."""

    def __init__(self) -> None:
        self.wishes: list[str] = []
        self.service = DbusService(self.wishes.append)
        self.service.use(SETTINGS)

    def ask(self, path: str, interface: str, member: str, signature: str = "", *body: Any) -> Any:
        call = Message(
            "org.x", path, interface, member, signature=signature, body=list(body), serial=1
        )
        return self.service._answer(call)


@pytest.fixture
async def bus(monkeypatch: pytest.MonkeyPatch) -> Service:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere/at/all")
    return Service()


async def test_no_bus_is_said_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere/at/all")
    service = DbusService(print)
    service.use(SETTINGS)
    async with asyncio.timeout(20):
        while not caplog.messages:  # noqa: ASYNC110  # a log announces nothing
            await asyncio.sleep(0.01)
    assert caplog.messages == ["no service on the system bus: [Errno 2] No such file or directory"]
    service.tell(Notice(Kind.INSTANCE, "a", What.MASTER, 1))
    await service.close()


async def test_what_is_wanted(bus: Service):
    for member in ("PrintData", "PrintStats", "PrintStatsClear", "ReloadConfig"):
        assert bus.ask(f"{ROOT}/Vrrp", dbus_words.VRRP, member).body == []
    assert bus.ask(A, dbus_words.INSTANCE, "SendGarp").body == []
    assert bus.wishes == ["dump DATA", "dump STATS", "dump STATS_CLEAR", "reload", "garp a"]
    await bus.service.close()


async def test_what_is_refused(bus: Service):
    for path, interface, member in (
        (f"{ROOT}/Vrrp", dbus_words.VRRP, "Other"),
        (A, dbus_words.VRRP, "PrintData"),
        (f"{ROOT}/Vrrp", dbus_words.INSTANCE, "SendGarp"),
        (A, dbus_words.PROPERTIES, "Set"),
        ("/org/other", dbus_words.INTROSPECTABLE, "Introspect"),
    ):
        assert bus.ask(path, interface, member) is None
    assert bus.ask(A, dbus_words.PROPERTIES, "Get", "ss", dbus_words.INSTANCE, "Other") is None
    assert bus.wishes == []
    await bus.service.close()


async def test_properties(bus: Service):
    def get(name: str) -> Variant:
        answer = bus.ask(A, dbus_words.PROPERTIES, "Get", "ss", dbus_words.INSTANCE, name)
        (value,) = answer.body
        return value

    assert list(get("Name").value) == ["a"]
    assert list(get("State").value) == [0, "Init"]
    bus.service.tell(Notice(Kind.INSTANCE, "a", What.FAULT, 1))
    bus.service.tell(Notice(Kind.INSTANCE, "a", What.BACKUP_PRIORITY, 2))
    assert list(get("State").value) == [3, "Fault"]
    bus.service.learn(Notice(Kind.INSTANCE, "a", What.MASTER, 1))
    assert list(get("State").value) == [2, "Master"]
    await bus.service.close()


def test_description_leads_to_every_object():
    root = ET.fromstring(dbus_words.introspection("/", f"{ROOT}/Vrrp", [A]) or "")
    assert [node.get("name") for node in root.findall("node")] == ["org"]
    assert dbus_words.introspection("/other", f"{ROOT}/Vrrp", [A]) is None
