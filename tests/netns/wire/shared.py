"""A cable for all tests of a module, which leave it as they found it.

Linux tells of a new carrier once a second at most, so a cable for each test costs most of a second.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netnslab import Host, Lab

from .rig import DEVICE_MAC

__all__ = ["lay_cable", "shared_cable"]


def lay_cable(lab: Lab) -> tuple[Host, Host]:
    """The device's host, 192.0.2.1/24, and the tester's, 192.0.2.9/24, on one cable."""
    host, tester = lab.host("device"), lab.host("tester")
    host.connect(tester, addresses=["192.0.2.1/24"], mac=DEVICE_MAC)
    tester.add_address("eth0", "192.0.2.9/24")
    return host, tester


@pytest.fixture(scope="module", name="cable")
def shared_cable() -> Iterator[tuple[Host, Host]]:
    """The hosts of the device and of the tester."""
    with Lab() as lab:
        yield lay_cable(lab)
