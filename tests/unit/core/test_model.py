"""What a Virtual Router may be configured to, and what it costs."""

import sys
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

import pytest

from pyvrrp.core.model import (
    ChecksumForm,
    Family,
    Version,
    VirtualRouterConfig,
    virtual_router_mac,
    vrrp_group,
)

V3 = VirtualRouterConfig(51, Family.IPV4, (IPv4Address("192.0.2.100"),), IPv4Address("192.0.2.1"))
V2 = replace(V3, version=Version.V2)
V6 = VirtualRouterConfig(
    51, Family.IPV6, (IPv6Address("fe80::64"), IPv6Address("2001:db8::64")), IPv6Address("fe80::1")
)


@pytest.mark.parametrize(
    ("base", "change"),
    [
        pytest.param(V3, {"vrid": 1}, id="VRID 1"),
        pytest.param(V3, {"vrid": 255}, id="VRID 255"),
        pytest.param(V3, {"priority": 1}, id="priority 1"),
        pytest.param(V3, {"priority": 255}, id="priority 255"),
        pytest.param(V3, {"advertisement_interval": 0.01}, id="1 cs"),
        pytest.param(V3, {"advertisement_interval": 40.95}, id="4095 cs"),
        pytest.param(V2, {"advertisement_interval": 1}, id="v2 1 s"),
        pytest.param(V2, {"advertisement_interval": 255.0}, id="v2 255 s"),
        pytest.param(V2, {"password": b"12345678"}, id="v2 password"),
        pytest.param(V3, {"addresses": (IPv4Address("192.0.2.9"),) * 255}, id="255 addresses"),
        pytest.param(V3, {"addresses": (), "addressless": True}, id="none, as is meant"),
        pytest.param(V6, {"addresses": (), "addressless": True}, id="no IPv6 address, as is meant"),
        pytest.param(V6, {}, id="link-local first"),
        pytest.param(
            V6,
            {"addresses": (IPv6Address("2001:db8::1"),), "link_local_first": False},
            id="global first, as keepalived lets it",
        ),
    ],
)
def test_accepted(base, change):
    assert replace(base, **change) is not None


@pytest.mark.parametrize(
    ("base", "change", "text"),
    [
        pytest.param(V3, {"version": 2}, "version 2 is no Version", id="a bare number"),
        pytest.param(V3, {"vrid": 0}, "VRID 0 is not in 1..255", id="VRID 0"),
        pytest.param(V3, {"vrid": 256}, "VRID 256 is not in 1..255", id="VRID 256"),
        pytest.param(V3, {"priority": 0}, "priority 0 is not in 1..255", id="priority 0"),
        pytest.param(V3, {"priority": 256}, "priority 256 is not in", id="priority 256"),
        pytest.param(V3, {"advertisement_interval": 0.0}, "interval 0.0 s is not", id="0 cs"),
        pytest.param(V3, {"advertisement_interval": 40.96}, "interval 40.96 s", id="4096 cs"),
        pytest.param(V2, {"advertisement_interval": 0.5}, "0.5 s is not 1..255 whole", id="v2 0.5"),
        pytest.param(V2, {"advertisement_interval": 1.5}, "1.5 s is not 1..255 whole", id="v2 1.5"),
        pytest.param(V2, {"advertisement_interval": 256}, "256 s is not", id="v2 256"),
        pytest.param(V6, {"version": Version.V2}, "version 2 carries IPv4 only", id="v2 IPv6"),
        pytest.param(V3, {"password": b"12345678"}, "no authentication", id="v3 password"),
        pytest.param(V2, {"password": b"short"}, "8 octets", id="short password"),
        pytest.param(V3, {"addresses": ()}, "at least one virtual address", id="no address"),
        pytest.param(V6, {"addresses": ()}, "at least one virtual address", id="no IPv6 address"),
        pytest.param(V3, {"addresses": (IPv4Address(1),) * 256}, "256 addresses", id="256"),
        pytest.param(V3, {"addresses": V6.addresses}, "of the Virtual Router's family", id="mixed"),
        pytest.param(V3, {"source": V6.source}, "of the Virtual Router's family", id="source"),
        pytest.param(V6, {"addresses": V6.addresses[1:]}, "must be link-local", id="global first"),
        pytest.param(V3, {"missed_advertisements": 0}, "at least 1", id="no silence"),
    ],
)
def test_refused_naming_the_virtual_router(base, change, text):
    with pytest.raises(ValueError, match=r"Virtual Router \d+ \(IPV[46]\): ") as caught:
        replace(base, **change)
    assert text in str(caught.value)


def test_constants_of_the_wire():
    assert vrrp_group(Family.IPV4) == IPv4Address("224.0.0.18")
    assert vrrp_group(Family.IPV6) == IPv6Address("ff02::12")
    assert virtual_router_mac(Family.IPV4, 255).hex(":") == "00:00:5e:00:01:ff"
    assert virtual_router_mac(Family.IPV6, 255).hex(":") == "00:00:5e:00:02:ff"
    assert virtual_router_mac(Family.IPV4, 1).hex(":") == "00:00:5e:00:01:01"


def test_the_group_of_the_family_unless_another_is_set():
    assert V3.destination_group == IPv4Address("224.0.0.18")
    other = IPv4Address("224.0.0.77")
    assert replace(V3, group=other).destination_group == other


def test_default_values_are_shared_objects():
    other = replace(V3, vrid=52)
    fresh = VirtualRouterConfig(7, Family.IPV4, V3.addresses, V3.source)
    assert fresh.accepted_checksums is other.accepted_checksums
    assert fresh.announce is other.announce
    assert fresh.accepted_checksums == {ChecksumForm.PSEUDO_HEADER, ChecksumForm.MESSAGE_ONLY}


def test_a_virtual_router_s_settings_stay_small():
    """There are a thousand of them in one process: slots only, no dictionary."""
    assert sys.getsizeof(V3) <= 264
    assert not hasattr(V3, "__dict__")
