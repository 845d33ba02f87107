"""What a dump adds to the configuration, read off this machine."""

from __future__ import annotations

from ipaddress import IPv4Address

from pyvrrp.conf.config import Config
from pyvrrp.control.host import LinkFlag
from pyvrrp.daemon.dumping.host_facts import host_facts


def test_loopback_and_root() -> None:
    host = host_facts(Config())
    lo = next(link for link in host.links if link.name == "lo")
    assert (lo.index, lo.hardware, lo.mac, lo.kind, lo.is_ours) == (1, 772, b"", None, False)
    assert LinkFlag.LOOPBACK in lo.flags
    assert host.identity("root", "root") == (0, 0)


def test_loopback_has_no_ipv6_address_to_show() -> None:
    lo = next(link for link in host_facts(Config()).links if link.name == "lo")
    assert set(lo.addresses) <= {IPv4Address("127.0.0.1")}
