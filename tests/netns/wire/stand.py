"""A daemon with many Virtual Routers, of VRID N and address 10.0.0.N, and a neighbour on a cable."""

from __future__ import annotations

import json
import os
import re
import signal

import pytest

from netnslab import Lab, wait_until
from tests.netns.interop.routers import OURS, Keepalived

from .frames import Advert, Packet, frame
from .rig import DEVICE_MAC, Wire

__all__ = ["PATIENCE", "Stand", "announcements"]

PATIENCE = 20.0


def announcements(wire: Wire, vip: bytes) -> list[float]:
    """When an address was announced by itself: gratuitous ARP or unsolicited NA."""
    return [
        each.monotonic
        for each in wire.capture.frames_from(0)
        if (each.data[12:14] == b"\x08\x06" and each.data[28:32] == each.data[38:42] == vip)
        or (each.data[12:14] == b"\x86\xdd" and each.data[54] == 136 and each.data[62:78] == vip)
    ]


class Stand:
    """The daemon, 192.0.2.1, and a neighbour, 192.0.2.9, that hears everything from the start on.

    There may be more cables, from eth1 on.
    """

    def __init__(self, lab: Lab, cables: int = 1) -> None:
        self.host, neighbour = lab.host("r"), lab.host("neighbour")
        own = ["192.0.2.1/24", "192.0.2.77/24", "192.0.2.78/24", "2001:db8::1/64"]
        self.host.connect(neighbour, addresses=own, mac=DEVICE_MAC)
        names = [f"eth{number}" for number in range(1, cables)]
        for number, name in enumerate(names, 1):
            own = [f"198.51.{99 + number}.1/24"]
            self.host.connect(neighbour, name, addresses=own, far_interface=name)
        neighbour.add_address("eth0", "192.0.2.9/24")
        self.wire = Wire(neighbour)
        self.others = {name: Wire(neighbour, name) for name in names}
        self.daemon = Keepalived(self.host, OURS)

    def start(self, text: str) -> None:
        """The daemon, whose dumps are in the host's directory."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TMPDIR", str(self.host.directory))
            self.daemon.start([], text)

    def close(self) -> None:
        self.daemon.stop()
        for wire in (self.wire, *self.others.values()):
            wire.close()

    def say(self, vrid: int, priority: int, **packet: object) -> None:
        """The neighbour's Advertisement."""
        advert = Advert(vrid, priority, 10, (f"10.0.0.{vrid}",))
        self.wire.send(frame(advert, Packet("192.0.2.9", **packet)))

    def say_directly(self, vrid: int, **packet: object) -> None:
        """To the daemon's address, with a better priority."""
        to = {"destination": "192.0.2.1", "mac_destination": DEVICE_MAC}
        self.say(vrid, 200, **to, **packet)

    def announced(self, vrid: int) -> list[float]:
        """When its address was announced."""
        return announcements(self.wire, bytes((10, 0, 0, vrid)))

    def wait_announced(self, vrid: int, count: int) -> None:
        """Wait for so many announcements in all."""
        wait_until(
            lambda: len(self.announced(vrid)) >= count,
            what=f"{count} announcements of {vrid}",
            timeout=PATIENCE,
        )

    def hear_lower(self, vrids: tuple[int, ...], before: int, **packet: object) -> None:
        """Each hears a lower priority once it announced so often, and announces twice 6 times more."""
        for vrid in vrids:
            self.wait_announced(vrid, before)
            self.say(vrid, 50, **packet)
        for vrid in vrids:
            self.wait_announced(vrid, before + 6 + 6)

    def has(self, vrid: int) -> bool:
        return self.host.has_address(f"10.0.0.{vrid}")

    def wait_has(self, vrid: int, *, present: bool = True) -> None:
        self.host.wait_address(f"10.0.0.{vrid}", present=present, timeout=PATIENCE)

    def counted(self, vrid: int, what: str) -> int:
        """What a dump says."""
        dump = self.host.directory / "keepalived.json"
        dump.unlink(missing_ok=True)
        os.kill(self.daemon.child(), signal.SIGRTMIN + 2)
        wait_until(dump.exists, what="a dump", timeout=PATIENCE)
        found = {each["data"]["vrid"]: each["stats"] for each in json.loads(dump.read_text())}
        return int(found[vrid][what])

    def states(self, vrid: int) -> list[str]:
        """As logged."""
        return re.findall(rf"\(v{vrid}\) Entering (\w+) STATE", self.daemon.process.output())
