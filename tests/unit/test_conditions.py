"""What keeps a Virtual Router from taking part, where its settings ask for more than an interface."""

from dataclasses import replace
from ipaddress import IPv4Address, ip_interface

import pytest

from pyvrrp.conditions import Conditions
from pyvrrp.core.events import InitializeReason
from pyvrrp.core.model import Peer
from pyvrrp.net.monitor import AddressAdded, LinkChanged
from pyvrrp.net.rtnetlink import InterfaceAddress, Link
from pyvrrp.settings import VirtualRouterSettings

from .fakes import FakeHost

LINK = Link(2, "eth0", True, True, False, bytes.fromhex("020000000001"), 1500)
SOURCE = IPv4Address("192.0.2.7")
PEER = Peer(IPv4Address("192.0.2.9"))


def fault(host, protocol, **more):
    settings = VirtualRouterSettings.of("a", "eth0", 51, ["192.0.2.100/24"], **protocol)
    return Conditions(replace(settings, **more), host).fault(LINK, has_begun=False)


@pytest.fixture
def host():
    made = FakeHost()
    for event in (
        LinkChanged(LINK),
        AddressAdded(InterfaceAddress(2, ip_interface("192.0.2.1/24"))),
    ):
        made.table.apply(event)
    return made


@pytest.mark.parametrize("is_tracked", [False, True])
def test_a_source_address_that_is_nowhere_is_a_fault_on_request(host, is_tracked):
    expected = InitializeReason.NO_SOURCE_ADDRESS if is_tracked else None
    assert fault(host, {"source": SOURCE}, track_source=is_tracked) is expected
    host.table.apply(AddressAdded(InterfaceAddress(2, ip_interface("192.0.2.7/24"))))
    assert fault(host, {"source": SOURCE}, track_source=is_tracked) is None


def test_one_that_is_to_have_peers_has_none(host):
    assert fault(host, {}, needs_peers=True) is InitializeReason.NO_PEERS
    assert fault(host, {"peers": (PEER,)}, needs_peers=True) is None
    assert fault(host, {}) is None
