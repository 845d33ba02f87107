"""`virtual_server_group`: what an entry stands for, and the services that use a group."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest

from healthcheck.core.table import Family, FirewallMark, Protocol, ServiceAddress, ServiceKey
from pyvrrp.conf.load import Loaded

Read = Callable[..., Loaded]

KIND = "lvs_sched rr\nlvs_method NAT\nprotocol TCP\n"
V4 = "real_server 198.51.100.21 80 {\n}\n"
V6 = "real_server 2001:db8::21 80 {\n}\n"


def tcp(address: str, port: int = 80) -> ServiceAddress:
    return ServiceAddress(Protocol.TCP, ip_address(address), port)


def loaded(read: Read, entries: str, server: str = V4, kind: str = KIND) -> Loaded:
    return read(
        f"virtual_server group g {{\n{kind}{server}}}\nvirtual_server_group g {{\n{entries}\n}}\n"
    )


def keys_of(result: Loaded) -> list[ServiceKey]:
    assert result.config.lvs is not None
    return [key for service in result.config.lvs.services for key in service.server.keys]


def problems_of(result: Loaded) -> list[tuple[str, int]]:
    return [(d.id, d.problem_class.test_exit_code) for d in result.diagnostics]


@pytest.mark.parametrize(
    ("entries", "keys"),
    [
        ("10.2.0.1 80", [tcp("10.2.0.1")]),
        ("10.2.0.10-12 80", [tcp("10.2.0.10"), tcp("10.2.0.11"), tcp("10.2.0.12")]),
        ("10.2.0.20-10.2.0.21 8080", [tcp("10.2.0.20", 8080), tcp("10.2.0.21", 8080)]),
        ("10.2.0.20-10.2.0.20 80", [tcp("10.2.0.20")]),
        ("10.2.0.255-10.2.1.0 80", [tcp("10.2.0.255"), tcp("10.2.1.0")]),
        (
            "10.2.1.0/30 81",
            [tcp("10.2.1.0", 81), tcp("10.2.1.1", 81), tcp("10.2.1.2", 81), tcp("10.2.1.3", 81)],
        ),
        ("10.2.1.1/32 80", [tcp("10.2.1.1")]),
        ("10.2.0.1 80\n10.2.0.1 443", [tcp("10.2.0.1"), tcp("10.2.0.1", 443)]),
    ],
)
def test_addresses(read: Read, entries: str, keys: list[ServiceKey]) -> None:
    result = loaded(read, entries)
    assert (keys_of(result), problems_of(result)) == (keys, [])


@pytest.mark.parametrize(
    ("entries", "keys"),
    [
        ("fd02::1 80", [tcp("fd02::1")]),
        ("fd02::9-b 80", [tcp("fd02::9"), tcp("fd02::a"), tcp("fd02::b")]),
        ("fd02::ffff-fd02::1:0 80", [tcp("fd02::ffff"), tcp("fd02::1:0")]),
        ("fd02::/127 80", [tcp("fd02::"), tcp("fd02::1")]),
    ],
)
def test_ipv6_addresses(read: Read, entries: str, keys: list[ServiceKey]) -> None:
    result = loaded(read, entries, V6)
    assert (keys_of(result), problems_of(result)) == (keys, [])


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("10.2.0 80", ("bad-address", 5)),
        ("10.2.0.2 65536", ("value-out-of-range", 5)),
        ("10.2.0.10-10 80", ("bad-range", 5)),
        ("10.2.0.10-9 80", ("bad-range", 5)),
        ("10.2.0.10-256 80", ("bad-range", 5)),
        ("10.2.0.10-1x 80", ("bad-range", 5)),
        ("10.2.0.10-10.2.0.9 80", ("bad-range", 5)),
        ("10.2.0.10-10.2.300.1 80", ("bad-range", 5)),
        ("10.2.0.0/0 80", ("bad-range", 5)),
        ("10.2.0.0/33 80", ("bad-range", 5)),
        ("10.2.0.1/24 80", ("bad-range", 5)),
        ("fd02::10-ffff1 80", ("bad-range", 5)),
        ("fd02::10-fd02:: 80", ("bad-range", 5)),
        ("10.0.0.0/15 80", ("too-many-addresses", 0)),
        ("fwmark 4294967296", ("value-out-of-range", 5)),
        ("fwmark", ("missing-parameter", 2)),
        ("fwmark 7 inet5", ("unknown-value", 5)),
    ],
)
def test_an_entry_of_no_use_is_dropped(read: Read, entry: str, problem: tuple[str, int]) -> None:
    result = loaded(read, f"10.2.0.1 80\n{entry}")
    assert (keys_of(result), problems_of(result)) == ([tcp("10.2.0.1")], [problem])


def test_as_many_as_a_group_may_have(read: Read) -> None:
    result = loaded(read, "10.2.0.0/16 80\n10.3.0.1 80")
    keys = keys_of(result)
    assert (len(keys), keys[0], keys[-1]) == (65536, tcp("10.2.0.0"), tcp("10.2.255.255"))
    assert problems_of(result) == [("too-many-addresses", 0)]


def test_as_many_as_all_groups_may_have(read: Read) -> None:
    groups = "".join(f"virtual_server_group g{n} {{\n10.{n}.0.0/16 80\n}}\n" for n in range(4))
    services = "".join(f"virtual_server group g{n} {{\n{KIND}{V4}}}\n" for n in (0, 1, 2, 3, 0))
    result = read(groups + services)
    assert len(keys_of(result)) == 262144
    assert problems_of(result) == [("too-many-addresses", 0)]


@pytest.mark.parametrize(
    ("entries", "server", "keys"),
    [
        ("fwmark 77", V4, [FirewallMark(77, Family.IPV4)]),
        ("fwmark 77", V6, [FirewallMark(77, Family.IPV6)]),
        ("fwmark 77 inet", V4, [FirewallMark(77, Family.IPV4)]),
        (
            "fwmark 77 inet\nfwmark 78 inet6",
            "real_server 198.51.100.30 {\nlvs_method TUN\n}\n",
            [FirewallMark(77, Family.IPV4), FirewallMark(78, Family.IPV6)],
        ),
    ],
)
def test_marks(read: Read, entries: str, server: str, keys: list[ServiceKey]) -> None:
    result = loaded(read, entries, server, "lvs_sched rr\nlvs_method NAT\n")
    assert (keys_of(result), problems_of(result)) == (keys, [])


@pytest.mark.parametrize(
    "entries", ["", "10.2.0 80", "10.2.0.1 80\nfd02::1 80\nfwmark 7", "fd02::1\nfwmark 7 inet\nfwmark 8"]
)  # fmt: skip
def test_a_group_of_no_use(read: Read, entries: str) -> None:
    result = loaded(read, entries)
    assert keys_of(result) == []
    assert result.test_exit_code == 5
    assert [d.id for d in result.diagnostics if d.id in ("empty-group", "other-family")]
    assert result.diagnostics[-1].id == "unknown-group"


def test_addresses_of_the_other_family_are_left_out(read: Read) -> None:
    result = loaded(read, "fd02::1 80\n10.2.0.1 80")
    assert keys_of(result) == [tcp("10.2.0.1")]
    assert [str(d) for d in result.diagnostics] == [
        "k.conf:9:1: error[unusable-key]: [fd02::1]:tcp:80 is not IPv4 as the real servers are;"
        " it is left out of [g]:0"
    ]
    result = loaded(read, "fd02::1 80")
    assert keys_of(result) == []
    assert problems_of(result) == [("no-key", 0), ("unusable-key", 0)]


def test_tunnels_serve_both_families(read: Read) -> None:
    result = loaded(read, "fd02::1 80\n10.2.0.1 80", kind=KIND.replace("NAT", "TUN"))
    assert keys_of(result) == [tcp("fd02::1"), tcp("10.2.0.1")]
    assert problems_of(result) == []


def test_services_of_a_group_are_counted(read: Read) -> None:
    result = read(
        "virtual_server_group g {\n10.2.0.1 80\n}\nvirtual_server_group h {\n10.2.0.2 80\n}\n"
        f"virtual_server group g {{\n{KIND}{V4}}}\n"
        f"virtual_server group g {{\n{KIND}protocol UDP\n{V4}}}\n"
        f"virtual_server group h {{\n{KIND}{V4}}}\n"
    )
    assert result.config.lvs is not None
    assert [service.server.name for service in result.config.lvs.services] == [
        "[g]:0",
        "[g]:1",
        "[h]:0",
    ]
    assert keys_of(result) == [
        tcp("10.2.0.1"),
        ServiceAddress(Protocol.UDP, IPv4Address("10.2.0.1"), 80),
        tcp("10.2.0.2"),
    ]
    assert problems_of(result) == []


def test_overlapping_entries(read: Read) -> None:
    result = loaded(read, "10.2.0.1-3 80\n10.2.0.2 80")
    assert keys_of(result) == [tcp("10.2.0.1"), tcp("10.2.0.2"), tcp("10.2.0.3")]
    assert problems_of(result) == [("unusable-key", 0)]


def test_every_port_of_one_address_needs_persistence(read: Read) -> None:
    result = loaded(read, "10.2.0.1\n10.2.0.2 80")
    assert problems_of(result) == [("port-0", 5)]
    assert result.config.lvs is not None
    assert result.config.lvs.services[0].server.settings.persistence_timeout == 360


def test_ha_suspend_does_nothing_for_a_group(read: Read) -> None:
    result = loaded(read, "10.2.0.1 80", kind=f"{KIND}ha_suspend\n")
    assert problems_of(result) == [("ha-suspend", 0)]
    assert result.config.lvs is not None
    assert not result.config.lvs.services[0].server.ha_suspend


def test_a_group_that_is_not_there(read: Read) -> None:
    result = read(
        f"virtual_server_group web {{\n10.2.0.1 80\n}}\nvirtual_server group wep {{\n{KIND}{V4}}}\n"
    )
    (found,) = result.diagnostics
    assert str(found) == (
        "k.conf:4:22: error[unknown-group]: there is no virtual_server_group 'wep';"
        " the service is dropped"
    )
    assert keys_of(result) == []


def test_a_group_twice(read: Read) -> None:
    result = read(
        "virtual_server_group g {\n10.2.0.1 80\n}\nvirtual_server_group g {\n10.2.0.2 80\n}\n"
        f"virtual_server group g {{\n{KIND}{V4}}}\n"
    )
    assert (keys_of(result), problems_of(result)) == (
        [tcp("10.2.0.1")],
        [("duplicate-name", 0)],
    )


def test_addresses_are_of_their_kind(read: Read) -> None:
    (key,) = keys_of(loaded(read, "fd02::1 80", V6))
    assert isinstance(key, ServiceAddress)
    assert type(key.address) is IPv6Address
