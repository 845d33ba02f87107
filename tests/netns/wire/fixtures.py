"""Fixtures: a device and a tester on one cable."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netnslab import Lab

from .rig import DEVICE_MAC, Device, Wire

__all__ = ["device", "wire"]


@pytest.fixture
def device(lab: Lab) -> Iterator[Device]:
    """The device, 192.0.2.1/24 on eth0, the cable's other end at the host "tester"."""
    host, tester = lab.host("device"), lab.host("tester")
    host.connect(tester, addresses=["192.0.2.1/24"], mac=DEVICE_MAC)
    tester.add_address("eth0", "192.0.2.9/24")
    with Device(host) as made:
        yield made


@pytest.fixture
def wire(lab: Lab, device: Device) -> Iterator[Wire]:
    """The tester's end, 192.0.2.9/24; it captures from before the device starts a router."""
    made = Wire(lab["tester"])
    yield made
    made.close()
