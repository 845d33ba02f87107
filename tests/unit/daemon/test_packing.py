"""What is packed comes out equal, and what was one object is one object."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from enum import IntFlag
from ipaddress import IPv4Address, IPv4Interface, IPv6Address

import pytest

from pyvrrp.daemon.packing import pack


class Colour(IntFlag):
    RED = 1
    BLUE = 2


@dataclass(frozen=True, slots=True)
class One:
    value: object


@dataclass(frozen=True, slots=True)
class Two:
    first: object
    second: object = 7


@dataclass(frozen=True)
class Other:
    """With a dictionary in place of slots."""

    first: object
    second: object


@dataclass(frozen=True, slots=True)
class Nothing:
    """Without fields."""


@pytest.mark.parametrize(
    "record",
    [
        One(None),
        Two(One("a"), (One(1.5), One(b"c"))),
        Other(One(1), {"a": Two(1)}),
        Nothing(),
        IPv4Address("255.255.255.255"),
        IPv6Address("::1"),
        IPv6Address("fe80::1%eth0"),
        One(IPv4Interface("192.0.2.1/24")),
        Two(Colour.RED | Colour.BLUE, frozenset((Colour.RED,))),
    ],
    ids=str,
)
def test_equal(record: object) -> None:
    assert pickle.loads(pack(record)) == record
    assert type(pickle.loads(pack(record))) is type(record)


def test_shared() -> None:
    one = One(IPv4Address("192.0.2.1"))
    unpacked = pickle.loads(pack(Two(one, one)))
    assert unpacked.first is unpacked.second


def test_an_address_is_not_text() -> None:
    assert b"192.0.2.1" not in pack(One(IPv4Address("192.0.2.1")))
