"""use_ipvlan: words in any order, its address, what does not go with it."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Interface, IPv6Interface

import pytest

from pyvrrp.conf.config import VrrpInstance
from pyvrrp.conf.link_config import Ipvlan
from pyvrrp.conf.load import Loaded

Read = Callable[..., Loaded]

OWN = IPv4Interface("192.0.2.7/24")


def said(
    read: Read, text: str, address: str = "192.0.2.1"
) -> tuple[VrrpInstance, Ipvlan | None, list[str]]:
    result = read(
        f"vrrp_instance a {{\ninterface eth0\nvirtual_router_id 1\n{text}\n"
        f"virtual_ipaddress {{\n{address}\n}}\n}}\n"
    )
    (instance,) = result.config.instances
    problems = [d.id for d in result.diagnostics if d.id != "not-acted-on"]
    return instance, instance.use_ipvlan, problems


@pytest.mark.parametrize(
    ("words", "expected", "problems"),
    [
        ("192.0.2.7/24", Ipvlan(address=OWN), []),
        ("private iv1 192.0.2.7/24", Ipvlan("iv1", OWN, "private"), []),
        ("name bridge 192.0.2.7/24 vepa group 7", Ipvlan("bridge", OWN, "vepa", 7), []),
        ("192.0.2.7/24 bridge vepa", Ipvlan(address=OWN), ["given-twice"]),
        ("192.0.2.7/24 192.0.2.8", Ipvlan(address=OWN), ["given-twice"]),
        ("192.0.2.7/24 a b", Ipvlan("a", OWN), ["given-twice"]),
        ("192.0.2.7/24 a/b", Ipvlan(address=OWN), ["bad-name"]),
        ("192.0.2.7/24\nuse_ipvlan b", Ipvlan(address=OWN), ["given-twice"]),
        ("192.0.2.7/24\npromote_secondaries", Ipvlan(address=OWN), ["promote-with-vmac"]),
        ("192.0.2.7/33", Ipvlan(), ["bad-address", "missing-source"]),
        ("", Ipvlan(), ["missing-source"]),
    ],
)
def test_words(read: Read, words: str, expected: Ipvlan, problems: list[str]) -> None:
    _, ipvlan, found = said(read, f"use_ipvlan {words}")
    assert (ipvlan, sorted(found)) == (expected, problems)


def test_ipv6_needs_no_address(read: Read) -> None:
    assert said(read, "use_ipvlan", "fe80::1")[1:] == (Ipvlan(), [])
    _, ipvlan, problems = said(read, "use_ipvlan 2001:db8::7", "fe80::1")
    assert (ipvlan, problems) == (Ipvlan(address=IPv6Interface("2001:db8::7")), [])


def test_another_family(read: Read) -> None:
    text = "native_ipv6\nuse_ipvlan 192.0.2.7"
    assert said(read, text, "fe80::1")[1:] == (Ipvlan(), ["other-family"])


@pytest.mark.parametrize(
    ("text", "source"),
    [("", "192.0.2.7"), ("mcast_src_ip 192.0.2.9", "192.0.2.9")],
)
def test_the_address_is_the_source_unless_there_is_one(read: Read, text: str, source: str) -> None:
    instance, _, _ = said(read, f"{text}\nuse_ipvlan 192.0.2.7/24")
    assert instance.mcast_src_ip == IPv4Address(source)


def test_two_interfaces_of_one_name(read: Read) -> None:
    text = (
        "vrrp_instance {0} {{\ninterface eth0\nvirtual_router_id {1}\n{2}\n"
        "virtual_ipaddress {{\n192.0.2.{1}\n}}\n}}\n"
    )
    result = read(
        text.format("a", 1, "use_vmac v1") + text.format("b", 2, "use_ipvlan v1 192.0.2.9")
    )
    assert "duplicate-vmac" in [d.id for d in result.diagnostics]
