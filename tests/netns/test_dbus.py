"""The service on a bus of its own, keepalived's and ours, seen by the same client."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from dbus_fast import Message, MessageType
from dbus_fast.aio import MessageBus

from netnslab import Lab, Process, wait_until

from .children import scripts_process
from .notices.rig import PROGRAMS

_BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:path=SOCKET</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""
_TEXT = """
global_defs {
    enable_dbus
}
vrrp_instance my-web.1 {
    interface eth0
    virtual_router_id 51
    advert_int 0.1
    version 3
    virtual_ipaddress {
        192.0.2.100/24
    }
}
"""
_NAME = "org.keepalived.Vrrp1"
_VRRP = "/org/keepalived/Vrrp1/Vrrp"
_INSTANCE = "/org/keepalived/Vrrp1/Instance/eth0/51/IPv4"


class Client:
    """Calls methods, and keeps the signals of the service."""

    def __init__(self, name: str = _NAME) -> None:
        self._name = name
        self.signals: list[tuple[str | None, list[Any]]] = []

    async def connect(self, path: Path) -> None:
        self._bus = await MessageBus(bus_address=f"unix:path={path}").connect()
        self._bus.add_message_handler(self._hear)
        for interface in ("Vrrp", "Instance"):
            rule = f"type='signal',interface='{_NAME}.{interface}'"
            body: list[Any] = [rule]
            await self.call("/org/freedesktop/DBus", "org.freedesktop.DBus", "AddMatch", "s", body,
                            "org.freedesktop.DBus")  # fmt: skip

    async def call(
        self,
        path: str,
        interface: str,
        member: str,
        signature: str = "",
        body: list[Any] | None = None,
        service: str | None = None,
    ) -> list[Any]:
        """Raises: AssertionError when it is refused."""
        message = Message(
            service or self._name, path, interface, member, signature=signature, body=body or []
        )
        async with asyncio.timeout(20):
            answer = await self._bus.call(message)
        assert answer is not None
        assert answer.message_type is MessageType.METHOD_RETURN, answer.body
        return list(answer.body)

    async def wait(self, member: str, *numbers: int) -> list[tuple[str | None, list[Any]]]:
        """Wait for a signal; returns all since the last call, this one is the last."""
        async with asyncio.timeout(20):
            while self.signals[-1:] != [(member, list(numbers))]:  # noqa: ASYNC110  # see _hear
                await asyncio.sleep(0.01)
        signals, self.signals = self.signals, []
        return signals

    async def wait_state(self, path: str, wanted: list[Any]) -> None:
        """Wait for the state of a Virtual Router to be that."""
        arguments = [f"{_NAME}.Instance", "State"]
        interface = "org.freedesktop.DBus.Properties"
        found: list[Any] = []
        async with asyncio.timeout(20):
            while found != wanted:
                (value,) = await self.call(path, interface, "Get", "ss", arguments)
                found = list(value.value)

    async def members(self, path: str) -> set[str]:
        """What the description of an object has of keepalived's, and what is below it."""
        (text,) = await self.call(path, "org.freedesktop.DBus.Introspectable", "Introspect")
        root = ET.fromstring(text)
        found = {f"node {node.get('name')}" for node in root.findall("node")}
        for interface in root.findall("interface"):
            if str(interface.get("name")).startswith(_NAME):
                found |= {f"{each.tag} {each.get('name')}" for each in interface}
        return found

    def close(self) -> None:
        self._bus.disconnect()

    def _hear(self, message: Message) -> None:
        is_theirs = str(message.interface).startswith(_NAME)
        if message.message_type is MessageType.SIGNAL and is_theirs:
            self.signals.append((message.member, list(message.body)))


def _listens(path: Path) -> bool:
    """A socket has its name a moment before it takes connections."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


@pytest.fixture
def start(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[Path], Process]]:
    path = tmp_path / "bus"
    (tmp_path / "bus.conf").write_text(_BUS.replace("SOCKET", str(path)))
    host = lab.host("r")
    host.connect(lab.bridge("lan"), addresses=["192.0.2.1/24"])
    host.start(["dbus-daemon", f"--config-file={tmp_path}/bus.conf", "--nofork"])
    wait_until(lambda: _listens(path), what="the bus", timeout=20)
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={path}")
    monkeypatch.setenv("TMPDIR", str(tmp_path))

    def run(program: Path, text: str = _TEXT) -> Process:
        (tmp_path / "conf").write_text(text)
        names = {"-f": "conf", "-p": "p", "-r": "r", "-c": "c"}
        files = [word for f, name in names.items() for word in (f, str(tmp_path / name))]
        return host.start([str(program), "-nlDG", *files])

    yield run


@pytest.mark.slow
@pytest.mark.parametrize("program", PROGRAMS)
async def test_service(start: Callable[[Path], Process], tmp_path: Path, program: str) -> None:
    client = Client()
    await client.connect(tmp_path / "bus")
    process = start(PROGRAMS[program])
    # Which states it was in when it found the bus is a matter of luck.
    assert (await client.wait("VrrpStatusChange", 2))[0] == ("VrrpStarted", [])
    assert await client.members("/") == {"node org"}
    assert await client.members("/org/keepalived/Vrrp1") == {"node Vrrp", "node Instance"}
    assert await client.members(_VRRP) == {
        *(f"method {name}" for name in ("PrintData", "PrintStats", "PrintStatsClear")),
        *("method ReloadConfig", "signal VrrpStarted", "signal VrrpReloaded"),
        "signal VrrpStopped",
    }
    assert await client.members(_INSTANCE) == {
        *("method SendGarp", "signal VrrpStatusChange", "property Name", "property State"),
    }
    (found,) = await client.call(
        _INSTANCE, "org.freedesktop.DBus.Properties", "GetAll", "s", [f"{_NAME}.Instance"]
    )
    assert {name: list(value.value) for name, value in found.items()} == {
        "Name": ["my-web.1"],
        "State": [2, "Master"],
    }
    assert await client.call(_INSTANCE, f"{_NAME}.Instance", "SendGarp") == []
    process.wait_for_log(r"Sending garps on my-web\.1 on DBus request", timeout=20)
    assert await client.call(_VRRP, f"{_NAME}.Vrrp", "PrintStats") == []
    wait_until((tmp_path / "keepalived.stats").exists, what="a dump", timeout=20)
    assert await client.call(_VRRP, f"{_NAME}.Vrrp", "ReloadConfig") == []
    assert await client.wait("VrrpReloaded") == [("VrrpReloaded", [])]
    process.signal(signal.SIGTERM)
    end = [("VrrpStatusChange", [98]), ("VrrpStopped", [])]
    assert await client.wait("VrrpStopped") == end
    assert process.wait(20) == 0
    client.close()


async def test_state_is_known_to_who_takes_the_place_of_one_killed(
    start: Callable[[Path], Process], tmp_path: Path
) -> None:
    client = Client()
    await client.connect(tmp_path / "bus")
    process = start(PROGRAMS["ours"])
    await client.wait("VrrpStatusChange", 2)
    os.kill(scripts_process(process.pid, int((tmp_path / "r").read_text())), signal.SIGKILL)
    async with asyncio.timeout(20):
        while ("VrrpStarted", []) not in client.signals:  # noqa: ASYNC110  # see _hear
            await asyncio.sleep(0.01)
    await client.wait_state(_INSTANCE, [2, "Master"])
    client.close()


_NAMES = """
global_defs {
    enable_dbus
    dbus_service_name org.example.Other
    dbus_no_interface_name nowhere
}
vrrp_instance one {
    virtual_router_id 51
    advert_int 0.1
    version 3
    unicast_src_ip 192.0.2.1
    unicast_peer {
        192.0.2.2
    }
    virtual_ipaddress {
        192.0.2.100/24 dev eth0
    }
}
"""


async def test_names(start: Callable[..., Process], tmp_path: Path) -> None:
    """dbus_service_name, dbus_no_interface_name."""
    client = Client("org.example.Other")
    await client.connect(tmp_path / "bus")
    process = start(PROGRAMS["ours"], _NAMES)
    await client.wait("VrrpStatusChange", 2)
    assert await client.members("/org/keepalived/Vrrp1/Instance") == {"node nowhere"}
    assert process.stop(20) == 0
    client.close()
