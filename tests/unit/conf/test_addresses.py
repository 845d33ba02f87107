"""What is an address to keepalived, and what is not."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest

from pyvrrp.conf.addresses import parse_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("0.0.0.0", IPv4Address(0)),
        ("255.255.255.255", IPv4Address(0xFFFFFFFF)),
        ("192.0.2.130", IPv4Address(0xC0000282)),
        ("2001:db8::1", IPv6Address(0x20010DB8 << 96 | 1)),
        ("::ffff:192.0.2.1", IPv6Address(0xFFFFC0000201)),
    ],
)
def test_addresses(text: str, address: IPv4Address | IPv6Address) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        *("", "1", "1.2.3", "1.2.3.4.5", "1..3.4", "1.2.3.", "256.2.3.4", "1.2.3.1000"),
        *("01.2.3.4", "1.2.3.04", "00.0.0.0", "+1.2.3.4", "-1.2.3.4", " 1.2.3.4", "1.2.3.4 "),
        *("1.2.3.0x4", "1.2.3.4/24", "1.2.3.\u0664", "1.2.3.\u00b2", "a.b.c.d", "1,2,3,4"),
        *("fe80::1%eth0", "1::2::3", ":", "::1/64"),
    ],
)
def test_others(text: str) -> None:
    assert parse_address(text) is None
