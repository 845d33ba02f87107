"""The picture of links and addresses that events draw."""

from __future__ import annotations

from ipaddress import ip_address, ip_interface

from pyvrrp.core.model import Family
from pyvrrp.net.monitor import (
    AddressAdded,
    AddressRemoved,
    InterfaceTable,
    LinkChanged,
    LinkRemoved,
    Overrun,
)
from pyvrrp.net.rtnetlink import InterfaceAddress, Link


def _link(index: int, name: str) -> Link:
    return Link(index, name, True, True, False, bytes(6), 1500)


def _address(text: str, index: int = 2, **flags: bool) -> AddressAdded:
    return AddressAdded(InterfaceAddress(index, ip_interface(text), **flags))


def _table(*events: AddressAdded) -> InterfaceTable:
    table = InterfaceTable()
    table.apply(LinkChanged(_link(2, "eth0")))
    for event in events:
        assert table.apply(event) == 2
    return table


def test_renamed_link() -> None:
    table = _table()
    assert table.apply(LinkChanged(_link(2, "lan0"))) == 2
    assert table.by_name("eth0") is None
    assert table.by_name("lan0") == table.by_index(2) == _link(2, "lan0")


def test_removed_link_takes_its_addresses_along() -> None:
    table = _table(_address("192.0.2.1/24"))
    assert table.apply(LinkRemoved(_link(2, "eth0"))) == 2
    assert table.by_name("eth0") is table.by_index(2) is None
    assert not table.has_address(2, ip_address("192.0.2.1"))
    assert table.links() == ()


def test_late_removal_of_a_link_that_was_made_again() -> None:
    table = _table()
    table.apply(LinkChanged(_link(3, "eth0")))
    table.apply(LinkRemoved(_link(2, "eth0")))
    assert table.by_name("eth0") == _link(3, "eth0")


def test_removal_of_what_was_never_there() -> None:
    table = InterfaceTable()
    table.apply(LinkRemoved(_link(9, "eth9")))
    table.apply(AddressRemoved(InterfaceAddress(9, ip_interface("192.0.2.1/24"))))
    assert table.apply(Overrun()) is None
    assert table.links() == ()


def test_primary_ipv4_address() -> None:
    """RFC 9568 §5.1.1.1: not a secondary one, not a virtual one, not an unusable one."""
    table = _table(
        _address("198.51.100.1/24", usable=False),
        _address("192.0.2.100/24"),
        _address("192.0.2.1/24"),
        _address("192.0.2.2/24", secondary=True),
        _address("2001:db8::1/64"),
    )
    virtual = {ip_address("192.0.2.100")}
    assert table.primary_address(2, Family.IPV4, virtual) == ip_address("192.0.2.1")
    assert table.primary_address(2, Family.IPV4) == ip_address("192.0.2.100")
    assert table.primary_address(3, Family.IPV4) is None
    table.apply(AddressRemoved(InterfaceAddress(2, ip_interface("192.0.2.1/24"))))
    assert table.primary_address(2, Family.IPV4, virtual) is None


def test_primary_ipv6_address() -> None:
    """RFC 9568 §5.1.2.1, §7.4: link-local, and not made from a virtual router MAC address."""
    table = _table(
        _address("2001:db8::1/64"),
        _address("fe80::200:5eff:fe00:233/64"),
        _address("fe80::1/64", usable=False),
        _address("fe80::2/64"),
    )
    assert table.primary_address(2, Family.IPV6) == ip_address("fe80::2")


def test_whose_address_it_is() -> None:
    table = _table(_address("192.0.2.1/24"), _address("192.0.2.2/24", ours=True))
    one, two, three = (ip_address(f"192.0.2.{n}") for n in (1, 2, 3))
    assert [table.is_ours(2, a) for a in (one, two, three)] == [False, True, False]
    assert [table.is_foreign(2, a) for a in (one, two, three)] == [True, False, False]
