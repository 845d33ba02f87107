"""Netlink messages, as the kernel sent them."""

from __future__ import annotations

from ipaddress import ip_interface

from netnslab.interfaces import Address, AddressChange, parse_changes

_BODY = (
    "02188000"
    + "07000000"  # AF_INET, /24, permanent, interface 7
    + "08000100c0000264"
    + "08000200c0000264"
    + "08000400c00002ff"
    + "0900030065746830"
    + "00000000"
    + "08000800"
    + "80000000"
)


def test_an_address_comes_and_goes() -> None:
    body = bytes.fromhex(_BODY)
    length = (16 + len(body)).to_bytes(4, "little").hex()
    added = bytes.fromhex(length + "14000000" + "00000000" * 2) + body
    removed = bytes.fromhex(length + "15000000" + "00000000" * 2) + body
    address = Address(7, ip_interface("192.0.2.100/24"))
    assert parse_changes(added + removed) == [
        AddressChange(address, added=True),
        AddressChange(address, added=False),
    ]


def test_other_messages_say_nothing() -> None:
    assert parse_changes(bytes.fromhex("14000000030000000000000000000000" + "00000000")) == []


def test_an_address_that_is_tentative_is_the_same_address() -> None:
    body = bytes.fromhex("0a40c000" + "07000000" + "14000100" + "20010db8" + "00" * 11 + "01")
    length = (16 + len(body)).to_bytes(4, "little").hex()
    message = bytes.fromhex(length + "14000000" + "00000000" * 2) + body
    (change,) = parse_changes(message)
    assert change.address == Address(7, ip_interface("2001:db8::1/64"))
    assert change.address.is_tentative


def test_an_address_with_a_peer_is_the_local_one() -> None:
    body = bytes.fromhex("02208000" + "07000000" + "08000100c0000202" + "08000200c0000201")
    length = (16 + len(body)).to_bytes(4, "little").hex()
    (change,) = parse_changes(bytes.fromhex(length + "14000000" + "00000000" * 2) + body)
    assert change.address.interface == ip_interface("192.0.2.1/32")
