"""Advertisements as whole frames; and a datagram taken apart."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from pyvrrp.core.model import Family, VirtualRouterConfig
from pyvrrp.net.advertisement_frame import advertisement_frame
from pyvrrp.net.vrrp_socket import split_datagram

_MAC4, _MAC6 = bytes.fromhex("00005e000133"), bytes.fromhex("00005e000233")


def _config(family: Family, source: str, address: str) -> VirtualRouterConfig:
    return VirtualRouterConfig(51, family, (ip_address(address),), ip_address(source))


def test_ipv4_frame() -> None:
    """RFC 1112 §6.4 for the group's MAC address; the header's checksum is scapy's."""
    cfg = _config(Family.IPV4, "192.0.2.1", "192.0.2.100")
    frame = advertisement_frame(cfg, b"message!", ip_address("224.0.0.18"), _MAC4)
    assert frame.hex() == (
        "01005e00001200005e000133080045c0001c00004000ff70d89dc0000201e0000012" + b"message!".hex()
    )


def test_ipv6_frame() -> None:
    """RFC 2464 §7 for the group's MAC address."""
    cfg = _config(Family.IPV6, "fe80::1", "fe80::100")
    frame = advertisement_frame(cfg, b"message!", ip_address("ff02::12"), _MAC6)
    assert frame.hex() == (
        "333300000012"
        "00005e000233"
        "86dd"
        "6c000000"
        "0008"
        "70"
        "ff"
        "fe800000000000000000000000000001"
        "ff020000000000000000000000000012" + b"message!".hex()
    )


@pytest.mark.parametrize(
    ("group", "mac"), [("239.129.2.3", "01005e010203"), ("224.128.0.1", "01005e000001")]
)
def test_23_bits_of_an_ipv4_group(group: str, mac: str) -> None:
    cfg = _config(Family.IPV4, "192.0.2.1", "192.0.2.100")
    assert advertisement_frame(cfg, b"", ip_address(group), _MAC4)[:6].hex() == mac


@pytest.mark.parametrize(
    ("family", "source", "destination"),
    [(Family.IPV4, "192.0.2.1", "224.0.0.18"), (Family.IPV6, "fe80::1", "ff02::12")],
)
def test_split_datagram(family: Family, source: str, destination: str) -> None:
    datagram = b"\xfe" + ip_address(source).packed + ip_address(destination).packed + b"abc"
    message, ip = split_datagram(family, datagram)
    assert message == b"abc"
    assert (str(ip.source), str(ip.destination), ip.ttl) == (source, destination, 254)
