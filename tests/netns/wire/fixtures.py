"""Fixtures: a device and a tester on one cable."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netnslab import Host, Lab

from .rig import Device, Wire
from .shared import lay_cable

__all__ = ["cable", "device", "wire"]


@pytest.fixture
def cable(lab: Lab) -> tuple[Host, Host]:
    """New hosts for every test. A module whose tests leave them as they were may have its own."""
    return lay_cable(lab)


@pytest.fixture
def device(cable: tuple[Host, Host]) -> Iterator[Device]:
    """The device; its end is eth0."""
    with Device(cable[0]) as made:
        yield made


@pytest.fixture
def wire(cable: tuple[Host, Host], device: Device) -> Iterator[Wire]:
    """The tester's end; it captures from before the device starts a router."""
    made = Wire(cable[1])
    yield made
    made.close()
