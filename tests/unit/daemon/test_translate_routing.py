"""Addresses, routes and rules, from the language to what goes into the kernel."""

from __future__ import annotations

from typing import Any

from pyvrrp.conf.load import load
from pyvrrp.conf.source import DictReader
from pyvrrp.daemon.translate import routing as translate_routing
from pyvrrp.settings import TrackedInterface

_TEXT = """
track_group g {
    group {
        a
    }
}
static_ipaddress {
    10.9.0.1/24 dev static0 track_group g
    10.9.0.2/24 dev static1
}
static_rules {
    iif static2 table 100 preference 7 track_group g
}
vrrp_instance a {
    interface eth0
    virtual_router_id 1
    EXTRA
    virtual_ipaddress {
        192.0.2.100/24 preferred_lft 0
        192.0.2.101/24 dev eth1
        192.0.2.102/24 dev eth2 no_track
        192.0.2.103/24 dev eth0
    }
    virtual_ipaddress_excluded {
        2001:db8::1/64 dev eth3 home autojoin preferred_lft 7
    }
    virtual_routes {
        10.0.0.0/8 dev eth4
        10.1.0.0/16 dev eth5 no_track
        10.2.0.0/16 dev eth0
    }
    virtual_rules {
        iif eth6 table 100 preference 5
        oif eth7 table 100 preference 6
    }
}
vrrp_instance b {
    interface eth0
    virtual_router_id 2
    virtual_ipaddress {
        192.0.2.200/24
    }
}
"""


def loaded(extra: str = "") -> Any:
    reader = DictReader({"k": _TEXT.replace("EXTRA", extra)})
    return load("k", reader=reader, config_id="x", environ={}).config


def watched(instance: int, extra: str = "") -> list[str]:
    config = loaded(extra)
    found = list(translate_routing.watched(config, config.instances[instance]))
    assert all(each == TrackedInterface(each.name) for each in found)
    return [each.name for each in found]


def test_what_is_watched_is_on_interfaces_that_count() -> None:
    """Those of track groups too; the instance's own one does anyway."""
    elsewhere = ["eth1", "eth3", "eth4", "eth6", "eth7", "static0", "static2"]
    assert watched(0) == elsewhere
    assert watched(1) == []


def test_a_route_makes_an_interface_count_that_an_address_does_not() -> None:
    assert "eth0" in watched(0, "dont_track_primary")


def test_lifetimes_are_for_ipv6_and_flags_the_kernel_s() -> None:
    (first, *_), (last,) = (
        loaded().instances[0].virtual_ipaddress,
        loaded().instances[0].virtual_ipaddress_excluded,
    )
    made = [translate_routing.address(each, own_mac=False) for each in (first, last)]
    assert [(each.preferred_lft, each.flags) for each in made] == [(None, 0), (7, 0x410)]


def test_where_it_was_written_is_forgotten() -> None:
    config = loaded()
    statics = translate_routing.statics(config)
    (rule,) = statics.rules
    assert (config.static_rules[0].span is None, rule.span) == (False, None)
    assert [str(each.interface) for each in statics.addresses] == ["10.9.0.1/24", "10.9.0.2/24"]
    assert {each.span for each in translate_routing.routes(config.instances[0].virtual_routes)} == {
        None
    }
