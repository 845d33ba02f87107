"""The way from what is in the kernel to what should be."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, ip_interface

from pyvrrp.kernel_entries import KernelEntries, address_entry, route_entries, rule_entries
from pyvrrp.net.monitor import InterfaceTable, LinkChanged
from pyvrrp.net.rtnetlink import Link
from pyvrrp.routing import Action, NextHop, Route, Rule
from pyvrrp.settings import VirtualAddress

NEAR = Route(IPv4Network("10.0.0.0/8"), via=IPv4Address("192.0.2.1"), dev="eth0")
BEYOND = replace(NEAR, destination=IPv4Network("172.16.0.0/12"))
FAR = Route(IPv4Network("10.9.0.0/16"), nexthops=(NextHop(dev="eth0"), NextHop(dev="eth1")))
RULE = Rule(4, 1000, Action.TABLE, table=100, source=IPv4Network("192.0.2.0/24"))
ADDRESS = VirtualAddress(ip_interface("192.0.2.100/24"))
OTHER = VirtualAddress(ip_interface("192.0.2.101/24"))

ADD_ADDRESS, ADD_OTHER = (f"add 192.0.2.{n}/24 on interface 2" for n in (100, 101))
ADD_BEYOND = "add route 172.16.0.0/12 in table 254"
ADD_NEAR, ADD_RULE = "add route 10.0.0.0/8 in table 254", "add IPv4 rule of preference 1000"


def table(*names: str) -> InterfaceTable:
    found = InterfaceTable()
    for index, name in enumerate(names, 2):
        found.apply(LinkChanged(Link(index, name, True, True, False, b"", 1500)))
    return found


def plan(entries, addresses=(), routes=(), rules=()):
    entries.planned = (
        *(address_entry(address, 2) for address in addresses),
        *route_entries(routes, table("eth0")),
        *rule_entries(rules),
    )
    return entries


def settled(entries, *what):
    return [str(operation) for operation in plan(entries, *what).settle()]


def test_all_come_in_order_and_what_needs_others_leaves_first():
    entries = KernelEntries()
    everything = ([ADDRESS, OTHER], [NEAR, BEYOND], [RULE])
    came = settled(entries, *everything)
    assert came == [ADD_ADDRESS, ADD_OTHER, ADD_NEAR, ADD_BEYOND, ADD_RULE]
    assert settled(entries, *everything) == came  # the kernel may have dropped some in silence
    assert [str(operation) for operation in entries.withdraw()] == [
        "remove IPv4 rule of preference 1000",
        "remove route 10.0.0.0/8 in table 254",
        "remove route 172.16.0.0/12 in table 254",
        "remove 192.0.2.100/24 on interface 2",
        "remove 192.0.2.101/24 on interface 2",
    ]
    assert entries.withdraw() == ()


def test_what_is_new_comes_before_what_is_old_goes():
    entries = KernelEntries()
    settled(entries, [ADDRESS], [NEAR], [RULE])
    assert settled(entries, [ADDRESS], [NEAR], [replace(RULE, preference=999)]) == [
        *(ADD_ADDRESS, ADD_NEAR, "add IPv4 rule of preference 999"),
        "remove IPv4 rule of preference 1000",
    ]


def test_a_changed_route_is_replaced_without_a_gap():
    entries = KernelEntries()
    settled(entries, [], [NEAR])
    changed = replace(NEAR, via=IPv4Address("192.0.2.3"))
    assert settled(entries, [], [changed]) == ["replace route 10.0.0.0/8 in table 254"]


def test_of_routes_that_the_kernel_cannot_tell_apart_none_is_replaced():
    entries = KernelEntries()
    second = replace(NEAR, via=IPv4Address("192.0.2.2"), position="append")
    third = replace(NEAR, via=IPv4Address("192.0.2.3"), position="append")
    settled(entries, [], [NEAR, second])
    assert settled(entries, [], [NEAR, third]) == [
        "remove route 10.0.0.0/8 in table 254",
        *(ADD_NEAR, ADD_NEAR),
    ]


def test_a_changed_address_goes_before_it_comes():
    """The kernel would say that it is there, and drop others with it."""
    entries = KernelEntries()
    settled(entries, [ADDRESS, OTHER])
    assert settled(entries, [replace(ADDRESS, label="eth0:1"), OTHER]) == [
        "remove 192.0.2.100/24 on interface 2",
        *(ADD_ADDRESS, ADD_OTHER) * 2,
    ]


def test_a_route_waits_for_all_its_links():
    def shown(*names):
        return [str(entry.add) for entry in route_entries([NEAR, FAR], table(*names))]

    assert shown("eth1") == []
    assert shown("eth0") == [ADD_NEAR]
    assert shown("eth0", "eth1") == [ADD_NEAR, "add route 10.9.0.0/16 in table 254"]


def test_a_route_in_a_vrf_is_in_its_table():
    route = Route(IPv4Network("10.0.0.0/8"), dev="eth0", vrf="red")
    links = table("eth0", "red")
    assert list(route_entries([route], links)) == []  # a link, but no VRF
    red = Link(3, "red", True, True, False, b"", 1500, kind="vrf", table=77)
    links.apply(LinkChanged(red))
    (entry,) = route_entries([route], links)
    assert entry.add.payload[4] == 77


def test_only_what_is_watched_and_there_can_be_lost():
    entries = KernelEntries()
    unwatched = replace(OTHER, no_track=True)
    plan(entries, [ADDRESS, unwatched], [replace(NEAR, no_track=True)], [RULE])
    keys = {entry.key for entry in entries.planned}
    assert entries.watched(keys) == []
    entries.settle()
    assert [str(entry.add) for entry in entries.watched(keys)] == [ADD_ADDRESS, ADD_RULE]
    assert entries.watched(set()) == []
