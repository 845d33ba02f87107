"""What is there as long as the daemon runs."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, ip_interface

import pytest

from pyvrrp.net.identity import Key, address_key
from pyvrrp.net.monitor import LinkChanged, LinkRemoved
from pyvrrp.net.rtnetlink import Link
from pyvrrp.routing import Action, Route, Rule
from pyvrrp.settings import StaticSettings, VirtualAddress
from pyvrrp.static_entries import StaticEntries

from .fakes import FakeHost

LINK = Link(2, "eth0", True, True, False, b"", 1500)
ADDRESS = VirtualAddress(ip_interface("10.9.0.1/24"), "eth0")
UNWATCHED = VirtualAddress(ip_interface("10.9.0.2/24"), "eth0", no_track=True)
ROUTE = Route(IPv4Network("10.1.0.0/16"), dev="eth0")
RULE = Rule(4, 1000, Action.TABLE, table=100)
SETTINGS = StaticSettings((ADDRESS, UNWATCHED), (ROUTE,), (RULE,))

ADD_ADDRESS, ADD_UNWATCHED = ("AddAddress", "10.9.0.1/24"), ("AddAddress", "10.9.0.2/24")
ADD_ROUTE, ADD_RULE = "add route 10.1.0.0/16 in table 254", "add IPv4 rule of preference 1000"


@pytest.fixture
def host() -> FakeHost:
    made = FakeHost()
    made.table.apply(LinkChanged(LINK))
    return made


@pytest.fixture
def entries(host: FakeHost) -> StaticEntries:
    made = StaticEntries(host)
    made.use(SETTINGS)
    assert host.take_log() == [ADD_ADDRESS, ADD_UNWATCHED, ADD_ROUTE, ADD_RULE]
    return made


def test_only_the_difference_changes(host: FakeHost, entries: StaticEntries) -> None:
    entries.use(SETTINGS)
    assert host.take_log() == []
    entries.use(replace(SETTINGS, rules=()))
    assert host.take_log() == [
        *(ADD_ADDRESS, ADD_UNWATCHED, ADD_ROUTE),
        "remove IPv4 rule of preference 1000",
    ]


def test_the_end(host: FakeHost, entries: StaticEntries) -> None:
    entries.use(StaticSettings())
    assert host.take_log() == [
        "remove IPv4 rule of preference 1000",
        "remove route 10.1.0.0/16 in table 254",
        ("RemoveAddress", "10.9.0.1/24"),
        ("RemoveAddress", "10.9.0.2/24"),
    ]


def test_what_is_gone_is_put_back_unless_nobody_watches(
    host: FakeHost, entries: StaticEntries
) -> None:
    gone: dict[Key, bool] = {
        address_key(2, IPv4Address(f"10.9.0.{last}")): False for last in (1, 2, 3)
    }
    entries.lose(gone)
    assert host.take_log() == [ADD_ADDRESS]


def test_an_interface_that_is_made_again_gets_everything(
    host: FakeHost, entries: StaticEntries
) -> None:
    host.table.apply(LinkRemoved(LINK))
    entries.look(["eth0"], restored=False)
    host.take_log()
    host.table.apply(LinkChanged(replace(LINK, index=7)))
    entries.look(["eth1"], restored=False)
    assert host.take_log() == []
    entries.look(["eth0"], restored=False)
    assert host.take_log() == [ADD_ADDRESS, ADD_UNWATCHED, ADD_ROUTE]


def test_an_interface_with_another_name_loses_them(host: FakeHost, entries: StaticEntries) -> None:
    host.table.apply(LinkChanged(replace(LINK, name="wan0")))
    entries.look(["wan0", "eth0"], restored=False)
    assert host.take_log() == [
        ("RemoveAddress", "10.9.0.1/24"),
        ("RemoveAddress", "10.9.0.2/24"),
        "remove route 10.1.0.0/16 in table 254",
    ]


def test_an_interface_that_works_again_gets_what_is_watched(
    host: FakeHost, entries: StaticEntries
) -> None:
    """The kernel drops routes in silence when it goes down."""
    entries.look(["eth0"], restored=False)
    assert host.take_log() == []
    entries.look(["eth0"], restored=True)
    assert host.take_log() == [ADD_ADDRESS, ADD_ROUTE, ADD_RULE]
