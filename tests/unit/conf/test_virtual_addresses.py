"""Entries of virtual_ipaddress and virtual_ipaddress_excluded."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Interface, IPv6Interface

import pytest

from pyvrrp.conf.config import AddressFlag, VirtualAddress
from pyvrrp.conf.load import Loaded

Read = Callable[..., Loaded]


def said(
    read: Read, entries: str, block: str = "virtual_ipaddress"
) -> tuple[tuple[VirtualAddress, ...], list[str]]:
    """What the block became, and the ids of what was reported."""
    result = read(
        f"vrrp_instance a {{\ninterface eth0\nvirtual_router_id 1\nno_virtual_ipaddress\n"
        f"{block} {{\n{entries}\n}}\n}}\n",
        interfaces=("eth0", "eth1"),
    )
    (instance,) = result.config.instances
    return getattr(instance, block), [d.id for d in result.diagnostics]


NET = IPv4Interface("192.0.2.1/24")


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("192.0.2.1", VirtualAddress(IPv4Interface("192.0.2.1/32"))),
        ("192.0.2.1/0", VirtualAddress(IPv4Interface("192.0.2.1/0"))),
        ("192.0.2.1/24 dev eth1", VirtualAddress(NET, dev="eth1")),
        ("192.0.2.1/24 scope link", VirtualAddress(NET, scope=253)),
        ("192.0.2.1/24 scope nowhere", VirtualAddress(NET, scope=255)),
        ("192.0.2.1/24 scope 17", VirtualAddress(NET, scope=17)),
        ("192.0.2.1/24 scope 0x11", VirtualAddress(NET, scope=17)),
        ("192.0.2.1/24 brd +", VirtualAddress(NET, broadcast=IPv4Address("192.0.2.255"))),
        ("192.0.2.1/24 broadcast -", VirtualAddress(NET, broadcast=IPv4Address("192.0.2.0"))),
        ("192.0.2.1/24 brd 192.0.2.9", VirtualAddress(NET, broadcast=IPv4Address("192.0.2.9"))),
        ("192.0.2.1/24 label eth0:1", VirtualAddress(NET, label="eth0:1")),
        (
            "192.0.2.1 peer 192.0.2.2",
            VirtualAddress(IPv4Interface("192.0.2.1/32"), peer=IPv4Interface("192.0.2.2/32")),
        ),
        ("192.0.2.1/24 noprefixroute", VirtualAddress(NET, noprefixroute=True)),
        ("192.0.2.1/24 no_track", VirtualAddress(NET, no_track=True)),
        ("192.0.2.1/24 -nodad", VirtualAddress(NET, nodad=False)),
        ("192.0.2.1/24 preferred_lft 0", VirtualAddress(NET, preferred_lft=0)),
        ("192.0.2.1/24 preferred_lft forever", VirtualAddress(NET)),
        ("192.0.2.1/24 preferred_lft 4294967295", VirtualAddress(NET)),
        (
            "192.0.2.1/24 home use_vmac",
            VirtualAddress(NET, flags=AddressFlag.HOME | AddressFlag.USE_VMAC),
        ),
        ("2001:db8::1/64", VirtualAddress(IPv6Interface("2001:db8::1/64"))),
        ("2001:db8::1", VirtualAddress(IPv6Interface("2001:db8::1/128"), preferred_lft=0)),
        (
            "2001:db8::1 preferred_lft forever",
            VirtualAddress(IPv6Interface("2001:db8::1/128")),
        ),
        ("2001:db8::1/64 scope global", VirtualAddress(IPv6Interface("2001:db8::1/64"), scope=0)),
    ],
)
def test_entries(read: Read, entry: str, expected: VirtualAddress) -> None:
    assert said(read, entry, "virtual_ipaddress_excluded") == ((expected,), [])


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("x", "bad-address"),
        ("192.0.2", "bad-address"),
        ("192.0.2.01", "bad-address"),
        ("fe80::1%eth0", "bad-address"),
        ("192.0.2.1 dev eth7", "unknown-interface"),
        ("192.0.2.1 dev eth0 dev eth1", "given-twice"),
        ("192.0.2.1 dev", "missing-value"),
        ("192.0.2.1 brd x", "bad-address"),
        ("2001:db8::1 brd +", "not-for-ipv6"),
        ("192.0.2.1 label a234567890123456", "too-long"),
    ],
)
def test_the_address_is_dropped(read: Read, entry: str, problem: str) -> None:
    assert said(read, entry) == ((), [problem])


@pytest.mark.parametrize(
    ("entry", "expected", "problem"),
    [
        ("192.0.2.1/33", IPv4Interface("192.0.2.1/32"), "value-out-of-range"),
        ("192.0.2.1/x", IPv4Interface("192.0.2.1/32"), "value-out-of-range"),
        ("192.0.2.1/24 scope far", NET, "unknown-value"),
        ("192.0.2.1/24 scope 256", NET, "unknown-value"),
        ("192.0.2.1/24 peer x", NET, "bad-address"),
        ("192.0.2.1/24 peer ::1", NET, "other-family"),
        ("192.0.2.1/24 peer 192.0.2.2", IPv4Interface("192.0.2.1/32"), "prefix-with-peer"),
        ("192.0.2.1 peer 192.0.2.2 peer 192.0.2.3", IPv4Interface("192.0.2.1"), "given-twice"),
        ("192.0.2.1 peer 192.0.2.2 brd +", IPv4Interface("192.0.2.1"), "broadcast-with-peer"),
        ("192.0.2.1/31 brd +", IPv4Interface("192.0.2.1/31"), "broadcast-too-long"),
        ("192.0.2.1/24 preferred_lft x", NET, "bad-number"),
        ("192.0.2.1/24 labell x", NET, "unknown-option"),
    ],
)
def test_the_option_is_dropped(
    read: Read, entry: str, expected: IPv4Interface, problem: str
) -> None:
    found, problems = said(read, entry)
    assert [a.interface for a in found] == [expected]
    assert [a.broadcast for a in found] == [None]
    assert problems[0] == problem


def test_one_family_only(read: Read) -> None:
    found, problems = said(read, "192.0.2.1\n2001:db8::1\n192.0.2.2")
    assert [str(a.interface) for a in found] == ["192.0.2.1/32", "192.0.2.2/32"]
    assert problems == ["other-family"]


def test_excluded_may_repeat_an_address_elsewhere_only(read: Read) -> None:
    result = read(
        "vrrp_instance a {\ninterface eth0\nvirtual_router_id 1\n"
        "virtual_ipaddress {\n192.0.2.1\n192.0.2.1/24 dev eth1\n}\n"
        "virtual_ipaddress_excluded {\n192.0.2.1\n192.0.2.1 dev eth1\n192.0.2.1 dev eth1\n}\n"
        "virtual_ipaddress {\n192.0.2.3\n192.0.2.1 dev eth1\n}\n}\n"
    )
    (instance,) = result.config.instances
    assert [(str(a.interface), a.dev) for a in instance.virtual_ipaddress] == [
        ("192.0.2.1/32", None),
        ("192.0.2.3/32", None),
    ]
    assert [a.dev for a in instance.virtual_ipaddress_excluded] == ["eth1"]
    places = [(d.id, d.span.line) for d in result.diagnostics]
    assert places == [("duplicate-address", n) for n in (6, 9, 11, 15)]


def test_every_address_knows_its_place(read: Read) -> None:
    (address,), _ = said(read, "  192.0.2.1")
    assert str(address.span) == "k.conf:6:3"


def test_a_scope_may_have_a_name_of_this_machine(read: Read) -> None:
    text = (
        "vrrp_instance a {\ninterface eth0\nvirtual_router_id 1\n"
        "virtual_ipaddress {\n192.0.2.1/24 scope campus\n}\n}\n"
    )
    loaded = read(text, **{"/etc/iproute2/rt_scopes": "77 campus\n"})
    assert loaded.config.instances[0].virtual_ipaddress[0].scope == 77
